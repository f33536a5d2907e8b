//! Runs that end while pages of them are under way: what is counted is what is in the table.

use futures_util::future::join;
use rowscore::answer::Outcome;
use rowscore::hop::{self, Steered};
use rowscore::run::{Mode, RunId, RunState};
use rstest::rstest;

use crate::support::backfills::{predicted, run};
use crate::support::database::RunRow;
use crate::support::items::{Item, sample};
use crate::support::models::other;
use crate::support::programs::rowscore;
use crate::support::{Server, TestDb, at, eventually, model, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// Asserts that the run's counts are those of its lanes and of the table, and that they add up.
async fn assert_counted(db: &TestDb, run: u64) {
    let row = db.run(run).await;
    let written = db.count(&format!("`items` WHERE `run_id` = {run}")).await;
    let failed = db.count(&format!("`item_failures` WHERE `run_id` = {run}")).await;
    assert_eq!((row.predicted, row.failed), (Some(written), Some(failed)), "{row:?}");
    assert_eq!(row.items, Some(written + failed + row.pending.unwrap()), "{row:?}");
    let lanes: u64 = db
        .value(&format!(
            "SELECT CAST(SUM(`predicted` + `failed`) AS UNSIGNED) FROM `batch_lanes` WHERE `run_id` = {run}"
        ))
        .await;
    assert_eq!(lanes, written + failed);
}

/// Two lanes, whose pages of five items take some 50 ms, with a bad item now and then.
async fn slow(server: Server, settings: &[(&str, &str)]) -> TestDb {
    let mut all = vec![("PAGE_SIZE", "5"), ("LANES", "2")];
    all.extend(settings);
    let db = TestDb::new(server, &all).await;
    let values = |id| if id % 7 == 0 { "[]".to_owned() } else { sample(id) };
    let items: Vec<Item> = (1..=200).map(|id| Item { id, values: values(id), created: Some(at(CREATED)) }).collect();
    db.insert(&items).await;
    db.slow_down(10).await;
    db
}

async fn some_pages(db: &TestDb) {
    eventually("some pages", async || db.pages().await >= 4).await;
}

#[rstest]
#[tokio::test]
async fn a_run_that_is_cancelled_while_pages_are_under_way_counts_them(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = slow(server, &[]).await;
    let cancel = async {
        some_pages(&db).await;
        let cancelled = rowscore(&["cancel", "1"], db.variables()).await;
        assert_eq!(cancelled.status.code(), Some(0), "{cancelled:?}");
        let counted = db.run(1).await;
        assert_eq!(counted.state, "cancelled");
        counted
    };

    let (answer, counted) = join(db.tick(TICK), cancel).await;

    assert_eq!((answer.outcome, answer.state), (Outcome::Stopped, Some(RunState::Cancelled)));
    assert!(counted.predicted.unwrap() > 0 && counted.pending.unwrap() > 0, "{counted:?}");
    assert_eq!(db.run(1).await, counted, "nothing was committed after that");
    assert_counted(&db, 1).await;
}

#[rstest]
#[tokio::test]
async fn a_run_whose_first_pass_is_cancelled_has_predicted_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("FAILURE_POLICY", "retry_all"), ("PAGE_SIZE", "5"), ("LANES", "2")]).await;
    db.fill(1..=50, CREATED).await;
    db.hurried_tick(TICK).await;

    let steered =
        hop::stop(&mut db.connect().await, db.means(model()), RunId(1), RunState::Cancelled, None).await.unwrap();

    assert_eq!(steered, Steered::Done);
    assert_counted(&db, 1).await;
    assert_eq!(db.run(1).await.pending, Some(50));
}

#[rstest]
#[tokio::test]
async fn a_run_that_fails_while_another_workers_pages_are_under_way_counts_them(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = slow(server, &[]).await;
    let fail = async {
        some_pages(&db).await;
        let mut conn = db.connect().await;
        hop::stop(&mut conn, db.means(model()), RunId(1), RunState::Failed, Some("too many")).await.unwrap()
    };

    let (answer, steered) = join(db.tick(TICK), fail).await;

    assert_eq!((answer.state, steered), (Some(RunState::Failed), Steered::Done));
    assert_counted(&db, 1).await;
}

#[rstest]
#[tokio::test]
async fn a_run_that_another_model_takes_over_while_pages_are_under_way_counts_them(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = slow(server, &[]).await;
    let first = async { db.hop_by(other(), &tick(TICK), unhurried(at(TICK))).await };
    let second = async {
        some_pages(&db).await;
        db.tick("2024-03-05T11:00:00Z").await
    };

    let (old, new) = join(first, second).await;

    assert_eq!((old.outcome, old.state), (Outcome::Stopped, Some(RunState::Cancelled)));
    assert_eq!(new.state, Some(RunState::SucceededWithFailures), "{new:?}");
    let (row, written) = (db.run(1).await, db.predicted_by(other()).await.len() as u64);
    assert_eq!((row.predicted, row.state.as_str()), (Some(written), "cancelled"));
    let counted: u64 = row.predicted.unwrap() + row.failed.unwrap() + row.pending.unwrap();
    assert_eq!(row.items, Some(counted));
    assert_eq!(written + db.predicted_by(model()).await.len() as u64, 200 - 28);
}

#[rstest]
#[tokio::test]
async fn backfills_that_are_cancelled_at_any_moment_count_what_the_table_has(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    // So many that none of the runs is over before it is cancelled, however busy the machine is.
    let items = 1600;
    let db = predicted(server, &[("PAGE_SIZE", "5"), ("LANES", "2")], items).await;
    db.slow_down(20).await;
    for round in 0..10_u64 {
        let id = 2 + round;
        let pages = db.pages().await;
        let cancel = async {
            eventually("a page", async || db.pages().await > pages).await;
            // At another moment of a page each time.
            tokio::time::sleep(std::time::Duration::from_millis(7 * round)).await;
            rowscore(&["cancel", &id.to_string()], db.variables()).await
        };
        let (answer, cancelled) = join(run(&db, Mode::Write), cancel).await;
        assert_eq!((answer.state, cancelled.status.code()), (Some(RunState::Cancelled), Some(0)), "{cancelled:?}");
        assert_counted(&db, id).await;
        let left = items.unsigned_abs() - db.predicted_by(model()).await.len() as u64;
        let row = db.run(id).await;
        assert_eq!((row.pending, row.state.as_str()), (Some(left), "cancelled"), "round {round}");
        let report: u64 = db
            .value(&format!(
                "SELECT CAST(`compared` + `incomparable` AS UNSIGNED) FROM `batch_status` WHERE `run_id` = {id}"
            ))
            .await;
        assert_eq!(Some(report), row.predicted, "round {round}");
    }
}

#[rstest]
#[tokio::test]
async fn what_is_pending_when_a_run_is_cancelled_is_counted_not_reckoned(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5"), ("LANES", "1")]).await;
    db.fill(1..=50, CREATED).await;
    db.hurried_tick(TICK).await;
    db.execute("DELETE FROM `items` WHERE `id` BETWEEN 11 AND 20").await;

    let cancelled = rowscore(&["cancel", "1"], db.variables()).await;

    assert_eq!(cancelled.status.code(), Some(0), "{cancelled:?}");
    assert_eq!(db.run(1).await, RunRow::over("cancelled", 5, 0, 35));
}
