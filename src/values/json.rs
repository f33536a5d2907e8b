//! The long way, for every text that is not an array of plain numbers: serde's.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::features::Features;
use super::reason::{Reason, ReasonCode};
use crate::model::Feature;

/// Reads `text` into `row`, which is cleared first.
pub(super) fn read(features: &Features<'_>, text: &[u8], row: &mut Vec<f64>) -> Result<(), Reason> {
    row.clear();
    let mut at = 0;
    let mut json = serde_json::Deserializer::from_slice(text);
    let found = Row { features, row, at: &mut at }.deserialize(&mut json);
    match found.and_then(|found| json.end().map(|()| found)) {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => Err(reason),
        Err(error) if error.to_string().starts_with("number out of range") => {
            let text = format!("{} is beyond the range of a 64-bit float", features.called(at));
            Err(Reason::new(ReasonCode::NotFinite, text))
        }
        Err(error) => Err(Reason::new(ReasonCode::NotAnArray, format!("values is not valid JSON: {error}"))),
    }
}

/// What a JSON `null` is called.
const NULL: &str = "null";

/// Deserialises one row in place. Its value is what is wrong with a well-formed text; an error means
/// that the text is not well-formed.
struct Row<'r, 'm> {
    features: &'r Features<'m>,
    row: &'r mut Vec<f64>,
    /// The position of the value that is being read.
    at: &'r mut usize,
}

impl<'de> DeserializeSeed<'de> for Row<'_, '_> {
    type Value = Option<Reason>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn not_an_array<E>(what: &str) -> Result<Option<Reason>, E> {
    let text = format!("values is {what}, not an array of numbers or an object of them");
    Ok(Some(Reason::new(ReasonCode::NotAnArray, text)))
}

impl Row<'_, '_> {
    fn not_a_number(&self, (position, what): (usize, &str)) -> Reason {
        if what == NULL && self.features.in_columns {
            return Reason::new(ReasonCode::MissingValue, format!("{} is NULL", self.features.called(position)));
        }
        Reason::new(ReasonCode::NotANumber, format!("{} is {what}, not a number", self.features.called(position)))
    }
}

impl<'de> Visitor<'de> for Row<'_, '_> {
    type Value = Option<Reason>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of {} numbers, or an object of them", self.features.names.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<Self::Value, A::Error> {
        let count = self.features.names.len();
        let mut odd = None;
        while let Some(element) = row.next_element()? {
            match element {
                Element::Number(value) if *self.at < count => self.row.push(value),
                Element::Number(_) => {}
                Element::Other(what) => odd = odd.or(Some((*self.at, what))),
            }
            *self.at += 1;
        }
        Ok(match odd {
            _ if *self.at != count => Some(Reason::new(
                ReasonCode::WrongLength,
                format!("values has {} elements, the model takes {count}", self.at),
            )),
            odd => odd.map(|odd| self.not_a_number(odd)),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        // Every value of a row is finite, so these two can stand for values that are not numbers.
        const MISSING: f64 = f64::NAN;
        const ODD: f64 = f64::INFINITY;
        let features = self.features.names;
        self.row.resize(features.len(), MISSING);
        let mut odd: Vec<(usize, &str)> = Vec::new();
        while let Some(key) = map.next_key_seed(Key(self.features))? {
            let Some(position) = key else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            *self.at = position;
            self.row[position] = match map.next_value()? {
                Element::Number(value) => value,
                Element::Other(what) => {
                    odd.push((position, what));
                    ODD
                }
            };
        }
        let mut missing = self.row.iter().zip(features).filter(|(value, _)| value.is_nan());
        if let Some((_, Feature { name, .. })) = missing.next() {
            let others = match missing.count() {
                0 => String::new(),
                others => format!(", nor {others} more of the model's features"),
            };
            return Ok(Some(Reason::new(ReasonCode::MissingValue, format!("values has no `{name}`{others}"))));
        }
        let first = self.row.iter().position(|value| value.is_infinite());
        let what = odd.into_iter().rev().find(|(position, _)| Some(*position) == first);
        Ok(what.map(|odd| self.not_a_number(odd)))
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

/// A key of an object: the position of the feature of that name, if there is one.
struct Key<'r, 'm>(&'r Features<'m>);

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.position(name))
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

            fn visit_bool<E>(self, value: bool) -> Result<Element, E> {
                // As a BOOL column is read.
                Ok(Element::Number(f64::from(u8::from(value))))
            }

            fn visit_unit<E>(self) -> Result<Element, E> {
                Ok(Element::Other(NULL))
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
