//! Whatever is wrong raises the alarm, and the log says what it is: each kind of trouble, by a function of its own.

use serde_json::{Value, json};

use crate::drift::fill_with_iris;
use crate::quality::{comes, items};
use crate::support::listeners::{self, Topic};
use crate::support::readings::Own;
use crate::support::sqs::Queue;
use crate::support::{Server, Setup, TestDb, model};
use crate::telemetry::lines_of;

const TEMPLATE: &str = include_str!("../../template.yaml");
const CREATED: &str = "2024-03-05T09:30:00Z";

fn tick(hour: u32) -> Value {
    json!({"run": "window", "scheduled_time": format!("2024-03-05T{hour}:00:00Z")})
}

fn canary() -> Value {
    json!({"run": "canary", "scheduled_time": "2024-03-05T09:50:00Z"})
}

/// 30 items.
async fn table(settings: &[(&str, &str)]) -> TestDb {
    let db = TestDb::new(Server::Mysql, settings).await;
    db.fill(1..=30, CREATED).await;
    db
}

/// Hands `event` to a function that reaches the local AWS, and looks that the metric of the alarm was written, with
/// exactly these troubles.
async fn assert_told(db: &Setup, settings: &[(&str, &str)], event: Value, troubles: &[&str]) {
    let reach = listeners::variables(None);
    let reach: Vec<(&str, &str)> = reach.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let lines = lines_of(db, &[&reach, settings].concat(), event).await;
    let written: Vec<&Value> = lines.iter().filter(|line| line.get("Trouble").is_some()).collect();
    let mut told: Vec<&str> = written
        .iter()
        .flat_map(|line| line["Troubles"].as_array().unwrap())
        .map(|word| word.as_str().unwrap())
        .collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told, troubles, "{lines:#?}");
    // The alarm reads this metric and no other.
    let alarm = TEMPLATE.split("  TroubleAlarm:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap();
    for line in written {
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        let [namespace, dimension, name] =
            [&directive["Namespace"], &directive["Dimensions"][0][0], &directive["Metrics"][0]["Name"]]
                .map(|text| text.as_str().unwrap());
        for wanted in [
            format!("      Namespace: {namespace}\n"),
            format!("      MetricName: {name}\n"),
            format!("[{{Name: {dimension}, Value: !Ref ScoreFunction}}]\n"),
        ] {
            assert!(alarm.contains(&wanted), "{wanted} in\n{alarm}");
        }
        assert!(line[name].as_u64() > Some(0) && line[dimension] == "rowscore", "{line}");
    }
}

/// Items like those of the training, so that nothing drifts.
async fn calm(settings: &[(&str, &str)]) -> TestDb {
    let db = TestDb::new(Server::Mysql, settings).await;
    fill_with_iris(&db, 1, 300, 0.0, CREATED).await;
    db
}

#[tokio::test]
async fn a_run_that_is_well_raises_no_alarm() {
    let db = calm(&[("DELIVER_WITHIN", "36000d")]).await;
    for event in [tick(10), tick(11), json!({"run": "sweep"}), canary(), json!({"run": "status"})] {
        assert_told(&db, &[], event, &[]).await;
    }
}

#[tokio::test]
async fn a_hop_that_fails_is_told() {
    let db = table(&[]).await;
    assert_told(&db, &[("ITEMS_TABLE", "nothing")], tick(10), &["hop_failed"]).await;
    // Of a message, which is no error of the invocation.
    let message = json!({"Records": [{"messageId": "m", "receiptHandle": "r", "eventSource": "aws:sqs", "attributes": {},
        "body": json!({"run": "window"}).to_string()}]});
    assert_told(&db, &[("ITEMS_TABLE", "nothing")], message, &["hop_failed"]).await;
}

#[tokio::test]
async fn a_run_that_fails_is_told() {
    let db = calm(&[("MAX_FAILED_PERCENT", "0")]).await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` = 7").await;
    assert_told(&db, &[], tick(10), &["run_failed"]).await;
}

#[tokio::test]
async fn an_event_and_a_message_that_nobody_understands_are_told() {
    let db = table(&[]).await;
    assert_told(&db, &[], json!({"run": "dance"}), &["event_refused"]).await;
    let message = json!({"Records": [{"messageId": "m", "receiptHandle": "r", "eventSource": "aws:sqs", "attributes": {},
        "body": "poison"}]});
    assert_told(&db, &[], message, &["event_refused"]).await;
}

#[tokio::test]
async fn a_database_that_cannot_be_started_is_told() {
    let db = table(&[]).await;
    let wake = [("WAKE_DATABASE", "true"), ("MYSQL_RESOURCE", "db:there-is-no-such")];
    assert_told(&db, &wake, tick(10), &["wake_failed"]).await;
}

#[tokio::test]
async fn a_canary_that_fails_is_told() {
    let db = table(&[]).await;
    db.execute(&format!("REVOKE UPDATE (`prediction`) ON `items` FROM `{}`", db.config.mysql.user)).await;
    assert_told(&db, &[], canary(), &["canary_failed"]).await;
}

#[tokio::test]
async fn what_failed_for_good_is_told_by_each_canary_until_somebody_saw_to_it() {
    let (db, dead, failed) = (calm(&[]).await, Queue::new().await, Queue::new().await);
    let urls = format!("{},{}", dead.url, failed.url);
    let settings = [("DEAD_LETTER_QUEUE_URLS", urls.as_str())];
    assert_told(&db, &settings, canary(), &[]).await;
    failed.send("poison").await;
    assert_told(&db, &settings, canary(), &["dead_letters"]).await;
    assert_told(&db, &settings, tick(10), &[]).await;
    failed.remove().await;
    // One that is not there cannot be looked into, which is no sign that it is empty.
    assert_told(&db, &settings, canary(), &["dead_letters_unseen"]).await;
    dead.remove().await;
}

#[tokio::test]
async fn a_run_that_is_late_and_one_that_will_be_are_told() {
    let db = calm(&[("PAGE_SIZE", "10"), ("LANES", "1"), ("DELIVER_WITHIN", "1s")]).await;
    assert_told(&db, &[], tick(10), &["late", "will_be_late"]).await;
}

#[tokio::test]
async fn rows_and_classes_that_drift_are_told() {
    let db = calm(&[]).await;
    assert_told(&db, &[], tick(10), &[]).await;
    fill_with_iris(&db, 1001, 300, 1.0, "2024-03-05T10:30:00Z").await;
    assert_told(&db, &[], tick(11), &["classes_drifted", "drifted"]).await;
}

#[tokio::test]
async fn predictions_that_became_worse_are_told() {
    let Own { owner, scorer } = items(Server::Mysql, &[("QUALITY_BOUND", "accuracy>=0.9")], 300).await;
    // Items drawn evenly are not as those of the training.
    assert_told(&scorer, &[], tick(10), &["drifted"]).await;
    comes(&owner, model().classes(), "TRUE").await;
    assert_told(&scorer, &[], tick(11), &["quality_missed"]).await;
}

#[tokio::test]
async fn a_column_for_the_truth_that_is_not_there_is_told() {
    let own = items(Server::Mysql, &[], 300).await;
    let slip = own.scorer.with(&[("TRUTH_COLUMN", "cmae")]).await;
    assert_told(&slip, &[], tick(10), &["drifted", "truth_missing"]).await;
    assert_told(&slip, &[], tick(11), &["truth_missing"]).await;
}

#[tokio::test]
async fn who_could_not_be_told_that_a_run_ended_is_told_to_the_alarm() {
    let (db, missing) = (calm(&[]).await, Topic::missing());
    let settings = [("EVENT_TOPIC", missing.as_str())];
    assert_told(&db, &settings, tick(10), &["not_told"]).await;
    db.execute("UPDATE `batch_runs` SET `finished_at` = `finished_at` - INTERVAL 8 DAY").await;
    assert_told(&db, &settings, tick(11), &["never_told", "not_told"]).await;
}
