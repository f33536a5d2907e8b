//! From the values of a row, as people write them, to the numbers of a raw row.

use std::collections::HashMap;

use super::artifact::{Category, Cell, Feature, FeatureKind, Rule};
use super::moment::{self, Moment};

/// What the number of a gap is in a raw row.
pub(crate) const GAP: f64 = f64::NAN;

/// Turns values into numbers, feature by feature.
#[derive(Clone, Debug)]
pub struct Encoder {
    codes: Vec<Codes>,
}

/// Why a value has no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// It is missing, and the model has no rule for that.
    Missing,
    /// It is a category that the model does not know, and has no rule for.
    Unseen,
    /// It is no number.
    NotANumber,
    /// It is no date or time.
    NotAMoment,
}

#[derive(Clone, Debug)]
struct Codes {
    missing: Rule,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Number,
    Category(Known),
    Moment,
}

/// The categories of a feature, each with its number.
#[derive(Clone, Debug)]
struct Known {
    texts: HashMap<String, f64>,
    /// By their bits.
    numbers: HashMap<u64, f64>,
    unseen: Option<f64>,
}

impl Encoder {
    /// For rows of these features.
    #[must_use]
    pub fn new(features: &[Feature]) -> Self {
        let codes = |feature: &Feature| Codes {
            missing: feature.missing,
            kind: match &feature.kind {
                FeatureKind::Number => Kind::Number,
                FeatureKind::Moment => Kind::Moment,
                FeatureKind::Category { categories, unseen } => Kind::Category(Known::new(categories, *unseen)),
            },
        };
        Self { codes: features.iter().map(codes).collect() }
    }

    /// Whether a gap of this feature is taken.
    #[must_use]
    pub fn takes_gaps(&self, feature: usize) -> bool {
        self.codes[feature].missing == Rule::Taken
    }

    /// The number of a gap.
    ///
    /// # Errors
    /// When the feature may have none.
    pub fn gap(&self, feature: usize) -> Result<f64, Odd> {
        if self.takes_gaps(feature) { Ok(GAP) } else { Err(Odd::Missing) }
    }

    /// The number of a number, which must be finite.
    ///
    /// # Errors
    /// When the feature has other values.
    pub fn number(&self, feature: usize, value: f64) -> Result<f64, Odd> {
        match &self.codes[feature].kind {
            Kind::Number => Ok(value),
            Kind::Category(known) => known.number(value),
            Kind::Moment => Err(Odd::NotAMoment),
        }
    }

    /// The number of a text.
    ///
    /// # Errors
    /// When the feature has other values.
    pub fn text(&self, feature: usize, text: &str) -> Result<f64, Odd> {
        match &self.codes[feature].kind {
            Kind::Number => Err(Odd::NotANumber),
            Kind::Category(known) => known.text(text),
            Kind::Moment => match moment::read(text).ok_or(Odd::NotAMoment)? {
                Moment::At(seconds) => Ok(seconds),
                Moment::Zero => self.gap(feature),
            },
        }
    }

    /// The number of a value.
    ///
    /// # Errors
    /// When the feature has other values.
    pub fn cell(&self, feature: usize, cell: &Cell) -> Result<f64, Odd> {
        match cell {
            Cell::Number(value) => self.number(feature, *value),
            Cell::Text(text) => self.text(feature, text),
            Cell::Missing => self.gap(feature),
        }
    }
}

impl Known {
    fn new(categories: &[Category], unseen: Rule) -> Self {
        let mut known = Self { texts: HashMap::new(), numbers: HashMap::new(), unseen: None };
        for (position, category) in categories.iter().enumerate() {
            match category {
                Category::Number(value) => known.numbers.insert(bits(*value), position as f64),
                Category::Text(text) => known.texts.insert(text.clone(), position as f64),
            };
        }
        known.unseen = (unseen == Rule::Taken).then_some(categories.len() as f64);
        known
    }

    fn number(&self, value: f64) -> Result<f64, Odd> {
        let as_text = || self.texts.get(&value.to_string());
        self.or_unseen(self.numbers.get(&bits(value)).or_else(as_text))
    }

    fn text(&self, text: &str) -> Result<f64, Odd> {
        let as_number = || self.numbers.get(&bits(text.parse().ok().filter(|_| !self.numbers.is_empty())?));
        self.or_unseen(self.texts.get(text).or_else(as_number))
    }

    fn or_unseen(&self, code: Option<&f64>) -> Result<f64, Odd> {
        code.copied().or(self.unseen).ok_or(Odd::Unseen)
    }
}

/// The bits of a number by which it is found: zero is zero, whatever its sign.
fn bits(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoder(unseen: Rule, missing: Rule) -> Encoder {
        let text = |text: &str| Category::Text(text.into());
        let categories = vec![text("b"), text("7"), Category::Number(2.5), Category::Number(0.0)];
        let kind = FeatureKind::Category { categories, unseen };
        let moment = Feature { name: "at".into(), kind: FeatureKind::Moment, missing };
        Encoder::new(&[Feature::number("x"), Feature { name: "c".into(), kind, missing }, moment])
    }

    #[test]
    fn a_category_is_found_by_its_text_or_its_number_however_that_is_written() {
        let encoder = encoder(Rule::Refused, Rule::Refused);
        for (text, code) in [("b", 0.0), ("7", 1.0), ("2.5", 2.0), ("2.50", 2.0), ("-0", 3.0)] {
            assert_eq!(encoder.text(1, text), Ok(code), "{text}");
        }
        for (number, code) in [(7.0, 1.0), (2.5, 2.0), (-0.0, 3.0)] {
            assert_eq!(encoder.number(1, number), Ok(code), "{number}");
        }
        assert_eq!([encoder.text(1, "B"), encoder.text(1, ""), encoder.number(1, 8.0)], [Err(Odd::Unseen); 3]);
        assert_eq!(
            [encoder.text(0, "1"), encoder.text(2, "x"), encoder.number(2, 1.0), encoder.gap(0)],
            [Err(Odd::NotANumber), Err(Odd::NotAMoment), Err(Odd::NotAMoment), Err(Odd::Missing)]
        );
    }

    #[test]
    fn what_is_unseen_or_missing_has_a_number_where_there_is_a_rule() {
        let encoder = encoder(Rule::Taken, Rule::Taken);
        assert_eq!((encoder.text(1, "B"), encoder.number(1, 8.0)), (Ok(4.0), Ok(4.0)));
        assert!(encoder.gap(1).unwrap().is_nan() && encoder.cell(2, &Cell::Missing).unwrap().is_nan());
        assert!(encoder.text(2, "0000-00-00").unwrap().is_nan());
    }
}
