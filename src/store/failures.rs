//! All SQL of `item_failures`: the items set aside, each with its reason.

use mysql_async::prelude::Queryable;
use mysql_async::{Row, Value, params};
use sha2::{Digest, Sha256};

use super::pending::PendingItem;
use super::row::column;
use super::runs::utc;
use super::statement::{Statement, the_row};
use super::{Doing, StoreError};
use crate::config::ItemsTable;
use crate::run::RunId;
use crate::values::{Reason, ReasonCode};
use crate::window::Time;

/// Bytes of a reason that are kept.
const LONGEST_REASON: usize = 500;

/// Rows of one statement: 7 parameters each, and a statement takes 65,535.
const ROWS_PER_STATEMENT: usize = 5000;

/// Failures that [`by_reason`] looks at: some milliseconds of the server's time, a few megabytes of
/// its memory. Where there are more, it is the kinds that matter and not their number.
pub const LOOK: u32 = 10_000;

/// Sets items aside, or counts one more attempt on those that are: a run is one attempt, however
/// often it says so.
///
/// # Errors
/// The database's.
pub async fn set_aside(
    tx: &mut impl Queryable,
    table: &ItemsTable,
    run: RunId,
    failures: &[(PendingItem<'_>, Reason)],
) -> Result<(), StoreError> {
    for failures in failures.chunks(ROWS_PER_STATEMENT) {
        let rows = vec!["(?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))"; failures.len()].join(", ");
        let sql = format!(
            "INSERT INTO `item_failures` (`items_table`, `item_id`, `run_id`, `code`, `reason`, `values_sha256`, \
               `first_failed_at`, `last_failed_at`) VALUES {rows} \
             ON DUPLICATE KEY UPDATE `attempts` = GREATEST(`attempts` + (`run_id` <> VALUES(`run_id`)), 1), \
               `run_id` = VALUES(`run_id`), `code` = VALUES(`code`), \
               `reason` = VALUES(`reason`), `values_sha256` = VALUES(`values_sha256`), `last_failed_at` = VALUES(`last_failed_at`)"
        );
        let params: Vec<Value> = failures
            .iter()
            .flat_map(|(item, reason)| -> [Value; 6] {
                [
                    table.as_str().into(),
                    item.id.into(),
                    run.0.into(),
                    reason.code.name().into(),
                    shortened(&reason.text).into(),
                    Sha256::digest(item.values).to_vec().into(),
                ]
            })
            .collect();
        tx.exec_drop(sql, params).await.doing("setting items aside")?;
    }
    Ok(())
}

/// Whether any item of the table is set aside.
pub fn any(table: &ItemsTable) -> Statement<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM `item_failures` WHERE `items_table` = :table) AS `any`";
    let params = params! { "table" => table.as_str() };
    Statement::new("looking for failures", sql, params, |rows| column(&the_row(rows)?, "any"))
}

/// Forgets items that were set aside and have a prediction now.
///
/// # Errors
/// The database's.
pub async fn forget(tx: &mut impl Queryable, table: &ItemsTable, ids: &[i64]) -> Result<(), StoreError> {
    for ids in ids.chunks(ROWS_PER_STATEMENT) {
        let list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let sql = format!("DELETE FROM `item_failures` WHERE `items_table` = ? AND `item_id` IN ({list})");
        tx.exec_drop(sql, (table.as_str(),)).await.doing("forgetting failures")?;
    }
    Ok(())
}

/// Gives items that were set aside another chance, under any policy: those with ids in `ids`, or
/// all; of these those with `code`, or all. Answers how many.
///
/// # Errors
/// The database's.
pub async fn release(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    ids: &[i64],
    code: Option<ReasonCode>,
) -> Result<u64, StoreError> {
    let list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    let chosen = if ids.is_empty() { "TRUE".to_owned() } else { format!("`item_id` IN ({list})") };
    let sql = format!(
        "UPDATE `item_failures` SET `attempts` = 0 \
         WHERE `items_table` = :table AND {chosen} AND `code` = COALESCE(:code, `code`)"
    );
    let params = params! { "table" => table.as_str(), "code" => code.map(ReasonCode::name) };
    let result = conn.exec_iter(sql, params).await.doing("releasing items")?;
    let released = result.affected_rows();
    result.drop_result().await.doing("releasing items")?;
    Ok(released)
}

/// An item that is set aside, as a reader sees it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The item's key.
    pub item: i64,
    /// The run that failed on it last.
    pub run: RunId,
    /// Tries so far; 0: released by hand.
    pub attempts: u32,
    /// The kind of failure, as [`ReasonCode`] names it.
    pub code: String,
    /// What was found, for a person.
    pub reason: String,
    /// When it was set aside.
    pub first_failed_at: Time,
    /// When it failed last.
    pub last_failed_at: Time,
}

const COLUMNS: &str = "`item_id`, `run_id`, `attempts`, `code`, `reason`, `first_failed_at`, `last_failed_at`";

fn failure(row: &Row) -> Result<Failure, StoreError> {
    Ok(Failure {
        item: column(row, "item_id")?,
        run: RunId(column(row, "run_id")?),
        attempts: column(row, "attempts")?,
        code: column(row, "code")?,
        reason: column(row, "reason")?,
        first_failed_at: utc(column(row, "first_failed_at")?),
        last_failed_at: utc(column(row, "last_failed_at")?),
    })
}

/// The next items that are set aside, by id, after the item `after`; of these those that `run`
/// failed on last, if that is given.
///
/// # Errors
/// The database's.
pub async fn list(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    run: Option<RunId>,
    after: i64,
    limit: u32,
) -> Result<Vec<Failure>, StoreError> {
    // Both keys end with the item's id: its order costs nothing.
    let (key, of_run) = match run {
        Some(run) => ("`failures_of_a_run`", format!("`run_id` = {run}")),
        None => ("PRIMARY", "TRUE".to_owned()),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM `item_failures` FORCE INDEX ({key}) \
         WHERE `items_table` = :table AND {of_run} AND `item_id` > :after ORDER BY `item_id` LIMIT :limit"
    );
    let params = params! { "table" => table.as_str(), "after" => after, "limit" => limit };
    let rows: Vec<Row> = conn.exec(sql, params).await.doing("reading failures")?;
    rows.iter().map(failure).collect()
}

/// Why an item is set aside, if it is.
///
/// # Errors
/// The database's.
pub async fn find(conn: &mut impl Queryable, table: &ItemsTable, item: i64) -> Result<Option<Failure>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM `item_failures` WHERE `items_table` = :table AND `item_id` = :item");
    let params = params! { "table" => table.as_str(), "item" => item };
    let row: Option<Row> = conn.exec_first(sql, params).await.doing("reading a failure")?;
    row.as_ref().map(failure).transpose()
}

/// The items set aside for one kind of reason.
#[derive(Clone, Debug)]
pub struct Reasoned {
    /// The kind of failure, as [`ReasonCode`] names it.
    pub code: String,
    /// How many, among those that were looked at.
    pub items: u64,
    /// The ones with the greatest ids, the greatest first.
    pub examples: Vec<Failure>,
}

/// The items that are set aside, counted by the kind of reason, the most frequent first; of these
/// those that `run` failed on last, if that is given. Looks at the [`LOOK`] greatest ids, which
/// bounds the answer's time.
///
/// # Errors
/// The database's.
pub async fn by_reason(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    run: Option<RunId>,
    examples: u32,
) -> Result<Vec<Reasoned>, StoreError> {
    // Both keys end with the item's id: its order costs nothing.
    let (key, of_run) = match run {
        Some(run) => ("`failures_of_a_run`", format!("`run_id` = {run}")),
        None => ("PRIMARY", "TRUE".to_owned()),
    };
    let sql = format!(
        "SELECT {COLUMNS}, `items` FROM ( \
           SELECT {COLUMNS}, COUNT(*) OVER (PARTITION BY `code`) AS `items`, \
             ROW_NUMBER() OVER (PARTITION BY `code` ORDER BY `item_id` DESC) AS `place` FROM ( \
               SELECT {COLUMNS} FROM `item_failures` FORCE INDEX ({key}) WHERE `items_table` = :table AND {of_run} \
               ORDER BY `item_id` DESC LIMIT {LOOK} \
             ) AS `looked_at` \
         ) AS `ranked` WHERE `place` <= :examples ORDER BY `items` DESC, `code`, `item_id` DESC"
    );
    let params = params! { "table" => table.as_str(), "examples" => examples };
    let rows: Vec<Row> = conn.exec(sql, params).await.doing("counting failures")?;
    let mut reasons: Vec<Reasoned> = Vec::new();
    for row in &rows {
        let failure = failure(row)?;
        match reasons.last_mut() {
            Some(reason) if reason.code == failure.code => reason.examples.push(failure),
            _ => reasons.push(Reasoned {
                code: failure.code.clone(),
                items: column(row, "items")?,
                examples: vec![failure],
            }),
        }
    }
    Ok(reasons)
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_REASON)]
}
