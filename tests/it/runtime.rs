//! The function's binary, driven over the Lambda Runtime API with true deadlines.

use std::net::TcpListener;
use std::time::{Duration, UNIX_EPOCH};

use rowscore::event::Continuation;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::database::RunRow;
use crate::support::invocation::in_milliseconds;
use crate::support::programs::{Ended, Program, SCORE};
use crate::support::runtime_api::{Environment, lambda_variables};
use crate::support::{Server, Setup, TestDb, message};

const CREATED: &str = "2024-03-05T09:30:00Z";

fn scheduled() -> Value {
    json!({"run": "window", "scheduled_time": "2024-03-05T10:00:00Z"})
}

/// The continuation that a reply names, as the queue would deliver it.
fn next(reply: &Value) -> Option<Value> {
    let continuation: Continuation = serde_json::from_value(reply["continuations"].get(0)?.clone()).unwrap();
    Some(message("one", &serde_json::to_string(&continuation).unwrap()))
}

#[rstest]
#[tokio::test]
async fn every_hop_answers_before_its_deadline_and_the_next_goes_on(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "25"), ("LANES", "1"), ("HOP_MARGIN_MS", "1200")]).await;
    db.fill(1..=500, CREATED).await;
    db.audit().await;
    // Two seconds in all, if nothing else took time.
    db.slow_down(4).await;
    let mut environment = Environment::start(db.variables()).await;

    let mut replies = Vec::new();
    let mut event = Some(scheduled());
    while let Some(this) = event {
        let deadline_ms = in_milliseconds(Duration::from_secs(2));
        let ended = environment.invoke(this, deadline_ms).await;
        let reply = ended.result.unwrap();
        assert!(ended.at < UNIX_EPOCH + Duration::from_millis(deadline_ms), "hop {}: too late", replies.len() + 1);
        event = next(&reply);
        replies.push(reply);
    }

    assert!(replies.len() >= 3, "{} hops", replies.len());
    let (last, before) = replies.split_last().unwrap();
    assert!(before.iter().all(|reply| reply["outcome"] == json!("continued")), "{before:?}");
    assert_eq!((&last["outcome"], &last["predicted"]), (&json!("finished"), &json!(500)));
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 500, 0, 0));
    assert_eq!(db.updated().await, Vec::from_iter(1..=500));
}

#[rstest]
#[tokio::test]
async fn a_deadline_in_1970_is_unknown_and_the_budget_rules(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("HOP_BUDGET_MS", "1000")]).await;
    db.fill(1..=400, CREATED).await;
    // Two seconds in all, if nothing else took time.
    db.slow_down(5).await;
    let mut environment = Environment::start(db.variables()).await;

    let reply = environment.invoke(scheduled(), 1).await.result.unwrap();

    assert_eq!(reply["outcome"], json!("continued"));
    // No time at all would have been one page.
    assert!(reply["pages"].as_u64().unwrap() >= 2, "{reply}");
}

#[rstest]
#[tokio::test]
async fn a_bad_event_is_reported_by_name_and_the_function_goes_on(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=5, CREATED).await;
    let mut environment = Environment::start(db.variables()).await;
    let deadline_ms = in_milliseconds(Duration::from_secs(60));

    let error = environment.invoke(json!({"run": "everything"}), deadline_ms).await.result.unwrap_err();
    assert_eq!(error["errorType"], json!("BadEvent"));
    let said = error["errorMessage"].as_str().unwrap();
    assert!(said.starts_with(r#"`run` is `"everything"`; accepted: window, sweep, "#), "{said}");
    assert_eq!(db.count("`batch_runs`").await, 0);

    let reply = environment.invoke(scheduled(), deadline_ms).await.result.unwrap();
    assert_eq!((&reply["outcome"], &reply["predicted"]), (&json!("finished"), &json!(5)));
}

#[rstest]
#[tokio::test]
async fn a_database_without_tables_is_reported_with_what_to_do(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;
    let mut environment = Environment::start(db.variables()).await;

    let deadline_ms = in_milliseconds(Duration::from_secs(60));
    let error = environment.invoke(scheduled(), deadline_ms).await.result.unwrap_err();

    assert_eq!(error["errorType"], json!("TableUnfit"));
    let said = error["errorMessage"].as_str().unwrap();
    assert!(said.contains("rowscore init"), "{said}");
}

/// A hop whose continuation goes to a queue at this port fails, and a repeated event goes on.
async fn cannot_send(port: u16) {
    let db = TestDb::new(Server::Mysql, &[("PAGE_SIZE", "10"), ("HOP_BUDGET_MS", "1")]).await;
    db.fill(1..=100, CREATED).await;
    let endpoint = format!("http://127.0.0.1:{port}");
    let queue = [
        ("CONTINUATION_QUEUE_URL", &*format!("{endpoint}/000000000000/nobody.fifo")),
        ("AWS_ENDPOINT_URL", &*endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    let mut environment = Environment::start(db.with(&queue).await.variables()).await;

    let deadline_ms = in_milliseconds(Duration::from_secs(60));
    let ended = environment.invoke(scheduled(), deadline_ms).await;
    // Three tries to their full length would take nine seconds, and outlast a hop's margin.
    assert!(ended.at < UNIX_EPOCH + Duration::from_millis(deadline_ms) - Duration::from_secs(53), "it took too long");
    let error = ended.result.unwrap_err();
    assert_eq!(error["errorType"], json!("QueueError"));
    let said = error["errorMessage"].as_str().unwrap();
    assert!(said.contains("nobody.fifo"), "{said}");
    let done = db.predicted().await.len();
    assert!((1..100).contains(&done), "{done} items");

    let answer = db.tick("2024-03-05T10:00:00Z").await;
    assert_eq!((answer.run_id.unwrap().0, answer.counts.predicted), (1, 100));
}

#[tokio::test]
async fn a_queue_that_nobody_listens_at_is_reported_and_a_repeated_event_goes_on() {
    cannot_send(9).await;
}

#[tokio::test]
async fn a_queue_that_takes_a_call_and_says_nothing_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    cannot_send(silent.local_addr().unwrap().port()).await;
}

/// The function does not start with these settings. Answers what it said.
async fn refuses_to_start(db: &Setup, settings: &[(&str, &str)], unset: &[&str]) -> String {
    // Whoever reads a setting before it is checked would find the address of no Runtime API.
    let mut variables = lambda_variables("127.0.0.1:9");
    variables.extend(db.variables().clone());
    variables.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    variables.retain(|name, _| !unset.contains(&name.as_str()));
    let Ended { status, stdout, stderr } = Program::start(SCORE, &[], &variables).end().await;
    assert!(!status.success(), "{status}");
    format!("{stdout}{stderr}")
}

#[tokio::test]
async fn a_bad_setting_is_named_with_its_value_and_what_is_accepted() {
    let db = TestDb::bare(Server::Mysql, &[("MYSQL_PASSWORD", "pr1v4te")]).await;

    let said = refuses_to_start(&db, &[("PAGE_SIZE", "plenty"), ("LANES", "99")], &[]).await;
    assert!(said.contains("PAGE_SIZE is `plenty`; accepted: a whole number from 1 to 20000"), "{said}");
    assert!(said.contains("LANES is `99`; accepted: a whole number from 1 to 16"), "{said}");
    assert!(!said.contains("pr1v4te"), "{said}");

    let said = refuses_to_start(&db, &[("MYSQL_TLS", "maybe")], &["MYSQL_DATABASE"]).await;
    assert!(said.contains("MYSQL_DATABASE is not set"), "{said}");
    assert!(said.contains("MYSQL_TLS is `maybe`; accepted: verify, verify-ca, pin:SHA256 or off"), "{said}");
    assert!(!said.contains("pr1v4te"), "{said}");

    let said = refuses_to_start(&db, &[], &["MYSQL_PASSWORD"]).await;
    assert!(said.contains("MYSQL_PASSWORD is not set"), "{said}");
}
