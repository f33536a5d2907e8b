//! What people and programs write: truths, and gaps in a file.

/// How people and programs write a truth, as JSON has it first.
pub(super) const TRUTHS: [[&str; 3]; 2] = [["false", "False", "FALSE"], ["true", "True", "TRUE"]];

/// What stands in a file where a value is missing, in whatever case.
const GAPS: [&str; 7] = ["", "na", "n/a", "nan", "null", "none", "?"];

/// Numbers of so many significant digits are different floats if they are different.
const DISTINCT_DIGITS: usize = 15;

/// Whether a field of a file says that there is no value.
#[must_use]
pub fn is_gap(field: &str) -> bool {
    GAPS.iter().any(|gap| field.eq_ignore_ascii_case(gap))
}

/// `true` or `false`, in whatever case.
#[must_use]
pub fn truth(text: &str) -> Option<bool> {
    let is = |truth: usize| TRUTHS[truth].iter().any(|written| text.eq_ignore_ascii_case(written));
    (0..TRUTHS.len()).find(|truth| is(*truth)).map(|truth| truth == 1)
}

/// The number that a text writes, where no other number has its float: of two long codes that differ in their last
/// digit, one must not be taken for the other.
pub(super) fn number_of(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_matches('0').len();
    let is_exact = significant == 0 || (significant <= DISTINCT_DIGITS && value.is_normal());
    is_exact.then_some(value)
}

/// The number that a text stands for: 1 or 0 of a truth, as tables show it, or the one that it writes.
pub(super) fn stands_for(text: &str) -> Option<f64> {
    truth(text).map(|truth| f64::from(u8::from(truth))).or_else(|| number_of(text))
}

/// The class that a text names, however its column or file writes it: letter by letter, or else by the same number, of which
/// 1 as 1.00 and as `true` are one.
#[must_use]
pub fn class_called(classes: &[String], text: &str) -> Option<usize> {
    let exactly = classes.iter().position(|class| class == text);
    exactly.or_else(|| {
        let number = stands_for(text.trim())?;
        classes.iter().position(|class| stands_for(class) == Some(number))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_found_however_it_is_written_and_exactly_first() {
        let called = |classes: &[&str], text: &str| {
            class_called(&classes.iter().map(|class| (*class).to_owned()).collect::<Vec<_>>(), text)
        };
        for text in ["1", "1.0", "1.00", " 1 ", "true", "TRUE", "1e0"] {
            for classes in [["0", "1"], ["0.0", "1.0"], ["False", "True"], ["false", "true"]] {
                assert_eq!(called(&classes, text), Some(1), "{classes:?}: {text}");
            }
        }
        assert_eq!([called(&["no", "yes"], "1"), called(&["0", "1"], "2"), called(&["0", "1"], "")], [None; 3]);
        assert_eq!((called(&["1.0", "1"], "1"), called(&["true", "1"], "1.0")), (Some(1), Some(0)));
        let long = ["12345678901234567890", "12345678901234567891"];
        assert_eq!((called(&long, long[1]), called(&long, "12345678901234567892")), (Some(1), None));
    }
}
