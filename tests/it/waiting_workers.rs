//! Several workers of a run that waits: each looks again by a message of its own.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::database::RunRow;
use crate::support::invocation::invoke;
use crate::support::sqs::{Queue, delivery};
use crate::support::{Server, message};
use crate::waiting::troubled;

const TICK: &str = "2024-03-05T10:00:00Z";

#[rstest]
#[tokio::test]
async fn ticks_use_up_no_hops_of_workers_that_wait_and_each_of_these_goes_on_by_its_own_message(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let queue = Queue::new().await;
    let db = troubled(server, &[("CONTINUATION_QUEUE_URL", &queue.url), ("WORKERS", "2")]).await;
    db.execute("INSERT INTO `trouble` VALUES (1)").await;
    let function = db.function().await;
    let asked = json!({"run": "window", "scheduled_time": TICK});
    let hops = async || -> Vec<u32> {
        db.rows("SELECT MAX(`hop`) FROM `batch_lanes` GROUP BY `worker` ORDER BY `worker`").await
    };

    invoke(&function, asked.clone()).await.unwrap();
    let mut later = Vec::new();
    while let Some(sent) = queue.receive().await {
        let body: Value = serde_json::from_str(sent.body.as_deref().unwrap()).unwrap();
        if body["not_before"].is_null() {
            assert_eq!(invoke(&function, delivery(&sent)).await.unwrap()["outcome"], json!("waiting"));
        } else {
            later.push(body);
        }
        queue.delete(&sent).await;
    }
    assert_eq!(later.len(), 2, "each worker looks again: {later:?}");
    let before = hops().await;
    for _ in 0..3 {
        assert_eq!(invoke(&function, asked.clone()).await.unwrap()["outcome"], json!("waiting"));
    }
    assert_eq!(hops().await, before);
    assert!(queue.receive().await.is_none(), "nobody else is sent off");

    // As if its time had come. Others may have come and gone meanwhile, who count on it.
    db.execute("DELETE FROM `trouble`; UPDATE `batch_lanes` SET `hop` = `hop` + 3").await;
    for mut body in later {
        body["not_before"] = json!("2024-03-05T10:00:00Z");
        let last = invoke(&function, message("m", &body.to_string())).await.unwrap();
        assert_ne!(last["outcome"], json!("stale"), "{last}");
    }
    queue.remove().await;
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 100, 0, 0));
}
