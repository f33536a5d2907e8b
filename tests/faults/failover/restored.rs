//! A server, or a table alone, is restored from a backup of an hour ago. What was done since is not there any more, but
//! messages of runs since then are.

use futures_util::future::join;

use super::scene::{
    Found, ITEMS, Scene, TICKS, expect, fire_until_done, judge, predicted, sweep, unfinished, until_predicted,
};
use crate::support::{Server, continuation, message};
use crate::workload::window;

/// Items that arrive in each later hour.
const MORE: i64 = 200;

/// The second half of the hour before the second and the third tick, and before the fourth.
const LATER: [&str; 3] = ["2024-03-05T10:30:00Z", "2024-03-05T11:30:00Z", "2024-03-05T12:30:00Z"];

/// The whole server goes back to a moment in which a run was at work.
pub(super) async fn the_server(kind: Server) -> Found {
    let scene = Scene::new(kind).await;
    let db = &scene.db;
    let aws = scene.aws().await;
    let mut problems = Vec::new();
    let back_up = async {
        until_predicted(db, ITEMS / 3).await;
        // As a snapshot of its disk is: what was committed, and no farewell.
        scene.server.kill().await;
        let backup = scene.server.back_up();
        scene.server.restart().await;
        backup
    };
    let ((), backup) = join(aws.fire(window(TICKS[0])), back_up).await;
    fire_until_done(db, &aws, &TICKS[..1]).await;
    for (hour, tick) in [(1, TICKS[1]), (2, TICKS[2])] {
        db.fill(ITEMS + 1 + (hour - 1) * MORE..=ITEMS + hour * MORE, LATER[hour as usize - 1]).await;
        aws.fire(window(tick)).await;
    }
    let before = predicted(db).await;
    expect(&mut problems, before == ITEMS + 2 * MORE, format!("{before} items were predicted before"));
    let runs = db.count("`batch_runs`").await;

    scene.server.stop().await;
    scene.server.restore(&backup);
    scene.server.restart().await;
    let restored = predicted(db).await;
    let was_at_work = unfinished(db).await == 1;
    // Messages of a run that the backup knows, further than it got there, and of runs that it does not know.
    for (run, hop) in [(1, 99), (2, 2), (runs, 7)] {
        let body = serde_json::to_string(&continuation(run, 0, hop)).unwrap();
        aws.fire(message(&format!("old-{run}-{hop}"), &body)).await;
    }
    expect(&mut problems, db.count("`batch_runs`").await == 1, "an old message opened a run");
    // Other rows than before, under the same keys.
    db.fill(ITEMS + 1..=ITEMS + MORE, LATER[2]).await;
    let rescued = fire_until_done(db, &aws, &TICKS[3..]).await;
    aws.end();
    let all = predicted(db).await;
    expect(&mut problems, all == ITEMS + MORE, format!("{all} items are predicted, not {}", ITEMS + MORE));
    expect(&mut problems, rescued <= 2, format!("it took {rescued} ticks"));
    let told = format!(
        "{before} predictions of {runs} runs went back to {restored} of one that was at work; {rescued} ticks made up for it"
    );
    judge(db, was_at_work && restored < ITEMS, rescued, problems, told).await
}

/// The scored table alone goes back, and rowscore's own tables do not: its runs have windows that are done.
pub(super) async fn the_rows(kind: Server) -> Found {
    let scene = Scene::new(kind).await;
    let db = &scene.db;
    let aws = scene.aws().await;
    let mut problems = Vec::new();
    db.execute("CREATE TABLE `backup` LIKE `items`").await;
    db.execute("INSERT INTO `backup` SELECT * FROM `items`").await;
    aws.fire(window(TICKS[0])).await;
    db.fill(ITEMS + 1..=ITEMS + MORE, LATER[0]).await;
    aws.fire(window(TICKS[1])).await;
    db.fill(ITEMS + MORE + 1..=ITEMS + 2 * MORE, LATER[1]).await;
    aws.fire(window(TICKS[2])).await;

    // The ledger begins anew: what is gone was written.
    db.execute("DELETE FROM `items`; INSERT INTO `items` SELECT * FROM `backup`").await;
    aws.fire(window(TICKS[3])).await;
    let by_window = predicted(db).await;
    sweep(&aws, TICKS[3]).await;
    let by_sweep = predicted(db).await;
    aws.end();
    expect(&mut problems, by_sweep == ITEMS, format!("{by_sweep} of {ITEMS} items are predicted after the sweep"));
    let told = format!("the next window predicted {by_window} of {ITEMS} restored rows, the next sweep all of them");
    judge(db, by_window < ITEMS, 1, problems, told).await
}
