//! Whether a score table's key is that of the items. Where it is not, the servers turn one into the other: they find scores
//! without an index, refuse keys, or take different ones for the same.

use crate::config::{ItemsTable, Rows, ScoreTable};
use crate::store::catalog::{Catalog, Column, Kind};

/// What is wrong with the columns of the key that both tables have. Of what lacks one, others say so.
pub(super) fn problems(table: &ItemsTable, scores: &ScoreTable, (items, scored): (&Catalog, &Catalog)) -> Vec<String> {
    let both = table.key.columns().filter_map(|name| items.column(name.as_str()).zip(scored.column(name.as_str())));
    let unlike = both.filter(|(item, score)| !holds(score, item, &table.source.rows));
    unlike.map(|(item, score)| problem(table, scores, (item, score))).collect()
}

/// Whether a column of a score table can hold each key that one of the items has, and compares it alike.
fn holds(score: &Column, item: &Column, rows: &Rows) -> bool {
    let Some(kind) = item.part_kind() else { return true };
    match rows {
        Rows::Table => {
            // A CHAR loses the spaces at a text's end, a BINARY gains zeros, and a TIMESTAMP has fewer years.
            let is_like = score.kind == item.kind || item.kind.is_integer();
            is_like && score.part_kind() == Some(kind) && is_fixed(score) <= is_fixed(item) && room(score) >= room(item)
        }
        // The answer to a query calls a UUID a text.
        Rows::Query(_) if score.kind == Kind::Uuid => true,
        // What room there is in a computed column is told in one way, and made in another.
        Rows::View | Rows::Query(_) => score.part_kind() == Some(kind),
    }
}

fn is_fixed(column: &Column) -> bool {
    column.kind == Kind::Char && column.full_type.starts_with("char")
}

/// How much of its kind has room: bytes of a number, characters, decimals of a second.
fn room(column: &Column) -> u64 {
    const WIDTHS: [(&str, u64); 5] = [("tinyint", 1), ("smallint", 2), ("mediumint", 3), ("int", 4), ("bigint", 8)];
    let decimals = || column.full_type.split(['(', ')']).nth(1).and_then(|digits| digits.parse().ok());
    match column.kind {
        Kind::Integer | Kind::BigInt => {
            WIDTHS.iter().find(|(name, _)| column.full_type.starts_with(name)).map_or(0, |(_, bytes)| *bytes)
        }
        kind if kind.is_time() => decimals().unwrap_or(0),
        _ => column.length.unwrap_or(0),
    }
}

fn problem(table: &ItemsTable, scores: &ScoreTable, (item, score): (&Column, &Column)) -> String {
    let of = |column: &Column| match &column.collation {
        Some(collation) => format!("{} of {collation}", column.full_type),
        None => column.full_type.clone(),
    };
    let (name, quoted) = (&item.name, scores.name.quoted());
    let alter = match (&table.source.rows, &item.charset, &item.collation) {
        // Its answer does not say the whole type.
        (Rows::Query(_), ..) => String::new(),
        (_, Some(charset), Some(collation)) => {
            modify(&quoted, item, &format!(" CHARACTER SET {charset} COLLATE {collation}"))
        }
        _ => modify(&quoted, item, ""),
    };
    format!(
        "ID_COLUMN `{name}` is {} in {}, and {} in SCORE_TABLE {quoted}, where its scores are looked up by it: {alter}\
         set SCORE_TABLE to a new name, by which rowscore makes one",
        of(item),
        table.quoted(),
        of(score),
    )
}

/// The statement that makes it the same.
fn modify(scores: &str, item: &Column, text: &str) -> String {
    format!("ALTER TABLE {scores} MODIFY {} {}{text} NOT NULL makes it the same, or ", item.quoted(), item.full_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: Kind, full_type: &str, length: Option<u64>) -> Column {
        let text = (kind == Kind::Char).then(|| "utf8mb4".to_owned());
        let (charset, collation) = (text.clone(), text);
        Column { kind, full_type: full_type.into(), length, charset, collation, ..Column::default() }
    }

    #[test]
    fn a_key_has_room_where_its_kind_is_the_same_and_no_smaller() {
        let holds = |score: &Column, item: &Column| holds(score, item, &Rows::Table);
        let int = |name| column(if name == "bigint(20)" { Kind::BigInt } else { Kind::Integer }, name, None);
        assert!(holds(&int("bigint(20)"), &int("int(10) zerofill")) && holds(&int("int"), &int("int(5)")));
        assert!(!holds(&int("int"), &int("bigint(20)")) && !holds(&int("int"), &int("int unsigned")));
        let varchar = |length| column(Kind::Char, "varchar", Some(length));
        assert!(holds(&varchar(20), &varchar(9)) && !holds(&varchar(9), &varchar(20)));
        let char = column(Kind::Char, "char(20)", Some(20));
        assert!(holds(&varchar(20), &char) && holds(&char, &char) && !holds(&char, &varchar(9)));
        let time = |full_type: &str| column(Kind::Datetime, full_type, None);
        assert!(holds(&time("datetime(6)"), &time("datetime")) && !holds(&time("datetime"), &time("datetime(3)")));
        let (binary, bytes) =
            (column(Kind::Binary, "binary(16)", Some(16)), column(Kind::Bytes, "varbinary(16)", Some(16)));
        assert!(!holds(&binary, &bytes) && !holds(&int("bigint(20)"), &varchar(5)));
    }
}
