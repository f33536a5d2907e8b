//! Keys of items as clients and pages have them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::config::KeyColumns;
use crate::store::key::Key;
use crate::store::notation;

/// What of a key stands in a path or in a query as it is.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b',').remove(b':');

/// A key as a part of a path or of a query.
pub(super) fn in_path(key: &Key) -> String {
    utf8_percent_encode(&key.to_string(), ESCAPED).to_string()
}

/// The key of an item: a whole number, another value as a string, or several of these as an array; null stands for the
/// beginning of the table.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(super) struct ItemKey(Value);

impl ItemKey {
    pub(super) fn of(key: &KeyColumns, item: &Key) -> Self {
        Self(notation::json(key, item))
    }
}

impl PartialSchema for ItemKey {
    fn schema() -> RefOr<Schema> {
        let one = |of: Type| ObjectBuilder::new().schema_type(of).build();
        let either = OneOfBuilder::new().item(one(Type::Integer)).item(one(Type::String)).build();
        OneOfBuilder::new()
            .item(one(Type::Integer))
            .item(one(Type::String))
            .item(ArrayBuilder::new().items(RefOr::T(Schema::from(either))).build())
            .item(one(Type::Null))
            .description(Some("A whole number, another value as a string, or several of these as an array"))
            .into()
    }
}

impl ToSchema for ItemKey {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_a_path_is_one_segment_whatever_is_in_it() {
        assert_eq!(in_path(&Key::Id(-7)), "-7");
        assert_eq!(in_path(&Key::text("2026-01-31,a~cb")), "2026-01-31,a~cb");
        assert_eq!(in_path(&Key::text("a/b?c#d %é<>")), "a%2Fb%3Fc%23d%20%25%C3%A9%3C%3E");
    }
}
