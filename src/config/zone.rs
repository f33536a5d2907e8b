//! The zone of a clock: `CREATED_ZONE`.

use std::fmt;

use super::setting::{Accepts, Setting};

/// The zone of a clock, by its distance from UTC or by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(String);

impl Zone {
    /// Whether it is a distance from UTC, which every server knows.
    pub fn is_offset(&self) -> bool {
        is_offset(&self.0)
    }

    /// The zone as an SQL string.
    pub fn literal(&self) -> String {
        format!("'{}'", self.0)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Setting for Zone {
    const ACCEPTS: Accepts =
        Accepts::Text("an offset like +05:30, or a zone that the server knows, like Europe/Berlin");

    fn read(text: &str) -> Option<Self> {
        (is_offset(text) || is_name(text)).then(|| Self(text.to_owned()))
    }
}

/// Both servers know offsets from -12:59 to +13:00, MySQL some more.
fn is_offset(text: &str) -> bool {
    let [b'+' | b'-', h1 @ b'0'..=b'9', h2 @ b'0'..=b'9', b':', b'0'..=b'5', b'0'..=b'9'] = text.as_bytes() else {
        return false;
    };
    let hours = (h1 - b'0') * 10 + (h2 - b'0');
    hours <= 14
}

fn is_name(text: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "_+-/".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(known) && text.len() <= 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_an_offset_or_a_name_and_never_sql() {
        for text in ["+05:30", "-05:00", "+00:00", "Europe/Berlin", "UTC", "SYSTEM", "Etc/GMT+5"] {
            assert_eq!(Zone::read(text).unwrap().literal(), format!("'{text}'"));
        }
        for text in ["5", "+5", "+5:30", "+15:00", "+05:60", "05:30", "", "a'b", "Europe Berlin", "+05:30'", "é"] {
            assert!(Zone::read(text).is_none(), "{text}");
        }
    }
}
