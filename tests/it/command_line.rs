//! The command line: output and exit codes.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::database::RunRow;
use crate::support::items::{label, sample};
use crate::support::programs::{Ended, rowscore};
use crate::support::{Server, TestDb, environment, model};

/// Samples of a time that is past whenever the tests run.
const INIT: [&str; 7] = ["init", "--rows", "1000", "--seed", "7", "--until", "2024-03-05T10:00:00Z"];

fn answer(ended: &Ended) -> Value {
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    serde_json::from_str(&ended.stdout).unwrap()
}

#[rstest]
#[tokio::test]
async fn from_init_to_status(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::bare(server, &[]).await;
    let variables = db.variables();

    let init = rowscore(&INIT, variables).await;
    assert_eq!(init.status.code(), Some(0), "{init:?}");
    assert!(init.stderr.contains("Added 1,000 sample items to table `items`."), "{init:?}");
    let items = db.snapshot().await;
    assert_eq!(items.lines().count(), 1000);

    let none = rowscore(&["status", "--text"], variables).await;
    assert_eq!((none.status.code(), none.stdout.as_str()), (Some(3), ""));
    assert!(none.stderr.contains("no run yet") && none.stderr.contains("1,000 items wait"), "{none:?}");

    let again = rowscore(&INIT, variables).await;
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    assert!(again.stderr.contains("has items already"), "{again:?}");
    assert!(db.snapshot().await == items, "the items changed");

    let run = rowscore(&["run"], variables).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    let first = answer(&run);
    assert_eq!((&first["outcome"], &first["state"]), (&json!("finished"), &json!("succeeded")));
    assert_eq!((&first["predicted"], &first["pending"]), (&json!(1000), &json!(0)));
    assert!(run.stderr.starts_with("run 1: 1,000 predicted; "), "{run:?}");
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 1000, 0, 0));
    assert_eq!(db.ids("`prediction` IS NULL").await, Vec::<i64>::new());

    let idle = rowscore(&["run"], variables).await;
    assert_eq!(idle.status.code(), Some(0), "{idle:?}");
    assert_eq!(answer(&idle)["outcome"], json!("nothing_to_do"));
    assert!(idle.stderr.starts_with("run 2: nothing new; "), "{idle:?}");

    let status = rowscore(&["status", "--limit", "1", "--text"], variables).await;
    assert_eq!((status.status.code(), status.stdout.lines().count()), (Some(0), 1), "{status:?}");
    let status = rowscore(&["status", "--text"], variables).await;
    let lines: Vec<&str> = status.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{status:?}");
    assert!(lines[0].starts_with("run 2 window [") && lines[0].contains("succeeded; 0/0"), "{}", lines[0]);
    assert!(lines[1].starts_with("run 1 window [the beginning, "), "{}", lines[1]);
    assert!(lines[1].contains("succeeded; 1,000/1,000 100.0%; set aside 0"), "{}", lines[1]);
}

#[rstest]
#[tokio::test]
async fn the_same_seed_makes_the_same_table(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let (one, same, other) =
        (TestDb::bare(server, &[]).await, TestDb::bare(server, &[]).await, TestDb::bare(server, &[]).await);
    for (db, seed) in [(&one, "7"), (&same, "7"), (&other, "8")] {
        let init = ["init", "--rows", "100", "--seed", seed];
        assert!(rowscore(&init, db.variables()).await.status.success());
    }
    assert_eq!(one.snapshot().await, same.snapshot().await);
    assert_ne!(one.snapshot().await, other.snapshot().await);
}

#[rstest]
#[tokio::test]
async fn a_run_over_items_that_cannot_be_scored_is_a_success_that_says_so(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=10, "2024-03-05T09:30:00Z").await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` IN (3, 4)").await;

    let run =
        rowscore(&["run", "--from", "2024-03-05T09:00:00Z", "--to", "2024-03-05T10:00:00Z"], db.variables()).await;

    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert_eq!(answer(&run)["state"], json!("succeeded_with_failures"));
    assert!(run.stderr.starts_with("run 1: 8 predicted, 2 set aside (succeeded with failures); "), "{run:?}");
    let status = rowscore(&["status", "--text"], db.variables()).await;
    let line =
        "run 1 window [2024-03-05 09:00:00, 2024-03-05 10:00:00) succeeded with failures; 10/10 100.0%; set aside 2";
    assert!(status.stdout.starts_with(line), "{status:?}");
}

#[rstest]
#[tokio::test]
async fn a_run_with_a_budget_goes_on_by_itself_until_all_is_done(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("HOP_BUDGET_MS", "1"), ("WORKERS", "2")]).await;
    db.fill(1..=200, "2024-03-05T09:30:00Z").await;

    let run = rowscore(&["run", "--sweep"], db.variables()).await;

    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert_eq!(answer(&run)["predicted"], json!(200));
    let hops: u32 = db.value("SELECT MAX(`hop`) FROM `batch_lanes`").await;
    assert!(hops > 1);
    assert_eq!(db.predicted().await, Vec::from_iter(1..=200));
}

#[rstest]
#[tokio::test]
async fn a_run_that_is_held_or_used_up_is_no_success(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let settings = [("PAGE_SIZE", "10"), ("LANES", "1"), ("HOP_BUDGET_MS", "1"), ("MAX_HOPS", "2")];
    let db = TestDb::new(server, &settings).await;
    db.fill(1..=100, "2024-03-05T09:30:00Z").await;

    let failed = rowscore(&["run"], db.variables()).await;
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    assert_eq!(answer(&failed)["state"], json!("failed"));
    let status = rowscore(&["status", "--text"], db.variables()).await;
    assert!(status.stdout.contains("MAX_HOPS"), "{status:?}");

    db.hurried_tick("2024-03-05T10:00:00Z").await;
    db.execute("UPDATE `batch_runs` SET `state` = 'paused' WHERE `id` = 2").await;
    let held = rowscore(&["run"], db.variables()).await;
    assert_eq!(held.status.code(), Some(3), "{held:?}");
    assert_eq!(answer(&held)["outcome"], json!("stopped"));
}

#[rstest]
#[tokio::test]
async fn results_name_each_probabilitys_class(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=3, "2024-03-05T09:30:00Z").await;
    db.tick("2024-03-05T10:00:00Z").await;
    db.execute("UPDATE `items` SET `prediction` = NULL WHERE `id` = 2").await;
    db.execute("UPDATE `items` SET `prediction` = '[1]' WHERE `id` = 3").await;

    let shown = rowscore(&["results"], db.variables()).await;
    let lines: Vec<Value> = shown.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let probabilities = lines[0]["prediction"].as_array().unwrap();
    for (class, probability) in model().classes().iter().zip(probabilities) {
        assert_eq!(lines[0]["probabilities"][class], *probability);
    }
    assert_eq!((&lines[1]["probabilities"], &lines[2]["probabilities"]), (&Value::Null, &Value::Null));
    assert_eq!(lines[0]["created_datetime"], json!("2024-03-05T09:30:00Z"));

    let text = rowscore(&["results", "--text"], db.variables()).await.stdout;
    let told: Vec<&str> = text.lines().collect();
    let (_, first) = told[0].split_once("]: ").unwrap();
    assert!(first.starts_with(label(&sample(1))), "{text}");
    assert!(model().classes().iter().all(|class| first.contains(&format!("{class} 0."))), "{text}");
    assert!(told[1].ends_with(": no prediction") && told[2].ends_with(": [1]"), "{text}");
}

#[tokio::test]
async fn the_help_names_every_command_and_its_exit_codes() {
    let help = rowscore(&["--help"], &std::collections::BTreeMap::new()).await;
    assert_eq!(help.status.code(), Some(0), "{help:?}");
    for command in ["init", "run", "status", "serve", "MYSQL_DATABASE"] {
        assert!(help.stdout.contains(command), "{command} in {}", help.stdout);
    }
    let help = rowscore(&["run", "--help"], &std::collections::BTreeMap::new()).await;
    assert!(help.status.success() && help.stdout.contains("Exit status: 0"), "{help:?}");
    let version = rowscore(&["--version"], &std::collections::BTreeMap::new()).await;
    assert_eq!(version.stdout, format!("rowscore {}\n", env!("CARGO_PKG_VERSION")));
}

#[rstest]
#[case::no_command(&[], "Usage:")]
#[case::an_unknown_command(&["dance"], "unrecognized subcommand 'dance'")]
#[case::an_unknown_option(&["run", "--fast"], "unexpected argument '--fast'")]
#[case::a_time_that_is_none(&["run", "--from", "yesterday"], "invalid value 'yesterday' for '--from <TIME>'")]
#[case::a_sweep_with_a_begin(&["run", "--sweep", "--from", "2024-03-05T09:00:00Z"], "a sweep has no `from`")]
#[case::a_dry_run_of_no_backfill(&["run", "--dry-run"], "is for a backfill only")]
#[case::a_canary_with_an_end(&["run", "--canary", "--to", "2024-03-05T09:00:00Z"], "a canary has no")]
#[case::two_kinds(&["plan", "--sweep", "--backfill"], "cannot be used with")]
#[case::an_unknown_policy(&["run", "--policy", "ignore"], "retry_failed, retry_all, leave")]
#[case::a_seed_without_rows(&["init", "--seed", "7"], "--rows")]
#[case::no_lines(&["status", "--limit", "0"], "1..=1000")]
#[case::a_window_that_ends_before_it_begins(
    &["run", "--from", "2024-03-05T10:00:00Z", "--to", "2024-03-05T09:00:00Z"], "is not before `to`"
)]
#[tokio::test]
async fn wrong_arguments_end_with_status_2_before_anything_is_done(#[case] arguments: &[&str], #[case] said: &str) {
    let db = TestDb::bare(Server::Mysql, &[]).await;
    let ended = rowscore(arguments, db.variables()).await;
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(ended.stderr.contains(said), "{ended:?}");
    assert_eq!(db.rows::<String>("SHOW TABLES").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_missing_setting_or_a_wrong_login_ends_with_status_1_and_says_what_to_do() {
    let db = TestDb::bare(Server::Mysql, &[]).await;
    let nothing = rowscore(&["run"], &std::collections::BTreeMap::new()).await;
    assert_eq!(nothing.status.code(), Some(1), "{nothing:?}");
    assert!(nothing.stderr.contains("MYSQL_DATABASE is not set"), "{nothing:?}");

    let wrong = db.with(&[("MYSQL_PASSWORD", "pr1v4te")]).await;
    for command in ["init", "run", "status"] {
        let ended = rowscore(&[command], wrong.variables()).await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.contains("check MYSQL_USER and MYSQL_PASSWORD"), "{ended:?}");
        assert!(!ended.stderr.contains("pr1v4te"), "{ended:?}");
    }

    let empty = rowscore(&["run"], db.variables()).await;
    assert_eq!(empty.status.code(), Some(1), "{empty:?}");
    assert!(empty.stderr.contains("rowscore init"), "{empty:?}");
}

#[rstest]
#[tokio::test]
async fn old_runs_without_an_item_are_forgotten_by_an_administrator(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill([1], "2024-03-05T09:30:00Z").await;
    for hour in 10..15 {
        db.tick(&format!("2024-03-05T{hour}:00:00Z")).await;
    }

    let denied = rowscore(&["forget"], db.variables()).await;
    assert_eq!(denied.status.code(), Some(1), "{denied:?}");
    assert_eq!(db.count("`batch_runs`").await, 5);
    let owner = TestDb::bare(server, &[]).await;
    let mut variables = owner.variables().clone();
    variables.insert("MYSQL_DATABASE".into(), db.config.mysql.database.clone());
    let young = rowscore(&["forget", "--older-than", "36500d"], &variables).await;
    assert!(young.stderr.starts_with("Deleted 0 runs"), "{young:?}");
    let forgot = rowscore(&["forget"], &variables).await;
    assert!(forgot.stderr.starts_with("Deleted 3 runs"), "{forgot:?}");

    // The one that predicted, and the last window.
    let left: Vec<u64> = db.rows("SELECT `id` FROM `batch_runs` ORDER BY `id`").await;
    assert_eq!(left, [1, 5]);
    assert_eq!(rowscore(&["forget", "--older-than", "soon"], &variables).await.status.code(), Some(2));
}

#[test]
fn a_variable_that_is_no_text_is_not_taken_for_one_that_is_not_set() {
    let mut command = std::process::Command::new(environment("CARGO_BIN_EXE_rowscore"));
    command.arg("run").env_clear().env("ITEMS_TABLE", OsStr::from_bytes(b"Gr\xf6\xdfen")).env("MYSQL_DATABASE", "shop");
    let ended = command.output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("ITEMS_TABLE has bytes that are no text; accepted: UTF-8"), "{said}");
}
