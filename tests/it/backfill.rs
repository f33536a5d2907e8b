//! A new model version: what its predecessor predicted is scored anew.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures_util::future::join_all;
use rowscore::answer::{Answer, Backfill, Outcome};
use rowscore::event::{Request, Trigger};
use rowscore::hop::Deadline;
use rowscore::run::{FailurePolicy, Mode, RunId, RunKind, RunState};
use rowscore::window::Time;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::database::RunRow;
use crate::support::items::{Item, sample, score, score_by};
use crate::support::models::other;
use crate::support::programs::{Program, ROWSCORE, rowscore};
use crate::support::{Server, Setup, TestDb, at, backfill, eventually, model, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T10:30:00Z";

/// Items that the other model has predicted, in run 1.
async fn predicted(server: Server, settings: &[(&str, &str)], items: i64) -> TestDb {
    let db = TestDb::new(server, settings).await;
    db.fill(1..=items, CREATED).await;
    let alone = db.with(&[("WORKERS", "1")]).await;
    let answer = alone.hop_by(other(), &tick(TICK), at(TICK), unhurried()).await;
    assert_eq!(answer.counts.predicted, items.unsigned_abs());
    db
}

async fn run(db: &Setup, mode: Mode) -> Answer {
    db.hop(&backfill(mode), at(LATER), unhurried()).await
}

/// What replacing the other model's predictions by the embedded one's changes, computed anew.
fn expected(ids: impl IntoIterator<Item = i64>) -> (u64, u64, f64) {
    let best = |row: &[f64]| (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b]));
    let (mut compared, mut changed, mut sum) = (0, 0, 0.0);
    for id in ids {
        let (old, new) = (score_by(other(), &sample(id)), score(&sample(id)));
        compared += 1;
        changed += u64::from(best(&old) != best(&new));
        sum += old.iter().zip(&new).map(|(old, new)| (old - new).abs()).sum::<f64>() / 3.0;
    }
    (compared, changed, sum / compared as f64)
}

fn assert_report(
    report: Option<Backfill>,
    dry_run: bool,
    incomparable: u64,
    (compared, changed, mean): (u64, u64, f64),
) {
    let report = report.expect("a backfill reports");
    assert_eq!((report.dry_run, report.compared, report.incomparable), (dry_run, compared, incomparable));
    assert_eq!(report.changed_class, changed);
    assert!((report.mean_absolute_change.unwrap() - mean).abs() < 1e-12, "{report:?}, expected {mean}");
}

/// Every column of every item.
async fn touched(db: &TestDb) -> String {
    let updated: Vec<String> = db.rows("SELECT CAST(`updated_datetime` AS CHAR) FROM `items` ORDER BY `id`").await;
    db.snapshot().await + &updated.join("\n")
}

async fn attempts(db: &TestDb) -> Vec<(i64, u32)> {
    db.rows("SELECT `item_id`, `attempts` FROM `item_failures` ORDER BY `item_id`").await
}

async fn spoil(db: &TestDb, id: i64) {
    db.execute(&format!("UPDATE `items` SET `values` = '[]' WHERE `id` = {id}")).await;
}

#[rstest]
#[tokio::test]
async fn a_dry_run_touches_no_item_and_reports_what_the_backfill_then_does(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = predicted(server, &[("PAGE_SIZE", "70"), ("LANES", "3")], 500).await;
    let before = touched(&db).await;
    let expected = expected(1..=500);
    assert!(expected.1 > 10 && expected.1 < 400, "{expected:?} is no test");

    let dry = run(&db, Mode::DryRun).await;
    assert_eq!((dry.outcome, dry.state), (Outcome::Finished, Some(RunState::Succeeded)));
    assert_eq!(db.run(2).await, RunRow::over("succeeded", 500, 0, 0));
    assert_report(dry.backfill, true, 0, expected);
    assert!(touched(&db).await == before, "the dry run touched items");

    db.audit().await;
    let real = run(&db, Mode::Write).await;
    assert_eq!((real.outcome, real.run_id), (Outcome::Finished, Some(RunId(3))));
    assert_eq!(db.run(3).await, RunRow::over("succeeded", 500, 0, 0));
    assert_report(real.backfill, false, 0, expected);
    assert_eq!(db.predicted_by(model()).await, Vec::from_iter(1..=500));
    assert_eq!(db.ids("`run_id` = 3").await.len(), 500);
    assert_eq!(db.updated().await, Vec::from_iter(1..=500));
    type Line = (String, u64, u64, u64, f64);
    let lines: Vec<Line> = db
        .rows(
            "SELECT `mode`, `compared`, `incomparable`, `changed_class`, `mean_absolute_change` FROM `batch_status` \
             WHERE `kind` = 'backfill' ORDER BY `run_id`",
        )
        .await;
    for ((mode, compared, incomparable, changed, mean), wanted) in lines.iter().zip(["dry_run", "write"]) {
        assert_eq!((mode.as_str(), *compared, *incomparable, *changed), (wanted, 500, 0, expected.1));
        assert!((mean - expected.2).abs() < 1e-12);
    }
    assert_eq!(lines.len(), 2);
}

#[rstest]
#[tokio::test]
async fn a_second_backfill_of_the_same_version_finds_nothing(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[values(Mode::DryRun, Mode::Write)] second: Mode,
) {
    let db = predicted(server, &[], 50).await;
    run(&db, Mode::Write).await;

    let answer = run(&db, second).await;

    assert_eq!((answer.outcome, answer.state), (Outcome::NothingToDo, Some(RunState::Succeeded)));
    assert_eq!(answer.backfill.unwrap().compared, 0);
    assert_eq!(db.run(3).await, RunRow::over("succeeded", 0, 0, 0));
    // Back to the version before: the same again.
    let back = db.hop_by(other(), &backfill(Mode::Write), at(LATER), unhurried()).await;
    assert_eq!((back.outcome, back.counts.predicted), (Outcome::Finished, 50));
}

#[rstest]
#[tokio::test]
async fn a_backfill_keeps_to_its_range_and_leaves_pending_items_to_the_windows(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5")]).await;
    let begin = at("2024-03-05T09:00:00Z");
    let items: Vec<Item> =
        (1..=40).map(|id| Item { id, values: sample(id), created: Some(begin + TimeDelta::minutes(id)) }).collect();
    db.insert(&items).await;
    db.hop_by(other(), &tick(TICK), at(TICK), unhurried()).await;
    db.execute("UPDATE `items` SET `prediction` = NULL, `run_id` = NULL WHERE `id` = 12").await;
    db.execute("UPDATE `items` SET `prediction` = 'null' WHERE `id` = 13").await;
    db.fill([41], "2024-03-05T09:15:00Z").await;
    let (from, to) = (Some(begin + TimeDelta::minutes(11)), Some(begin + TimeDelta::minutes(21)));
    let request = Request { from, to, ..Request::by_hand(RunKind::Backfill) };

    let answer = db.hop(&Trigger::Open(request), at(LATER), unhurried()).await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 8));
    assert_eq!(db.ids("`run_id` = 2").await, [11, 14, 15, 16, 17, 18, 19, 20]);
    assert_eq!(db.ids("`prediction` IS NULL OR JSON_TYPE(`prediction`) = 'NULL'").await, [12, 13, 41]);
}

#[rstest]
#[tokio::test]
async fn old_predictions_stay_until_they_are_replaced(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = predicted(server, &[("PAGE_SIZE", "10"), ("LANES", "2")], 100).await;
    db.audit().await;
    let first = db.hop(&backfill(Mode::Write), at(LATER), Deadline::immediately()).await;
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
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[values(Mode::DryRun, Mode::Write)] mode: Mode,
) {
    let db = predicted(server, &[("PAGE_SIZE", "7"), ("LANES", "2"), ("WORKERS", "2")], 150).await;
    db.audit().await;
    let mut waiting = vec![backfill(mode)];
    let mut last = None;
    while let Some(next) = waiting.pop() {
        let both = join_all((0..2).map(|_| db.hop(&next, at(LATER), Deadline::immediately()))).await;
        for answer in both {
            if matches!(answer.outcome, Outcome::Finished | Outcome::LanesFinished) {
                last = answer.backfill;
            }
            let sent = answer.continuations.into_iter().map(Trigger::Continue);
            waiting.extend(sent.filter(|sent| !matches!(answer.outcome, Outcome::Stale) || *sent != next));
        }
        if db.run(2).await.state != "running" {
            break;
        }
    }

    assert_eq!(db.run(2).await, RunRow::over("succeeded", 150, 0, 0));
    let all: Vec<i64> = (1..=150).collect();
    assert_report(last, !mode.writes(), 0, expected(1..=150));
    assert_eq!(db.updated().await, if mode.writes() { all } else { Vec::new() });
    let sums: Vec<(u64, u64)> = db
        .rows("SELECT CAST(SUM(`compared`) AS UNSIGNED), CAST(SUM(`predicted`) AS UNSIGNED) FROM `batch_lanes` WHERE `run_id` = 2")
        .await;
    assert_eq!(sums, [(150, 150)]);
}

#[rstest]
#[tokio::test]
async fn an_item_that_cannot_be_scored_any_more_keeps_its_prediction(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = predicted(server, &[], 20).await;
    spoil(&db, 7).await;
    let old = db.prediction(7).await;

    let dry = run(&db, Mode::DryRun).await;
    assert_eq!((dry.counts.predicted, dry.counts.failed), (19, 1));
    assert_eq!(db.run(2).await, RunRow::over("succeeded_with_failures", 19, 1, 0));
    assert_eq!(attempts(&db).await, []);

    let real = run(&db, Mode::Write).await;
    assert_eq!((real.counts, real.state), (dry.counts, dry.state));
    assert_eq!(db.run(3).await, RunRow::over("succeeded_with_failures", 19, 1, 0));
    assert_eq!(attempts(&db).await, [(7, 1)]);
    assert_eq!((db.prediction(7).await, db.ids("`run_id` = 1").await), (old.clone(), vec![7]));

    // It is not pending, so windows pass it by.
    assert_eq!(db.tick("2024-03-05T11:00:00Z").await.outcome, Outcome::NothingToDo);
    // The same version tries it again when its values change.
    assert_eq!(run(&db, Mode::Write).await.outcome, Outcome::NothingToDo);
    assert_eq!(db.prediction(7).await, old);
    db.execute(&format!("UPDATE `items` SET `values` = '{}' WHERE `id` = 7", sample(7))).await;
    assert_eq!(run(&db, Mode::Write).await.counts.predicted, 1);
    assert_eq!(attempts(&db).await, []);
    assert_eq!(db.predicted_by(model()).await, Vec::from_iter(1..=20));
}

#[rstest]
#[tokio::test]
async fn what_one_version_could_not_score_the_next_tries_anyway(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[values("leave", "retry_failed")] policy: &str,
) {
    let db = predicted(server, &[("FAILURE_POLICY", policy)], 20).await;
    spoil(&db, 7).await;
    assert_eq!(run(&db, Mode::Write).await.counts.failed, 1);
    assert_eq!(run(&db, Mode::Write).await.outcome, Outcome::NothingToDo);

    // The embedded model's predictions are old to it, and item 7 it predicted itself.
    let next = db.hop_by(other(), &backfill(Mode::Write), at(LATER), unhurried()).await;
    assert_eq!((next.counts.predicted, next.counts.failed), (19, 0));

    let back = run(&db, Mode::Write).await;
    assert_eq!((back.counts.predicted, back.counts.failed), (19, 0));
    db.execute("UPDATE `batch_runs` SET `model_version` = 'earlier' WHERE `id` IN (1, 2)").await;
    let again = run(&db, Mode::Write).await;
    assert_eq!((again.counts.predicted, again.counts.failed), (0, 1));
    assert_eq!(attempts(&db).await, [(7, 2)]);
}

#[rstest]
#[tokio::test]
async fn a_released_item_is_tried_again_under_leave(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = predicted(server, &[], 5).await;
    spoil(&db, 3).await;
    let leave = Trigger::Open(Request { policy: Some(FailurePolicy::Leave), ..Request::by_hand(RunKind::Backfill) });
    assert_eq!(db.hop(&leave, at(LATER), unhurried()).await.counts.failed, 1);
    assert_eq!(db.hop(&leave, at(LATER), unhurried()).await.outcome, Outcome::NothingToDo);

    assert!(rowscore(&["release", "3"], db.variables()).await.status.success());

    assert_eq!(db.hop(&leave, at(LATER), unhurried()).await.counts.failed, 1);
    assert_eq!(attempts(&db).await, [(3, 1)]);
}

#[rstest]
#[tokio::test]
async fn predictions_of_unknown_origin_are_replaced_and_those_of_another_shape_not_compared(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=9, CREATED).await;
    let long = format!("[{}]", vec!["0.5"; 2000].join(", "));
    for (id, prediction) in
        [(1, "[0.2, 0.3, 0.5]"), (2, "[0.5, 0.5]"), (3, r#"{"setosa": 1}"#), (4, r#""setosa""#), (5, long.as_str())]
    {
        db.execute(&format!("UPDATE `items` SET `prediction` = '{prediction}' WHERE `id` = {id}")).await;
    }
    db.execute("UPDATE `items` SET `prediction` = '[1, 0, 0]', `run_id` = 4711 WHERE `id` = 6").await;

    let report = run(&db, Mode::Write).await.backfill.unwrap();

    assert_eq!((report.compared, report.incomparable), (2, 4));
    assert_eq!(db.predicted_by(model()).await, Vec::from_iter(1..=6));
    assert_eq!(db.ids("`prediction` IS NULL").await, [7, 8, 9]);
}

#[rstest]
#[tokio::test]
async fn a_backfill_does_not_move_the_chain_of_windows(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = predicted(server, &[("LOOKBACK", "1s"), ("DELIVER_WITHIN", "1s")], 5).await;
    db.fill([6], "2024-03-05T10:10:00Z").await;
    let answer = run(&db, Mode::Write).await;
    assert_eq!((answer.counts.predicted, answer.spare_seconds), (5, None));

    assert_eq!(db.tick("2024-03-05T11:00:00Z").await.counts.predicted, 1);
    let from: String = db.value("SELECT CAST(`window_from` AS CHAR) FROM `batch_runs` WHERE `id` = 3").await;
    assert_eq!(from, "2024-03-05 09:59:59");
}

#[rstest]
#[tokio::test]
async fn a_dry_run_stays_one_whoever_goes_on_with_it(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = predicted(server, &[("PAGE_SIZE", "10"), ("LANES", "1")], 30).await;
    let before = touched(&db).await;
    let dry = db.hop(&backfill(Mode::DryRun), at(LATER), Deadline::immediately()).await;
    assert_eq!(dry.outcome, Outcome::Continued);

    // In a hurry: it goes on with what is unfinished, and no further.
    let hurried = db.hop(&backfill(Mode::Write), at(LATER), Deadline::immediately()).await;
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
async fn who_asks_for_a_dry_run_sets_off_nothing_that_writes(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = predicted(server, &[("PAGE_SIZE", "10"), ("LANES", "1")], 30).await;
    db.hop(&backfill(Mode::Write), at(LATER), Deadline::immediately()).await;
    let before = touched(&db).await;

    for model in [model(), other()] {
        let dry = db.hop_by(model, &backfill(Mode::DryRun), at(LATER), unhurried()).await;
        assert_eq!((dry.outcome, dry.run_id), (Outcome::AlreadyRunning, Some(RunId(2))));
        assert!(!dry.backfill.unwrap().dry_run);
    }

    assert!(touched(&db).await == before, "items were touched");
    assert_eq!(db.count("`batch_runs`").await, 2);
}

#[rstest]
#[tokio::test]
async fn under_retry_all_a_backfill_retries_failed_items(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = predicted(server, &[("FAILURE_POLICY", "retry_all")], 10).await;
    spoil(&db, 4).await;

    let answer = run(&db, Mode::Write).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed), (9, 1));
    let policy: String = db.value("SELECT `policy` FROM `batch_runs` WHERE `id` = 2").await;
    assert_eq!(policy, "retry_failed");
}

#[rstest]
#[tokio::test]
async fn a_backfill_and_a_window_are_at_work_side_by_side(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = predicted(server, &[("PAGE_SIZE", "10"), ("LANES", "1")], 40).await;
    db.fill(41..=80, "2024-03-05T10:10:00Z").await;
    db.audit().await;
    let now: Time = at("2024-03-05T11:00:00Z");
    let replacing = db.hop(&backfill(Mode::Write), now, Deadline::immediately()).await;
    let window = db.hop(&tick("2024-03-05T11:00:00Z"), now, Deadline::immediately()).await;
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
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = predicted(server, &[("PAGE_SIZE", "10"), ("FAILURE_POLICY", "leave")], 600).await;
    spoil(&db, 300).await;
    let expected = expected((1..=600).filter(|id| *id != 300));

    let before = touched(&db).await;
    let dry = rowscore(&["run", "--backfill", "--dry-run"], db.variables()).await;
    assert_eq!(dry.status.code(), Some(0), "{dry:?}");
    let told = format!("would change the class of {} of 599 items (", expected.1);
    assert!(dry.stderr.contains("599 would be predicted, 1 set aside") && dry.stderr.contains(&told), "{dry:?}");
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
    assert_eq!(attempts(&db).await, [(300, 1)]);
    let sums: Vec<(u64, u64, f64)> = db
        .rows("SELECT `compared`, `changed_class`, `absolute_change` / `compared` FROM `batch_runs` WHERE `id` = 3")
        .await;
    assert_eq!((sums[0].0, sums[0].1), (599, expected.1));
    assert!((sums[0].2 - expected.2).abs() < 1e-12);
    let status = rowscore(&["status"], db.variables()).await;
    assert!(
        status.stdout.contains("; would change the class of ") && status.stdout.contains("; changes the class of "),
        "{status:?}"
    );
}

#[rstest]
#[tokio::test]
async fn the_command_line_refuses_what_does_not_go_together() {
    let nothing = BTreeMap::new();
    for (arguments, told) in [
        (&["run", "--dry-run"][..], "--backfill"),
        (&["run", "--backfill", "--sweep"], "--sweep"),
        (&["run", "--backfill", "--canary"], "--canary"),
        (&["run", "--backfill", "--policy", "retry_all"], "give retry_failed or leave"),
    ] {
        let ended = rowscore(arguments, &nothing).await;
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(told), "{arguments:?}: {ended:?}");
    }
}

#[rstest]
#[tokio::test]
async fn only_a_backfills_answer_reports_changes(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = predicted(server, &[], 10).await;
    let window = serde_json::to_value(db.tick("2024-03-05T11:00:00Z").await).unwrap();
    assert_eq!(window.get("backfill"), None);
    let report = serde_json::to_value(run(&db, Mode::DryRun).await).unwrap()["backfill"].clone();
    let (_, changed, _) = expected(1..=10);
    assert_eq!(
        (&report["dry_run"], &report["compared"], &report["incomparable"], &report["changed_class"]),
        (&json!(true), &json!(10), &json!(0), &json!(changed))
    );
    assert!(report["mean_absolute_change"].is_f64());
    let nothing: Value = serde_json::to_value(Backfill::new(Mode::Write, 0, &Default::default())).unwrap();
    assert_eq!(nothing["mean_absolute_change"], Value::Null);
}
