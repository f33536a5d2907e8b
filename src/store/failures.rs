//! All SQL of `item_failures`: the items set aside, each with its reason.

use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row, params};
use sha2::{Digest, Sha256};

use super::StoreError;
use super::bound::{bound, bytes_literal};
use super::by_key::{self, Walk};
use super::counts::{mariadb_limit, mysql_limit};
use super::ids::Ids;
use super::key::{Key, KeyRef};
use super::keys::Keys;
use super::pending::PendingItem;
use super::places::joined;
use super::row::column;
use super::runs::utc;
use super::statement::Statement;
use super::target;
use crate::config::ItemsTable;
use crate::run::RunId;
use crate::values::{Reason, ReasonCode, StoredCode};
use crate::window::Time;

/// Bytes of a reason that are kept.
const LONGEST_REASON: usize = 500;

/// Rows of one statement, each of 1.2 kB at most.
const ROWS_PER_STATEMENT: usize = 2000;

/// Milliseconds that the server may look for failures of items that are gone.
const GONE_BUDGET_MS: u32 = 300;

/// Failures that [`by_reason`] looks at: some milliseconds of the server's time, a few megabytes of
/// its memory. Where there are more, it is the kinds that matter and not their number.
pub const LOOK: u32 = 10_000;

/// Sets items aside, or counts one more attempt on those that are: a run is one attempt, however
/// often it says so. In several statements where one could be too large for the server.
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
        let rows = failures.iter().map(|(item, reason)| {
            let params = params! {
                "table" => table.as_str(), "job" => table.job.as_str(), "run" => run.0, "code" => reason.code.name(),
                "reason" => shortened(&reason.text),
            };
            let hash = bytes_literal(&Sha256::digest(item.values));
            let row = format!(
                "(:table, :job, {}, :run, :code, :reason, {hash}, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
                by_key::failure_values(item.key)
            );
            bound(&row, params)
        });
        let sql = format!(
            "INSERT INTO `item_failures` (`items_table`, `job`, `item_id`, `item_key`, `run_id`, `code`, `reason`, `values_sha256`, \
               `first_failed_at`, `last_failed_at`) VALUES {} \
             ON DUPLICATE KEY UPDATE `attempts` = GREATEST(`attempts` + (`run_id` <> VALUES(`run_id`)), 1), \
               `run_id` = VALUES(`run_id`), `code` = VALUES(`code`), \
               `reason` = VALUES(`reason`), `values_sha256` = VALUES(`values_sha256`), `last_failed_at` = VALUES(`last_failed_at`)",
            joined(rows, ", ")
        );
        Statement::change("setting items aside", &sql, Params::Empty).ask(tx).await?;
    }
    Ok(())
}

/// Sets no item aside and forgets none, but whoever may not do so is told.
pub fn try_writing() -> Statement<()> {
    let doing = "trying to set items aside";
    let forget = Statement::change(doing, "DELETE FROM `item_failures` WHERE FALSE", Params::Empty);
    let sql = "INSERT INTO `item_failures` (`items_table`, `job`, `item_id`, `item_key`, `run_id`, `code`, `reason`, `values_sha256`, \
                 `first_failed_at`, `last_failed_at`) \
               SELECT '', '', 0, '', 0, '', '', '', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM DUAL WHERE FALSE \
               ON DUPLICATE KEY UPDATE `attempts` = 1";
    forget.then(Statement::change(doing, sql, Params::Empty))
}

/// Whether any item of the table is set aside.
pub fn any(table: &ItemsTable) -> Statement<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM `item_failures` WHERE `items_table` = :table AND `job` = :job) AS `any`";
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str() };
    Statement::one("looking for failures", sql, params, |row| column(row, "any"))
}

/// Forgets that items were set aside: they have a prediction now, or are gone.
pub fn forget<'k>(table: &ItemsTable, keys: impl ExactSizeIterator<Item = KeyRef<'k>>) -> Statement<()> {
    if keys.len() == 0 {
        return Statement::nothing();
    }
    let sql = format!(
        "DELETE FROM `item_failures` WHERE `items_table` = :table AND `job` = :job AND {}",
        by_key::failures_of(table, keys)
    );
    Statement::change("forgetting failures", &sql, params! { "table" => table.as_str(), "job" => table.job.as_str() })
}

/// Forgets failures of items that are gone: their ids may be given anew. As many as are found in time; the rest
/// are for the next run. What comes back between the two statements is looked at as a new item. Of a date that is zero, both
/// servers say that it is NULL, where a join may have left it out; its text is not.
pub(crate) async fn forget_gone(conn: &mut impl Queryable, table: &ItemsTable) -> Result<(), StoreError> {
    let sql = format!(
        "{} SELECT {} {shown} AS `item` FROM `item_failures` f LEFT JOIN {} ON {} \
         WHERE {} AND LENGTH({}) IS NULL ORDER BY {shown} LIMIT {LOOK}",
        mariadb_limit(GONE_BUDGET_MS),
        mysql_limit(GONE_BUDGET_MS),
        target::items(table),
        by_key::item_of_failure(table),
        by_key::failures(table),
        joined(table.key.columns().take(1).map(|column| format!("i.{}", column.quoted())), ""),
        shown = Walk::Failures(table).shown(),
    );
    let doing = "looking for failures of rows that are gone";
    let gone = Statement::all(doing, &sql, Params::Empty, |row| column::<String>(row, "item"));
    let gone: Vec<String> = gone.ask_in_time(conn).await?.unwrap_or_default();
    let gone: Vec<Key> = gone.iter().filter_map(|text| by_key::key_of(table, text)).collect();
    let gone: Keys = gone.iter().filter_map(Key::of_item).collect();
    forget(table, gone.iter()).ask(conn).await
}

/// The condition of items set aside with keys in `keys`, or all; of these those with `code`, or all.
fn condition(table: &ItemsTable, keys: &[Key], code: Option<ReasonCode>) -> (String, Params) {
    let chosen = match keys {
        [] => "TRUE".to_owned(),
        keys => by_key::failures_of(table, keys.iter().filter_map(Key::of_item)),
    };
    let condition =
        format!("WHERE `items_table` = :table AND `job` = :job AND {chosen} AND `code` = COALESCE(:code, `code`)");
    (
        condition,
        params! { "table" => table.as_str(), "job" => table.job.as_str(), "code" => code.map(ReasonCode::name) },
    )
}

/// How many items [`release`] is about, also those that were released before.
pub fn chosen(table: &ItemsTable, keys: &[Key], code: Option<ReasonCode>) -> Statement<u64> {
    let (condition, params) = condition(table, keys, code);
    let sql = format!("SELECT COUNT(*) AS `items` FROM `item_failures` {condition}");
    Statement::one("counting items that are set aside", &sql, params, |row| column(row, "items"))
}

/// Gives items that were set aside another chance, under any policy: those with keys in `keys`, or
/// all; of these those with `code`, or all. Answers for how many that changes something.
pub fn release(table: &ItemsTable, keys: &[Key], code: Option<ReasonCode>) -> Statement<u64> {
    let (condition, params) = condition(table, keys, code);
    let doing = "releasing items";
    let released = Statement::one(doing, "SELECT ROW_COUNT() AS `rows`", Params::Empty, |row| column(row, "rows"));
    Statement::change(doing, &format!("UPDATE `item_failures` SET `attempts` = 0 {condition}"), params).then(released)
}

/// An item that is set aside, as a reader sees it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The item's key.
    pub item: Key,
    /// The run that failed on it last.
    pub run: RunId,
    /// Tries so far; 0: released by hand.
    pub attempts: u32,
    /// The kind of failure.
    pub code: StoredCode,
    /// What was found, for a person.
    pub reason: String,
    /// When it was set aside.
    pub first_failed_at: Time,
    /// When it failed last.
    pub last_failed_at: Time,
}

const COLUMNS: &str = "f.`item_id`, f.`item_key`, f.`run_id`, f.`attempts`, f.`code`, f.`reason`, \
                       f.`first_failed_at`, f.`last_failed_at`";

/// How a failure of `table` is read.
fn failure(table: &ItemsTable) -> impl Fn(&Row) -> Result<Failure, StoreError> + Send + 'static {
    let is_number = table.key.is_number();
    move |row| {
        let item = match is_number {
            true => Key::Id(column(row, "item_id")?),
            false => Key::text(&column::<String>(row, "item_key")?),
        };
        read(row, item)
    }
}

fn read(row: &Row, item: Key) -> Result<Failure, StoreError> {
    Ok(Failure {
        item,
        run: RunId(column(row, "run_id")?),
        attempts: column(row, "attempts")?,
        code: column::<String>(row, "code")?.into(),
        reason: column(row, "reason")?,
        first_failed_at: utc(column(row, "first_failed_at")?),
        last_failed_at: utc(column(row, "last_failed_at")?),
    })
}

/// The key that finds the items set aside, and the condition, where `run` must have failed on them last.
/// Both keys end with the item's key: its order costs nothing.
fn of_run(run: Option<RunId>) -> (&'static str, String) {
    match run {
        Some(run) => ("`failures_of_a_run`", format!("f.`run_id` = {run}")),
        None => ("PRIMARY", "TRUE".to_owned()),
    }
}

/// The next items that are set aside, by key, after the item `after`; of these those that `run`
/// failed on last, if that is given.
pub fn list(table: &ItemsTable, run: Option<RunId>, after: &Key, limit: u32) -> Statement<Vec<Failure>> {
    let (index, of_run) = of_run(run);
    let walk = Walk::Failures(table);
    let sql = format!(
        "SELECT {COLUMNS} FROM `item_failures` f FORCE INDEX ({index}) \
         WHERE {} AND {of_run} AND {} ORDER BY {} LIMIT {limit}",
        by_key::failures(table),
        walk.condition(&Ids { after: after.clone(), upto: Key::End }),
        walk.order(""),
    );
    Statement::all("reading failures", &sql, Params::Empty, failure(table))
}

/// Why an item is set aside, if it is.
pub fn find(table: &ItemsTable, item: &Key) -> Statement<Option<Failure>> {
    let which =
        item.of_item().map_or_else(|| "FALSE".to_owned(), |key| Walk::Failures(table).one_of([key].into_iter()));
    let sql = format!("SELECT {COLUMNS} FROM `item_failures` f WHERE {} AND {which}", by_key::failures(table));
    Statement::first("reading a failure", &sql, Params::Empty, failure(table))
}

/// The items set aside for one kind of reason.
#[derive(Clone, Debug)]
pub struct Reasoned {
    /// The kind of failure.
    pub code: StoredCode,
    /// How many, among those that were looked at.
    pub items: u64,
    /// The ones with the greatest keys, the greatest first.
    pub examples: Vec<Failure>,
}

/// The items that are set aside, counted by the kind of reason, the most frequent first; of these
/// those that `run` failed on last, if that is given. Looks at the [`LOOK`] greatest keys, which
/// bounds the answer's time.
pub fn by_reason(table: &ItemsTable, run: Option<RunId>, examples: u32) -> Statement<Vec<Reasoned>> {
    let (index, of_run) = of_run(run);
    let (of_table, order) = (by_key::failures(table), Walk::Failures(table).order("DESC"));
    let sql = format!(
        "SELECT {COLUMNS}, `items` FROM ( \
           SELECT {COLUMNS}, COUNT(*) OVER (PARTITION BY f.`code`) AS `items`, \
             ROW_NUMBER() OVER (PARTITION BY f.`code` ORDER BY {order}) AS `place` FROM ( \
               SELECT {COLUMNS} FROM `item_failures` f FORCE INDEX ({index}) WHERE {of_table} AND {of_run} \
               ORDER BY {order} LIMIT {LOOK} \
             ) AS f \
         ) AS f WHERE f.`place` <= {examples} ORDER BY f.`items` DESC, f.`code`, {order}"
    );
    let failure = failure(table);
    let counted = move |row: &Row| Ok((failure(row)?, column(row, "items")?));
    Statement::all("counting failures", &sql, Params::Empty, counted).map(|failures: Vec<(Failure, u64)>| {
        let mut reasons: Vec<Reasoned> = Vec::new();
        for (failure, items) in failures {
            match reasons.last_mut() {
                Some(reason) if reason.code == failure.code => reason.examples.push(failure),
                _ => reasons.push(Reasoned { code: failure.code.clone(), items, examples: vec![failure] }),
            }
        }
        reasons
    })
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_REASON)]
}
