//! From the values of a row, as people write them, to the numbers of a raw row.

use std::collections::HashMap;

use super::artifact::{Category, Cell, Feature, FeatureKind, Rule};
use super::moment::{self, Moment};
use super::written::{TRUTHS, is_gap, number_of, stands_for, truth};

/// What the number of a gap is in a raw row.
pub(crate) const GAP: f64 = f64::NAN;

/// Turns values into numbers, feature by feature.
#[derive(Clone, Debug)]
pub struct Encoder {
    codes: Vec<Codes>,
    texts: Texts,
}

/// What is made of a text that is no category letter by letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Texts {
    /// Nothing but what it says: as scikit-learn takes it.
    Exact,
    /// What a training takes it for where it is a field of a file: without the space around it, a gap if it is a word for
    /// one and the feature may have some, a truth however it is written.
    Fields,
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

impl Encoder {
    /// For rows of these features, whose texts are taken exactly.
    #[must_use]
    pub fn new(features: &[Feature]) -> Self {
        Self::with(features, Texts::Exact)
    }

    /// The same, whose texts are taken so.
    #[must_use]
    pub fn with(features: &[Feature], texts: Texts) -> Self {
        let codes = |feature: &Feature| Codes {
            missing: feature.missing,
            kind: match &feature.kind {
                FeatureKind::Number => Kind::Number,
                FeatureKind::Moment => Kind::Moment,
                FeatureKind::Category { categories, unseen } => Kind::Category(Known::new(categories, *unseen)),
            },
        };
        Self { codes: features.iter().map(codes).collect(), texts }
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
        match (&self.codes[feature].kind, self.texts) {
            (Kind::Number, _) => Err(Odd::NotANumber),
            (Kind::Category(known), _) if known.texts.contains_key(text) => known.text(text),
            (Kind::Category(known), Texts::Exact) => known.text(text),
            (Kind::Moment, Texts::Exact) => self.moment(feature, text),
            (_, Texts::Fields) => self.field(feature, text.trim()),
        }
    }

    /// The number of a text that is no category letter by letter, as a file has it.
    fn field(&self, feature: usize, field: &str) -> Result<f64, Odd> {
        match &self.codes[feature].kind {
            Kind::Category(known) if known.texts.contains_key(field) => known.text(field),
            _ if is_gap(field) && self.takes_gaps(feature) => Ok(GAP),
            Kind::Category(known) => match truth(field) {
                Some(value) => self.truth(feature, value),
                None => known.text(field),
            },
            Kind::Number | Kind::Moment => self.moment(feature, field),
        }
    }

    fn moment(&self, feature: usize, text: &str) -> Result<f64, Odd> {
        match moment::read(text).ok_or(Odd::NotAMoment)? {
            Moment::At(seconds) => Ok(seconds),
            Moment::Zero => self.gap(feature),
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
                    if let Some(value) = stands_for(text) {
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

    #[test]
    fn a_text_is_taken_as_a_field_of_a_file_is_where_that_is_asked() {
        let text = |text: &str| Category::Text(text.into());
        let features = |missing: Rule| {
            let kind = FeatureKind::Category {
                categories: vec![text("red"), text("TRUE"), text("none")],
                unseen: Rule::Taken,
            };
            let moment = Feature { name: "at".into(), kind: FeatureKind::Moment, missing };
            [Feature { name: "c".into(), kind, missing }, moment]
        };
        let (taken, refused) = (features(Rule::Taken), features(Rule::Refused));
        let (fields, exact) = (Encoder::with(&taken, Texts::Fields), Encoder::new(&taken));
        for (text, code) in
            [("red", 0.0), (" red\t", 0.0), ("true", 1.0), ("none", 2.0), ("blue", 3.0), ("None", f64::NAN)]
        {
            assert_eq!(fields.text(0, text).unwrap().to_bits(), code.to_bits(), "{text}");
        }
        for gap in ["", " ", "NA", "n/a", "?"] {
            assert!(fields.text(0, gap).unwrap().is_nan() && fields.text(1, gap).unwrap().is_nan(), "{gap}");
            assert_eq!((exact.text(0, gap), exact.text(1, gap)), (Ok(3.0), Err(Odd::NotAMoment)), "{gap}");
            let refusing = Encoder::with(&refused, Texts::Fields);
            assert_eq!((refusing.text(0, gap), refusing.text(1, gap)), (Ok(3.0), Err(Odd::NotAMoment)), "{gap}");
        }
        assert_eq!((exact.text(0, " red"), exact.text(0, "true")), (Ok(3.0), Ok(3.0)));
        assert_eq!(fields.text(1, " 1970-01-02 "), Ok(86400.0));
    }
}
