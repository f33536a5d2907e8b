//! The long way, for every text that is not an array of plain numbers: serde's.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::element::{Element, Value};
use super::features::Features;
use super::reason::{Reason, ReasonCode};

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

/// What stands for a value that an object has not, or that is odd: bits that no value that was read has.
const ABSENT: u64 = 0x7ff8_0000_0000_0ab5;
const ODD: u64 = 0x7ff8_0000_0000_00dd;

impl<'de> Visitor<'de> for Row<'_, '_> {
    type Value = Option<Reason>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of {} numbers, or an object of them", self.features.all.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<Self::Value, A::Error> {
        let count = self.features.all.len();
        let mut odd = None;
        loop {
            // Beyond the last feature, elements are only counted.
            if *self.at >= count {
                if row.next_element::<IgnoredAny>()?.is_none() {
                    break;
                }
            } else {
                match row.next_element_seed(Element { features: self.features, position: *self.at })? {
                    None => break,
                    Some(Value::Number(value)) => self.row.push(value),
                    Some(Value::Odd(reason)) => odd = odd.or(Some(reason)),
                }
            }
            *self.at += 1;
        }
        Ok(match odd {
            _ if *self.at != count => Some(Reason::new(
                ReasonCode::WrongLength,
                format!("values has {} elements, the model takes {count}", self.at),
            )),
            odd => odd,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        self.row.resize(self.features.all.len(), f64::from_bits(ABSENT));
        let mut odd: Vec<(usize, Reason)> = Vec::new();
        while let Some(key) = map.next_key_seed(Key(self.features))? {
            let Some(position) = key else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            *self.at = position;
            self.row[position] = match map.next_value_seed(Element { features: self.features, position })? {
                Value::Number(value) => value,
                Value::Odd(reason) => {
                    odd.push((position, reason));
                    f64::from_bits(ODD)
                }
            };
        }
        if let Some(reason) = self.features.absent(self.row) {
            return Ok(Some(reason));
        }
        let first = self.row.iter().position(|value| value.to_bits() == ODD);
        Ok(odd.into_iter().rev().find(|(position, _)| Some(*position) == first).map(|(_, reason)| reason))
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

impl Features<'_> {
    /// Makes gaps of the values that an object has not, or says what it lacks: a feature without a rule for gaps, or
    /// all of them, for then it is about something else.
    fn absent(&self, row: &mut [f64]) -> Option<Reason> {
        let is_absent = |value: &f64| value.to_bits() == ABSENT;
        let has_none = row.iter().all(is_absent);
        let absent = row.iter_mut().enumerate().filter(|(_, value)| is_absent(value));
        let mut lacking = absent.filter_map(|(position, value)| match self.encoder.gap(position) {
            Ok(gap) if !has_none => {
                *value = gap;
                None
            }
            _ => Some(&self.all[position].name),
        });
        let name = lacking.next()?;
        let others = match lacking.count() {
            0 => String::new(),
            others => format!(", nor {others} more of the model's features"),
        };
        Some(Reason::new(ReasonCode::MissingValue, format!("values has no `{name}`{others}")))
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
