//! Reading the `values` of a row: numbers in feature order, or the reason why not.

mod plain;

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::run::named;

named! {
    /// Why an item cannot be scored.
    pub enum ReasonCode {
        /// `values` is some other JSON value than an array, or no JSON at all.
        NotAnArray = "not_an_array",
        /// Another count of values than the model has features.
        WrongLength = "wrong_length",
        /// A value is text, null, a boolean or nested.
        NotANumber = "not_a_number",
        /// A value is beyond the range of a 64-bit float.
        NotFinite = "not_finite",
        /// The text is longer than any row of that many features needs, or a value so large that
        /// the model's arithmetic overflows.
        TooLarge = "too_large",
    }
}

/// Why an item was set aside: a code to count by and a sentence to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The kind of failure.
    pub code: ReasonCode,
    /// What was found, for a person.
    pub text: String,
}

impl Reason {
    pub(crate) fn new(code: ReasonCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// The longest text of `values` that is read, in bytes, for a model of `features` features.
///
/// An f64 takes at most 25 characters; 64 leaves room for white space, 1 KiB for short rows. It
/// bounds a page's memory whatever somebody stored in a row.
pub const fn longest_text(features: usize) -> usize {
    1024 + 64 * features
}

/// Reads a JSON array of exactly `count` finite numbers into `features`, which is cleared first.
///
/// # Errors
/// The [`Reason`] that the item is set aside for; `features` then holds what was read until there.
pub fn read(text: &[u8], count: usize, features: &mut Vec<f64>) -> Result<(), Reason> {
    features.clear();
    if text.len() > longest_text(count) {
        let limit = longest_text(count);
        return Err(Reason::new(ReasonCode::TooLarge, format!("values is longer than {limit} bytes")));
    }
    if plain::read(text, count, features) {
        return Ok(());
    }
    features.clear();
    let mut json = serde_json::Deserializer::from_slice(text);
    let found = Row { count, features }.deserialize(&mut json).and_then(|found| json.end().map(|()| found));
    match found {
        Ok(found) => found,
        Err(error) if error.to_string().starts_with("number out of range") => {
            Err(Reason::new(ReasonCode::NotFinite, "a value is beyond the range of a 64-bit float"))
        }
        Err(error) => Err(Reason::new(ReasonCode::NotAnArray, format!("values is not valid JSON: {error}"))),
    }
}

/// Deserialises one row in place. Its value is the verdict on a well-formed text; an error means
/// that the text is not well-formed.
struct Row<'f> {
    count: usize,
    features: &'f mut Vec<f64>,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = Result<(), Reason>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn not_an_array<E>(what: &str) -> Result<Result<(), Reason>, E> {
    Ok(Err(Reason::new(ReasonCode::NotAnArray, format!("values is {what}, not an array of numbers"))))
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = Result<(), Reason>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of {} numbers", self.count)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<Self::Value, A::Error> {
        let mut odd = None;
        let mut length = 0;
        while let Some(element) = row.next_element()? {
            match element {
                Element::Number(value) if length < self.count => self.features.push(value),
                Element::Number(_) => {}
                Element::Other(what) => odd = odd.or(Some((length, what))),
            }
            length += 1;
        }
        Ok(match odd {
            _ if length != self.count => Err(Reason::new(
                ReasonCode::WrongLength,
                format!("values has {length} elements, the model takes {}", self.count),
            )),
            Some((at, what)) => {
                Err(Reason::new(ReasonCode::NotANumber, format!("value {} is {what}, not a number", at + 1)))
            }
            None => Ok(()),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        not_an_array("an object")
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        not_an_array("text")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        not_an_array("a boolean")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        not_an_array("null")
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        not_an_array("a single number")
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        not_an_array("a single number")
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        not_an_array("a single number")
    }
}

/// One element of a row.
enum Element {
    Number(f64),
    Other(&'static str),
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ElementVisitor;

        impl<'de> Visitor<'de> for ElementVisitor {
            type Value = Element;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Element, E> {
                // serde_json refuses what overflows, with the same words; another reader may not.
                if value.is_finite() { Ok(Element::Number(value)) } else { Err(E::custom("number out of range")) }
            }

            fn visit_i64<E>(self, value: i64) -> Result<Element, E> {
                Ok(Element::Number(value as f64))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Element, E> {
                Ok(Element::Number(value as f64))
            }

            fn visit_str<E>(self, _: &str) -> Result<Element, E> {
                Ok(Element::Other("text"))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Element, E> {
                Ok(Element::Other("a boolean"))
            }

            fn visit_unit<E>(self) -> Result<Element, E> {
                Ok(Element::Other("null"))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Element, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Element::Other("an array"))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Element, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Element::Other("an object"))
            }
        }

        deserializer.deserialize_any(ElementVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> ReasonCode {
        read(text.as_bytes(), 4, &mut Vec::new()).unwrap_err().code
    }

    #[test]
    fn four_numbers_in_any_notation_are_read() {
        let mut features = vec![99.0];
        read(b" [4.3, 2, -3e0 ,1E-1] ", 4, &mut features).unwrap();
        assert_eq!(features, [4.3, 2.0, -3.0, 0.1]);
    }

    #[test]
    fn a_number_is_read_to_its_nearest_float() {
        let mut features = Vec::new();
        read(b"[0.1234567890123456789, 9007199254740993, 2.2250738585072011e-308, 1e-400]", 4, &mut features).unwrap();
        assert_eq!(
            features,
            ["0.1234567890123456789", "9007199254740993", "2.2250738585072011e-308", "0"]
                .map(|text| text.parse::<f64>().unwrap())
        );
    }

    #[test]
    fn what_is_not_an_array_is_named() {
        for text in
            ["null", "true", "5.1", "7", "-7", "\"5.1,3.5,1.4,0.2\"", "{\"a\": [1, {}]}", "", "[1,2,3,4", "nonsense"]
        {
            assert_eq!(code(text), ReasonCode::NotAnArray, "{text}");
        }
        assert_eq!(read(b"{}", 4, &mut Vec::new()).unwrap_err().text, "values is an object, not an array of numbers");
    }

    #[test]
    fn another_count_of_values_is_a_wrong_length() {
        for text in ["[]", "[1,2,3]", "[1,2,3,4,5]", "[[1,2,3,4]]", "[1,2,3,4,\"x\"]"] {
            assert_eq!(code(text), ReasonCode::WrongLength, "{text}");
        }
    }

    #[test]
    fn the_first_value_that_is_no_number_is_named() {
        let reason = read(b"[1,\"2\",null,4]", 4, &mut Vec::new()).unwrap_err();
        assert_eq!(reason, Reason::new(ReasonCode::NotANumber, "value 2 is text, not a number"));
        for text in ["[1,2,3,null]", "[true,2,3,4]", "[1,2,3,[4]]", "[1,2,3,{\"four\":4}]"] {
            assert_eq!(code(text), ReasonCode::NotANumber, "{text}");
        }
    }

    #[test]
    fn a_number_beyond_a_float_is_not_finite() {
        assert_eq!(code("[1,2,3,1e999]"), ReasonCode::NotFinite);
        assert_eq!(code("[-1e400,2,3,4]"), ReasonCode::NotFinite);
    }

    #[test]
    fn a_text_longer_than_any_row_needs_is_too_large_before_it_is_parsed() {
        let text = format!("[1,2,3,{}]", "4".repeat(longest_text(4)));
        assert_eq!(code(&text), ReasonCode::TooLarge);
    }

    #[test]
    fn nesting_of_any_depth_is_a_reason_and_not_a_panic() {
        let deep = format!("{}{}", "[".repeat(600), "]".repeat(600));
        assert!(matches!(code(&deep), ReasonCode::NotAnArray | ReasonCode::WrongLength));
    }
}
