//! Those whose tables they are: they insert, change, reset and delete rows, and leave transactions open.

use std::time::Duration;

use futures_util::future::join3;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use rand_mt::Mt64;
use tokio::time::{sleep, timeout};

use super::Length;
use super::diary::Diary;
use super::ground::{JOBS, Job, TABLES};
use crate::support::Setup;
use crate::support::items::sample;

/// Between two changes, on average, and between two transactions that are left open.
const CHANGE_EVERY: Duration = Duration::from_millis(400);
const LINGER_EVERY: Duration = Duration::from_secs(40);

/// A transaction stays open for this long at most, with rows in its hand.
const LINGERS_MS: u64 = 12_000;

/// Between two purges, and the rows that each leaves in a table.
const PURGE_EVERY: Duration = Duration::from_secs(60);
const KEPT: u64 = 1500;

/// Rows that arrive at once, at most.
const MOST_ROWS: u64 = 8;

/// One value in so many cannot be scored.
const BAD_ONE_IN: u64 = 12;

/// Longer than any statement takes while the server is there and nobody alters the table.
const PATIENCE: Duration = Duration::from_secs(40);

type Changed = Result<(), Box<dyn std::error::Error>>;

/// Changes the tables until it is over.
pub(super) async fn disturb(owner: &Setup, diary: &Diary, length: Length, random: &mut Mt64) {
    let [mut first, mut second, mut third] = [(); 3].map(|()| Mt64::new(random.next_u64()));
    join3(
        again_and_again(owner, diary, length, &mut first, CHANGE_EVERY, "changes", change),
        again_and_again(owner, diary, length, &mut second, LINGER_EVERY, "open transactions", linger),
        again_and_again(owner, diary, length, &mut third, PURGE_EVERY, "purges", purge),
    )
    .await;
}

/// Does something after each pause. The server may be away, and the table renamed: what fails is only counted.
async fn again_and_again(
    owner: &Setup,
    diary: &Diary,
    length: Length,
    random: &mut Mt64,
    every: Duration,
    what: &'static str,
    act: impl AsyncFn(&mut Conn, &mut Mt64) -> Changed,
) {
    let mut conn: Option<Conn> = None;
    while !length.is_over() {
        length.drawn_pause(every, random).await;
        let done = timeout(PATIENCE, async {
            let mut open = match conn.take() {
                Some(conn) => conn,
                None => owner.database.connect().await?,
            };
            act(&mut open, random).await?;
            Ok::<_, Box<dyn std::error::Error>>(open)
        });
        if let Ok(Ok(open)) = done.await {
            conn = Some(open);
            diary.count(what);
        } else {
            diary.count("refused changes");
        }
    }
}

/// A row's four values, or something that cannot be scored.
fn values(random: &mut Mt64) -> [Option<f64>; 4] {
    let number = random.next_u64();
    let good: [f64; 4] = serde_json::from_str(&sample((number >> 1).cast_signed())).unwrap();
    let mut values = good.map(Some);
    if number.is_multiple_of(BAD_ONE_IN) {
        values[(number / BAD_ONE_IN) as usize % 4] = None;
    }
    values
}

/// What sets a row's values, by the columns of `table`.
fn assignment(table: &str, random: &mut Mt64) -> String {
    let values = values(random);
    if table == "plain" {
        return format!("`values` = '{}'", serde_json::to_string(&values).unwrap());
    }
    let text = values.map(|value| value.map_or("NULL".to_owned(), |value| value.to_string()));
    let set = ["a", "b", "c", "d"].iter().zip(text).map(|(column, value)| format!("`{column}` = {value}"));
    set.collect::<Vec<_>>().join(", ")
}

/// An existing row, the newest more often: those are pending.
async fn choose(conn: &mut Conn, table: &str, random: &mut Mt64) -> mysql_async::Result<u64> {
    let last: Option<Option<u64>> = conn.query_first(format!("SELECT MAX(`id`) FROM `{table}`")).await?;
    let last = last.flatten().unwrap_or(1);
    let back = random.next_u64() % if random.next_u64().is_multiple_of(2) { KEPT } else { 60 };
    Ok(last.saturating_sub(back).max(1))
}

async fn change(conn: &mut Conn, random: &mut Mt64) -> Changed {
    let job = JOBS[random.next_u64() as usize % JOBS.len()];
    let table = job.table;
    let id = choose(conn, table, random).await?;
    let set = assignment(table, random);
    let sql = match random.next_u64() % 100 {
        0..50 => return Ok(insert(conn, table, random).await?),
        50..70 => format!("UPDATE `{table}` SET {set}, `touched` = NOW(3) WHERE `id` = {id}"),
        70..85 => reset(job, &format!("= {id}")),
        85..90 => {
            let (low, high) = (id.saturating_sub(20), id);
            reset(job, &format!("BETWEEN {low} AND {high}"))
        }
        _ => format!("DELETE FROM `{table}` WHERE `id` = {id}"),
    };
    Ok(conn.query_drop(sql).await?)
}

/// What takes predictions away, in one transaction with the note of when that was.
fn reset(job: Job, ids: &str) -> String {
    let Job { table, prediction, .. } = job;
    match job.scores {
        None => format!("UPDATE `{table}` SET `{prediction}` = NULL, `touched` = NOW(3) WHERE `id` {ids}"),
        Some(scores) => format!(
            "START TRANSACTION; UPDATE `{table}` SET `touched` = NOW(3) WHERE `id` {ids}; \
             DELETE FROM `{scores}` WHERE `id` {ids}; COMMIT"
        ),
    }
}

/// Some rows at once, in one statement.
async fn insert(conn: &mut Conn, table: &str, random: &mut Mt64) -> mysql_async::Result<()> {
    let (columns, day) = match table {
        "plain" => ("`values`", false),
        "typed" => ("`a`, `b`, `c`, `d`, `day`, `name`", true),
        _ => ("`a`, `b`, `c`, `d`", false),
    };
    let mut rows = Vec::new();
    for _ in 0..=random.next_u64() % MOST_ROWS {
        let values = values(random);
        let mut row = if table == "plain" {
            format!("'{}'", serde_json::to_string(&values).unwrap())
        } else {
            values.map(|value| value.map_or("NULL".to_owned(), |value| value.to_string())).join(", ")
        };
        if day {
            let number = random.next_u64();
            row += &format!(", '2026-01-01' + INTERVAL {} DAY, 'n{number}'", number % 40);
        }
        rows.push(format!("({row})"));
    }
    conn.query_drop(format!("INSERT INTO `{table}` ({columns}) VALUES {}", rows.join(", "))).await
}

/// A transaction that has changed some rows and does not end for a while.
async fn linger(conn: &mut Conn, random: &mut Mt64) -> Changed {
    let table = TABLES[random.next_u64() as usize % TABLES.len()];
    conn.query_drop("START TRANSACTION").await?;
    for _ in 0..3 {
        let id = choose(conn, table, random).await?;
        let set = assignment(table, random);
        conn.query_drop(format!("UPDATE `{table}` SET {set}, `touched` = NOW(3) WHERE `id` = {id}")).await?;
        sleep(Duration::from_millis(random.next_u64() % (LINGERS_MS / 3))).await;
    }
    insert(conn, table, random).await?;
    let end = if random.next_u64().is_multiple_of(4) { "ROLLBACK" } else { "COMMIT" };
    Ok(conn.query_drop(end).await?)
}

/// Deletes what is old, with its scores.
async fn purge(conn: &mut Conn, _random: &mut Mt64) -> Changed {
    for table in TABLES {
        let last: Option<Option<u64>> = conn.query_first(format!("SELECT MAX(`id`) FROM `{table}`")).await?;
        let before = last.flatten().unwrap_or(0).saturating_sub(KEPT);
        conn.query_drop(format!("DELETE FROM `{table}` WHERE `id` < {before}")).await?;
        for scores in JOBS.iter().filter(|job| job.table == table).filter_map(|job| job.scores) {
            conn.query_drop(format!("DELETE FROM `{scores}` WHERE `id` < {before}")).await?;
        }
    }
    Ok(())
}
