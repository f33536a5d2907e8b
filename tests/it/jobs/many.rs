//! Twenty jobs over twelve tables and one tick: some are well, one fails, one is paused, one has lost its table, one is
//! large. With a queue, without one, and by the command line.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Plant, TICK, job};
use crate::support::Server;
use crate::support::invocation::invoke;
use crate::support::programs::rowscore;
use crate::support::sqs::{Queue, delivery};

/// Items of a table, and of the large one: many hops of its own.
const FEW: u32 = 5;
const MANY: u32 = 300;

fn tick() -> Value {
    json!({"run": "window", "scheduled_time": TICK})
}

/// The plant, of whose jobs `fails`, `paused`, `gone` and `large` are in trouble, each in its own way.
async fn troubled(server: Server) -> Plant {
    let names: Vec<String> = (1..=12).map(|number| format!("table_{number}")).collect();
    let tables: Vec<(&str, u32)> =
        names.iter().map(|name| (name.as_str(), if name == "table_4" { MANY } else { FEW })).collect();
    let plant = Plant::new(server, &tables, &[]).await;
    let second = "prediction = \"second\"\nrun_column = \"none\"";
    let mut text = job("fails", "table_1", "max_failed_percent = 0") + &job("paused", "table_2", "");
    text += &(job("gone", "table_3", "") + &job("large", "table_4", "page_size = 5\nhop_budget_ms = 40"));
    text += &(5..=12).map(|number| job(&format!("first-{number}"), &format!("table_{number}"), "")).collect::<String>();
    text += &(5..=12)
        .map(|number| job(&format!("second-{number}"), &format!("table_{number}"), second))
        .collect::<String>();
    plant.described(&text).await;
    plant.owner.execute("UPDATE `table_1` SET `values` = '[]' WHERE `id` = 3; DROP TABLE `table_3`").await;
    // A page of the large one takes longer than its hops may.
    let slow = "CREATE TRIGGER `slow` BEFORE UPDATE ON `table_4` FOR EACH ROW DO SLEEP(0.004)";
    plant.owner.execute(slow).await;
    let paused = rowscore(&["pause", "paused"], plant.owner.variables()).await;
    assert_eq!(paused.status.code(), Some(0), "{paused:?}");
    plant
}

/// What is left when all that can be done is done.
async fn assert_done(plant: &Plant) {
    let done = |state: &str, predicted: u32| vec![(state.to_owned(), Some(u64::from(predicted)))];
    for number in 5..=12 {
        for job in ["first", "second"] {
            assert_eq!(plant.runs(&format!("{job}-{number}")).await, done("succeeded", FEW), "{job}-{number}");
        }
        let table = format!("table_{number}");
        assert_eq!((plant.filled(&table, "prediction").await, plant.filled(&table, "second").await), (5, 5));
    }
    assert_eq!(plant.runs("large").await, done("succeeded", MANY));
    assert_eq!(plant.runs("fails").await, done("failed", FEW - 1));
    assert_eq!(plant.runs("paused").await, []);
    let gone = plant.runs("gone").await;
    assert!(gone.iter().all(|run| *run == ("failed".to_owned(), Some(0))) && gone.len() == 1, "{gone:?}");
    assert_eq!((plant.filled("table_2", "prediction").await, plant.filled("items", "prediction").await), (0, 0));
}

#[rstest]
#[tokio::test]
async fn none_of_twenty_jobs_holds_up_another_over_the_queue(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let (queue, plant) = (Queue::new().await, troubled(server).await);
    let function = plant.scorer.with(&[("CONTINUATION_QUEUE_URL", &queue.url)]).await.function().await;

    let sent = invoke(&function, tick()).await.unwrap();
    assert_eq!((&sent["outcome"], sent["jobs"].as_array().unwrap().len()), (&json!("sent"), 19), "{sent}");
    // Delivered twice, it sends nothing twice.
    invoke(&function, tick()).await.unwrap();

    let (mut opened, mut hops_of_large, mut refused) = (Vec::new(), 0, 0);
    while let Some(message) = queue.receive().await {
        let body: Value = serde_json::from_str(message.body.as_deref().unwrap()).unwrap();
        let job = body["job"].as_str().unwrap().to_owned();
        if body["run"] == "window" {
            opened.push(job.clone());
        }
        hops_of_large += u32::from(job == "large");
        let reply = invoke(&function, delivery(&message)).await.unwrap();
        if reply["batchItemFailures"] == json!([]) {
            assert_eq!(reply["job"], json!(job), "{reply}");
        } else {
            assert_eq!(job, "gone", "{reply}");
            refused += 1;
        }
        queue.delete(&message).await;
    }
    queue.remove().await;

    opened.sort_unstable();
    assert!(opened.windows(2).all(|pair| pair[0] != pair[1]) && opened.len() == 19, "{opened:?}");
    assert!(hops_of_large > 3 && refused == 1, "{hops_of_large}, {refused}");
    assert_done(&plant).await;
}

#[rstest]
#[tokio::test]
async fn none_of_twenty_jobs_holds_up_another_without_a_queue(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = troubled(server).await;
    let function = plant.scorer.function().await;

    let answer = invoke(&function, tick()).await.unwrap();

    // One of them failed, which the answer says without keeping back what became of the others.
    assert_eq!(answer["outcome"], json!("failed"), "{answer}");
    let jobs = answer["jobs"].as_array().unwrap();
    let of = |name: &str| jobs.iter().find(|job| job["job"] == name).unwrap_or_else(|| panic!("{name}: {answer}"));
    assert_eq!(jobs.len(), 19);
    assert!(of("gone")["error"].as_str().unwrap().contains("table_3"), "{}", of("gone"));
    assert_eq!((&of("fails")["state"], &of("large")["outcome"]), (&json!("failed"), &json!("continued")));
    assert_eq!((&of("first-5")["outcome"], &of("second-5")["predicted"]), (&json!("finished"), &json!(5)));
    let mut waiting = answer["continuations"].as_array().unwrap().clone();
    assert_eq!(waiting.len(), 1);
    while let Some(continuation) = waiting.pop() {
        assert_eq!(continuation["job"], json!("large"));
        let answer = invoke(&function, continuation).await.unwrap();
        waiting.extend(answer["continuations"].as_array().unwrap().clone());
    }
    assert_done(&plant).await;
}

#[rstest]
#[tokio::test]
async fn the_command_line_works_on_all_jobs_in_turn_and_its_exit_status_is_the_worst(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = troubled(server).await;

    let run = rowscore(&["run"], plant.scorer.variables()).await;

    assert_eq!(run.status.code(), Some(1), "{run:?}");
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 19, "{run:?}");
    assert_eq!(lines.last().unwrap()["job"], json!("large"), "the others did not wait for it: {run:?}");
    assert!(run.stderr.contains("first-5: run "), "{run:?}");
    assert!(run.stderr.contains("gone: job `gone`") || run.stderr.contains("gone: table `table_3`"), "{run:?}");
    assert_done(&plant).await;
}
