//! Others are told of runs that end: an event bus, a topic, and a collector of lineage.

mod again;
mod collector;
mod lineage;
mod tokens;

use rowscore::lambda::Function;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::invocation::invoke;
use crate::support::listeners::{Bus, Topic};
use crate::support::programs::rowscore;
use crate::support::{Server, TestDb};

const DOCUMENT: &str = include_str!("../../../docs/EVENTS.md");
const CREATED: &str = "2024-03-05T09:30:00Z";

fn tick(hour: u32) -> Value {
    json!({"run": "window", "scheduled_time": format!("2024-03-05T{hour}:00:00Z")})
}

/// 20 items, of which one is bad, in a database whose runs are told to these.
async fn table(server: Server, settings: &[(&str, &str)]) -> (TestDb, Function) {
    let db = TestDb::new(server, &[("DELIVER_WITHIN", "36000d")]).await;
    db.fill(1..=20, CREATED).await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` = 7").await;
    let function = db.with(settings).await.function().await;
    (db, function)
}

/// How many runs are still to be told.
async fn untold(db: &TestDb) -> u64 {
    db.count("`batch_runs` WHERE `to_tell` IS NOT NULL").await
}

#[rstest]
#[tokio::test]
async fn each_run_that_ends_is_told_once_to_the_bus_and_to_the_topic(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let (bus, topic) = (Bus::new().await, Topic::new().await);
    let (db, function) = table(server, &[("EVENT_BUS", &bus.arn), ("EVENT_TOPIC", &topic.arn)]).await;

    for event in [tick(10), tick(11), tick(11), json!({"run": "sweep"}), json!({"run": "canary"})] {
        invoke(&function, event).await.unwrap();
    }

    let events = bus.heard().await;
    let detail = |id: &str| {
        let told: Vec<&Value> = events.iter().filter(|event| event["detail"]["id"] == id).collect();
        assert_eq!(told.len(), 1, "{id} in {events:#?}");
        told[0]["detail"].clone()
    };
    assert_eq!(events.len(), 3, "{events:#?}");
    assert_eq!((&events[0]["source"], &events[0]["detail-type"]), (&json!("rowscore"), &json!("Run ended")));
    let first = detail("default/1/1");
    for (field, value) in [
        ("version", json!(1)),
        ("database", json!(db.config.mysql.database)),
        ("table", json!("items")),
        ("job", json!("default")),
        ("run_id", json!(1)),
        ("kind", json!("window")),
        ("dry_run", json!(false)),
        ("state", json!("succeeded_with_failures")),
        ("why", Value::Null),
        ("tick", json!("2024-03-05T10:00:00Z")),
        ("window_from", Value::Null),
        ("window_to", json!("2024-03-05T10:00:00Z")),
        ("items", json!(20)),
        ("predicted", json!(19)),
        ("failed", json!(1)),
        ("pending", json!(0)),
    ] {
        assert_eq!(first[field], value, "{field} in {first:#}");
    }
    let model: String = db.value("SELECT `model_version` FROM `batch_runs` WHERE `id` = 1").await;
    assert_eq!(first["model_version"], json!(model));
    assert!(first["lateness_seconds"].as_i64().unwrap() < 0, "it was early: {first:#}");
    assert_eq!((&detail("default/2/1")["predicted"], &detail("default/3/1")["kind"]), (&json!(0), &json!("sweep")));

    let notifications = topic.heard().await;
    let messages: Vec<Value> =
        notifications.iter().map(|heard| serde_json::from_str(heard["Message"].as_str().unwrap()).unwrap()).collect();
    assert_eq!(messages.len(), 3, "{notifications:#?}");
    let of_first = messages.iter().position(|message| *message == first).expect("both say the same");
    let subject = "rowscore: run 1 of default succeeded with failures, 19 predicted, 1 set aside";
    assert_eq!(notifications[of_first]["Subject"], json!(subject));
    assert_eq!(notifications[of_first]["MessageAttributes"]["state"]["Value"], json!("succeeded_with_failures"));
    assert_eq!(untold(&db).await, 0);
}

#[rstest]
#[tokio::test]
async fn where_nobody_is_to_be_told_nothing_is_asked_of_the_database(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let (db, function) = table(server, &[("FAILURE_POLICY", "retry_all")]).await;
    // Whatever is said of it would fail.
    db.execute("ALTER TABLE `batch_runs` DROP KEY `ends_to_tell`, DROP COLUMN `to_tell`").await;

    for event in [tick(10), json!({"run": "canary"}), tick(11)] {
        invoke(&function, event).await.unwrap();
    }

    // The second tick tries the first one's window again, and opens its own.
    let states: Vec<String> = db.rows("SELECT `state` FROM `batch_runs` ORDER BY `id`").await;
    assert_eq!(states, ["failed", "succeeded", "succeeded"]);
    assert_eq!(db.value::<u32>("SELECT `attempt` FROM `batch_runs` WHERE `id` = 1").await, 2);
}

#[rstest]
#[tokio::test]
async fn each_attempt_at_a_window_that_fails_as_a_whole_is_told_with_the_reason(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let bus = Bus::new().await;
    let (db, function) = table(server, &[("EVENT_BUS", &bus.arn), ("FAILURE_POLICY", "retry_all")]).await;

    invoke(&function, tick(10)).await.unwrap();
    let failed = bus.heard().await;
    db.execute("UPDATE `items` SET `values` = '[5.1, 3.5, 1.4, 0.2]' WHERE `id` = 7").await;
    invoke(&function, tick(11)).await.unwrap();

    let said = |event: &Value| (event["detail"]["id"].clone(), event["detail"]["state"].clone());
    assert_eq!(failed.iter().map(said).collect::<Vec<_>>(), [(json!("default/1/1"), json!("failed"))]);
    assert_eq!(failed[0]["detail"]["why"], json!("1 item cannot be scored, so none was written (retry_all)"));
    assert_eq!(bus.ids().await, ["default/1/2", "default/2/1"]);
}

#[rstest]
#[tokio::test]
async fn a_run_that_somebody_without_these_settings_cancels_is_told_by_the_next_tick(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let bus = Bus::new().await;
    let hurried = [("EVENT_BUS", bus.arn.as_str()), ("PAGE_SIZE", "5"), ("HOP_BUDGET_MS", "1")];
    let (db, function) = table(server, &hurried).await;
    assert_eq!(invoke(&function, tick(10)).await.unwrap()["outcome"], json!("continued"));

    assert!(rowscore(&["cancel", "1"], db.variables()).await.status.success());
    assert_eq!((bus.heard().await, untold(&db).await), (Vec::new(), 1));
    let unhurried = db.with(&[("EVENT_BUS", &bus.arn)]).await.function().await;
    invoke(&unhurried, tick(11)).await.unwrap();

    let events = bus.heard().await;
    let mut told: Vec<(u64, &str)> = events
        .iter()
        .map(|event| (event["detail"]["run_id"].as_u64().unwrap(), event["detail"]["state"].as_str().unwrap()))
        .collect();
    told.sort_unstable();
    assert_eq!(told, [(1, "cancelled"), (2, "succeeded_with_failures")]);
}

#[rstest]
#[tokio::test]
async fn what_could_not_be_opened_is_told_the_first_time_and_not_with_every_tick(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let bus = Bus::new().await;
    let (db, function) = table(server, &[("EVENT_BUS", &bus.arn)]).await;
    db.execute("ALTER TABLE `items` MODIFY COLUMN `prediction` INT NULL").await;

    for hour in [10, 11, 12] {
        invoke(&function, tick(hour)).await.unwrap_err();
    }

    let events = bus.heard().await;
    assert_eq!(events.len(), 1, "{events:#?}");
    let detail = &events[0]["detail"];
    assert_eq!((&detail["id"], &detail["state"]), (&json!("default/1/1"), &json!("failed")));
    assert!(detail["why"].as_str().unwrap().contains("prediction"), "{detail:#}");
}

#[rstest]
#[tokio::test]
async fn a_run_by_hand_is_told_where_the_settings_are_there_whatever_region_it_is_in(
    #[values("eu-central-1", "us-west-2")] region: &str,
) {
    let (bus, topic) = (Bus::new().await, Topic::new().await);
    let (db, _) = table(Server::Mysql, &[]).await;
    let mut settings = crate::support::listeners::variables(None).to_vec();
    settings.retain(|(name, _)| *name != "AWS_REGION");
    settings.push(("AWS_REGION", region.to_owned()));
    settings.push(("EVENT_BUS", bus.arn.clone()));
    settings.push(("EVENT_TOPIC", topic.arn.clone()));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();

    assert!(rowscore(&["run"], db.variables()).await.status.success());
    assert!(rowscore(&["run"], db.with(&settings).await.variables()).await.status.success());

    assert_eq!(bus.ids().await, ["default/2/1"]);
    assert_eq!(topic.heard().await.len(), 1);
}

/// The document's first block of a kind.
fn block(kind: &str) -> &'static str {
    let (_, behind) = DOCUMENT.split_once(&format!("```{kind}\n")).expect("there is one");
    behind.split("```").next().unwrap()
}

#[tokio::test]
async fn the_rule_of_the_document_chooses_runs_that_predicted_something_and_its_statement_shows_who_is_left() {
    let (bus, missing) = (Bus::with_rule(&block("json").replace("churn", "default")).await, Topic::missing());
    let (db, function) = table(Server::Mysql, &[("EVENT_BUS", &bus.arn), ("EVENT_TOPIC", &missing)]).await;

    for hour in [10, 11] {
        invoke(&function, tick(hour)).await.unwrap();
    }

    assert_eq!(bus.ids().await, ["default/1/1"]);
    let left: Vec<(u64, String, String, String)> =
        db.rows(&block("sql").replace("finished_at,", "CAST(finished_at AS CHAR),")).await;
    assert_eq!(left.iter().map(|(id, .., to)| (*id, to.as_str())).collect::<Vec<_>>(), [(1, "topic"), (2, "topic")]);
}

#[tokio::test]
async fn the_document_names_every_field_and_no_other() {
    let bus = Bus::new().await;
    let (_db, function) = table(Server::Mysql, &[("EVENT_BUS", &bus.arn)]).await;
    invoke(&function, tick(10)).await.unwrap();
    let event = bus.heard().await.remove(0);

    let table = DOCUMENT.split("\n| field | ").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let mut documented: Vec<&str> = rows.map(|(name, _)| name).collect();
    documented.sort_unstable();
    let sent: Vec<&str> = event["detail"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(documented, sent);
}
