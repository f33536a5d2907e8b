//! Parameters of a statement that is said once, as text in it: one round trip, where a prepared
//! statement takes two, and nothing that the server has to keep.

use mysql_async::{Params, Value};

use super::key::Key;

/// Holds only within a transaction, where a server tells. A server of a Galera cluster may end a transaction
/// between two statements that are sent together, and does the second one alone.
pub(super) const IN_TRANSACTION: &str = " /*M! AND @@in_transaction = 1 */";

/// `sql` with each `:name` replaced by its value. A name that is not given stays, and the server
/// refuses it.
pub(super) fn bound(sql: &str, params: Params) -> String {
    let Params::Named(values) = params else { return sql.to_owned() };
    let mut text = String::with_capacity(sql.len() + 32 * values.len());
    let mut rest = sql;
    // A name between backticks is a user's, and may have a colon in it.
    let mut is_quoted = false;
    while let Some(at) = rest.find(|letter: char| {
        is_quoted ^= letter == '`';
        letter == ':' && !is_quoted
    }) {
        let (before, behind) = (&rest[..at], &rest[at + 1..]);
        let end = behind.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_').unwrap_or(behind.len());
        let (name, after) = behind.split_at(end);
        text.push_str(before);
        match values.get(name.as_bytes()) {
            Some(value) => text.push_str(&literal(value)),
            None => text.extend([":", name]),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

fn literal(value: &Value) -> String {
    match value {
        Value::Bytes(text) => text_literal(text),
        // With an exponent it is a double, whatever its size; else a decimal.
        Value::Double(number) => format!("{number:e}"),
        value => value.as_sql(true),
    }
}

/// Any bytes as SQL.
pub(super) fn bytes_literal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    // Literals of a page's keys are long.
    let mut literal = String::with_capacity(2 * bytes.len() + 3);
    literal.push_str("x'");
    for byte in bytes {
        literal.push(digit(byte >> 4));
        literal.push(digit(byte & 15));
    }
    literal.push('\'');
    literal
}

/// Any text in UTF-8 as SQL, in hexadecimal digits: what would have to be escaped depends on the
/// server's SQL mode, and the driver does not know that before its first statement.
pub(super) fn text_literal(text: &[u8]) -> String {
    format!("_utf8mb4 {}", bytes_literal(text))
}

/// A key as a column of `batch_lanes` keeps it.
pub(super) fn key_value(key: &Key) -> String {
    match key {
        Key::Id(id) => id.to_string(),
        Key::Text(text) => bytes_literal(text.as_bytes()),
        Key::Start | Key::End => "NULL".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use mysql_async::params;

    use super::*;

    #[test]
    fn every_parameter_becomes_a_literal_that_no_sql_mode_reads_otherwise() {
        let no: Option<u8> = None;
        let params = params! { "run" => -7, "running" => "O'Neil\\", "part" => 0.1, "no" => no, "b" => true };
        assert_eq!(
            bound("SELECT CONCAT('a:', :run, ':', :running), :part, :no, :b, ':run is :run'", params),
            "SELECT CONCAT('a:', -7, ':', _utf8mb4 x'4f274e65696c5c'), 1e-1, NULL, 1, '-7 is -7'"
        );
    }

    #[test]
    fn a_name_is_not_looked_through_for_parameters() {
        assert_eq!(bound("`a:b``:b` = :b AND `:b`", params! { "b" => 1 }), "`a:b``:b` = 1 AND `:b`");
    }

    #[test]
    fn a_value_is_not_looked_through_for_parameters() {
        let params = params! { "text" => ":other", "other" => 1 };
        assert_eq!(bound(":text :missing :other", params), "_utf8mb4 x'3a6f74686572' :missing 1");
    }

    #[test]
    fn a_time_is_written_to_the_microsecond() {
        let time = chrono::NaiveDate::from_ymd_opt(2026, 11, 22).unwrap().and_hms_micro_opt(15, 19, 0, 250).unwrap();
        assert_eq!(bound(":time", params! { "time" => time }), "'2026-11-22 15:19:00.000250'");
    }
}
