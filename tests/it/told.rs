//! What `rowscore run` says that it did: of every run, and of what it left.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::programs::{on_a_terminal, rowscore};
use crate::support::{Server, TestDb};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

#[rstest]
#[case::in_one_hop(&[])]
#[case::in_many_hops(&[("HOP_BUDGET_MS", "1"), ("WORKERS", "2")])]
#[tokio::test]
async fn a_run_that_is_taken_up_is_told_and_the_one_that_was_asked_for_follows_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] settings: &[(&str, &str)],
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=1500, CREATED).await;
    db.hurried_tick(TICK).await;
    db.fill(1501..=1510, "2024-03-05T11:00:00Z").await;
    let mut all = vec![("PAGE_SIZE", "100")];
    all.extend(settings);
    let by_hand = db.with(&all).await;

    let run = rowscore(&["run"], by_hand.variables()).await;

    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert!(run.stderr.contains("run 1: 1,490 predicted (taken up); run 2: 10 predicted; "), "{run:?}");
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    let runs: Vec<Value> = answer["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| json!([part["run_id"], part["taken_up"], part["state"], part["predicted"]]))
        .collect();
    assert_eq!(runs, [json!([1, true, "succeeded", 1490]), json!([2, false, "succeeded", 10])]);
    assert_eq!(db.count("`items` WHERE `prediction` IS NULL").await, 0);
}

#[rstest]
#[tokio::test]
async fn the_rate_of_a_hop_is_that_of_all_its_runs(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=1010, CREATED).await;
    db.hurried_tick(TICK).await;
    let later = db.with(&[("PAGE_SIZE", "1000")]).await;

    let answer = later.tick("2024-03-05T11:00:00Z").await;

    assert_eq!((answer.hop.predicted, answer.counts.predicted), (1000, 0));
    assert!(answer.rows_per_second > 0, "{answer:?}");
    let told: Vec<(u64, u64)> = answer.runs.iter().map(|part| (part.run_id.0, part.work.predicted)).collect();
    assert_eq!(told, [(1, 1000), (2, 0)]);
}

#[rstest]
#[tokio::test]
async fn on_a_terminal_what_is_left_is_told_with_the_command_that_gets_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=20, CREATED).await;
    let run = on_a_terminal("run", "", db.variables()).await;
    assert!(run.stdout.contains("run 1: 20 predicted; ") && !run.stdout.contains("wait"), "{run:?}");

    db.execute("UPDATE `items` SET `prediction` = NULL WHERE `id` <= 3").await;
    let run = on_a_terminal("run", "", db.variables()).await;
    assert!(run.stdout.contains("run 2: nothing new; "), "{run:?}");
    let told = "3 items wait that arrived before this window, or without a time: `rowscore run --sweep` takes them.";
    assert!(run.stdout.contains(told), "{run:?}");
    assert!(!run.stdout.contains('{'), "no JSON on a terminal: {run:?}");

    let sweep = on_a_terminal("run --sweep", "", db.variables()).await;
    assert!(sweep.stdout.contains("run 3: 3 predicted; "), "{sweep:?}");
    let json = on_a_terminal("run --json", "", db.variables()).await;
    assert!(json.stdout.contains(r#""outcome":"nothing_to_do""#), "{json:?}");
}

#[rstest]
#[tokio::test]
async fn a_run_that_cannot_go_on_is_told_with_the_next_command(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("MAX_FAILED_PERCENT", "20")]).await;
    db.fill(1..=40, CREATED).await;
    db.hurried_tick(TICK).await;
    assert!(rowscore(&["pause", "1"], db.variables()).await.status.success());

    let held = rowscore(&["run"], db.variables()).await;
    assert_eq!(held.status.code(), Some(3), "{held:?}");
    assert!(held.stderr.starts_with("run 1: 0 predicted, 30 pending (taken up, paused); "), "{held:?}");
    assert!(
        held.stderr.contains("Run 1 is paused: `rowscore resume 1`, then `rowscore run`, go on with it."),
        "{held:?}"
    );

    assert!(rowscore(&["resume", "1"], db.variables()).await.status.success());
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` > 20").await;
    let failed = rowscore(&["run"], db.variables()).await;
    assert!(failed.stderr.contains("run 1: 10 predicted, 20 set aside (taken up, failed)"), "{failed:?}");
    db.fill(41..=60, "2024-03-05T09:40:00Z").await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` > 45").await;
    let failed = rowscore(&["run", "--sweep"], db.variables()).await;
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    assert!(
        failed.stderr.contains("failed: 15 of 20 items cannot be scored, more than 20 % (MAX_FAILED_PERCENT)"),
        "{failed:?}"
    );
}
