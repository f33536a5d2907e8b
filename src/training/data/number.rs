//! What a field says: a number, or that there is none.

use std::borrow::Cow;

use crate::model::truth;

/// What stands before the decimals of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimal {
    /// As in 1.5.
    Point,
    /// As in 1,5.
    Comma,
}

/// What [`is_gap`] takes for one, as errors say it.
pub(super) const GAPS_IN_WORDS: &str = "an empty field, NA, N/A, NaN, null, None and ? are gaps";

/// A number as the file writes it, finite or not; `true` is 1 and `false` 0, as a table has them.
fn any_number(field: &str, decimal: Decimal) -> Option<f64> {
    if let Some(truth) = truth(field) {
        return Some(f64::from(u8::from(truth)));
    }
    match decimal {
        Decimal::Point => field.parse().ok(),
        Decimal::Comma if field.contains('.') => None,
        Decimal::Comma => field.replacen(',', ".", 1).parse().ok(),
    }
}

/// A number with a point before its decimals, as everything but the file has it; any other field as it is.
pub(super) fn with_point(field: &str, decimal: Decimal) -> Cow<'_, str> {
    match decimal {
        Decimal::Comma if is_number(field, decimal) => Cow::Owned(field.replacen(',', ".", 1)),
        Decimal::Comma | Decimal::Point => Cow::Borrowed(field),
    }
}

/// Rust reads `inf`, `nan` and `1e999` as f64, too; they are no numbers that can be computed with.
pub(super) fn number(field: &str, decimal: Decimal) -> Option<f64> {
    any_number(field, decimal).filter(|number| number.is_finite())
}

/// Whether a field is meant as a number, even if there is none so large.
pub(super) fn is_number(field: &str, decimal: Decimal) -> bool {
    any_number(field, decimal).is_some_and(|number| !number.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_file_writes_them() {
        for (field, point, comma) in [
            ("1.5", Some(1.5), None),
            ("1,5", None, Some(1.5)),
            ("-3e2", Some(-300.0), Some(-300.0)),
            ("1.234,5", None, None),
            ("1,2,3", None, None),
            ("TRUE", Some(1.0), Some(1.0)),
            ("False", Some(0.0), Some(0.0)),
            ("1e999", None, None),
            ("nan", None, None),
            ("x", None, None),
        ] {
            assert_eq!((number(field, Decimal::Point), number(field, Decimal::Comma)), (point, comma), "{field}");
        }
        assert!(is_number("1e999", Decimal::Point) && !is_number("NaN", Decimal::Point));
        assert_eq!(
            ["1,50", "1", "a,b", "1.5"].map(|field| with_point(field, Decimal::Comma)),
            ["1.50", "1", "a,b", "1.5"]
        );
        assert_eq!(with_point("1,5", Decimal::Point), "1,5");
    }
}
