//! The sample events, and what is refused.

use std::fs;
use std::path::Path;

use rowscore::lambda::Failure;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::invocation::invoke;
use crate::support::models::other;
use crate::support::{Server, TestDb, at, message, model, tick, unhurried};

/// The sample events. The schedule's is the main one: it has tests of its own with every edge.
const SAMPLES: [&str; 11] = [
    "backfill-dry-run.json",
    "backfill.json",
    "canary.json",
    "continuation.json",
    "doctor.json",
    "job.json",
    "schedule.json",
    "scheduler.json",
    "status.json",
    "sweep.json",
    "window.json",
];

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/events"))
}

fn sample(name: &str) -> Value {
    assert!(SAMPLES.contains(&name), "{name} is not in the list");
    serde_json::from_str(&fs::read_to_string(folder().join(name)).unwrap()).unwrap()
}

#[test]
fn every_sample_event_is_tested_here() {
    let mut files: Vec<String> =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, SAMPLES);
    let this = include_str!("events.rs");
    for file in files {
        let used = this.matches(&format!("{file:?}")).count();
        assert!(used >= 2, "{file} is in no test");
    }
}

/// Items around the times in the sample events.
async fn table(server: Server, settings: &[(&str, &str)]) -> TestDb {
    let db = TestDb::new(server, settings).await;
    db.fill(1..=10, "2026-11-21T23:59:59Z").await;
    db.fill(11..=20, "2026-11-22T03:06:59Z").await;
    db.fill(21..=30, "2026-11-22T11:59:59Z").await;
    db.fill(31..=40, "2026-11-22T15:18:59Z").await;
    db.fill(41..=50, "2026-11-22T15:19:00Z").await;
    db
}

#[rstest]
#[tokio::test]
async fn a_scheduled_event_works_off_what_was_created_before_its_time(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("schedule.json", "scheduler.json")] name: &str,
) {
    let db = table(server, &[]).await;
    let function = db.function().await;

    let reply = invoke(&function, sample(name)).await.unwrap();

    assert_eq!(
        (&reply["run_id"], &reply["outcome"], &reply["state"]),
        (&json!(1), &json!("finished"), &json!("succeeded"))
    );
    assert_eq!(
        (&reply["predicted"], &reply["failed"], &reply["pending"], &reply["continuations"]),
        (&json!(40), &json!(0), &json!(0), &json!([]))
    );
    for number in ["pages", "elapsed_ms", "rows_per_second"] {
        assert!(reply[number].is_u64(), "{number} in {reply}");
    }
    assert_eq!(reply.get("batchItemFailures"), None);
    assert_eq!(db.predicted().await, Vec::from_iter(1..=40));
    let tick: String = db.value("SELECT CAST(`tick` AS CHAR) FROM `batch_runs` WHERE `kind` = 'window'").await;
    assert_eq!(tick, "2026-11-22 15:19:00");

    let again = invoke(&function, sample(name)).await.unwrap();
    assert_eq!((&again["run_id"], &again["outcome"]), (&json!(1), &json!("nothing_to_do")));
}

#[rstest]
#[tokio::test]
async fn an_event_for_a_job_that_there_is_not_is_refused_by_its_name(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[]).await;
    let refused = invoke(&db.function().await, sample("job.json")).await.unwrap_err();
    assert!(format!("{refused:?}").contains("churn"), "{refused:?}");
    assert_eq!(db.count("`batch_runs`").await, 0);
}

#[rstest]
#[tokio::test]
async fn both_schedulers_mean_the_same_tick(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[]).await;
    let function = db.function().await;

    invoke(&function, sample("schedule.json")).await.unwrap();
    let reply = invoke(&function, sample("scheduler.json")).await.unwrap();

    assert_eq!((&reply["run_id"], &reply["outcome"]), (&json!(1), &json!("nothing_to_do")));
    assert_eq!(db.count("`batch_runs`").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_window_by_hand_is_its_own_span(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = table(server, &[]).await;

    let reply = invoke(&db.function().await, sample("window.json")).await.unwrap();

    assert_eq!((&reply["outcome"], &reply["predicted"]), (&json!("finished"), &json!(20)));
    assert_eq!(db.predicted().await, Vec::from_iter(11..=30));
    let policy: String = db.value("SELECT `policy` FROM `batch_runs`").await;
    assert_eq!(policy, "leave");
}

#[rstest]
#[tokio::test]
async fn a_sweep_takes_everything_before_its_time(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[]).await;

    let reply = invoke(&db.function().await, sample("sweep.json")).await.unwrap();

    assert_eq!((&reply["outcome"], &reply["predicted"]), (&json!("finished"), &json!(20)));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=20));
    let kind: String = db.value("SELECT `kind` FROM `batch_runs`").await;
    assert_eq!(kind, "sweep");
}

#[rstest]
#[tokio::test]
async fn a_backfill_replaces_what_another_model_predicted_and_a_dry_run_says_so_before(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[]).await;
    db.hop_by(other(), &tick("2026-11-22T15:19:00Z"), unhurried(at("2026-11-22T15:19:00Z"))).await;
    let function = db.function().await;
    let mut reports = Vec::new();
    for name in ["backfill-dry-run.json", "backfill.json"] {
        assert_eq!(db.predicted_by(model()).await, Vec::<i64>::new());

        let reply = invoke(&function, sample(name)).await.unwrap();

        assert_eq!((&reply["outcome"], &reply["predicted"]), (&json!("finished"), &json!(30)));
        let dry_run = json!(name == "backfill-dry-run.json");
        assert_eq!((&reply["backfill"]["dry_run"], &reply["backfill"]["compared"]), (&dry_run, &json!(30)));
        reports.push(reply["backfill"]["changed_class"].clone());
    }
    assert_eq!(reports[0], reports[1]);
    assert_eq!(db.predicted_by(model()).await, Vec::from_iter(11..=40));
    assert_eq!(db.predicted_by(other()).await, Vec::from_iter(1..=10));
}

#[rstest]
#[tokio::test]
async fn canary_json_tries_everything_out_and_predicts_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[]).await;

    let reply = invoke(&db.function().await, sample("canary.json")).await.unwrap();

    assert_eq!((&reply["outcome"], &reply["state"]), (&json!("finished"), &json!("succeeded")));
    assert_eq!(db.predicted().await, Vec::<i64>::new());
}

#[rstest]
#[tokio::test]
async fn a_continuation_goes_on_with_its_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[("PAGE_SIZE", "5")]).await;
    let first = db.hurried_tick("2026-11-22T15:19:00Z").await;
    assert_eq!((first.run_id.unwrap().0, first.continuations[0].hop), (1, 2));

    let reply = invoke(&db.function().await, sample("continuation.json")).await.unwrap();

    assert_eq!((&reply["run_id"], &reply["outcome"]), (&json!(1), &json!("finished")));
    assert_eq!((&reply["predicted"], &reply["batchItemFailures"]), (&json!(40), &json!([])));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=40));
}

#[rstest]
#[tokio::test]
async fn the_status_is_that_of_the_latest_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[("PAGE_SIZE", "5"), ("LANES", "1")]).await;
    let function = db.function().await;

    let none = invoke(&function, sample("status.json")).await.unwrap();
    assert_eq!((&none["outcome"], &none["run_id"], &none["state"]), (&json!("status"), &Value::Null, &Value::Null));

    db.hurried_tick("2026-11-22T15:19:00Z").await;
    let running = invoke(&function, sample("status.json")).await.unwrap();
    assert_eq!((&running["outcome"], &running["state"]), (&json!("status"), &json!("running")));
    assert_eq!((&running["predicted"], &running["pending"]), (&json!(5), &json!(35)));

    db.tick("2026-11-22T15:19:00Z").await;
    let over = invoke(&function, sample("status.json")).await.unwrap();
    assert_eq!((&over["run_id"], &over["state"], &over["pending"]), (&json!(1), &json!("succeeded"), &json!(0)));
    assert_eq!(db.count("`batch_runs`").await, 1);
}

#[rstest]
#[tokio::test]
async fn the_doctor_answers_with_a_checkup(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[]).await;

    let reply = invoke(&db.function().await, sample("doctor.json")).await.unwrap();

    assert_eq!(
        (&reply["outcome"], &reply["run_id"], &reply["predicted"]),
        (&json!("examined"), &Value::Null, &json!(0))
    );
    assert_eq!(reply["checkup"]["verdict"], json!("well"), "{reply:#}");
    assert_eq!(db.run(1).await.state, "succeeded");
}

#[rstest]
#[tokio::test]
async fn an_unfilled_placeholder_of_the_scheduler_is_the_current_minute(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=3, "2024-03-05T10:00:00Z").await;

    let event = json!({"run": "window", "scheduled_time": "<aws.scheduler.scheduled-time>"});
    let reply = invoke(&db.function().await, event).await.unwrap();

    assert_eq!((&reply["outcome"], &reply["predicted"]), (&json!("finished"), &json!(3)));
    let tick: Vec<(u32, i64)> =
        db.rows("SELECT SECOND(`tick`), TIMESTAMPDIFF(SECOND, `tick`, UTC_TIMESTAMP()) FROM `batch_runs`").await;
    assert_eq!(tick[0].0, 0);
    assert!((0..120).contains(&tick[0].1), "{} s ago", tick[0].1);
}

#[rstest]
#[tokio::test]
async fn a_refused_event_touches_nothing(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = table(server, &[]).await;
    let function = db.function().await;
    let before = db.snapshot().await;
    let refused = [
        json!(null),
        json!([]),
        json!("window"),
        json!({}),
        json!({"run": null}),
        json!({"run": "everything"}),
        json!({"run": "window", "until": "2026-11-22T15:19:00Z"}),
        json!({"run": "window", "policy": "retry"}),
        json!({"run": "window", "from": "yesterday"}),
        json!({"run": "window", "from": "2026-11-22T12:00:00Z", "to": "2026-11-22T12:00:00Z"}),
        json!({"run": "window", "from": "2026-11-22T12:00:00Z", "scheduled_time": "2026-11-22T15:19:00Z"}),
        json!({"run": "window", "scheduled_time": "15:19"}),
        json!({"run": "sweep", "from": "2026-11-22T12:00:00Z"}),
        json!({"run": "continuation", "run_id": 1}),
        json!({"run": "continuation", "run_id": 1, "worker": 0, "hop": 2, "force": true}),
        json!({"run": "status", "run_id": 1}),
        json!({"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": "items.csv"}}}]}),
        json!({"detail-type": "Scheduled Event", "source": "my.app", "detail": {}, "time": "2026-11-22T15:19:00Z"}),
        json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}),
    ];

    for event in refused {
        match invoke(&function, event.clone()).await {
            Err(Failure::Event(error)) => assert!(!error.to_string().is_empty()),
            other => panic!("{event}: {other:?}"),
        }
    }

    assert!(db.snapshot().await == before, "the table changed");
    assert_eq!(db.count("`batch_runs`").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_message_that_is_refused_goes_back_alone_and_touches_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("nonsense", "{}", r#"{"run": "continuation", "run_id": -1, "worker": 0, "hop": 1}"#)] body: &str,
) {
    let db = table(server, &[]).await;

    let reply = invoke(&db.function().await, message("one", body)).await.unwrap();

    assert_eq!(reply["outcome"], json!("refused"));
    assert_eq!(reply["batchItemFailures"], json!([{"itemIdentifier": "one"}]));
    assert_eq!(db.count("`batch_runs`").await, 0);
    assert_eq!(db.predicted().await, Vec::<i64>::new());
}

#[rstest]
#[tokio::test]
async fn of_a_batch_everything_from_the_first_bad_message_on_goes_back(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[("PAGE_SIZE", "5")]).await;
    db.hurried_tick("2026-11-22T15:19:00Z").await;
    let good = r#"{"run": "continuation", "run_id": 1, "worker": 0, "hop": 2}"#;
    let mut event = message("first", good);
    let records = event["Records"].as_array_mut().unwrap();
    for (id, body) in [("second", "nonsense"), ("third", good)] {
        records.extend(message(id, body)["Records"].as_array().unwrap().clone());
    }

    let reply = invoke(&db.function().await, event).await.unwrap();

    assert_eq!(reply["batchItemFailures"], json!([{"itemIdentifier": "second"}, {"itemIdentifier": "third"}]));
    assert_eq!(db.run(1).await.state, "succeeded");
}

#[rstest]
#[tokio::test]
async fn a_message_whose_hop_fails_goes_back(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;

    let body = r#"{"run": "continuation", "run_id": 1, "worker": 0, "hop": 2}"#;
    let reply = invoke(&db.function().await, message("one", body)).await.unwrap();

    assert_eq!(reply["outcome"], json!("failed"));
    assert_eq!(reply["batchItemFailures"], json!([{"itemIdentifier": "one"}]));
}
