//! Whether the columns that are written are what is to be written: in the table that is scored, or in a score table.

use super::kinds::{Check, Stage};
use crate::config::{
    Beside, ColumnName, ItemsTable, Keeps, MODEL_VERSION, PREDICTED_AT, Part, PredictionFormat, RUN, Rows, RunColumn,
    SCORE_COLUMNS, ScoreTable,
};
use crate::model::{Outputs, PredictionKind};
use crate::store::catalog::{Catalog, Column, Kind};
use crate::store::schema::RUN_COLUMN_COMMENT;

/// Everything that is wrong with a score table. Before it is made, it need not be there; but what is there by its name is
/// to be one.
pub(super) fn score_problems(
    table: &ItemsTable,
    scores: &ScoreTable,
    of: Outputs<'_>,
    (catalog, stage): (&Catalog, Stage),
) -> Vec<String> {
    let name = scores.name.quoted();
    if let Some(problem) = is_source(table, scores, catalog) {
        return vec![problem];
    }
    if catalog.columns.is_empty() {
        if stage == Stage::BeforeMaking {
            return Vec::new();
        }
        return vec![format!(
            "SCORE_TABLE names {name}, and the database has no such table, or MYSQL_USER may not see it: make it with \
             `rowscore init`, or grant what is needed with infra/grants.sql or `rowscore init --grant`"
        )];
    }
    if let Some(problem) = is_none(scores, catalog) {
        return vec![problem];
    }
    let mut check = Check::of(catalog, "score table", stage);
    check.written(table, of);
    check.own(table, scores);
    check.engines();
    if check.missing {
        check.problems.push(format!("`rowscore init` adds to {name} what is missing"));
    }
    check.done()
}

/// What is wrong with a score table that is the table which is scored, by a name that is written otherwise.
fn is_source(table: &ItemsTable, scores: &ScoreTable, catalog: &Catalog) -> Option<String> {
    let lower = [table.as_str(), scores.name.as_str()].map(str::to_lowercase);
    let is_same = catalog.ignores_case && lower[0] == lower[1] && !matches!(table.source.rows, Rows::Query(_));
    is_same.then(|| {
        format!(
            "SCORE_TABLE is `{}`, and ITEMS_TABLE is `{}`: this server takes them for the same table; accepted: a table of \
             its own",
            scores.name.as_str(),
            table.as_str()
        )
    })
}

/// What is wrong with what is there by the name of a score table and is none. It is somebody's, and stays as it is.
fn is_none(scores: &ScoreTable, catalog: &Catalog) -> Option<String> {
    const ACCEPTED: &str = "accepted: a new name, by which rowscore makes one, or a score table that it made";
    let name = scores.name.quoted();
    if catalog.is_view {
        return Some(format!("SCORE_TABLE names {name}, which is a view; {ACCEPTED}"));
    }
    let lacking = SCORE_COLUMNS.into_iter().filter(|name| catalog.column(name).is_none());
    let lacking: Vec<String> = lacking.map(|name| format!("`{name}`")).collect();
    (!lacking.is_empty()).then(|| {
        let lacking = lacking.join(", ");
        format!("SCORE_TABLE names {name}, which is no score table: it has no column {lacking}; {ACCEPTED}")
    })
}

impl<'c> Check<'c> {
    /// The prediction, and what is written beside it.
    pub(super) fn written(&mut self, table: &ItemsTable, of: Outputs<'_>) {
        self.prediction(table, of);
        for beside in &table.beside {
            self.beside(table, beside, of);
        }
    }

    /// What every score table has.
    fn own(&mut self, table: &ItemsTable, scores: &ScoreTable) {
        const VARIABLE: &str = "SCORE_TABLE";
        for (name, is_fit, accepted) in [
            (RUN, Kind::is_integer as fn(Kind) -> bool, "BIGINT UNSIGNED"),
            (MODEL_VERSION, Kind::is_text, "VARCHAR(64)"),
            (PREDICTED_AT, Kind::is_time, "DATETIME(3)"),
        ] {
            if let Some(column) = self.catalog.column(name).filter(|column| !is_fit(column.kind)) {
                self.refuse(VARIABLE, column, accepted);
            }
        }
        let of_key: Vec<&str> = table.key.columns().map(ColumnName::as_str).collect();
        let with_version = [&of_key[..], &[MODEL_VERSION]].concat();
        let (wanted, other) = match scores.keeps {
            Keeps::Latest => (of_key, with_version),
            Keeps::History => (with_version, of_key),
        };
        let primary = self.catalog.keys.iter().find(|key| key.name == "PRIMARY");
        let found: Vec<&str> = primary.map_or_else(Vec::new, |key| key.columns.iter().map(String::as_str).collect());
        let are = |names: &[&str]| {
            found.len() == names.len() && found.iter().zip(names).all(|(one, name)| ColumnName::of(one).is(name))
        };
        if !are(&wanted) {
            self.problems.push(format!(
                "the primary key of {VARIABLE} {} is ({}); SCORES={} needs ({}): set {}SCORE_TABLE to a new name",
                scores.name.quoted(),
                found.join(", "),
                scores.keeps.name(),
                wanted.join(", "),
                if are(&other) { "SCORES to the other, or " } else { "" }
            ));
        }
    }

    /// A column that is written. Those of a score table are made.
    fn find_written(&mut self, table: &ItemsTable, variable: &str, name: &ColumnName) -> Option<&'c Column> {
        match table.target.scores() {
            Some(_) => self.find_made(variable, name),
            None => self.find(variable, name),
        }
    }

    fn beside(&mut self, table: &ItemsTable, Beside { part, column }: &Beside, of: Outputs<'_>) {
        let variable = part.variable();
        let Some(column) = self.find_written(table, variable, column) else { return };
        self.writable(variable, column);
        let (is_fit, accepted) = match part {
            Part::Label => return self.label(variable, column, of.classes),
            Part::Confidence | Part::Value | Part::Class(_) => {
                (column.kind == Kind::Fraction, "DOUBLE, FLOAT or DECIMAL")
            }
            Part::Decision(_) => (column.kind.is_integer(), "BOOL or an integer"),
            Part::Model => {
                let fits = column.kind.is_text() && column.length.unwrap_or(0) >= VERSION_DIGITS;
                (fits, "CHAR, VARCHAR or TEXT with room for 12 characters")
            }
            Part::PredictedAt => (column.kind.is_time(), "TIMESTAMP or DATETIME"),
        };
        if !is_fit {
            self.refuse(variable, column, accepted);
        }
    }

    fn label(&mut self, variable: &str, column: &Column, classes: &[String]) {
        match unwritable(column, classes) {
            None => {}
            Some(Unwritable::Type) => self.refuse(variable, column, "CHAR, VARCHAR, TEXT or ENUM"),
            Some(Unwritable::Classes(classes)) => {
                let accepted = format!("one that has room for the model's class {}", classes.join(", "));
                self.refuse(variable, column, &accepted);
            }
        }
    }

    fn prediction(&mut self, table: &ItemsTable, of: Outputs<'_>) {
        const VARIABLE: &str = "PREDICTION_COLUMN";
        let Some(column) = self.find_written(table, VARIABLE, &table.prediction) else { return };
        self.writable(VARIABLE, column);
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
                        "JSON; a label alone goes to a text column with PREDICTION_FORMAT=label, a number to a DOUBLE with value",
                    );
                }
            }
            PredictionFormat::Value => {
                if !matches!(of.kind, PredictionKind::Value | PredictionKind::Score) {
                    self.problems.push(
                        "PREDICTION_FORMAT is `value`, but the model predicts classes; accepted: probabilities or label"
                            .into(),
                    );
                } else if column.kind != Kind::Fraction {
                    self.refuse(VARIABLE, column, "DOUBLE, FLOAT or DECIMAL for PREDICTION_FORMAT=value");
                }
            }
            PredictionFormat::Label if of.classes.is_empty() => self.problems.push(
                "PREDICTION_FORMAT is `label`, but the model predicts a number; accepted: value, or probabilities for JSON"
                    .into(),
            ),
            PredictionFormat::Label => match unwritable(column, of.classes) {
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

    pub(super) fn run(&mut self, table: &ItemsTable) {
        const VARIABLE: &str = "RUN_COLUMN";
        let Some(name) = table.run.column() else { return };
        let Some(column) = self.catalog.column(name.as_str()) else {
            if self.stage == Stage::BeforeMaking {
                return;
            }
            self.missing = true;
            self.problems.push(format!(
                "{VARIABLE} names `{name}`, which is no column of the table: `rowscore init` adds it, RUN_COLUMN=none does without"
            ));
            return;
        };
        self.writable(VARIABLE, column);
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

/// Digits of a model's version in the database.
const VERSION_DIGITS: u64 = 12;

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
    use crate::config::Target;

    #[test]
    fn a_score_table_is_not_the_scored_one_where_the_server_ignores_case() {
        let told = |items: &str, query: &str, ignores_case: bool| {
            let settings = [("ITEMS_TABLE", items), ("SCORE_TABLE", "READINGS"), ("SOURCE_QUERY", query)];
            let given =
                |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
            let table = ItemsTable::from_variables(given).unwrap();
            let Target::Scores(scores) = &table.target else { panic!("a score table") };
            is_source(&table, scores, &Catalog { ignores_case, ..Catalog::default() })
        };
        let problem = "SCORE_TABLE is `READINGS`, and ITEMS_TABLE is `Readings`: this server takes them for the same table; \
                       accepted: a table of its own";
        assert_eq!(told("Readings", "", true).as_deref(), Some(problem));
        assert_eq!(told("Readings", "", false), None);
        assert_eq!(told("Readings", "SELECT 1", true), None, "a query's name is no table's");
        assert_eq!(told("Reading", "", true), None);
    }

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
