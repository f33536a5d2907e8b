//! The canary: everything tried out, nothing kept, and loud where something is not as it should be.

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use rowscore::hop::HopError;
use rowscore::lambda::{Failure, Function};
use rowscore::model::{Artifact, GoldenAnswer, Model};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::invocation::invoke;
use crate::support::sqs::{Queue, delivery};
use crate::support::{Server, TestDb, model};

const CREATED: &str = "2024-03-05T09:30:00Z";

fn canary() -> Value {
    json!({"run": "canary", "scheduled_time": "2024-03-05T09:50:00Z"})
}

#[rstest]
#[tokio::test]
async fn a_canary_tries_everything_out_and_leaves_the_items_as_they_were(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(0, 3, 100)] items: i64,
) {
    let queue = Queue::new().await;
    let db = TestDb::new(server, &[("CONTINUATION_QUEUE_URL", &queue.url)]).await;
    db.fill(1..=items, CREATED).await;
    let before = db.snapshot().await;
    let function = db.function().await;

    let reply = invoke(&function, canary()).await.unwrap();

    assert_eq!((&reply["outcome"], &reply["state"]), (&json!("finished"), &json!("succeeded")));
    assert_eq!((&reply["predicted"], &reply["failed"], &reply["pending"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!(db.snapshot().await, before);
    assert_eq!(db.count("`item_failures`").await, 0);

    let message = queue.receive().await.expect("the queue was tried out");
    let dropped = invoke(&function, delivery(&message)).await.unwrap();
    queue.remove().await;
    assert_eq!((&dropped["outcome"], &dropped["batchItemFailures"]), (&json!("stale"), &json!([])));
    assert_eq!(invoke(&function, canary()).await.unwrap()["outcome"], json!("nothing_to_do"));
    assert_eq!(db.count("`batch_runs`").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_table_that_does_not_keep_what_is_written_fails_the_canary(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=10, CREATED).await;
    db.execute(
        "CREATE TRIGGER `rounds` BEFORE UPDATE ON `items` FOR EACH ROW SET NEW.`prediction` = '[0.3, 0.3, 0.4]'",
    )
    .await;
    let before = db.snapshot().await;

    let failure = invoke(&db.function().await, canary()).await.unwrap_err();

    let text = failure.to_string();
    assert!(text.starts_with("the canary failed: a prediction was written as ["), "{text}");
    assert!(text.contains("read back as [0.3"), "{text}");
    assert_eq!(Diagnostic::from(failure).error_type, "CanaryFailed");
    assert_eq!(db.snapshot().await, before);
    assert_eq!(db.run(1).await.state, "failed");
}

#[rstest]
#[tokio::test]
async fn a_queue_that_does_not_exist_fails_the_canary(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let queue = Queue::new().await;
    let nowhere = queue.url.replace("it-", "not-it-");
    queue.remove().await;
    let db = TestDb::new(server, &[("CONTINUATION_QUEUE_URL", &nowhere)]).await;
    db.fill(1..=10, CREATED).await;
    let before = db.snapshot().await;

    let failure = invoke(&db.function().await, canary()).await.unwrap_err();

    assert!(matches!(failure, Failure::Hop(HopError::Relay(_))), "{failure:?}");
    assert_eq!(db.run(1).await.state, "failed");
    assert_eq!(db.snapshot().await, before);
}

/// The embedded model, but that one golden answer is another.
fn wrong_model() -> &'static Model {
    let mut content = model().artifact().content.clone();
    let GoldenAnswer::Probabilities(answer) = &mut content.golden[0].answer else { panic!("of another kind") };
    answer.rotate_left(1);
    Box::leak(Box::new(Model::new(Artifact::seal(content)).unwrap()))
}

#[rstest]
#[tokio::test]
async fn a_model_that_does_not_answer_as_its_golden_rows_say_fails_the_canary(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=10, CREATED).await;
    let before = db.snapshot().await;
    let function = Function::new(db.config.clone(), wrong_model()).await;

    let failure = function.handle(LambdaEvent::new(canary(), Context::default())).await.unwrap_err();

    assert!(matches!(failure, Failure::Hop(HopError::Canary(_))), "{failure:?}");
    assert_eq!(db.run(1).await.state, "failed");
    assert_eq!(db.snapshot().await, before);
}

#[rstest]
#[tokio::test]
async fn a_missing_grant_fails_the_canary(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("UPDATE (`prediction`) ON `items`", "INSERT ON `item_failures`")] right: &str,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=10, CREATED).await;
    let before = db.snapshot().await;
    db.execute(&format!("REVOKE {right} FROM `{}`", db.config.mysql.user)).await;

    let failure = invoke(&db.function().await, canary()).await.unwrap_err();

    let text = failure.to_string();
    assert!(text.contains("command denied") && text.contains("infra/grants.sql"), "{text}");
    assert_eq!(db.run(1).await.state, "failed");
    assert_eq!(db.snapshot().await, before);
    assert_eq!(db.count("`item_failures`").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_column_that_may_not_be_read_fails_the_canary_before_it_begins(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=10, CREATED).await;
    let before = db.snapshot().await;
    db.execute(&format!("REVOKE SELECT (`values`) ON `items` FROM `{}`", db.config.mysql.user)).await;

    let failure = invoke(&db.function().await, canary()).await.unwrap_err();

    let text = failure.to_string();
    assert!(text.contains("VALUES_COLUMN names `values`") && text.contains("MYSQL_USER may see `id`"), "{text}");
    assert_eq!((db.snapshot().await, db.opened().await), (before, 0));
    db.assert_refused(&text).await;
}

#[rstest]
#[tokio::test]
async fn a_canary_that_was_killed_is_tried_again_and_holds_up_no_window(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=10, CREATED).await;
    let function = db.function().await;
    invoke(&function, canary()).await.unwrap();
    db.execute("UPDATE `batch_runs` SET `state` = 'running', `finished_at` = NULL").await;

    let window = json!({"run": "window", "scheduled_time": "2024-03-05T10:00:00Z"});
    assert_eq!(invoke(&function, window).await.unwrap()["outcome"], json!("finished"));
    assert_eq!(invoke(&function, canary()).await.unwrap()["run_id"], json!(1));
    assert_eq!(db.run(1).await.state, "succeeded");
}
