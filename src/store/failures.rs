//! All SQL of `item_failures`: the items set aside, each with its reason.

use mysql_async::prelude::Queryable;
use mysql_async::{Value, params};
use sha2::{Digest, Sha256};

use super::items::PendingItem;
use super::{Doing, StoreError};
use crate::config::ItemsTable;
use crate::run::RunId;
use crate::values::{Reason, ReasonCode};

/// Bytes of a reason that are kept.
const LONGEST_REASON: usize = 500;

/// Rows of one statement: 7 parameters each, and a statement takes 65,535.
const ROWS_PER_STATEMENT: usize = 5000;

/// Sets items aside, or counts one more attempt on those that are: a run is one attempt, however
/// often it says so.
///
/// # Errors
/// The database's.
pub async fn set_aside(
    tx: &mut impl Queryable,
    table: &ItemsTable,
    run: RunId,
    failures: &[(&PendingItem, Reason)],
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
                    Sha256::digest(&item.values).to_vec().into(),
                ]
            })
            .collect();
        tx.exec_drop(sql, params).await.doing("setting items aside")?;
    }
    Ok(())
}

/// Whether any item of the table is set aside.
///
/// # Errors
/// The database's.
pub async fn any(conn: &mut impl Queryable, table: &ItemsTable) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM `item_failures` WHERE `items_table` = ?)";
    let found: Option<bool> = conn.exec_first(sql, (table.as_str(),)).await.doing("looking for failures")?;
    Ok(found.unwrap_or(true))
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

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_REASON)]
}
