//! Drift: counted with each page, once, kept with each run, and told where it is too much.

use rowscore::drift::Report;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::invocation::invoke;
use crate::support::{Server, Setup, TestDb, at, continued};
use rowscore::answer::Outcome;
use rowscore::hop::Clock;

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";
const NEXT_TICK: &str = "2024-03-05T11:00:00Z";

/// The training rows, over and over, each measurement moved by `shift`.
pub(super) async fn fill_with_iris(db: &Setup, first: i64, rows: usize, shift: f64, created: &str) {
    let lines = include_str!("../../model/iris.csv").lines().skip(1).collect::<Vec<_>>();
    let items: Vec<_> = (0..rows)
        .map(|row| {
            // 7 and 150 have no common divisor: every class comes early.
            let values: Vec<f64> =
                lines[row * 7 % 150].split(',').take(4).map(|value| value.parse::<f64>().unwrap() + shift).collect();
            crate::support::items::Item {
                id: first + row as i64,
                values: serde_json::to_string(&values).unwrap(),
                created: Some(at(created)),
            }
        })
        .collect();
    db.insert(&items).await;
}

async fn report(db: &Setup, run: u64) -> Report {
    let text: String = db.value(&format!("SELECT CAST(`profile` AS CHAR) FROM `batch_runs` WHERE `id` = {run}")).await;
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[rstest]
#[tokio::test]
async fn a_run_over_rows_like_the_training_rows_has_no_drift_and_says_what_it_saw(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "40")]).await;
    fill_with_iris(&db, 1, 300, 0.0, CREATED).await;
    db.execute("UPDATE `items` SET `values` = '[]', `updated_datetime` = '2020-01-01' WHERE `id` = 7").await;

    let answer = db.tick(TICK).await;

    let seen = report(&db, 1).await;
    assert_eq!((seen.rows, seen.classes.iter().sum::<u64>()), (299, 299));
    let features: Vec<&str> = seen.drift.iter().map(|drift| drift.feature.as_str()).collect();
    assert_eq!(features, ["sepal_length", "sepal_width", "petal_length", "petal_width"]);
    assert!(seen.drift.iter().all(|drift| drift.psi < 0.1 && drift.threshold >= 0.2), "{seen:?}");
    assert_eq!(answer.drift_ratio, seen.ratios().features);
    assert!(answer.drift_ratio.unwrap() < 0.5 && answer.class_drift_ratio.is_none(), "{answer:?}");
}

#[rstest]
#[tokio::test]
async fn a_run_over_shifted_rows_drifts_in_features_and_classes(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    fill_with_iris(&db, 1, 300, 0.0, CREATED).await;
    db.tick(TICK).await;
    fill_with_iris(&db, 1001, 300, 1.0, "2024-03-05T10:30:00Z").await;

    let answer = db.tick(NEXT_TICK).await;

    let seen = report(&db, 2).await;
    assert_eq!(seen.class_drift.as_ref().unwrap().runs, 1);
    assert!(answer.drift_ratio.unwrap() >= 1.0, "{seen:?}");
    assert!(answer.class_drift_ratio.unwrap() >= 1.0, "{seen:?}");
}

#[rstest]
#[tokio::test]
async fn however_a_run_is_cut_into_hops_and_workers_each_row_is_counted_once(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("retry_failed", "retry_all")] policy: &str,
) {
    let settings = [("PAGE_SIZE", "20"), ("LANES", "2"), ("WORKERS", "2"), ("FAILURE_POLICY", policy)];
    let db = TestDb::new(server, &settings).await;
    fill_with_iris(&db, 1, 300, 0.0, CREATED).await;
    let whole = TestDb::new(server, &[]).await;
    fill_with_iris(&whole, 1, 300, 0.0, CREATED).await;

    let first = db.hurried_tick(TICK).await;
    // A message that is delivered twice, and late, counts nothing twice.
    let repeated = db.hop(&continued(1, 0, 2), Clock::immediately(at(TICK))).await;
    let answers = db.follow(first, at(TICK)).await;
    whole.tick(TICK).await;

    assert!(answers.len() > 3 && repeated.run_id.is_some());
    assert_eq!(db.run(1).await.state, "succeeded");
    let (seen, expected) = (report(&db, 1).await, report(&whole, 1).await);
    assert_eq!((seen.rows, &seen.classes, &seen.drift), (300, &expected.classes, &expected.drift));
}

#[rstest]
#[tokio::test]
async fn what_another_model_counted_is_not_mixed_in(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "100"), ("LANES", "1")]).await;
    fill_with_iris(&db, 1, 300, 0.0, CREATED).await;
    let first = db.hurried_tick(TICK).await;
    assert_eq!(first.outcome, Outcome::Continued);
    db.execute("UPDATE `batch_lanes` SET `profile` = REPLACE(`profile`, '\"model\":\"', '\"model\":\"f')").await;

    db.follow(first, at(TICK)).await;

    assert_eq!(report(&db, 1).await.rows, 200);
}

#[rstest]
#[tokio::test]
async fn a_canary_tells_the_drift_of_the_latest_rows_and_succeeds(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    // A thousand are looked at, and older ones are not.
    fill_with_iris(&db, 1, 300, 0.0, CREATED).await;
    let function = db.function().await;
    let usual = invoke(&function, json!({"run": "canary"})).await.unwrap();
    fill_with_iris(&db, 1001, 1000, 1.0, CREATED).await;
    let before = db.snapshot().await;

    let shifted = invoke(&function, json!({"run": "canary"})).await.unwrap();

    let ratio = |reply: &Value| reply["drift_ratio"].as_f64().unwrap();
    assert_eq!((&usual["state"], &shifted["state"]), (&json!("succeeded"), &json!("succeeded")));
    assert!(ratio(&usual) < 0.5, "{usual}");
    assert!(ratio(&shifted) >= 1.0, "{shifted}");
    assert_eq!((report(&db, 1).await.rows, report(&db, 2).await.rows), (300, 1000));
    assert_eq!(db.snapshot().await, before);
}
