//! All SQL that looks for truth and notes what predictions came to: `batch_truths`, `batch_judged`, and what is written
//! to `batch_quality`.

use mysql_async::prelude::Queryable;
use mysql_async::{Params, params};

use super::StoreError;
use super::by_key;
use super::catalog;
use super::columns::{Column, Kind};
use super::ids::Ids;
use super::key::Key;
use super::listing::nth_statement;
use super::places::joined;
use super::qualities::{self, Qualities, Quality};
use super::refusals::IS_REFUSAL;
use super::row::column;
use super::runs::OF_A_TABLE;
use super::statement::{Statement, begin, commit};
use super::target;
use crate::config::{ItemsTable, PredictionFormat, Target};
use crate::quality::Output;
use crate::run::RunId;
use crate::window::Time;

/// Keys that one statement looks at for truth that is new.
const LOOKED_AT: u32 = 2_000;

/// Runs that are asked about, at most: the latest of those that predicted something.
const RUNS: u32 = 1_000;

/// Rows of `batch_judged` that one statement inserts.
const INSERTED: usize = 5_000;

/// Scores of a curve that are read at once.
const OF_A_CURVE: usize = 10_000;

/// A run whose truth may still come.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    /// The run.
    pub run: RunId,
    /// The version of its model.
    pub model: String,
    /// What it predicted; `None`: it is not over.
    pub predicted: Option<u64>,
}

/// The latest runs of a job that began at this time or later and that wrote predictions, or may still, the latest first.
pub(crate) fn latest_runs(table: &ItemsTable, horizon: Time) -> Statement<Vec<Waiting>> {
    // Runs before the horizon are not looked through, however many there are: the first of them ends the walk.
    let of_job = format!("FROM `batch_runs` {OF_A_TABLE} WHERE `items_table` = :table AND `job` = :job");
    let sql = format!(
        "SELECT `id`, `model_version`, `predicted` {of_job} \
           AND `id` > COALESCE((SELECT `id` {of_job} AND `started_at` < CAST(:horizon AS DATETIME(3)) \
                                ORDER BY `id` DESC LIMIT 1), 0) \
           AND `kind` <> 'canary' AND `mode` = 'write' AND NOT ({IS_REFUSAL}) AND (`predicted` IS NULL OR `predicted` > 0) \
         ORDER BY `id` DESC LIMIT {RUNS}"
    );
    let params = params! {
        "table" => table.as_str(), "job" => table.job.as_str(), "horizon" => horizon.naive_utc(),
    };
    Statement::all("looking for runs to judge", &sql, params, |row| {
        Ok(Waiting {
            run: RunId(column(row, "id")?),
            model: column(row, "model_version")?,
            predicted: column(row, "predicted")?,
        })
    })
}

/// What the predictions of the latest runs of a job, from this time on, came to until now. Where no column of the table holds
/// the truth, nothing is known, and nobody is asked.
pub(crate) async fn known(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    horizon: Time,
) -> Result<Qualities, StoreError> {
    if table.truth.is_none() {
        return Ok(Qualities::default());
    }
    match latest_runs(table, horizon).ask(conn).await?.last() {
        Some(first) => qualities::since(table, first.run).ask(conn).await,
        None => Ok(Qualities::default()),
    }
}

/// Whether the column in which the truth arrives is there, and may be read. Where none is named, nobody is asked; of a table
/// that is not there, others say so.
pub(crate) fn is_there(table: &ItemsTable) -> Statement<bool> {
    let Some(truth) = table.truth.clone() else { return Statement::nothing().map(|()| true) };
    catalog::describe(table).map(move |found| found.columns.is_empty() || found.column(truth.as_str()).is_some())
}

/// Before which keys nothing of these runs lies. Where keys are no numbers, nobody knows.
pub(crate) fn beginning(table: &ItemsTable, runs: &[RunId]) -> Statement<Key> {
    if !table.key.is_number() || runs.is_empty() {
        return Statement::nothing().map(|()| Key::Start);
    }
    let sql = format!(
        "SELECT MIN(`low_id`) AS `low`, COUNT(*) = COUNT(`low_id`) AS `all` FROM `batch_lanes` WHERE `run_id` IN ({})",
        joined(runs, ",")
    );
    Statement::one("looking where runs began", &sql, Params::Empty, |row| {
        let low: Option<i64> = column(row, "low")?;
        Ok(low.filter(|_| column(row, "all").unwrap_or(false)).map_or(Key::Start, Key::Id))
    })
}

/// Makes the row that says how far was looked, unless it is there.
pub(crate) fn prepare(table: &ItemsTable) -> Statement<()> {
    let sql = "INSERT IGNORE INTO `batch_truths` (`items_table`, `job`) VALUES (:table, :job)";
    Statement::change("beginning to look for truth", sql, of_job(table))
}

/// Whether it is there. Asked first: to insert it, one would wait for whoever has it.
pub(crate) fn is_prepared(table: &ItemsTable) -> Statement<bool> {
    let sql = "SELECT 1 AS `one` FROM `batch_truths` WHERE `items_table` = :table AND `job` = :job";
    Statement::first("looking how far was looked", sql, of_job(table), |row| column::<u8>(row, "one"))
        .map(|row| row.is_some())
}

/// Begins a transaction and locks that row, or fails at once where somebody else has it. Answers the last key that was
/// looked at; `None`: a round begins.
pub(crate) fn lock(table: &ItemsTable) -> Statement<Option<Key>> {
    let sql = "SELECT `cursor_id`, CAST(`cursor_key` AS CHAR) AS `cursor_key` FROM `batch_truths` \
               WHERE `items_table` = :table AND `job` = :job FOR UPDATE NOWAIT";
    begin().then(Statement::one("looking for truth", sql, of_job(table), |row| {
        let (id, text): (Option<i64>, Option<String>) = (column(row, "cursor_id")?, column(row, "cursor_key")?);
        Ok(id.map(Key::Id).or_else(|| text.as_deref().map(Key::text)))
    }))
}

/// The last of the keys that are looked at next; `None`: all that are left.
pub(crate) fn far(table: &ItemsTable, after: &Key) -> Statement<Option<Key>> {
    let own = table.clone();
    let sql = nth_statement(table, after, LOOKED_AT);
    Statement::first("looking ahead for truth", &sql, Params::Empty, |row| column::<String>(row, "far"))
        .map(move |far| far.and_then(|far| by_key::key_of(&own, &far)))
}

/// A prediction whose truth has come and that was not judged yet.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    /// The key of its item.
    pub key: Key,
    /// The run that wrote it.
    pub run: RunId,
    /// The version of the model, where that stands beside it.
    pub model: Option<String>,
    /// The prediction, as text.
    pub prediction: Option<String>,
    /// The truth, as text; `None`: its bytes are no text.
    pub truth: Option<String>,
}

/// Those of `least` and later runs among these keys. What is pending has no prediction to judge.
pub(crate) fn arrived(table: &ItemsTable, truth: &Column, ids: &Ids, least: RunId) -> Statement<Vec<Arrived>> {
    let (own, run) = (table.clone(), target::run(table).unwrap_or_else(|| "NULL".to_owned()));
    let model = target::model_beside(table);
    let of_model = model.as_ref().map_or_else(String::new, |model| format!(" AND j.`model_version` = {model}"));
    let key = by_key::shown(table, "i.");
    let (id, text) = if table.key.is_number() { (key.as_str(), "''") } else { ("0", key.as_str()) };
    let predicted = match &table.target {
        Target::Columns => format!(" AND NOT {}", target::pending(table)),
        Target::Scores(_) => String::new(),
    };
    let of_prediction = if table.format == PredictionFormat::Value { Kind::Fraction } else { Kind::Other };
    let column_of_truth = format!("i.{}", truth.quoted());
    let sql = format!(
        "SELECT {key} AS `key`, {run} AS `run`, {} AS `model`, {} AS `prediction`, {} AS `truth` \
         FROM {}{} WHERE {} AND {column_of_truth} IS NOT NULL AND {run} >= {least}{predicted} AND NOT EXISTS \
         (SELECT 1 FROM `batch_judged` j WHERE j.`run_id` = {run}{of_model} AND j.`item_id` = {id} AND j.`item_key` = {text})",
        model.as_deref().unwrap_or("NULL"),
        as_text(&target::prediction(table), of_prediction),
        as_text(&column_of_truth, kind_of_truth(truth)),
        target::in_order(table),
        target::with_every_prediction(table),
        by_key::items(table).condition(ids),
    );
    Statement::all("reading the truth", &sql, Params::Empty, move |row| {
        let key: String = column(row, "key")?;
        Ok(Arrived {
            key: by_key::key_of(&own, &key).ok_or_else(|| StoreError::Unexpected(format!("the key `{key}`")))?,
            run: RunId(column(row, "run")?),
            model: column(row, "model")?,
            prediction: column(row, "prediction")?,
            truth: column(row, "truth")?,
        })
    })
}

/// A DECIMAL is exact as it is: the code of a class may have more digits than a double.
fn kind_of_truth(truth: &Column) -> Kind {
    if truth.full_type.to_ascii_lowercase().starts_with("decimal") { Kind::Other } else { truth.kind }
}

/// A column's value as text. Left alone a FLOAT has six digits, and a BIT is no text; in JSON the servers write a double in
/// the fewest digits that read back as the same one.
fn as_text(column: &str, kind: Kind) -> String {
    match kind {
        Kind::Fraction | Kind::Bit => {
            format!("SUBSTRING_INDEX(SUBSTR(CONCAT(JSON_ARRAY({column} * 1e0)), 2), ']', 1)")
        }
        _ => format!("CAST({column} AS CHAR)"),
    }
}

/// A prediction that was looked at, for good.
#[derive(Clone, Debug)]
pub(crate) struct Noted<'n> {
    /// The key of its item.
    pub key: &'n Key,
    /// The run that wrote it.
    pub run: RunId,
    /// The version of the model.
    pub model: &'n str,
    /// Its part of the curves; empty: it has none.
    pub outputs: Vec<Output>,
}

/// Notes which predictions were looked at.
pub(crate) fn note(noted: &[Noted<'_>]) -> Statement<()> {
    let rows: Vec<String> = noted.iter().flat_map(rows).collect();
    let columns = "`run_id`, `model_version`, `item_id`, `item_key`, `class`, `score`, `is_true`";
    rows.chunks(INSERTED).fold(Statement::nothing(), |before, rows| {
        let sql = format!("INSERT INTO `batch_judged` ({columns}) VALUES {}", rows.join(","));
        before.then(Statement::change("noting what was judged", &sql, Params::Empty))
    })
}

fn rows(noted: &Noted<'_>) -> Vec<String> {
    let Some(key) = noted.key.of_item() else { return Vec::new() };
    let model = super::bound::text_literal(noted.model.as_bytes());
    let head = format!("({},{model},{}", noted.run, by_key::failure_values(key));
    if noted.outputs.is_empty() {
        return vec![format!("{head},0,NULL,NULL)")];
    }
    let output = |of: &Output| format!("{head},{},{:e},{})", of.class, of.score, u8::from(of.is_true));
    noted.outputs.iter().map(output).collect()
}

/// Notes how far was looked, what was added up until then, and commits it.
pub(crate) fn keep(table: &ItemsTable, upto: Option<&Key>, sums: &[Quality]) -> Result<Statement<()>, StoreError> {
    let (id, text) = match upto {
        Some(Key::Id(id)) => (Some(*id), None),
        Some(Key::Text(text)) => (None, Some(text.as_bytes().to_vec())),
        Some(Key::Start | Key::End) | None => (None, None),
    };
    let sql = "UPDATE `batch_truths` SET `cursor_id` = :id, `cursor_key` = :key, `looked_at` = UTC_TIMESTAMP(3) \
               WHERE `items_table` = :table AND `job` = :job";
    let params = params! { "id" => id, "key" => text, "table" => table.as_str(), "job" => table.job.as_str() };
    let cursor = Statement::change("noting how far was looked", sql, params);
    let sums = sums.iter().map(|quality| quality.put(table)).collect::<Result<Vec<_>, _>>()?;
    Ok(sums.into_iter().fold(Statement::nothing(), Statement::then).then(cursor).then(commit()))
}

/// The classes of which there is a curve.
pub(crate) fn curves(of: &Quality) -> Statement<Vec<u16>> {
    // Each is found by the key, whatever the number of its rows.
    let sql = "SELECT `class` FROM `batch_judged` FORCE INDEX (`curves`) WHERE `run_id` = :run AND `model_version` = :model \
               AND `score` IS NOT NULL GROUP BY `class` ORDER BY `class`";
    let params = params! { "run" => of.run.0, "model" => of.model.as_str() };
    Statement::all("looking for curves", sql, params, |row| column(row, "class"))
}

/// The next scores of a curve in their order, each with how many rows of the class have it, and how many others.
pub(crate) fn curve(of: &Quality, class: u16, after: Option<f64>) -> Statement<Vec<(f64, u64, u64)>> {
    let behind = after.map_or_else(|| "`score` IS NOT NULL".to_owned(), |after| format!("`score` > {after:e}"));
    let sql = format!(
        "SELECT `score`, CAST(SUM(`is_true`) AS UNSIGNED) AS `of_class`, COUNT(*) AS `rows` \
         FROM `batch_judged` FORCE INDEX (`curves`) \
         WHERE `run_id` = :run AND `model_version` = :model AND `class` = :class AND {behind} \
         GROUP BY `score` ORDER BY `score` LIMIT {OF_A_CURVE}"
    );
    let params = params! { "run" => of.run.0, "model" => of.model.as_str(), "class" => class };
    Statement::all("reading a curve", &sql, params, |row| {
        let (of_class, rows): (u64, u64) = (column(row, "of_class")?, column(row, "rows")?);
        Ok((column(row, "score")?, of_class, rows.saturating_sub(of_class)))
    })
}

/// Whether a curve goes on behind what was read of it.
pub(crate) fn goes_on(read: &[(f64, u64, u64)]) -> bool {
    read.len() == OF_A_CURVE
}

/// Notes the area under the curves of so many predictions.
pub(crate) fn keep_area(of: &Quality, auc: Option<f64>) -> Statement<()> {
    let sql =
        "UPDATE `batch_quality` SET `auc` = :auc, `auc_of` = :rows WHERE `run_id` = :run AND `model_version` = :model";
    let params = params! { "auc" => auc, "rows" => of.sums.rows, "run" => of.run.0, "model" => of.model.as_str() };
    Statement::change("noting the area under the curve", sql, params)
}

fn of_job(table: &ItemsTable) -> Params {
    params! { "table" => table.as_str(), "job" => table.job.as_str() }
}
