//! Whether the columns of the table are what the configuration and the model ask for.

use crate::config::{ColumnName, ItemsTable, PredictionFormat, RunColumn, ValuesIn};
use crate::model::Model;
use crate::store::catalog::{Catalog, Column, Kind};
use crate::store::schema::RUN_COLUMN_COMMENT;

/// Everything that is wrong, each with the variable that names the column.
pub(super) fn problems(table: &ItemsTable, model: &Model, catalog: &Catalog) -> Vec<String> {
    if catalog.columns.is_empty() {
        let make = if table.has_default_columns() {
            "make it with `rowscore init`"
        } else {
            "make it (`rowscore init` makes none with other columns than its own)"
        };
        return vec![format!(
            "the database has no such table, or MYSQL_USER may not see it: {make}, \
             or grant what is needed with infra/grants.sql or `rowscore init --grant`"
        )];
    }
    let mut check = Check { catalog, problems: Vec::new(), missing: false };
    check.id(table);
    check.values(table);
    check.prediction(table, model.classes());
    check.created(table);
    check.run(table);
    if check.missing {
        let names = catalog.columns.iter().map(|column| format!("`{}`", column.name)).collect::<Vec<_>>().join(", ");
        check.problems.push(format!("of its columns MYSQL_USER may see {names}"));
    }
    check.problems
}

/// Whether an id may be too large for a signed number.
pub(super) fn may_exceed_signed(table: &ItemsTable, catalog: &Catalog) -> bool {
    catalog.column(table.id.as_str()).is_some_and(|id| id.kind == Kind::BigInt && id.full_type.contains("unsigned"))
}

/// The statement that makes the key by which a window is found, if it is missing.
pub(super) fn missing_key(table: &ItemsTable, catalog: &Catalog) -> Option<String> {
    let begins = |columns: &[String]| columns.first().is_some_and(|first| table.created.is(first));
    let is_there = catalog.keys.iter().any(|key| begins(&key.columns));
    (!is_there).then(|| {
        let (items, created, id) = (table.quoted(), table.created.quoted(), table.id.quoted());
        format!("ALTER TABLE {items} ADD KEY `items_window` ({created}, {id}), ALGORITHM=INPLACE, LOCK=NONE")
    })
}

struct Check<'c> {
    catalog: &'c Catalog,
    problems: Vec<String>,
    /// Whether a column was not found.
    missing: bool,
}

impl<'c> Check<'c> {
    fn find(&mut self, variable: &str, name: &ColumnName) -> Option<&'c Column> {
        let column = self.catalog.column(name.as_str());
        if column.is_none() {
            self.missing = true;
            self.problems.push(format!("{variable} names `{name}`, which is no column of the table"));
        }
        column
    }

    /// Notes that a column is not as it must be.
    fn refuse(&mut self, variable: &str, column: &Column, accepted: &str) {
        self.problems.push(format!("{variable} `{}` is {}; accepted: {accepted}", column.name, column.full_type));
    }

    fn id(&mut self, table: &ItemsTable) {
        const VARIABLE: &str = "ID_COLUMN";
        let Some(column) = self.find(VARIABLE, &table.id) else { return };
        if !column.kind.is_integer() {
            self.refuse(VARIABLE, column, "an integer");
        }
        let primary = self.catalog.keys.iter().find(|key| key.name == "PRIMARY");
        if !primary.is_some_and(|key| matches!(key.columns.as_slice(), [only] if table.id.is(only))) {
            let columns = primary.map_or_else(|| "missing".to_owned(), |key| format!("({})", key.columns.join(", ")));
            self.problems.push(format!(
                "{VARIABLE} `{}` must be the table's primary key, alone: pages are walked by it; the primary key is {columns}",
                column.name
            ));
        }
    }

    fn values(&mut self, table: &ItemsTable) {
        match &table.values {
            ValuesIn::Json(name) => {
                const VARIABLE: &str = "VALUES_COLUMN";
                let Some(column) = self.find(VARIABLE, name) else { return };
                if column.kind != Kind::Json && !column.kind.is_text() {
                    self.refuse(VARIABLE, column, "JSON, or text that holds it; for typed columns set FEATURE_COLUMNS");
                }
            }
            ValuesIn::Columns(named) => {
                const VARIABLE: &str = "FEATURE_COLUMNS";
                for named in named {
                    let Some(column) = self.find(VARIABLE, &named.column) else { continue };
                    if !column.kind.is_integer() && column.kind != Kind::Fraction {
                        self.refuse(VARIABLE, column, "an integer, BOOL, DECIMAL, FLOAT or DOUBLE");
                    }
                }
            }
        }
    }

    fn prediction(&mut self, table: &ItemsTable, classes: &[String]) {
        const VARIABLE: &str = "PREDICTION_COLUMN";
        let Some(column) = self.find(VARIABLE, &table.prediction) else { return };
        if !column.is_nullable {
            self.refuse(VARIABLE, column, "a column that may be NULL, as it is while an item is pending");
        }
        match table.format {
            PredictionFormat::Probabilities => {
                let json = if self.catalog.is_mariadb { Kind::LongText } else { Kind::Json };
                if column.kind != json {
                    self.refuse(
                        VARIABLE,
                        column,
                        "JSON; a label alone goes to a text column with PREDICTION_FORMAT=label",
                    );
                }
            }
            PredictionFormat::Label => match unwritable(column, classes) {
                None => {}
                Some(Unwritable::Type) => {
                    self.refuse(VARIABLE, column, "CHAR, VARCHAR, TEXT or ENUM for PREDICTION_FORMAT=label");
                }
                Some(Unwritable::Classes(classes)) => {
                    let accepted = format!("one that has room for the model's class {}", classes.join(", "));
                    self.refuse(VARIABLE, column, &accepted);
                }
            },
        }
    }

    fn created(&mut self, table: &ItemsTable) {
        const VARIABLE: &str = "CREATED_COLUMN";
        let Some(column) = self.find(VARIABLE, &table.created) else { return };
        if column.kind != Kind::Time {
            self.refuse(VARIABLE, column, "TIMESTAMP, or DATETIME in UTC");
        }
    }

    fn run(&mut self, table: &ItemsTable) {
        const VARIABLE: &str = "RUN_COLUMN";
        let Some(name) = table.run.column() else { return };
        let Some(column) = self.catalog.column(name.as_str()) else {
            self.missing = true;
            self.problems.push(format!(
                "{VARIABLE} names `{name}`, which is no column of the table: `rowscore init` adds it, RUN_COLUMN=none does without"
            ));
            return;
        };
        if column.kind != Kind::BigInt {
            self.refuse(VARIABLE, column, "BIGINT, or RUN_COLUMN=none");
        } else if matches!(table.run, RunColumn::Own(_)) && column.comment != RUN_COLUMN_COMMENT {
            self.problems.push(format!(
                "the table has a column `{name}` that rowscore did not make and would overwrite: \
                 set RUN_COLUMN to another name, to none, or to `{name}` if it is meant"
            ));
        }
    }
}

/// Why a column cannot hold labels.
#[derive(Debug, PartialEq, Eq)]
enum Unwritable {
    /// It is not text.
    Type,
    /// These, each between backticks, have no room, are no value of the ENUM, or are not in its
    /// character set.
    Classes(Vec<String>),
}

fn unwritable(column: &Column, classes: &[String]) -> Option<Unwritable> {
    let fits: Box<dyn Fn(&str) -> bool> = match column.kind {
        Kind::Enum => {
            let values = enum_values(&column.full_type);
            Box::new(move |class| values.iter().any(|value| value == class))
        }
        Kind::Char => Box::new(|class| class.chars().count() as u64 <= column.length.unwrap_or(0)),
        // Their length is one in bytes.
        Kind::Text | Kind::LongText => Box::new(|class| class.len() as u64 <= column.length.unwrap_or(0)),
        _ => return Some(Unwritable::Type),
    };
    let charset = column.charset.as_deref().unwrap_or_default();
    let unfit = classes.iter().filter(|class| !fits(class) || !is_in(charset, class));
    let unfit: Vec<String> = unfit.map(|class| format!("`{class}`")).collect();
    if unfit.is_empty() { None } else { Some(Unwritable::Classes(unfit)) }
}

/// Whether a character set surely has every character of `text`.
fn is_in(charset: &str, text: &str) -> bool {
    match charset {
        "utf8mb4" => true,
        "utf8mb3" | "utf8" => text.chars().all(|c| c <= '\u{ffff}'),
        _ => text.is_ascii(),
    }
}

/// The values of `enum('a','it''s')`.
fn enum_values(full_type: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut characters = full_type.chars().peekable();
    while characters.by_ref().any(|c| c == '\'') {
        let mut value = String::new();
        while let Some(c) = characters.next() {
            match c {
                '\'' if characters.peek() != Some(&'\'') => break,
                // A quote that is doubled, or what a backslash stands before.
                '\'' | '\\' => value.extend(characters.next()),
                c => value.push(c),
            }
        }
        values.push(value);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: Kind, full_type: &str, length: Option<u64>, charset: &str) -> Column {
        Column { kind, full_type: full_type.into(), length, charset: Some(charset.into()), ..Column::default() }
    }

    fn classes(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_values_of_an_enum_are_read_with_their_quotes() {
        assert_eq!(enum_values("enum('a','it''s','b\\\\c',',')"), ["a", "it's", "b\\c", ","]);
        assert_eq!(enum_values("varchar(3)"), Vec::<String>::new());
        assert_eq!(enum_values("enum('')"), [""]);
    }

    #[test]
    fn a_label_needs_room_for_every_class_in_its_character_set() {
        let refused =
            |names: &[&str]| Some(Unwritable::Classes(names.iter().map(|name| format!("`{name}`")).collect()));
        let words = classes(&["pear", "Äpfel", "🍒"]);
        assert_eq!(unwritable(&text(Kind::Char, "varchar(5)", Some(5), "utf8mb4"), &words), None);
        assert_eq!(unwritable(&text(Kind::Char, "varchar(4)", Some(4), "utf8mb4"), &words), refused(&["Äpfel"]));
        assert_eq!(unwritable(&text(Kind::Text, "tinytext", Some(5), "utf8mb4"), &words), refused(&["Äpfel"]));
        assert_eq!(unwritable(&text(Kind::Text, "text", Some(65535), "utf8mb3"), &words), refused(&["🍒"]));
        assert_eq!(unwritable(&text(Kind::Text, "text", Some(65535), "latin1"), &words), refused(&["Äpfel", "🍒"]));
        assert_eq!(unwritable(&text(Kind::Enum, "enum('pear','🍒')", None, "utf8mb4"), &words), refused(&["Äpfel"]));
        assert_eq!(unwritable(&text(Kind::Integer, "int", None, ""), &words), Some(Unwritable::Type));
    }
}
