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
    /// Of the texts that write a number, the first one of each number, by its bits.
    written: HashMap<u64, f64>,
    unseen: Option<f64>,
}

/// Numbers of so many significant digits are different floats if they are different.
const DISTINCT_DIGITS: usize = 15;

/// How people and programs write a truth, as JSON has it first.
const TRUTHS: [[&str; 3]; 2] = [["false", "False", "FALSE"], ["true", "True", "TRUE"]];

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

    /// The number of a `true` or `false`: of a category that is called so, or else what 1 or 0 have.
    ///
    /// # Errors
    /// When the feature has other values.
    pub fn truth(&self, feature: usize, value: bool) -> Result<f64, Odd> {
        let called = match &self.codes[feature].kind {
            Kind::Category(known) => TRUTHS[usize::from(value)].iter().find_map(|text| known.texts.get(*text)),
            Kind::Number | Kind::Moment => None,
        };
        // As a BOOL column is read.
        called.map_or_else(|| self.number(feature, f64::from(u8::from(value))), |code| Ok(*code))
    }

    /// Whether a text is, letter by letter, a category of the feature.
    #[must_use]
    pub fn is_called(&self, feature: usize, text: &str) -> bool {
        matches!(&self.codes[feature].kind, Kind::Category(known) if known.texts.contains_key(text))
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
        let mut known = Self { texts: HashMap::new(), numbers: HashMap::new(), written: HashMap::new(), unseen: None };
        for (position, category) in categories.iter().enumerate() {
            match category {
                Category::Number(value) => {
                    known.numbers.insert(bits(*value), position as f64);
                }
                Category::Text(text) => {
                    known.texts.insert(text.clone(), position as f64);
                    if let Some(value) = truth_of(text).or_else(|| number_of(text)) {
                        known.written.entry(bits(value)).or_insert(position as f64);
                    }
                }
            }
        }
        known.unseen = (unseen == Rule::Taken).then_some(categories.len() as f64);
        known
    }

    fn number(&self, value: f64) -> Result<f64, Odd> {
        let as_text = || self.texts.get(&value.to_string());
        let as_written = || self.written.get(&bits(value));
        self.or_unseen(self.numbers.get(&bits(value)).or_else(as_text).or_else(as_written))
    }

    /// What is called exactly so comes first: whoever has both `1` and `1.0` means two things.
    fn text(&self, text: &str) -> Result<f64, Odd> {
        let as_number = || self.numbers.get(&bits(text.parse().ok().filter(|_| !self.numbers.is_empty())?));
        let as_written = || self.written.get(&bits(number_of(text).filter(|_| !self.written.is_empty())?));
        self.or_unseen(self.texts.get(text).or_else(as_number).or_else(as_written))
    }

    fn or_unseen(&self, code: Option<&f64>) -> Result<f64, Odd> {
        code.copied().or(self.unseen).ok_or(Odd::Unseen)
    }
}

/// The bits of a number by which it is found: zero is zero, whatever its sign.
fn bits(value: f64) -> u64 {
    (value + 0.0).to_bits()
}

/// The number that a text writes, where no other number has its float: of two long codes that differ in their last
/// digit, one must not be taken for the other.
fn number_of(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_matches('0').len();
    let is_exact = significant == 0 || (significant <= DISTINCT_DIGITS && value.is_normal());
    is_exact.then_some(value)
}

/// 1 or 0 for a text that is a truth, as tables show it.
fn truth_of(text: &str) -> Option<f64> {
    let is = |truth: usize| TRUTHS[truth].iter().any(|written| text.eq_ignore_ascii_case(written));
    (0..TRUTHS.len()).find(|truth| is(*truth)).map(|truth| truth as f64)
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

    fn known(categories: &[&str]) -> Known {
        let categories: Vec<Category> = categories.iter().map(|text| Category::Text((*text).into())).collect();
        Known::new(&categories, Rule::Refused)
    }

    #[test]
    fn a_number_is_found_however_the_category_or_the_value_is_written() {
        for category in ["1", "1.0", "1.00", "01", "1e0", "+1"] {
            let known = known(&["x", category]);
            assert_eq!(known.number(1.0), Ok(1.0), "{category}");
            for text in ["1", "1.0", "1.000000000000000000", "001", "10e-1"] {
                assert_eq!(known.text(text), Ok(1.0), "{category}: {text}");
            }
            for text in ["2", "one", "", "inf", "nan", "1,0"] {
                assert_eq!(known.text(text), Err(Odd::Unseen), "{category}: {text}");
            }
            assert_eq!(known.number(1.5), Err(Odd::Unseen));
        }
    }

    #[test]
    fn what_is_called_exactly_so_comes_before_the_same_number_and_then_the_first() {
        let known = known(&["01", "1.0", "1"]);
        assert_eq!(["01", "1.0", "1", "1.00"].map(|text| known.text(text)), [Ok(0.0), Ok(1.0), Ok(2.0), Ok(0.0)]);
        assert_eq!(known.number(1.0), Ok(2.0));
        let both = Known::new(&[Category::Text("1".into()), Category::Number(1.0)], Rule::Refused);
        assert_eq!((both.number(1.0), both.text("1"), both.text("1.0")), (Ok(1.0), Ok(0.0), Ok(1.0)));
    }

    #[test]
    fn a_long_code_is_not_taken_for_another_one_with_the_same_float() {
        let known = known(&["12345678901234567890", "1e-400", "inf", "0.30000000000000004"]);
        assert_eq!(known.text("12345678901234567890"), Ok(0.0));
        for text in ["12345678901234567891", "12345678901234567890.0", "0", "Infinity", "0.30000000000000005"] {
            assert_eq!(known.text(text), Err(Odd::Unseen), "{text}");
        }
        assert_eq!(known.number(0.1 + 0.2), Ok(3.0));
    }

    #[test]
    fn a_truth_is_found_by_what_it_is_called_or_by_its_number() {
        let truth = |categories: &[&str], value| {
            let categories = categories.iter().map(|text| Category::Text((*text).into())).collect();
            let kind = FeatureKind::Category { categories, unseen: Rule::Refused };
            let encoder = Encoder::new(&[Feature { name: "c".into(), kind, missing: Rule::Refused }]);
            // A BOOL column shows a truth as a digit.
            (encoder.truth(0, value), encoder.text(0, if value { "1" } else { "0" }))
        };
        for categories in [["False", "True"], ["FALSE", "TRUE"], ["false", "true"], ["0", "1"], ["0.0", "1.0"]] {
            assert_eq!(truth(&categories, true), (Ok(1.0), Ok(1.0)), "{categories:?}");
            assert_eq!(truth(&categories, false), (Ok(0.0), Ok(0.0)), "{categories:?}");
        }
        assert_eq!(truth(&["1", "True"], true), (Ok(1.0), Ok(0.0)));
        assert_eq!(truth(&["no", "yes"], true), (Err(Odd::Unseen), Err(Odd::Unseen)));
        let encoder = encoder(Rule::Refused, Rule::Refused);
        assert_eq!((encoder.truth(0, true), encoder.truth(2, true)), (Ok(1.0), Err(Odd::NotAMoment)));
        assert!(encoder.is_called(1, "7") && !encoder.is_called(1, "7.0") && !encoder.is_called(0, "7"));
    }

    #[test]
    fn what_is_unseen_or_missing_has_a_number_where_there_is_a_rule() {
        let encoder = encoder(Rule::Taken, Rule::Taken);
        assert_eq!((encoder.text(1, "B"), encoder.number(1, 8.0)), (Ok(4.0), Ok(4.0)));
        assert!(encoder.gap(1).unwrap().is_nan() && encoder.cell(2, &Cell::Missing).unwrap().is_nan());
        assert!(encoder.text(2, "0000-00-00").unwrap().is_nan());
    }
}
