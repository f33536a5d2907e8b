//! Keys in SQL: the columns of the items `i` and of their failures `f`, ranges and lists of keys, and the notation that
//! the server makes of a key, which is the one of `notation`.

use std::borrow::Cow;

use super::bound::{bytes_literal, text_literal};
use super::ids::Ids;
use super::key::{Key, KeyRef};
use super::notation;
use super::places::joined;
use crate::config::{ItemsTable, KeyPart, PartKind, Rows};

/// The columns that a statement walks, in the order of their index.
#[derive(Clone, Debug)]
pub(super) enum Walk<'t> {
    /// The key of the items, of this alias with a dot behind it, or none.
    Items(&'t ItemsTable, &'static str),
    /// That of the items that are set aside.
    Failures(&'t ItemsTable),
    /// The time of arrival of the items `i` and then their key, where this condition holds, which bounds the time. Of
    /// tables whose keys are no numbers.
    Arrivals(&'t ItemsTable, String),
}

impl<'t> Walk<'t> {
    /// What the walked columns are called, and what they hold.
    fn columns(&self) -> Vec<(String, Cow<'t, PartKind>)> {
        let of_key = |table: &'t ItemsTable, alias: &str| {
            let column = |part: &'t KeyPart| (format!("{alias}{}", part.column.quoted()), Cow::Borrowed(&part.kind));
            table.key.parts.iter().map(column).collect()
        };
        match self {
            Self::Items(table, alias) => of_key(table, alias),
            Self::Arrivals(table, _) => {
                let created = (format!("i.{}", table.created.quoted()), Cow::Owned(PartKind::Datetime));
                let of_key: Vec<_> = of_key(table, "i.");
                [created].into_iter().chain(of_key).collect()
            }
            Self::Failures(table) => {
                let kind = if table.key.is_number() { PartKind::Integer } else { PartKind::Bytes };
                vec![(format!("f.{}", failure_column(table)), Cow::Owned(kind))]
            }
        }
    }

    pub(super) fn is_by_number(&self) -> bool {
        let (Self::Items(table, _) | Self::Failures(table) | Self::Arrivals(table, _)) = self;
        table.key.is_number()
    }

    /// A key's parts as literals.
    fn literals(&self, key: KeyRef<'_>) -> Vec<String> {
        match (self, key) {
            (_, KeyRef::Id(id)) => vec![id.to_string()],
            (Self::Items(table, _), KeyRef::Text(text)) => literals(table, text),
            (Self::Failures(_), KeyRef::Text(text)) => vec![bytes_literal(text.as_bytes())],
            (Self::Arrivals(table, _), KeyRef::Text(text)) => {
                let (created, own) = text.split_once(BEHIND_ARRIVAL).unwrap_or((text, ""));
                [literal(&PartKind::Datetime, created)].into_iter().chain(literals(table, own)).collect()
            }
        }
    }

    /// The condition that the walked key is one of `ids`. A comparison of whole rows would read the whole index on both
    /// servers; these they answer as a range.
    pub(super) fn condition(&self, ids: &Ids) -> String {
        let columns = self.columns();
        let sides = [(&ids.after, ">", ">"), (&ids.upto, "<", "<=")];
        let sides = sides.into_iter().filter_map(|(key, beyond, last)| {
            let literals = match key {
                // One that no number holds came after the table was looked at: the next process will find it.
                Key::End if self.is_by_number() => vec![i64::MAX.to_string()],
                key => self.literals(key.of_item()?),
            };
            let parts: Vec<_> = columns.iter().map(|(column, _)| column.as_str()).zip(literals).collect();
            Some(side(&parts, (beyond, last)))
        });
        let bounds = match self {
            Self::Arrivals(_, bounds) => Some(bounds.clone()),
            Self::Items(..) | Self::Failures(_) => None,
        };
        let condition = joined(bounds.into_iter().chain(sides), " AND ");
        if condition.is_empty() { self.is_known() } else { condition }
    }

    /// The condition that there is a walked key at all: nothing keeps that of a view or a query from being NULL.
    pub(super) fn is_known(&self) -> String {
        let columns = match self {
            Self::Items(table, _) if table.source.rows != Rows::Table => self.columns(),
            _ => return "TRUE".to_owned(),
        };
        joined(columns.iter().map(|(column, _)| format!("{column} IS NOT NULL")), " AND ")
    }

    /// The condition that the walked key is one of these, one at least.
    pub(super) fn one_of<'k>(&self, keys: impl Iterator<Item = KeyRef<'k>>) -> String {
        let columns = self.columns();
        let names = joined(columns.iter().map(|(column, _)| column), ",");
        match columns.len() {
            1 => {
                let listed = |literal| in_list(&columns[0].1, literal);
                format!("{names} IN ({})", joined(keys.flat_map(|key| self.literals(key)).map(listed), ","))
            }
            _ => {
                let rows = keys.map(|key| {
                    let parts =
                        columns.iter().zip(self.literals(key)).map(|((_, kind), literal)| in_row(kind, literal));
                    format!("({})", joined(parts, ","))
                });
                format!("({names}) IN ({})", joined(rows, ","))
            }
        }
    }

    /// What orders by the walked key, `ASC` or `DESC`, or as it is.
    pub(super) fn order(&self, direction: &str) -> String {
        let space = if direction.is_empty() { "" } else { " " };
        joined(self.columns().iter().map(|(column, _)| format!("{column}{space}{direction}")), ", ")
    }

    /// The same, of a statement that knows the items by no other name.
    pub(super) fn without_alias(self) -> Self {
        match self {
            Self::Items(table, _) => Self::Items(table, ""),
            others => others,
        }
    }

    /// The walked key as one column, in its notation.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Items(table, alias) => shown(table, alias),
            Self::Failures(table) => format!("f.{}", failure_column(table)),
            Self::Arrivals(table, _) => {
                let created = written(&PartKind::Datetime, &format!("i.{}", table.created.quoted()));
                format!("CONCAT({created}, '{BEHIND_ARRIVAL}', {})", shown(table, "i."))
            }
        }
    }
}

/// What separates, in the notation of where a lane stands that follows the time of arrival, that time and the key. No time
/// has it.
const BEHIND_ARRIVAL: char = ',';

/// The key of an item that stands there in order of arrival.
pub(super) fn behind_arrival(place: &str) -> &str {
    place.split_once(BEHIND_ARRIVAL).map_or(place, |(_, key)| key)
}

/// `a >= 1 AND (a > 1 OR (a = 1 AND (b > 2)))`; of one column `a > 1`.
fn side(parts: &[(&str, String)], (beyond, last): (&str, &str)) -> String {
    match parts {
        [] => "FALSE".to_owned(),
        [(column, value)] => format!("{column} {last} {value}"),
        [(column, value), rest @ ..] => {
            let further = side(rest, (beyond, last));
            format!("{column} {beyond}= {value} AND ({column} {beyond} {value} OR ({column} = {value} AND {further}))")
        }
    }
}

/// The column of the failures that tells the items of a table apart.
pub(super) fn failure_column(table: &ItemsTable) -> &'static str {
    if table.key.is_number() { "`item_id`" } else { "`item_key`" }
}

/// The parts of a key as literals, with commas between them.
pub(super) fn parts(table: &ItemsTable, key: KeyRef<'_>) -> String {
    joined(items(table).literals(key), ",")
}

/// The key of the items, as they are walked by it.
pub(super) fn items(table: &ItemsTable) -> Walk<'_> {
    Walk::Items(table, "i.")
}

/// The hint that keeps the items in the order of their arrival; none, where no index has it.
pub(super) fn arrival_hint(table: &ItemsTable) -> String {
    table.arrivals.as_ref().map_or_else(String::new, |index| format!(" FORCE INDEX ({})", index.quoted()))
}

/// The hint that keeps the items in the order of their key.
pub(super) fn hint(table: &ItemsTable) -> String {
    format!("FORCE INDEX ({})", table.key.index_name())
}

/// The parts of a key in its notation as literals, of the types of their columns.
fn literals(table: &ItemsTable, text: &str) -> Vec<String> {
    let kinds = table.key.parts.iter().map(|part| &part.kind);
    match notation::parts(text, kinds.len()) {
        Some(parts) => kinds.zip(&parts).map(|(kind, text)| literal(kind, text)).collect(),
        // Of a table whose key was another one then: nothing is equal to it.
        None => kinds.map(|_| "NULL".to_owned()).collect(),
    }
}

fn literal(kind: &PartKind, text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.: ".contains(c);
    match kind {
        PartKind::Integer | PartKind::Unsigned if text.parse::<i128>().is_ok() => text.to_owned(),
        PartKind::Bytes if text.bytes().all(|digit| digit.is_ascii_hexdigit()) => format!("x'{text}'"),
        _ if text.chars().all(is_plain) => format!("'{text}'"),
        _ => text_literal(text.as_bytes()),
    }
}

/// A key of one column in a list. Where some of its numbers are beyond the signed ones and some are not, MariaDB would look
/// through the whole index.
fn in_list(kind: &PartKind, literal: String) -> String {
    match kind {
        PartKind::Unsigned if literal.parse::<i64>().is_ok() => format!("CAST({literal} AS UNSIGNED)"),
        _ => literal,
    }
}

/// A part of a key in a list of whole rows: of these, MariaDB compares the bytes of texts as they are
/// (<https://jira.mariadb.org/browse/MDEV-11511>).
fn in_row(kind: &PartKind, literal: String) -> String {
    match kind {
        PartKind::Text { charset, collation } if !is_utf8(charset) => {
            format!("CONVERT({literal} USING {charset}) COLLATE {collation}")
        }
        _ => literal,
    }
}

/// Whether the bytes of what a key's text can be are those of UTF-8.
pub(super) fn is_utf8(charset: &str) -> bool {
    charset.starts_with("utf8") || charset == "ascii"
}

/// The key of an item as one column, in its notation.
pub(super) fn shown(table: &ItemsTable, alias: &str) -> String {
    let column = |part: &KeyPart| format!("{alias}{}", part.column.quoted());
    match table.key.parts.as_slice() {
        [only] if table.key.is_number() => column(only),
        [only] => written(&only.kind, &column(only)),
        parts => {
            let of_each = parts.iter().map(|part| match part.kind {
                PartKind::Text { .. } => {
                    format!("REPLACE(REPLACE({}, '~', '~t'), ',', '~c')", written(&part.kind, &column(part)))
                }
                _ => written(&part.kind, &column(part)),
            });
            format!("CONCAT({})", joined(of_each, ", ',', "))
        }
    }
}

/// A part of a key in its notation, as bytes or as a text of ASCII.
fn written(kind: &PartKind, column: &str) -> String {
    match kind {
        // With zeros before it, a number would be another text.
        PartKind::Integer | PartKind::Unsigned => format!("CAST({column} + 0 AS CHAR)"),
        PartKind::Text { .. } => format!("CAST(CONVERT({column} USING utf8mb4) AS BINARY)"),
        PartKind::Bytes => format!("LOWER(HEX({column}))"),
        PartKind::Uuid | PartKind::Date => format!("CAST({column} AS CHAR)"),
        PartKind::Datetime => format!("REPLACE(CAST({column} AS CHAR), ' ', 'T')"),
    }
}

/// The condition that a failure `f` is one of an item of this table, by its key's kind.
pub(super) fn failures(table: &ItemsTable) -> String {
    let (other, none) = if table.key.is_number() { ("`item_key`", "''") } else { ("`item_id`", "0") };
    format!("{} AND f.{other} = {none}", table.is_of("f"))
}

/// The condition that a failure `f` is that of the item `i`, where the item is known.
pub(super) fn failure_of_item(table: &ItemsTable) -> String {
    format!("{} AND f.{} = {}", failures(table), failure_column(table), shown(table, "i."))
}

/// The same condition, where the failure is known. What is the same text to a column is not yet the same key.
pub(super) fn item_of_failure(table: &ItemsTable) -> String {
    let found = by_failure(table);
    match table.key.parts.iter().any(|part| matches!(part.kind, PartKind::Text { .. })) {
        true => format!("{found} AND f.`item_key` = {}", shown(table, "i.")),
        false => found,
    }
}

fn by_failure(table: &ItemsTable) -> String {
    let parts = &table.key.parts;
    let column = |part: &KeyPart| format!("i.{}", part.column.quoted());
    match parts.as_slice() {
        [only] if table.key.is_number() => format!("{} = f.`item_id`", column(only)),
        [only] => format!("{} = {}", column(only), read_back(&only.kind, "f.`item_key`")),
        parts => joined(
            parts.iter().enumerate().map(|(place, part)| {
                let upto = format!("SUBSTRING_INDEX(f.`item_key`, ',', {})", place + 1);
                let text = format!("SUBSTRING_INDEX({upto}, ',', -1)");
                let text = match part.kind {
                    PartKind::Text { .. } => format!("REPLACE(REPLACE({text}, '~c', ','), '~t', '~')"),
                    _ => text,
                };
                format!("{} = {}", column(part), read_back(&part.kind, &text))
            }),
            " AND ",
        ),
    }
}

/// What `written` has made of a part, as its column has it.
fn read_back(kind: &PartKind, text: &str) -> String {
    let as_text = format!("CONVERT({text} USING utf8mb4)");
    match kind {
        PartKind::Integer => format!("CAST({as_text} AS SIGNED)"),
        PartKind::Unsigned => format!("CAST({as_text} AS UNSIGNED)"),
        PartKind::Text { charset, collation } if charset == "utf8mb4" => format!("{as_text} COLLATE {collation}"),
        PartKind::Text { charset, collation } => format!("CONVERT({as_text} USING {charset}) COLLATE {collation}"),
        PartKind::Bytes => format!("UNHEX({text})"),
        PartKind::Uuid => format!("CAST({as_text} AS UUID)"),
        PartKind::Date => format!("CAST({as_text} AS DATE)"),
        PartKind::Datetime => format!("CAST({as_text} AS DATETIME(6))"),
    }
}

/// The columns of the failures by which they are told apart, with a value of each for an item.
pub(super) fn failure_values(key: KeyRef<'_>) -> String {
    match key {
        KeyRef::Id(id) => format!("{id}, ''"),
        KeyRef::Text(text) => format!("0, {}", bytes_literal(text.as_bytes())),
    }
}

/// The condition that a failure, of no alias, is of one of these items, one at least.
pub(super) fn failures_of<'k>(table: &ItemsTable, keys: impl Iterator<Item = KeyRef<'k>>) -> String {
    let list = joined(
        keys.map(|key| match key {
            KeyRef::Id(id) => id.to_string(),
            KeyRef::Text(text) => bytes_literal(text.as_bytes()),
        }),
        ",",
    );
    match table.key.is_number() {
        true => format!("`item_id` IN ({list}) AND `item_key` = ''"),
        false => format!("`item_id` = 0 AND `item_key` IN ({list})"),
    }
}

/// A key that the server made a text of, by [`shown`].
pub(super) fn key_of(table: &ItemsTable, text: &str) -> Option<Key> {
    match table.key.is_number() {
        true => text.parse().ok().map(Key::Id),
        false => Some(Key::text(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ColumnName, Setting};

    fn table(parts: &[(&str, PartKind)]) -> ItemsTable {
        let mut table = ItemsTable::default();
        let part =
            |(name, kind): &(&str, PartKind)| KeyPart { column: ColumnName::read(name).unwrap(), kind: kind.clone() };
        table.key.parts = parts.iter().map(part).collect();
        table
    }

    fn text() -> PartKind {
        PartKind::Text { charset: "utf8mb4".into(), collation: "utf8mb4_bin".into() }
    }

    #[test]
    fn numbers_are_compared_as_they_are() {
        let table = ItemsTable::default();
        let items = items(&table);
        assert_eq!(items.condition(&Ids::new(3, 8)), "i.`id` > 3 AND i.`id` <= 8");
        assert_eq!(items.condition(&Ids { after: Key::Start, ..Ids::new(3, 8) }), "i.`id` <= 8");
        assert_eq!(items.condition(&Ids::ALL), "i.`id` <= 9223372036854775807");
        assert_eq!(items.one_of([3, 8].map(KeyRef::Id).into_iter()), "i.`id` IN (3,8)");
        assert_eq!(Walk::Failures(&table).condition(&Ids::new(3, 8)), "f.`item_id` > 3 AND f.`item_id` <= 8");
    }

    #[test]
    fn several_columns_are_compared_one_after_the_other() {
        let table = table(&[("a", PartKind::Integer), ("b", text()), ("c", PartKind::Bytes)]);
        let items = items(&table);
        assert_eq!(
            items.condition(&Ids { after: Key::text("7,x~cy,0aff"), upto: Key::End }),
            "i.`a` >= 7 AND (i.`a` > 7 OR (i.`a` = 7 AND i.`b` >= _utf8mb4 x'782c79' AND (i.`b` > _utf8mb4 x'782c79' OR \
             (i.`b` = _utf8mb4 x'782c79' AND i.`c` > x'0aff'))))"
        );
        assert_eq!(
            items.one_of([KeyRef::Text("7,x,0a"), KeyRef::Text("8,,")].into_iter()),
            "(i.`a`,i.`b`,i.`c`) IN ((7,'x',x'0a'),(8,'',x''))"
        );
        assert_eq!(items.order("DESC"), "i.`a` DESC, i.`b` DESC, i.`c` DESC");
    }

    #[test]
    fn nothing_in_a_key_is_taken_for_sql() {
        let table = table(&[("a", PartKind::Integer), ("b", PartKind::Date)]);
        let sql = items(&table).condition(&Ids { after: Key::text("1 OR 1=1,2026' OR '1"), upto: Key::text("1") });
        assert!(!sql.contains("OR 1=1") && !sql.contains("' OR '1") && sql.contains("i.`a` <= NULL"), "{sql}");
    }
}
