//! The network between function and database is split, and neither side is told. Another function, on the database's side
//! of it, takes over. Then the network is whole again, and the first function goes on where it was.

use std::time::{Duration, Instant};

use futures_util::future::join;
use tokio::time::sleep;

use super::scene::{Found, ITEMS, Scene, TICKS, expect, judge, predicted, unfinished, until_predicted};
use crate::aws::{Aws, Habits};
use crate::support::Server;
use crate::workload::window;

/// A server ends a session that says nothing after a minute; that of a page under way after seconds.
const HELD_FOR_AT_MOST: Duration = Duration::from_secs(70);

/// Long enough for everything that was sent before the split to be answered or given up on the database's side.
const TIME_LIMIT: Duration = Duration::from_secs(240);

/// Between two ticks of the function on the other side.
const TICK_EVERY: Duration = Duration::from_secs(2);

pub(super) async fn for_longer_than_a_hold(kind: Server) -> Found {
    let scene = Scene::new(kind).await;
    let db = &scene.db;
    let cut_off = Aws::new(&scene.variables(), Habits { time_limit: TIME_LIMIT, ..Habits::default() }).await;
    let near = Aws::new(db.variables(), Habits::default()).await;
    let mut problems = Vec::new();
    let split = async {
        until_predicted(db, ITEMS / 4).await;
        scene.network.split();
        let begun = Instant::now();
        let before = predicted(db).await;
        let mut ticks = 0;
        while unfinished(db).await > 0 && begun.elapsed() < 2 * HELD_FOR_AT_MOST {
            near.fire(window(TICKS[1])).await;
            ticks += 1;
            sleep(TICK_EVERY).await;
        }
        let took = begun.elapsed();
        let left = unfinished(db).await;
        // It goes on in the middle of whatever it did.
        scene.network.join();
        (before, took, ticks, left)
    };
    let ((), (before, took, ticks, left)) = join(cut_off.fire(window(TICKS[0])), split).await;
    expect(&mut problems, left == 0, format!("nobody took over within {} s", took.as_secs()));
    expect(&mut problems, took < HELD_FOR_AT_MOST, format!("the takeover took {} s", took.as_secs()));
    near.fire(window(TICKS[2])).await;
    let (record, dead_letters) = (cut_off.record(), cut_off.dead_letters());
    cut_off.end();
    near.end();
    let told = format!(
        "split at {before} of {ITEMS} predictions; another function had done the rest after {:.0} s and {ticks} ticks; the \
         first one then failed {} times, timed out {} times, and left {dead_letters} dead letters",
        took.as_secs_f64(),
        record.failures,
        record.timeouts
    );
    judge(db, before < ITEMS, ticks, problems, told).await
}
