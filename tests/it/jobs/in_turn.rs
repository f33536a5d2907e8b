//! What fails of the jobs that one invocation works on: a schedule's one job, or several that take turns.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Plant, TICK, job};
use crate::support::Server;
use crate::support::invocation::invoke;
use crate::support::rds::{Kind, Rds};
use crate::support::sqs::Queue;

fn tick(schedule: Option<&str>) -> Value {
    json!({"run": "window", "schedule": schedule, "scheduled_time": TICK})
}

/// Two jobs without a schedule and one of its own, of which the first and the last have lost their tables.
async fn troubled(server: Server) -> Plant {
    let plant = Plant::new(server, &[("gone", 1), ("people", 3), ("places", 2)], &[]).await;
    let text = job("early", "gone", "") + &job("people", "people", "");
    plant.described(&(text + &job("nightly", "places", "schedule = \"nightly\""))).await;
    plant.owner.execute("DROP TABLE `gone`, `places`").await;
    plant
}

#[rstest]
#[tokio::test]
async fn the_one_job_of_a_schedule_fails_its_invocation_and_so_it_comes_again(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = troubled(server).await;
    let queue = Queue::new().await;
    let with_queue = plant.scorer.with(&[("CONTINUATION_QUEUE_URL", &queue.url)]).await;
    for setup in [&plant.scorer, &with_queue] {
        let failure = invoke(&setup.function().await, tick(Some("nightly"))).await.unwrap_err();
        assert!(failure.to_string().contains("places"), "{failure}");
    }
    queue.remove().await;
}

#[rstest]
#[tokio::test]
async fn jobs_that_take_turns_all_have_theirs_and_their_invocation_fails_if_one_did(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = troubled(server).await;
    let (rds, queue) = (Rds::new(Kind::Instance).await, Queue::new().await);
    let resource = rds.resource();
    let woken = [("WAKE_DATABASE", "true"), ("MYSQL_RESOURCE", &resource), ("CONTINUATION_QUEUE_URL", &queue.url)];
    let setup = plant.scorer.with(&woken).await;

    let failure = invoke(&setup.function().await, tick(None)).await.unwrap_err();

    assert!(failure.to_string().contains("gone"), "{failure}");
    assert_eq!(plant.filled("people", "prediction").await, 3);
    queue.remove().await;
}

#[rstest]
#[tokio::test]
async fn a_question_is_answered_for_the_jobs_that_can_be_read(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = troubled(server).await;
    plant
        .owner
        .execute("UPDATE `batch_jobs` SET `settings` = '{\"OF_A_LATER_VERSION\": \"1\"}' WHERE `name` = 'early'")
        .await;
    let queue = Queue::new().await;
    let setup = plant.scorer.with(&[("CONTINUATION_QUEUE_URL", queue.url.as_str())]).await;

    let reply = invoke(&setup.function().await, json!({"run": "status"})).await.unwrap();

    let error_of = |name: &str| {
        let jobs = reply["jobs"].as_array().unwrap();
        jobs.iter().find(|of| of["job"] == json!(name)).unwrap_or_else(|| panic!("{reply}"))["error"].clone()
    };
    assert!(error_of("early").is_string() && error_of("people").is_null(), "{reply}");
    queue.remove().await;
}
