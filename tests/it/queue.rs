//! Continuations over SQS: a FIFO queue as it is, and its messages handed to the function.

use aws_sdk_sqs::types::MessageSystemAttributeName::{MessageDeduplicationId, MessageGroupId};
use lambda_runtime::Diagnostic;
use rowscore::answer::Outcome;
use rowscore::config::Config;
use rowscore::event::Continuation;
use rowscore::hop::HopError;
use rowscore::lambda::{Failure, Function, SqsQueue};
use rowscore::words::chain;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::database::RunRow;
use crate::support::invocation::invoke;
use crate::support::sqs::{Queue, attribute, delivery};
use crate::support::{Server, TestDb, continuation};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// 400 items, of which a hop works off a few pages: updating them takes a fifth of a second.
async fn table(server: Server) -> TestDb {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("HOP_BUDGET_MS", "40")]).await;
    db.fill(1..=400, CREATED).await;
    db.audit().await;
    db.slow_down(1).await;
    db
}

fn scheduled() -> Value {
    json!({"run": "window", "scheduled_time": TICK})
}

/// Delivers every message of the queue, as the event source mapping does. Answers the replies.
async fn deliver_all(queue: &Queue, function: &Function) -> Vec<Value> {
    let mut replies = Vec::new();
    let mut deliveries = 0;
    while let Some(message) = queue.receive().await {
        deliveries += 1;
        assert!(deliveries < 500, "the messages do not come to an end");
        let sent: Continuation = serde_json::from_str(message.body.as_deref().unwrap()).unwrap();
        let group = format!("run-{}-worker-{}", sent.run_id, sent.worker);
        assert_eq!(attribute(&message, MessageGroupId), group);
        assert_eq!(attribute(&message, MessageDeduplicationId), format!("{group}-hop-{}", sent.hop));

        let reply = invoke(function, delivery(&message)).await.unwrap();
        if reply["batchItemFailures"] == json!([]) {
            queue.delete(&message).await;
            replies.push(reply);
        } else {
            queue.put_back(&message).await;
        }
    }
    replies
}

#[rstest]
#[tokio::test]
async fn a_window_in_many_hops_is_finished_over_the_queue(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("1", "2")] workers: &str,
) {
    let whole = TestDb::new(server, &[]).await;
    whole.fill(1..=400, CREATED).await;
    assert_eq!(whole.tick(TICK).await.outcome, Outcome::Finished);

    let queue = Queue::new().await;
    let db = table(server).await;
    let function = db.with(&[("CONTINUATION_QUEUE_URL", &queue.url), ("WORKERS", workers)]).await.function().await;
    let first = invoke(&function, scheduled()).await.unwrap();
    let replies = deliver_all(&queue, &function).await;
    queue.remove().await;

    assert_eq!(first["outcome"], json!("continued"), "{first}");
    assert!(replies.len() >= 3, "{} messages", replies.len());
    let finished: Vec<&Value> = replies.iter().filter(|reply| reply["outcome"] == json!("finished")).collect();
    assert_eq!(finished.len(), 1, "{replies:?}");
    assert_eq!((&finished[0]["state"], &finished[0]["pending"]), (&json!("succeeded"), &json!(0)));
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 400, 0, 0));
    assert!(db.snapshot().await == whole.snapshot().await, "the tables differ");
    assert_eq!(db.updated().await, Vec::from_iter(1..=400));
}

#[tokio::test]
async fn a_continuation_that_is_sent_twice_is_delivered_once() {
    let queue = Queue::new().await;
    let relay = SqsQueue::of(
        &Config::read(|name| {
            Some(match name {
                "CONTINUATION_QUEUE_URL" => queue.url.clone(),
                "MYSQL_DATABASE" | "MYSQL_USER" | "MYSQL_PASSWORD" => "unused".to_owned(),
                _ => return None,
            })
        })
        .unwrap(),
    )
    .unwrap();
    for _ in 0..2 {
        relay.send(&continuation(7, 1, 12), None).await.unwrap();
    }
    relay.send(&continuation(7, 1, 13), None).await.unwrap();

    let mut received = Vec::new();
    while let Some(message) = queue.receive().await {
        received.push(message.body.clone().unwrap());
        queue.delete(&message).await;
    }
    queue.remove().await;

    let bodies = [12, 13].map(|hop| format!(r#"{{"run":"continuation","run_id":7,"worker":1,"hop":{hop}}}"#));
    assert_eq!(received, bodies);
}

#[rstest]
#[tokio::test]
async fn a_message_that_is_none_of_rowscores_goes_back_and_touches_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let queue = Queue::new().await;
    let db = TestDb::new(server, &[("CONTINUATION_QUEUE_URL", &queue.url)]).await;
    db.fill(1..=10, CREATED).await;
    queue.send("nonsense").await;
    let poison = queue.receive().await.unwrap();

    let reply = invoke(&db.function().await, delivery(&poison)).await.unwrap();
    queue.remove().await;

    assert_eq!(reply["outcome"], json!("refused"));
    assert_eq!(reply["batchItemFailures"], json!([{"itemIdentifier": poison.message_id.as_deref().unwrap()}]));
    assert_eq!(db.count("`batch_runs`").await, 0);
    assert_eq!(db.predicted().await, Vec::<i64>::new());
}

#[rstest]
#[tokio::test]
async fn a_queue_that_does_not_exist_fails_the_invocation_and_a_repeated_event_goes_on(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let queue = Queue::new().await;
    let db = table(server).await;
    let nowhere = queue.url.replace("it-", "not-it-");
    let misconfigured = db.with(&[("CONTINUATION_QUEUE_URL", &nowhere)]).await.function().await;

    let failure = invoke(&misconfigured, scheduled()).await.unwrap_err();
    assert!(matches!(failure, Failure::Hop(HopError::Relay(_))), "{failure:?}");
    let text = chain(&failure);
    assert!(text.contains(&nowhere), "{text}");
    assert_eq!(Diagnostic::from(failure).error_type, "QueueError");
    assert_eq!(db.run(1).await.state, "running");
    let done = db.predicted().await.len();
    assert!((1..400).contains(&done), "{done} items");

    let function = db.with(&[("CONTINUATION_QUEUE_URL", &queue.url)]).await.function().await;
    let repeated = invoke(&function, scheduled()).await.unwrap();
    assert_eq!(repeated["run_id"], json!(1));
    deliver_all(&queue, &function).await;
    queue.remove().await;
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 400, 0, 0));
    assert_eq!(db.updated().await, Vec::from_iter(1..=400));
}

#[rstest]
#[tokio::test]
async fn a_message_that_could_not_send_the_next_goes_back_and_heals_the_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let queue = Queue::new().await;
    let db = table(server).await;
    let function = db.with(&[("CONTINUATION_QUEUE_URL", &queue.url)]).await.function().await;
    invoke(&function, scheduled()).await.unwrap();
    let message = queue.receive().await.unwrap();
    let nowhere = queue.url.replace("it-", "not-it-");
    let misconfigured = db.with(&[("CONTINUATION_QUEUE_URL", &nowhere)]).await.function().await;

    let reply = invoke(&misconfigured, delivery(&message)).await.unwrap();
    assert_eq!(reply["outcome"], json!("failed"));
    assert_eq!(reply["batchItemFailures"], json!([{"itemIdentifier": message.message_id.as_deref().unwrap()}]));
    let pages = db.pages().await;

    // The delivery is repeated: it is stale now, but the next message goes out at last.
    let repeated = invoke(&function, delivery(&message)).await.unwrap();
    assert_eq!((&repeated["outcome"], &repeated["batchItemFailures"]), (&json!("stale"), &json!([])));
    assert_eq!(db.pages().await, pages);
    queue.delete(&message).await;
    deliver_all(&queue, &function).await;
    queue.remove().await;
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 400, 0, 0));
}

#[rstest]
#[tokio::test]
async fn a_message_whose_hop_failed_comes_again_after_a_minute_and_no_sooner(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let queue = Queue::new().await;
    let db = table(server).await;
    let function = db.with(&[("CONTINUATION_QUEUE_URL", &queue.url)]).await.function().await;
    invoke(&function, scheduled()).await.unwrap();
    // Left alone, it would come again at once.
    queue.hide_for(1).await;
    let message = queue.receive().await.unwrap();
    db.execute("RENAME TABLE `batch_lanes` TO `elsewhere`").await;

    let reply = invoke(&function, delivery(&message)).await.unwrap();

    assert_eq!(reply["outcome"], json!("failed"));
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert!(queue.receive().await.is_none(), "it came again too soon");
    queue.remove().await;
}

#[tokio::test]
async fn a_message_that_is_not_understood_comes_again_at_once() {
    let queue = Queue::new().await;
    // Left alone, it would come again in an hour.
    queue.hide_for(3600).await;
    queue.send("poison").await;
    let db = TestDb::new(Server::Mysql, &[("CONTINUATION_QUEUE_URL", &queue.url)]).await;
    let poison = queue.receive().await.unwrap();
    assert!(queue.receive().await.is_none(), "it is hidden");

    invoke(&db.function().await, delivery(&poison)).await.unwrap();

    assert!(queue.receive().await.is_some(), "it is hidden still");
    queue.remove().await;
}
