//! A database that is stopped when nobody needs it, over RDS's API.

use std::time::{Duration, SystemTime};

use lambda_runtime::Diagnostic;
use rowscore::lambda::{Failure, Function};
use rowscore::window::Time;
use rowscore::words::chain;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::database::RunRow;
use crate::support::invocation::invoke;
use crate::support::rds::{Kind, Rds};
use crate::support::sqs::{Queue, delivery};
use crate::support::{Server, Setup, TestDb};

const CREATED: &str = "2024-03-05T09:30:00Z";

fn tick(time: &str) -> Value {
    json!({"run": "window", "scheduled_time": time})
}

fn first_tick() -> Value {
    tick("2024-03-05T10:00:00Z")
}

/// A table of 40 items in the database that `rds` stands for.
async fn table(server: Server, rds: &Rds, settings: &[(&str, &str)]) -> (TestDb, Setup) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=40, CREATED).await;
    let resource = rds.resource();
    let wake = [("WAKE_DATABASE", "true"), ("MYSQL_RESOURCE", resource.as_str())];
    let setup = db.with(&[&wake, settings].concat()).await;
    (db, setup)
}

fn standing(status: &str, tags: &[&str]) -> (String, Vec<String>) {
    (status.to_owned(), tags.iter().map(|tag| (*tag).to_owned()).collect())
}

/// Delivers messages until none is left but those that stop the database, which are put off. The others' outcomes and
/// what was put off, as it is when its time has come.
async fn deliver_all(queue: &Queue, function: &Function) -> (Vec<String>, Vec<Value>) {
    let (mut outcomes, mut put_off) = (Vec::new(), Vec::new());
    while let Some(message) = queue.receive().await {
        let mut body: Value = serde_json::from_str(message.body.as_deref().unwrap()).unwrap();
        let reply = invoke(function, delivery(&message)).await.unwrap();
        let is_handled = reply["batchItemFailures"] == json!([]);
        if body["run"] == json!("sleep") {
            assert_eq!((&reply["outcome"], is_handled), (&json!("waiting"), false), "{reply}");
            body.as_object_mut().unwrap().remove("not_before").unwrap();
            put_off.push(body);
        } else {
            assert!(is_handled, "{reply}");
            outcomes.push(reply["outcome"].as_str().unwrap().to_owned());
        }
        // Also what was put off: whatever is behind it is to be seen now.
        queue.delete(&message).await;
    }
    (outcomes, put_off)
}

#[rstest]
#[tokio::test]
async fn a_stopped_database_is_started_waited_for_in_hops_worked_off_and_stopped_again(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(Kind::Instance, Kind::Cluster)] kind: Kind,
) {
    let (rds, queue) = (Rds::new(kind).await, Queue::new().await);
    rds.stop().await;
    // No hop has the time to see the database come up.
    let settings = [("HOP_BUDGET_MS", "1"), ("PAGE_SIZE", "10"), ("CONTINUATION_QUEUE_URL", queue.url.as_str())];
    let (db, setup) = table(server, &rds, &settings).await;
    let function = setup.function().await;

    let first = invoke(&function, first_tick()).await.unwrap();
    assert_eq!((&first["outcome"], &first["run_id"]), (&json!("waking"), &Value::Null));
    assert_eq!(rds.standing().await, standing("available", &["rowscore:woken"]));

    let (outcomes, put_off) = deliver_all(&queue, &function).await;
    queue.remove().await;

    assert_eq!(outcomes, ["continued", "finished"]);
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 40, 0, 0));
    assert_eq!(rds.standing().await, standing("available", &["rowscore:woken"]));
    let [sleep] = &put_off[..] else { panic!("{put_off:?}") };
    invoke(&function, sleep.clone()).await.unwrap();
    assert_eq!(rds.standing().await, standing("stopped", &[]));
}

#[tokio::test]
async fn ticks_that_fall_together_start_the_database_once_and_the_last_of_them_has_it_stopped() {
    let (rds, queue) = (Rds::new(Kind::Instance).await, Queue::new().await);
    let settings = [("HOP_BUDGET_MS", "1"), ("CONTINUATION_QUEUE_URL", queue.url.as_str())];
    let (db, setup) = table(Server::Mysql, &rds, &settings).await;
    let function = setup.function().await;
    for run in ["window", "sweep", "canary"] {
        // Each finds it asleep: the stand-in is up as soon as it is started.
        rds.stop().await;
        let reply = invoke(&function, json!({"run": run, "scheduled_time": "2024-03-05T10:00:00Z"})).await.unwrap();
        assert_eq!(reply["outcome"], json!("waking"), "{run}");
    }

    let (outcomes, put_off) = deliver_all(&queue, &function).await;
    queue.remove().await;

    // Whoever had found it stopped would have answered `waking`. The last is the canary's own message.
    assert!(!outcomes.contains(&"waking".to_owned()) && outcomes.last().unwrap() == "stale", "{outcomes:?}");
    assert_eq!(db.run(1).await.state, "succeeded");
    assert_eq!(rds.standing().await, standing("available", &["rowscore:woken"]));
    assert!(!put_off.is_empty(), "nobody has it stopped");
    for sleep in put_off {
        invoke(&function, sleep).await.unwrap();
        assert_eq!(rds.standing().await, standing("stopped", &[]));
    }
}

#[tokio::test]
async fn a_database_is_not_stopped_for_a_message_that_finds_a_run_at_work() {
    let rds = Rds::new(Kind::Instance).await;
    let (_db, setup) = table(Server::Mysql, &rds, &[("HOP_BUDGET_MS", "1"), ("PAGE_SIZE", "10")]).await;
    let function = setup.function().await;
    let sleep = json!({"run": "sleep", "since": Time::from(SystemTime::now()), "hop": 1});
    let first = invoke(&function, first_tick()).await.unwrap();
    rds.mark().await;

    invoke(&function, sleep.clone()).await.unwrap();
    assert_eq!(rds.standing().await, standing("available", &["rowscore:woken"]));

    invoke(&function, first["continuations"][0].clone()).await.unwrap();
    assert_eq!(rds.standing().await, standing("stopped", &[]));
    // Nobody is woken by it.
    invoke(&function, sleep).await.unwrap();
    assert_eq!(rds.standing().await, standing("stopped", &[]));
}

#[rstest]
#[tokio::test]
async fn a_database_is_stopped_again_where_the_work_on_it_failed(
    #[values(("VALUES_COLUMN", "there_is_none"), ("MYSQL_PASSWORD", "wrong"))] wrong: (&str, &str),
) {
    let rds = Rds::new(Kind::Instance).await;
    rds.stop().await;
    let (_db, setup) = table(Server::Mysql, &rds, &[wrong]).await;

    let failure = invoke(&setup.function().await, first_tick()).await.unwrap_err();

    assert!(matches!(failure, Failure::Hop(_)), "{failure:?}");
    assert_eq!(rds.standing().await, standing("stopped", &[]));
}

#[tokio::test]
async fn two_events_that_wait_since_the_same_moment_are_two_messages() {
    let (rds, queue) = (Rds::new(Kind::Instance).await, Queue::new().await);
    let settings = [("HOP_BUDGET_MS", "1"), ("CONTINUATION_QUEUE_URL", queue.url.as_str())];
    let (_db, setup) = table(Server::Mysql, &rds, &settings).await;
    let function = setup.function().await;
    let since = Time::from(SystemTime::now());
    for event in [first_tick(), json!({"run": "sweep"})] {
        rds.stop().await;
        let wake = json!({"run": "wake", "since": since, "hop": 1, "event": event});
        assert_eq!(invoke(&function, wake).await.unwrap()["outcome"], json!("waking"));
    }

    let mut runs = Vec::new();
    while let Some(message) = queue.receive().await {
        let body: Value = serde_json::from_str(message.body.as_deref().unwrap()).unwrap();
        runs.push(body["event"]["run"].clone());
        queue.delete(&message).await;
    }
    queue.remove().await;
    assert_eq!(runs, [json!("window"), json!("sweep")]);
}

#[tokio::test]
async fn a_database_that_comes_up_in_time_is_worked_off_in_the_same_hop() {
    let rds = Rds::new(Kind::Instance).await;
    rds.stop().await;
    let (db, setup) = table(Server::Mysql, &rds, &[]).await;

    let reply = invoke(&setup.function().await, first_tick()).await.unwrap();

    assert_eq!(reply["outcome"], json!("finished"));
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 40, 0, 0));
    assert_eq!(rds.standing().await, standing("stopped", &[]));
}

#[tokio::test]
async fn a_database_that_was_up_stays_up() {
    let rds = Rds::new(Kind::Instance).await;
    let (_db, setup) = table(Server::Mysql, &rds, &[]).await;

    assert_eq!(invoke(&setup.function().await, first_tick()).await.unwrap()["outcome"], json!("finished"));

    assert_eq!(rds.standing().await, standing("available", &[]));
}

#[tokio::test]
async fn several_jobs_take_turns_on_a_database_that_is_started_for_them_and_none_finds_it_stopped() {
    let (rds, queue) = (Rds::new(Kind::Instance).await, Queue::new().await);
    rds.stop().await;
    let (db, setup) = table(Server::Mysql, &rds, &[("CONTINUATION_QUEUE_URL", queue.url.as_str())]).await;
    db.execute(
        "INSERT INTO `batch_jobs` VALUES ('default', 1, '{}', 'active', NOW(), 'me'), \
           ('other', 1, '{\"source\": \"items\"}', 'active', NOW(), 'me')",
    )
    .await;

    let reply = invoke(&setup.function().await, first_tick()).await.unwrap();

    let outcomes: Vec<&Value> = reply["jobs"].as_array().unwrap().iter().map(|job| &job["outcome"]).collect();
    assert_eq!((&reply["outcome"], outcomes), (&json!("each"), vec![&json!("finished"), &json!("nothing_to_do")]));
    let function = setup.function().await;
    let (others, put_off) = deliver_all(&queue, &function).await;
    queue.remove().await;
    assert_eq!((others.len(), put_off.len()), (0, 1));
    invoke(&function, put_off[0].clone()).await.unwrap();
    assert_eq!(rds.standing().await, standing("stopped", &[]));
}

#[tokio::test]
async fn a_database_is_not_stopped_while_another_run_is_at_work_on_it() {
    let rds = Rds::new(Kind::Instance).await;
    rds.stop().await;
    let (db, setup) = table(Server::Mysql, &rds, &[]).await;
    let hurried = setup.with(&[("HOP_BUDGET_MS", "1"), ("PAGE_SIZE", "10"), ("WAKE_DATABASE", "false")]).await;
    let sweep = invoke(&hurried.function().await, json!({"run": "sweep"})).await.unwrap();
    assert_eq!(sweep["outcome"], json!("continued"));
    let function = setup.function().await;

    invoke(&function, first_tick()).await.unwrap();
    assert_eq!((db.run(1).await.state.as_str(), db.run(2).await.state.as_str()), ("running", "succeeded"));
    assert_eq!(rds.standing().await, standing("available", &["rowscore:woken"]));

    invoke(&function, sweep["continuations"][0].clone()).await.unwrap();
    assert_eq!(db.run(1).await.state, "succeeded");
    assert_eq!(rds.standing().await, standing("stopped", &[]));
}

#[tokio::test]
async fn a_function_that_was_killed_before_it_stopped_the_database_is_made_up_for_by_a_repeated_event() {
    let rds = Rds::new(Kind::Instance).await;
    let (_db, setup) = table(Server::Mysql, &rds, &[]).await;
    let function = setup.function().await;
    invoke(&function, first_tick()).await.unwrap();
    rds.mark().await;

    assert_eq!(invoke(&function, first_tick()).await.unwrap()["outcome"], json!("nothing_to_do"));

    assert_eq!(rds.standing().await, standing("stopped", &[]));
}

#[tokio::test]
async fn asking_for_the_status_starts_nothing() {
    let rds = Rds::new(Kind::Instance).await;
    rds.stop().await;
    let (_db, setup) = table(Server::Mysql, &rds, &[]).await;

    invoke(&setup.function().await, json!({"run": "status"})).await.unwrap();

    assert_eq!(rds.standing().await, standing("stopped", &[]));
}

#[tokio::test]
async fn patience_has_an_end() {
    let rds = Rds::new(Kind::Instance).await;
    rds.stop().await;
    let (_db, setup) = table(Server::Mysql, &rds, &[("HOP_BUDGET_MS", "1")]).await;
    let since = Time::from(SystemTime::now() - Duration::from_secs(41 * 60));

    let wake = json!({"run": "wake", "since": since, "hop": 9, "event": first_tick()});
    let failure = invoke(&setup.function().await, wake).await.unwrap_err();

    let text = failure.to_string();
    assert_eq!(text, format!("{} is still `stopped` after 41 minutes of waiting", rds.resource()));
    assert_eq!(Diagnostic::from(failure).error_type, "WakeError");
}

#[tokio::test]
async fn a_database_that_rds_does_not_know_is_named_in_the_error() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let setup = db.with(&[("WAKE_DATABASE", "true"), ("MYSQL_RESOURCE", "instance/not-there")]).await;

    let failure = invoke(&setup.function().await, first_tick()).await.unwrap_err();

    assert!(matches!(failure, Failure::Wake(_)), "{failure:?}");
    let text = chain(&failure);
    assert!(text.starts_with("looking at instance/not-there: ") && text.contains("NotFound"), "{text}");
}
