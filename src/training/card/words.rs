//! Names and numbers as they stand in a card.

/// What stands for the folder of the plots until it is known.
pub(super) const FOLDER: &str = "{{folder}}";

/// Four decimals; very small and very large numbers in scientific notation.
pub(super) fn figure(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        1e-3..1e7 => format!("{number:.4}"),
        _ => format!("{number:.4e}"),
    }
}

/// A name as it may stand in a table.
pub(super) fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '|' | '<' | '*' | '`' | '[' | '{' | '\\' => escaped.extend(['\\', character]),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_a_table() {
        assert_eq!(escape("a|b\n<c>"), "a\\|b \\<c>");
    }

    #[test]
    fn figures_keep_their_digits() {
        assert_eq!([0.0, 5.84333, -1e-7, 123_456_789.0].map(figure), ["0", "5.8433", "-1.0000e-7", "1.2346e8"]);
    }
}
