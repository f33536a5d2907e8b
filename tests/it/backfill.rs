//! A new model version: what its predecessor predicted is scored anew.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rowscore::answer::Outcome;
use rowscore::event::{Request, Trigger};
use rowscore::hop::Runner;
use rowscore::run::{Backfill, FailurePolicy, Mode, RunId, RunKind, RunState};
use rowscore::store::ids::Ids;
use rowscore::store::items::{self, Locking};
use rowscore::store::order::Order;
use rowscore::store::selection::{Again, Outdated, Selection};
use rowscore::store::wanted::Wanted;
use rowscore::window::Window;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::backfills::{LATER, assert_report, backfill, expected, predicted, run, touched};
use crate::support::database::RunRow;
use crate::support::items::{Item, sample};
use crate::support::models::{narrower, other};
use crate::support::programs::rowscore;
use crate::support::{Server, TestDb, at, model, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

async fn attempts(db: &TestDb) -> Vec<(i64, u32)> {
    db.rows("SELECT `item_id`, `attempts` FROM `item_failures` ORDER BY `item_id`").await
}

async fn spoil(db: &TestDb, id: i64) {
    db.execute(&format!("UPDATE `items` SET `values` = '[]' WHERE `id` = {id}")).await;
}

#[rstest]
#[tokio::test]
async fn a_dry_run_touches_no_item_and_reports_what_the_backfill_then_does(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
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
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(Mode::DryRun, Mode::Write)] second: Mode,
) {
    let db = predicted(server, &[], 50).await;
    run(&db, Mode::Write).await;

    let answer = run(&db, second).await;

    assert_eq!((answer.outcome, answer.state), (Outcome::NothingToDo, Some(RunState::Succeeded)));
    assert_eq!(answer.backfill.unwrap().compared, 0);
    assert_eq!(db.run(3).await, RunRow::over("succeeded", 0, 0, 0));
    // Back to the version before: the same again.
    let back = db.hop_by(other(), &backfill(Mode::Write), unhurried(at(LATER))).await;
    assert_eq!((back.outcome, back.counts.predicted), (Outcome::Finished, 50));
}

#[rstest]
#[tokio::test]
async fn a_backfill_keeps_to_its_range_and_leaves_pending_items_to_the_windows(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5")]).await;
    let begin = at("2024-03-05T09:00:00Z");
    let items: Vec<Item> =
        (1..=40).map(|id| Item { id, values: sample(id), created: Some(begin + TimeDelta::minutes(id)) }).collect();
    db.insert(&items).await;
    db.hop_by(other(), &tick(TICK), unhurried(at(TICK))).await;
    db.execute("UPDATE `items` SET `prediction` = NULL, `run_id` = NULL WHERE `id` = 12").await;
    db.execute("UPDATE `items` SET `prediction` = 'null' WHERE `id` = 13").await;
    db.fill([41], "2024-03-05T09:15:00Z").await;
    let (from, to) = (Some(begin + TimeDelta::minutes(11)), Some(begin + TimeDelta::minutes(21)));
    let request = Request { from, to, ..Request::by_hand(RunKind::Backfill) };

    let answer = db.hop(&Trigger::Open(request), unhurried(at(LATER))).await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 8));
    assert_eq!(db.ids("`run_id` = 2").await, [11, 14, 15, 16, 17, 18, 19, 20]);
    assert_eq!(db.ids("`prediction` IS NULL OR JSON_TYPE(`prediction`) = 'NULL'").await, [12, 13, 41]);
}

#[rstest]
#[tokio::test]
async fn an_item_that_cannot_be_scored_any_more_keeps_its_prediction(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
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
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("leave", "retry_failed")] policy: &str,
) {
    let db = predicted(server, &[("FAILURE_POLICY", policy)], 20).await;
    spoil(&db, 7).await;
    assert_eq!(run(&db, Mode::Write).await.counts.failed, 1);
    assert_eq!(run(&db, Mode::Write).await.outcome, Outcome::NothingToDo);

    // The embedded model's predictions are old to it, and item 7 it predicted itself.
    let next = db.hop_by(other(), &backfill(Mode::Write), unhurried(at(LATER))).await;
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
async fn a_released_item_is_tried_again_under_leave(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = predicted(server, &[], 5).await;
    spoil(&db, 3).await;
    let leave = Trigger::Open(Request { policy: Some(FailurePolicy::Leave), ..Request::by_hand(RunKind::Backfill) });
    assert_eq!(db.hop(&leave, unhurried(at(LATER))).await.counts.failed, 1);
    assert_eq!(db.hop(&leave, unhurried(at(LATER))).await.outcome, Outcome::NothingToDo);

    assert!(rowscore(&["release", "3"], db.variables()).await.status.success());

    assert_eq!(db.hop(&leave, unhurried(at(LATER))).await.counts.failed, 1);
    assert_eq!(attempts(&db).await, [(3, 1)]);
}

#[rstest]
#[tokio::test]
async fn predictions_of_unknown_origin_are_replaced_and_those_of_another_shape_not_compared(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
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
async fn a_backfill_does_not_move_the_chain_of_windows(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
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
async fn a_model_of_other_features_is_refused_and_replaces_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(Mode::DryRun, Mode::Write)] mode: Mode,
) {
    let db = predicted(server, &[("LANES", "1"), ("PAGE_SIZE", "500")], 2500).await;
    let before = touched(&db).await;
    let narrower = narrower();

    let refused = Runner { means: db.means(&narrower), ..db.runner() }.hop(&backfill(mode), unhurried(at(LATER))).await;

    let error = refused.unwrap_err().to_string();
    assert!(error.contains("the model's 3 features are `sepal_length`, `sepal_width`, `petal_length`; "), "{error}");
    assert!(error.contains("item 1 has 4 values without names; of 100 items"), "{error}");
    assert!(touched(&db).await == before, "items were touched");
    assert_eq!((db.opened().await, db.count("`item_failures`").await), (1, 0));
    db.assert_refused(&error).await;
    // The right model takes all of them all the same.
    assert_eq!(run(&db, Mode::Write).await.counts.predicted, 2500);
}

#[rstest]
#[tokio::test]
async fn under_retry_all_a_backfill_retries_failed_items(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = predicted(server, &[("FAILURE_POLICY", "retry_all")], 10).await;
    spoil(&db, 4).await;

    let answer = run(&db, Mode::Write).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed), (9, 1));
    let policy: String = db.value("SELECT `policy` FROM `batch_runs` WHERE `id` = 2").await;
    assert_eq!(policy, "retry_failed");
}

#[rstest]
#[case(Again::All, 2)]
#[case(Again::Changed, 4)]
#[case(Again::Released, 4)]
#[tokio::test]
async fn a_page_walks_the_ids_and_looks_runs_and_failures_up_by_key(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] again: Again,
    #[case] tables: usize,
) {
    let db = predicted(server, &[], 2000).await;
    db.execute(
        "INSERT INTO `item_failures` (`items_table`, `item_id`, `run_id`, `code`, `reason`, `values_sha256`, \
           `first_failed_at`, `last_failed_at`) SELECT 'items', `id`, 1, '', '', REPEAT('a', 32), NOW(), NOW() FROM `items`",
    )
    .await;
    db.rows::<mysql_async::Row>("ANALYZE TABLE `items`, `batch_runs`, `item_failures`").await;
    let window = Window { from: Some(at("2024-03-05T00:00:00Z")), to: at(LATER) };
    let which = Selection::Outdated(Outdated { window, version: model().version(), run: None, classes: 3, again });
    let wanted = Wanted { table: db.database.items_table(), features: model().features(), which, by: Order::Key };
    let page = items::read_statement(wanted, &Ids::new(100, 1900), 500, Locking::AllOrNone);
    let explain = if server.is_mariadb() { "EXPLAIN" } else { "EXPLAIN FORMAT=TRADITIONAL" };

    let plan: Vec<mysql_async::Row> = db.rows(&format!("{explain} {page}")).await;

    assert_eq!(plan.len(), tables, "{plan:?}");
    for step in plan {
        let [table, access, key] = ["table", "type", "key"].map(|column| step.get::<String, _>(column).unwrap());
        let wanted = if table == "i" { "range" } else { "eq_ref" };
        assert_eq!((access.as_str(), key.as_str()), (wanted, "PRIMARY"), "{table}");
    }
}

#[rstest]
#[tokio::test]
async fn the_command_line_refuses_what_does_not_go_together() {
    let nothing = BTreeMap::new();
    for (arguments, told) in [
        (&["run", "--dry-run"][..], "for a backfill only"),
        (&["run", "--backfill", "--sweep"], "--sweep"),
        (&["run", "--backfill", "--canary"], "--canary"),
        (&["run", "--canary", "--policy", "leave"], "a canary has no `from`, `to`, `policy`"),
        (&["run", "--backfill", "--policy", "retry_all"], "accepts retry_failed or leave"),
        (&["plan", "--backfill", "--policy", "retry_all"], "accepts retry_failed or leave"),
        (&["run", "--to", "200000-01-01T00:00:00Z"], "accepted: a time of the years 1000 to 9999"),
        (&["plan", "--from", "yesterday"], "accepted: a time of the years 1000 to 9999"),
    ] {
        let ended = rowscore(arguments, &nothing).await;
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(told), "{arguments:?}: {ended:?}");
    }
}

#[rstest]
#[tokio::test]
async fn only_a_backfills_answer_reports_changes(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
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
