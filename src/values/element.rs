//! One element of a row: the number that the model's feature makes of it, or why there is none.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::features::Features;
use super::reason::{Reason, ReasonCode};
use crate::config::listed;
use crate::model::{Category, FeatureKind, Odd};
use crate::words;

/// Characters of a text that are shown.
const EXCERPT: usize = 60;

/// What was read.
pub(super) enum Value {
    /// A raw row's number.
    Number(f64),
    /// Why the row has none.
    Odd(Reason),
}

/// The element of a feature.
pub(super) struct Element<'r, 'm> {
    pub(super) features: &'r Features<'m>,
    pub(super) position: usize,
}

impl<'de> DeserializeSeed<'de> for Element<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Element<'_, '_> {
    /// `what` was found: the number that was made of it, or why none was.
    fn value(&self, encoded: Result<f64, Odd>, what: impl FnOnce() -> String) -> Value {
        encoded.map_or_else(|odd| Value::Odd(self.odd(odd, what())), Value::Number)
    }

    fn odd(&self, odd: Odd, what: String) -> Reason {
        let called = self.features.called(self.position);
        let (code, rest) = match odd {
            Odd::Missing => (ReasonCode::MissingValue, String::new()),
            Odd::NotANumber => (ReasonCode::NotANumber, ", not a number".to_owned()),
            Odd::NotAMoment => (ReasonCode::NotAMoment, ", not a date or a time".to_owned()),
            Odd::Unseen => (ReasonCode::UnseenCategory, format!(", none of {}", self.categories())),
        };
        Reason::new(code, format!("{called} is {what}{rest}"))
    }

    /// A null in a column of its own is a value that is missing; of a number in JSON it is something else than one.
    fn null(&self) -> Value {
        let FeatureKind::Number = self.features.all[self.position].kind else {
            return self.value(self.features.encoder.gap(self.position), || self.null_name().to_owned());
        };
        let gap = self.features.encoder.gap(self.position);
        let odd = if self.features.in_columns { Odd::Missing } else { Odd::NotANumber };
        self.value(gap.map_err(|_| odd), || self.null_name().to_owned())
    }

    fn null_name(&self) -> &'static str {
        if self.features.in_columns { "NULL" } else { "null" }
    }

    fn nested(&self, what: &str) -> Value {
        let odd = match self.features.all[self.position].kind {
            FeatureKind::Number => Odd::NotANumber,
            FeatureKind::Category { .. } => Odd::Unseen,
            FeatureKind::Moment => Odd::NotAMoment,
        };
        Value::Odd(self.odd(odd, what.to_owned()))
    }

    fn categories(&self) -> String {
        let FeatureKind::Category { categories, .. } = &self.features.all[self.position].kind else {
            return String::new();
        };
        let names: Vec<String> = categories.iter().map(Category::to_string).collect();
        listed(&names)
    }

    fn is_number(&self) -> bool {
        self.features.all[self.position].kind == FeatureKind::Number
    }
}

impl<'de> Visitor<'de> for Element<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // serde_json refuses what overflows, with the same words; another reader may not.
        if !value.is_finite() {
            return Err(E::custom("number out of range"));
        }
        Ok(self.value(self.features.encoder.number(self.position, value), || format!("`{value}`")))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(self.value(self.features.encoder.truth(self.position, value), || format!("`{value}`")))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        let encoded = self.features.encoder.text(self.position, text);
        Ok(self.value(encoded, || {
            if self.is_number() { "text".to_owned() } else { format!("`{}`", words::cut(text, EXCERPT)) }
        }))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(self.null())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.nested("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.nested("an object"))
    }
}
