//! How a key that is no whole number is written as a text: its parts with commas between them, whole numbers in decimal
//! digits, bytes in hexadecimal ones, dates and times in ISO 8601. In a text of several parts, `~c` stands for a comma
//! and `~t` for a `~`; a key of one part is written as it is.

use std::borrow::Cow;

use super::key::Key;
use crate::config::{KeyColumns, PartKind};
use crate::words;

/// Bytes of the longest key in this notation.
pub const LONGEST: usize = 1500;
/// Characters of what was given that are said again.
const SHOWN: usize = 100;

/// The parts of a key of so many, from its notation; `None`: it has not so many.
pub(super) fn parts(text: &str, count: usize) -> Option<Vec<Cow<'_, str>>> {
    if count == 1 {
        return Some(vec![text.into()]);
    }
    let parts: Vec<_> = text.split(',').map(plain).collect();
    (parts.len() == count).then_some(parts)
}

fn plain(part: &str) -> Cow<'_, str> {
    if part.contains('~') { part.replace("~c", ",").replace("~t", "~").into() } else { part.into() }
}

/// A key from its parts.
pub fn joined<T: AsRef<str>>(parts: &[T]) -> String {
    match parts {
        [only] => only.as_ref().to_owned(),
        parts => {
            let written = parts.iter().map(|part| part.as_ref().replace('~', "~t").replace(',', "~c"));
            written.collect::<Vec<_>>().join(",")
        }
    }
}

/// The key that a person or a client wrote.
///
/// # Errors
/// What is accepted instead.
pub fn read(key: &KeyColumns, text: &str) -> Result<Key, String> {
    let refused = || format!("`{}` is no key of this table; accepted: {}", words::cut(text, SHOWN), accepted(key));
    if key.is_number() {
        return text.parse().map(Key::Id).map_err(|_| refused());
    }
    let parts = parts(text, key.parts.len()).ok_or_else(refused)?;
    let read = key.parts.iter().zip(&parts).map(|(part, text)| part_of(&part.kind, text));
    let read: Vec<String> = read.collect::<Option<_>>().ok_or_else(refused)?;
    let text = joined(&read);
    if text.len() > LONGEST { Err(refused()) } else { Ok(Key::text(&text)) }
}

/// What keys of a table are like, for people.
pub fn accepted(key: &KeyColumns) -> String {
    let of_each: Vec<String> = key.parts.iter().map(|part| said(&part.kind)).collect();
    match of_each.as_slice() {
        [only] => only.clone(),
        parts => format!("{}, with commas between them, a comma in a text as ~c and a ~ as ~t", parts.join(", ")),
    }
}

fn said(kind: &PartKind) -> String {
    let said = match kind {
        PartKind::Integer => "a whole number of 64 bits",
        PartKind::Unsigned => "a whole number of 64 bits from 0 on",
        PartKind::Text { charset, .. } if charset != "utf8mb4" => return format!("a text of characters of {charset}"),
        PartKind::Text { .. } => "a text",
        PartKind::Bytes => "bytes in hexadecimal digits",
        PartKind::Uuid => "a UUID",
        PartKind::Date => "a date like 2026-01-31",
        PartKind::Datetime => "a time like 2026-01-31T23:59:59, with as many decimals as the column has",
    };
    said.to_owned()
}

/// What a server's latin1, which is cp1252, has beyond U+00FF.
const BEYOND_LATIN1: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";

/// Whether a column of a character set can hold a character, as far as that is known here: with one that it cannot, servers
/// refuse to compare.
fn is_in(charset: &str, c: char) -> bool {
    match charset {
        "ascii" => c.is_ascii(),
        "latin1" => u32::from(c) <= 0xff || BEYOND_LATIN1.contains(c),
        "utf8" | "utf8mb3" | "ucs2" => u32::from(c) <= 0xffff,
        _ => true,
    }
}

/// Whether each of the numbers of a date or of a time, none of more than two digits, is at most so large. Zeros are dates of
/// some tables, and so is the 31st of each month.
fn are_at_most(numbers: &str, most: &[u8]) -> bool {
    let numbers = numbers.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u8>);
    numbers.zip(most).all(|(number, most)| number.is_ok_and(|number| number <= *most))
}

/// A part as the notation has it, if it is accepted.
fn part_of(kind: &PartKind, text: &str) -> Option<String> {
    let hexadecimal = || {
        let digits = text.replace('-', "").to_ascii_lowercase();
        (digits.len().is_multiple_of(2) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(digits)
    };
    match kind {
        PartKind::Integer => text.parse().ok().map(|number: i64| number.to_string()),
        PartKind::Unsigned => text.parse().ok().map(|number: u64| number.to_string()),
        PartKind::Text { charset, .. } => text.chars().all(|c| is_in(charset, c)).then(|| text.to_owned()),
        PartKind::Bytes => hexadecimal(),
        PartKind::Uuid => {
            let digits = hexadecimal().filter(|digits| digits.len() == 32)?;
            let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| &digits[group]);
            Some(groups.join("-"))
        }
        PartKind::Date => (is_like(text, "0000-00-00") && are_at_most(&text[5..], &[12, 31])).then(|| text.to_owned()),
        PartKind::Datetime => {
            let text = text.replacen(' ', "T", 1);
            let (whole, decimals) = text.split_once('.').unwrap_or((&text, "0"));
            let fits = is_like(whole, "0000-00-00T00:00:00") && are_at_most(&whole[5..], &[12, 31, 23, 59, 59]);
            let are_decimals = decimals.len() <= 6 && decimals.bytes().all(|digit| digit.is_ascii_digit());
            (fits && are_decimals).then(|| text.clone())
        }
    }
}

/// Whether a text has the shape of another one, in which any digit stands for all.
fn is_like(text: &str, shape: &str) -> bool {
    let fits = |(have, want): (u8, u8)| if want == b'0' { have.is_ascii_digit() } else { have == want };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// Keys by which the keys between two are cut into `parts` equal ones, where these are hexadecimal digits, such as
/// random bytes or UUIDs; else none.
pub(crate) fn between(first: &Key, last: &Key, parts: usize) -> Vec<Key> {
    let (Key::Text(first), Key::Text(last)) = (first, last) else { return Vec::new() };
    let ends = beginning(first).zip(beginning(last)).filter(|(first, last)| first < last);
    let Some((least, greatest)) = ends.filter(|_| first.len() == last.len()) else { return Vec::new() };
    let cut = |part: usize| least + ((u128::from(greatest - least) * part as u128) / parts as u128) as u64;
    let written = |number: u64| {
        let mut digits = format!("{number:0TELLING_DIGITS$x}").into_bytes().into_iter();
        // Behind those that tell there are zeros; dashes stay where they are.
        let digit = |c| if c == '-' { c } else { digits.next().map_or('0', char::from) };
        Key::text(&last.chars().map(digit).collect::<String>())
    };
    (1..parts).map(|part| written(cut(part))).collect()
}

/// Hexadecimal digits that say where a random key lies.
const TELLING_DIGITS: usize = 12;

/// The first digits of a key as a number, if it has nothing else than digits.
fn beginning(text: &str) -> Option<u64> {
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c) || c == '-';
    let digits: String = text.chars().filter(|c| *c != '-').take(TELLING_DIGITS).collect();
    if text.chars().all(is_digit) && digits.len() == TELLING_DIGITS {
        u64::from_str_radix(&digits, 16).ok()
    } else {
        None
    }
}

/// A key as JSON: a whole number as a number, anything else as a string, several parts as an array of these.
pub fn json(key: &KeyColumns, item: &Key) -> serde_json::Value {
    let text = match item {
        Key::Id(id) => return (*id).into(),
        Key::Start | Key::End => return serde_json::Value::Null,
        Key::Text(text) => text,
    };
    let part = |(kind, text): (&PartKind, Cow<'_, str>)| match kind {
        PartKind::Integer | PartKind::Unsigned => {
            let number = text.parse::<i64>().map(Into::into).or_else(|_| text.parse::<u64>().map(Into::into));
            number.unwrap_or_else(|_| text.as_ref().into())
        }
        _ => text.as_ref().into(),
    };
    match parts(text, key.parts.len()) {
        Some(parts) => {
            let mut parts = key.parts.iter().map(|part| &part.kind).zip(parts).map(part);
            if key.parts.len() == 1 { parts.next().unwrap_or_default() } else { parts.collect() }
        }
        // Of a table whose key is another one by now.
        None => text.as_ref().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{KeyPart, Setting};

    fn columns(kinds: &[PartKind]) -> KeyColumns {
        let named = KeyColumns::read("k").unwrap();
        let part = |kind: &PartKind| KeyPart { kind: kind.clone(), ..named.parts[0].clone() };
        KeyColumns { parts: kinds.iter().map(part).collect(), ..named }
    }

    fn text() -> PartKind {
        PartKind::Text { charset: "utf8mb4".into(), collation: "utf8mb4_bin".into() }
    }

    #[test]
    fn what_is_given_is_read_as_the_notation_has_it() {
        let read = |kinds: &[PartKind], given: &str| read(&columns(kinds), given).map(|key| key.to_string());
        assert_eq!(read(&[PartKind::Integer], "-7").as_deref(), Ok("-7"));
        assert_eq!(read(&[PartKind::Unsigned], "7").as_deref(), Ok("7"));
        let wide = KeyColumns { is_wide: true, ..columns(&[PartKind::Unsigned]) };
        assert_eq!(super::read(&wide, "18446744073709551615").unwrap(), Key::text("18446744073709551615"));
        assert_eq!(read(&[text()], "a,b~c").as_deref(), Ok("a,b~c"));
        assert_eq!(read(&[text()], "").as_deref(), Ok(""));
        let uuid = "00112233-4455-6677-8899-AABBCCDDEEFF";
        assert_eq!(read(&[PartKind::Uuid], uuid).unwrap(), uuid.to_lowercase());
        assert_eq!(read(&[PartKind::Bytes], uuid).unwrap(), uuid.to_lowercase().replace('-', ""));
        assert_eq!(read(&[PartKind::Date, text()], "2026-01-31,a~cb").as_deref(), Ok("2026-01-31,a~cb"));
        let time = "2026-01-31 23:59:59.250";
        assert_eq!(read(&[PartKind::Datetime], time).as_deref(), Ok("2026-01-31T23:59:59.250"));
    }

    #[test]
    fn what_is_no_key_is_refused_with_what_is_accepted() {
        let refused = |kinds: &[PartKind], given: &str| read(&columns(kinds), given).unwrap_err();
        assert_eq!(
            refused(&[PartKind::Integer], "x"),
            "`x` is no key of this table; accepted: a whole number of 64 bits"
        );
        assert_eq!(
            refused(&[PartKind::Integer, text()], "5"),
            "`5` is no key of this table; accepted: a whole number of 64 bits, a text, with commas between them, a comma \
             in a text as ~c and a ~ as ~t"
        );
        for (kind, given) in [
            (PartKind::Bytes, "abc"),
            (PartKind::Bytes, "xy"),
            (PartKind::Uuid, "00"),
            (PartKind::Date, "2026-1-1"),
            (PartKind::Date, "2026-13-01"),
            (PartKind::Date, "2026-01-32"),
            (PartKind::Datetime, "2026-01-01T00:00"),
            (PartKind::Datetime, "2026-01-01T24:00:00"),
            (PartKind::Datetime, "2026-01-01T00:00:00.1234567"),
            (text(), &"x".repeat(1501)),
        ] {
            assert!(refused(&[kind], given).contains("accepted: "));
        }
    }

    #[test]
    fn a_text_has_characters_that_its_column_can_hold() {
        let is_read = |charset: &str, given: &str| {
            let kind = PartKind::Text { charset: charset.into(), collation: format!("{charset}_bin") };
            read(&columns(&[kind]), given).is_ok()
        };
        for (charset, good, bad) in [("ascii", "a~", "ä"), ("latin1", "äŽ€", "Ж"), ("utf8mb3", "Ж", "🍒")] {
            assert!(is_read(charset, good) && !is_read(charset, bad), "{charset}");
        }
        assert!(is_read("utf8mb4", "🍒") && is_read("koi8r", "Ж"));
    }

    #[test]
    fn random_digits_are_cut_into_equal_parts() {
        let cut = |first: &str, last: &str, parts| -> Vec<String> {
            between(&Key::text(first), &Key::text(last), parts).iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            cut("00000000-0000-4000-8000-000000000000", "ffffffff-ffff-4fff-8fff-ffffffffffff", 2),
            ["7fffffff-ffff-0000-0000-000000000000"]
        );
        assert_eq!(
            cut("00000000000000000000000000000001", "40000000000000000000000000000000", 4),
            [
                "10000000000000000000000000000000",
                "20000000000000000000000000000000",
                "30000000000000000000000000000000"
            ]
        );
        for (first, last) in [("a", "b"), ("x0000000000000", "y0000000000000"), ("40000000000000", "00000000000000")] {
            assert!(cut(first, last, 2).is_empty());
        }
    }

    #[test]
    fn json_tells_numbers_texts_and_several_parts_apart() {
        let json = |kinds: &[PartKind], key: Key| json(&columns(kinds), &key).to_string();
        assert_eq!(json(&[PartKind::Integer], Key::Id(7)), "7");
        assert_eq!(json(&[PartKind::Unsigned], Key::text("18446744073709551615")), "18446744073709551615");
        assert_eq!(json(&[text()], Key::text("7")), r#""7""#);
        assert_eq!(json(&[PartKind::Integer, text()], Key::text("7,a~cb")), r#"[7,"a,b"]"#);
        assert_eq!(json(&[PartKind::Integer, text()], Key::text("7")), r#""7""#);
    }
}
