//! Making a score table: the key's columns as the items have them, with type, character set and collation.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::catalog::Catalog;
use super::row::named;
use super::target::items;
use super::{Doing, StoreError, catalog};
use crate::config::{
    ColumnName, ItemsTable, Keeps, MODEL_VERSION, PREDICTED_AT, Part, PredictionFormat, RUN, SCORE_COLUMNS, ScoreTable,
};

const NUMBER: &str = "DOUBLE NULL";
const LABEL: &str = "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL";

/// Makes it, or the columns that it lacks. What is there by its name and is no score table stays as it is.
pub(super) async fn make(conn: &mut Conn, table: &ItemsTable, scores: &ScoreTable) -> Result<(), StoreError> {
    let found = catalog::describe_scores(scores).ask(conn).await?;
    let sql = if found.columns.is_empty() {
        // Columns of the key may be hidden, which only the server knows.
        let (_, seen) = catalog::look(conn, table).await?;
        Some(create(&seen, scores, &found))
    } else {
        missing(table, scores, &found)
    };
    match sql {
        Some(sql) => conn.query_drop(sql).await.doing("making the score table"),
        None => Ok(()),
    }
}

/// The columns beside those of the key, each with its type.
fn columns(table: &ItemsTable, found: &Catalog) -> Vec<(String, &'static str)> {
    let prediction = match table.format {
        // Its JSON is a text that is parsed with every write and checked as UTF-8: half of the time.
        PredictionFormat::Probabilities if found.is_mariadb => "LONGTEXT CHARACTER SET ascii COLLATE ascii_bin NULL",
        PredictionFormat::Probabilities => "JSON NULL",
        PredictionFormat::Label => LABEL,
        PredictionFormat::Value => NUMBER,
    };
    let own = [
        (RUN, "BIGINT UNSIGNED NOT NULL COMMENT 'the run that wrote the score'"),
        (MODEL_VERSION, "VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL"),
        (PREDICTED_AT, "DATETIME(3) NOT NULL COMMENT 'in UTC'"),
    ];
    let own = own.into_iter().map(|(name, kind)| (named(name), kind));
    let beside = table.beside.iter().map(|beside| {
        let kind = match beside.part {
            Part::Label => LABEL,
            Part::Confidence | Part::Value | Part::Class(_) => NUMBER,
            Part::Decision(_) => "BOOL NULL",
            // Every score table has these two.
            Part::Model | Part::PredictedAt => "TEXT NULL",
        };
        (beside.column.quoted(), kind)
    });
    own.chain([(table.prediction.quoted(), prediction)]).chain(beside).collect()
}

/// The statement that makes it, empty. The server takes the key's columns from the items.
fn create(table: &ItemsTable, scores: &ScoreTable, found: &Catalog) -> String {
    let columns = columns(table, found);
    let typed: Vec<String> = columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
    let of_key: Vec<String> = table.key.columns().map(ColumnName::quoted).collect();
    let mut primary = of_key.clone();
    if scores.keeps == Keeps::History {
        primary.push(named(MODEL_VERSION));
    }
    let chosen: Vec<String> = of_key
        .iter()
        .map(|name| format!("i.{name}"))
        .chain(columns.iter().map(|(name, _)| format!("NULL AS {name}")))
        .collect();
    format!(
        "CREATE TABLE {} ({}, PRIMARY KEY ({})) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin \
         SELECT {} FROM {} WHERE FALSE",
        scores.name.quoted(),
        typed.join(", "),
        primary.join(", "),
        chosen.join(", "),
        items(table),
    )
}

/// The statement that adds the columns that a score table lacks, if it is one and lacks any.
fn missing(table: &ItemsTable, scores: &ScoreTable, found: &Catalog) -> Option<String> {
    if found.is_view || SCORE_COLUMNS.iter().any(|name| found.column(name).is_none()) {
        return None;
    }
    let known = |name: &str| found.columns.iter().any(|column| column.quoted().to_lowercase() == name.to_lowercase());
    let columns = columns(table, found).into_iter().filter(|(name, _)| !known(name));
    let added: Vec<String> = columns.map(|(name, kind)| format!("ADD COLUMN {name} {kind}")).collect();
    (!added.is_empty()).then(|| format!("ALTER TABLE {} {}", scores.name.quoted(), added.join(", ")))
}
