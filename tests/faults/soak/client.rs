//! Another client of the table: it inserts, changes, resets and deletes.

use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use rand_mt::Mt64;
use tokio::time::{sleep, timeout};

use crate::support::Setup;
use crate::support::items::sample;

/// Between two changes, on average.
const PAUSE_MS: u64 = 4;

/// Longer than any statement takes while the server is there.
const PATIENCE: Duration = Duration::from_secs(20);

/// One value in so many cannot be scored.
const BAD_ONE_IN: u64 = 12;
const BAD: [&str; 4] = ["[]", "null", "[1, 2, 3]", r#"[5.1, "3.5", 1.4, 0.2]"#];

fn values(random: &mut Mt64) -> String {
    let number = random.next_u64();
    if number.is_multiple_of(BAD_ONE_IN) {
        BAD[(number / BAD_ONE_IN) as usize % BAD.len()].to_owned()
    } else {
        sample((number >> 1).cast_signed())
    }
}

/// Inserts so many items.
pub(super) async fn insert_many(db: &Setup, random: &mut Mt64, count: usize) {
    let mut conn = db.connect().await;
    for _ in 0..count / 100 {
        let rows = vec!["(?)"; 100].join(", ");
        let values: Vec<String> = (0..100).map(|_| values(random)).collect();
        conn.exec_drop(format!("INSERT INTO `items` (`values`) VALUES {rows}"), values).await.unwrap();
    }
    conn.disconnect().await.unwrap();
}

/// Changes the table until then. Answers how many changes succeeded.
pub(super) async fn disturb(db: &Setup, mut random: Mt64, until: Instant) -> u64 {
    let mut changes = 0;
    let mut conn: Option<Conn> = None;
    while Instant::now() < until {
        sleep(Duration::from_millis(random.next_u64() % (2 * PAUSE_MS))).await;
        // The server may be away.
        let connected = match conn.take() {
            Some(conn) => Some(conn),
            None => db.database.connect().await.ok(),
        };
        let Some(mut connected) = connected else { continue };
        if let Ok(Ok(())) = timeout(PATIENCE, change(&mut connected, &mut random)).await {
            changes += 1;
            conn = Some(connected);
        }
    }
    changes
}

/// One change to the table.
async fn change(conn: &mut Conn, random: &mut Mt64) -> mysql_async::Result<()> {
    let last: Option<Option<i64>> = conn.query_first("SELECT MAX(`id`) FROM `items`").await?;
    // Late ones are pending more often.
    let last = last.flatten().unwrap_or(1).cast_unsigned();
    let back = random.next_u64() % last;
    let id = if random.next_u64().is_multiple_of(2) { last - back } else { last - back % last.min(200) };
    let new = values(random);
    match random.next_u64() % 100 {
        0..45 => {
            let more = values(random);
            conn.exec_drop("INSERT INTO `items` (`values`) VALUES (?), (?)", (new, more)).await
        }
        45..70 => conn.exec_drop("UPDATE `items` SET `values` = ? WHERE `id` = ?", (new, id)).await,
        70..80 => {
            conn.exec_drop("UPDATE `items` SET `values` = ?, `prediction` = NULL WHERE `id` = ?", (new, id)).await
        }
        80..84 => conn.exec_drop("UPDATE `items` SET `prediction` = NULL WHERE `id` = ?", (id,)).await,
        84..87 => conn.exec_drop("UPDATE `items` SET `prediction` = 'null' WHERE `id` = ?", (id,)).await,
        _ => conn.exec_drop("DELETE FROM `items` WHERE `id` = ?", (id,)).await,
    }
}
