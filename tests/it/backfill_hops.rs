//! Backfills that are interrupted, doubled, killed, or in each other's way.

use futures_util::future::join_all;
use rowscore::answer::Outcome;
use rowscore::event::Trigger;
use rowscore::hop::Clock;
use rowscore::run::{Mode, RunId};
use rstest::rstest;

use crate::support::backfills::{LATER, assert_report, backfill, expected, predicted, run, touched};
use crate::support::database::RunRow;
use crate::support::models::other;
use crate::support::programs::{Program, ROWSCORE, rowscore};
use crate::support::{Server, at, eventually, model, tick, unhurried};

#[rstest]
#[tokio::test]
async fn old_predictions_stay_until_they_are_replaced(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = predicted(server, &[("PAGE_SIZE", "10"), ("LANES", "2")], 100).await;
    db.audit().await;
    let first = db.hop(&backfill(Mode::Write), Clock::immediately(at(LATER))).await;
    assert_eq!((first.outcome, first.counts.predicted, first.counts.pending), (Outcome::Continued, 20, 80));
    let new = db.predicted_by(model()).await;
    assert_eq!(new, Vec::from_iter((1..=10).chain(51..=60)));
    assert_eq!(db.predicted_by(other()).await.len(), 80);
    assert_report(first.backfill, false, 0, expected(new));
    let total: Vec<(u64, f64)> =
        db.rows("SELECT `compared`, `mean_absolute_change` FROM `batch_status` WHERE `run_id` = 2").await;
    assert_eq!(total[0].0, 20);

    let answers = db.follow(first, at(LATER)).await;

    assert_report(answers.last().unwrap().backfill, false, 0, expected(1..=100));
    assert_eq!(db.predicted_by(model()).await, Vec::from_iter(1..=100));
    assert_eq!(db.updated().await, Vec::from_iter(1..=100));
}

#[rstest]
#[tokio::test]
async fn every_hop_delivered_twice_changes_neither_predictions_nor_sums(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(Mode::DryRun, Mode::Write)] mode: Mode,
) {
    let db = predicted(server, &[("PAGE_SIZE", "7"), ("LANES", "2"), ("WORKERS", "2")], 150).await;
    db.audit().await;
    let mut waiting = vec![backfill(mode)];
    let mut last = None;
    // Of two that open a run at the same time, either may have the next number.
    let mut run = 0;
    while let Some(next) = waiting.pop() {
        let both = join_all((0..2).map(|_| db.hop(&next, Clock::immediately(at(LATER))))).await;
        for answer in both {
            run = answer.run_id.unwrap().0;
            if matches!(answer.outcome, Outcome::Finished | Outcome::LanesFinished) {
                last = answer.backfill;
            }
            let sent = answer.continuations.into_iter().map(Trigger::Continue);
            waiting.extend(sent.filter(|sent| !matches!(answer.outcome, Outcome::Stale) || *sent != next));
        }
        if db.run(run).await.state != "running" {
            break;
        }
    }

    assert_eq!(db.run(run).await, RunRow::over("succeeded", 150, 0, 0));
    let all: Vec<i64> = (1..=150).collect();
    assert_report(last, !mode.writes(), 0, expected(1..=150));
    assert_eq!(db.updated().await, if mode.writes() { all } else { Vec::new() });
    let sums: Vec<(u64, u64)> = db
        .rows(&format!("SELECT CAST(SUM(`compared`) AS UNSIGNED), CAST(SUM(`predicted`) AS UNSIGNED) FROM `batch_lanes` WHERE `run_id` = {run}"))
        .await;
    assert_eq!(sums, [(150, 150)]);
}

#[rstest]
#[tokio::test]
async fn a_dry_run_stays_one_whoever_goes_on_with_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = predicted(server, &[("PAGE_SIZE", "10"), ("LANES", "1")], 30).await;
    let before = touched(&db).await;
    let dry = db.hop(&backfill(Mode::DryRun), Clock::immediately(at(LATER))).await;
    assert_eq!(dry.outcome, Outcome::Continued);

    // In a hurry: it goes on with what is unfinished, and no further.
    let hurried = db.hop(&backfill(Mode::Write), Clock::immediately(at(LATER))).await;
    assert_eq!((hurried.run_id, hurried.counts.predicted), (Some(RunId(2)), 20));
    assert!(touched(&db).await == before, "the dry run touched items");

    let real = run(&db, Mode::Write).await;
    assert_eq!((real.run_id, real.counts.predicted), (Some(RunId(3)), 30));
    let modes: Vec<(String, String, u64)> =
        db.rows("SELECT `mode`, `state`, `predicted` FROM `batch_runs` WHERE `id` > 1 ORDER BY `id`").await;
    let over = |mode: &str| (mode.to_owned(), "succeeded".to_owned(), 30);
    assert_eq!(modes, [over("dry_run"), over("write")]);
}

#[rstest]
#[tokio::test]
async fn who_asks_for_a_dry_run_sets_off_nothing_that_writes(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = predicted(server, &[("PAGE_SIZE", "10"), ("LANES", "1")], 30).await;
    db.hop(&backfill(Mode::Write), Clock::immediately(at(LATER))).await;
    let before = touched(&db).await;

    for model in [model(), other()] {
        let dry = db.hop_by(model, &backfill(Mode::DryRun), unhurried(at(LATER))).await;
        assert_eq!((dry.outcome, dry.run_id), (Outcome::AlreadyRunning, Some(RunId(2))));
        assert!(!dry.backfill.unwrap().dry_run);
    }

    assert!(touched(&db).await == before, "items were touched");
    assert_eq!(db.count("`batch_runs`").await, 2);
}

#[rstest]
#[tokio::test]
async fn a_backfill_and_a_window_are_at_work_side_by_side(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = predicted(server, &[("PAGE_SIZE", "10"), ("LANES", "1")], 40).await;
    db.fill(41..=80, "2024-03-05T10:10:00Z").await;
    db.audit().await;
    let now = at("2024-03-05T11:00:00Z");
    let replacing = db.hop(&backfill(Mode::Write), Clock::immediately(now)).await;
    let window = db.hop(&tick("2024-03-05T11:00:00Z"), Clock::immediately(now)).await;
    assert_eq!((replacing.outcome, window.outcome), (Outcome::Continued, Outcome::Continued));

    db.follow(window, now).await;
    db.follow(replacing, now).await;

    assert_eq!(db.run(2).await, RunRow::over("succeeded", 40, 0, 0));
    assert_eq!(db.run(3).await, RunRow::over("succeeded", 40, 0, 0));
    assert_eq!(db.updated().await, Vec::from_iter(1..=80));
    assert_eq!(db.predicted_by(model()).await, Vec::from_iter(1..=80));
}

#[rstest]
#[tokio::test]
async fn the_command_line_backfills_and_survives_being_killed(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = predicted(server, &[("PAGE_SIZE", "10"), ("FAILURE_POLICY", "leave")], 600).await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` = 300").await;
    let expected = expected((1..=600).filter(|id| *id != 300));

    let before = touched(&db).await;
    let dry = rowscore(&["run", "--backfill", "--dry-run"], db.variables()).await;
    assert_eq!(dry.status.code(), Some(0), "{dry:?}");
    let told = format!("would change the class of {} of 599 items (", expected.1);
    assert!(dry.stderr.contains("run 2: 599 would be predicted, 1 set aside") && dry.stderr.contains(&told), "{dry:?}");
    assert!(touched(&db).await == before, "the dry run touched items");

    db.audit().await;
    db.slow_down(2).await;
    for pages in [1, 2, 15, 30] {
        let done = async || {
            db.value::<u64>("SELECT CAST(SUM(`pages`) AS UNSIGNED) FROM `batch_lanes` WHERE `run_id` = 3").await
        };
        let mut program = Program::start(ROWSCORE, &["run", "--backfill"], db.variables());
        eventually(&format!("{pages} pages are committed"), async || {
            if !program.is_running() {
                // The server has not yet noticed that its predecessor is gone.
                program = Program::start(ROWSCORE, &["run", "--backfill"], db.variables());
            }
            db.count("`batch_runs`").await == 3 && done().await >= pages
        })
        .await;
        program.kill();
        assert_eq!(db.run(3).await.state, "running");
    }
    let last = loop {
        let ended = rowscore(&["run", "--backfill"], db.variables()).await;
        if ended.status.code() != Some(3) {
            break ended;
        }
    };

    assert_eq!(last.status.code(), Some(0), "{last:?}");
    assert_eq!(db.run(3).await, RunRow::over("succeeded_with_failures", 599, 1, 0));
    assert_eq!(db.updated().await, db.predicted_by(model()).await);
    assert_eq!(db.predicted_by(other()).await, [300]);
    let attempts: Vec<(i64, u32)> = db.rows("SELECT `item_id`, `attempts` FROM `item_failures`").await;
    assert_eq!(attempts, [(300, 1)]);
    let sums: Vec<(u64, u64, f64)> = db
        .rows("SELECT `compared`, `changed_class`, `absolute_change` / `compared` FROM `batch_runs` WHERE `id` = 3")
        .await;
    assert_eq!((sums[0].0, sums[0].1), (599, expected.1));
    assert!((sums[0].2 - expected.2).abs() < 1e-12);
    let status = rowscore(&["status", "--text"], db.variables()).await;
    assert!(
        status.stdout.contains("; would change the class of ") && status.stdout.contains("; changes the class of "),
        "{status:?}"
    );
}
