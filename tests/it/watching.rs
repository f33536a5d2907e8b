//! `rowscore status`, `plan` and `failures`: a run watched from the command line.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::items::Item;
use crate::support::programs::{Program, ROWSCORE, rowscore, start_on_a_terminal};
use crate::support::{Server, TestDb, at, eventually};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

fn objects(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

#[rstest]
#[tokio::test]
async fn a_status_line_has_progress_rate_drift_and_price(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db =
        TestDb::new(server, &[("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"), ("PRICE_PER_GB_SECOND", "0.00002")]).await;
    db.fill(1..=300, CREATED).await;
    db.tick(TICK).await;

    let status = rowscore(&["status", "1", "--text"], db.variables()).await;
    assert_eq!(status.status.code(), Some(0), "{status:?}");
    for part in ["run 1 window ", "300/300 100.0%; set aside 0; ", " rows/s", "; drift 1.", "; $0.0", " a million"] {
        assert!(status.stdout.contains(part), "{part} in {}", status.stdout);
    }

    let as_json = rowscore(&["status", "--json"], db.variables()).await;
    let line = &objects(&as_json.stdout)[0];
    assert_eq!(
        (&line["run_id"], &line["done"], &line["total"], &line["percent"]),
        (&json!(1), &json!(300), &json!(300), &json!(100.0))
    );
    let (billed_ms, memory): (u64, u32) = db.rows("SELECT `billed_ms`, `memory_mb` FROM `batch_runs`").await[0];
    assert_eq!((&line["billed_ms"], &line["memory_mb"]), (&json!(billed_ms), &json!(memory)));
    let dollars = 0.00002 * 0.5 * billed_ms as f64 / 1e3 * 1e6 / 300.0;
    assert!((line["dollars_per_million_rows"].as_f64().unwrap() / dollars - 1.0).abs() < 1e-9, "{line}");
    assert!(line["drift_ratio"].as_f64().unwrap() >= 1.0, "{line}");
}

#[rstest]
#[tokio::test]
async fn the_status_of_a_run_is_the_exit_status(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    let code = async |arguments: &[&str]| rowscore(arguments, db.variables()).await.status.code();
    assert_eq!(code(&["status", "1"]).await, Some(1), "there is none");
    assert_eq!(code(&["status", "--watch"]).await, Some(1), "there is none");
    db.fill(1..=30, CREATED).await;
    db.hurried_tick(TICK).await;
    assert_eq!(code(&["status", "1"]).await, Some(3));
    assert_eq!(code(&["pause", "1"]).await, Some(0));
    assert_eq!(code(&["status", "--watch"]).await, Some(3), "held");
    assert_eq!(code(&["cancel", "1"]).await, Some(0));
    assert_eq!(code(&["status", "--watch", "1"]).await, Some(1));
    assert_eq!(code(&["status"]).await, Some(3), "what was cancelled left something");
    assert_eq!(code(&["status", "0"]).await, Some(2));
    assert_eq!(code(&["status", "1", "--limit", "3"]).await, Some(2));
}

#[rstest]
#[tokio::test]
async fn a_run_is_watched_to_its_end(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=100, CREATED).await;
    let first = db.hurried_tick(TICK).await;
    let watching = Program::start(ROWSCORE, &["status", "--watch", "--json"], db.variables());
    eventually("the first line", async || !watching.output().0.is_empty()).await;

    db.follow(first, at(TICK)).await;

    let ended = watching.end().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let lines = objects(&ended.stdout);
    assert_eq!((&lines[0]["state"], &lines[0]["done"]), (&json!("running"), &json!(10)));
    let last = lines.last().unwrap();
    assert_eq!((&last["state"], &last["done"]), (&json!("succeeded"), &json!(100)));
}

#[rstest]
#[tokio::test]
async fn a_plan_counts_reckons_and_writes_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("WORKERS", "2"), ("LANES", "3")]).await;
    db.fill(1..=2000, CREATED).await;
    db.execute("UPDATE `items` SET `values` = '[]', `updated_datetime` = '2020-01-01' WHERE `id` = 7").await;
    let before = db.snapshot().await;

    let first = rowscore(&["plan", "--sweep", "--text"], db.variables()).await;
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    for part in [
        "items: 2,000 new, 0 set aside earlier",
        "workers: 2 with 3 lanes",
        "assumed: no run",
        "hops: 2 of",
        "512 MB",
        "nothing was written",
    ] {
        assert!(first.stdout.contains(part), "{part} in {}", first.stdout);
    }
    assert_eq!((db.snapshot().await, db.count("`batch_runs`").await), (before, 0));

    let run = db.tick(TICK).await;
    db.follow(run, at(TICK)).await;
    db.fill(3001..=3010, "2024-03-05T10:30:00Z").await;
    let second = rowscore(&["plan", "--json"], db.variables()).await;
    let plan = &objects(&second.stdout)[0];
    assert_eq!(
        (&plan["new_items"], &plan["set_aside_items"], &plan["measured_runs"]),
        (&json!(10), &json!(1), &json!(1))
    );
    let rate = plan["rows_per_second"].as_f64().unwrap();
    let seconds: f64 =
        // Of each of the two workers.
        db.value("SELECT `billed_ms` / 2e3 FROM `batch_runs`").await;
    assert!((rate * seconds / 2000.0 - 1.0).abs() < 1e-6, "{plan}: {seconds} s");
    assert!((plan["seconds"].as_f64().unwrap() * rate - 11.0).abs() < 1e-6, "{plan}");
    assert_eq!(db.count("`batch_runs`").await, 1);
}

#[rstest]
#[tokio::test]
async fn failures_are_listed_by_run_with_their_reasons(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let none = rowscore(&["failures", "--text"], db.variables()).await;
    assert_eq!((none.status.code(), none.stdout.as_str()), (Some(0), ""));
    assert!(none.stderr.contains("No item is set aside."), "{none:?}");
    db.fill(1..=30, CREATED).await;
    db.execute("UPDATE `items` SET `values` = '[]', `updated_datetime` = '2020-01-01' WHERE `id` IN (3, 7, 9)").await;
    db.tick(TICK).await;

    let all = rowscore(&["failures", "--text"], db.variables()).await;
    let lines: Vec<&str> = all.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{all:?}");
    assert!(lines[0].starts_with("item 3 wrong_length; 1 try, the last in run 1 at "), "{}", lines[0]);
    let some = rowscore(&["failures", "1", "--limit", "2", "--json"], db.variables()).await;
    let ids: Vec<Value> = objects(&some.stdout).iter().map(|line| line["item_id"].clone()).collect();
    assert_eq!(ids, [json!(3), json!(7)]);
    assert!(some.stderr.contains("`--after 7` shows them"), "{some:?}");
    let rest = rowscore(&["failures", "--after", "7", "--text"], db.variables()).await;
    assert!(rest.stdout.starts_with("item 9 "), "{rest:?}");
    // What is not set aside there may be so elsewhere.
    let behind = rowscore(&["failures", "1", "--after", "9"], db.variables()).await;
    assert!(behind.stderr.contains("No item whose last try was in run 1 behind key 9 is set aside."), "{behind:?}");
    let nowhere = rowscore(&["failures", "2"], db.variables()).await;
    assert_eq!((nowhere.status.code(), nowhere.stdout.as_str()), (Some(1), ""), "{nowhere:?}");
    assert!(nowhere.stderr.contains("table `items` has no run 2; see `rowscore status`"), "{nowhere:?}");
    assert_eq!(rowscore(&["failures", "--limit", "0"], db.variables()).await.status.code(), Some(2));
}

#[tokio::test]
async fn the_help_of_each_has_examples_and_exit_statuses() {
    let nothing = std::collections::BTreeMap::new();
    for command in ["status", "plan"] {
        let help = rowscore(&[command, "--help"], &nothing).await;
        assert!(help.stdout.contains("Examples:") && help.stdout.contains("Exit status: 0"), "{help:?}");
    }
    let help = rowscore(&["--help"], &nothing).await;
    let said = help.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("Examples:") && said.contains("3 the run is not over"), "{help:?}");
}

/// What would clear a line of a terminal, begin another, and name its window.
const FORGED: &str = "petal\u{1b}[2K\r\nrun 9 window succeeded\u{1b}]0;all is well\u{7}\u{9b}1A\u{202e}";

fn assert_plain(text: &str, lines: usize) {
    let odd = |letter: &char| letter.is_control() && *letter != '\n' || *letter == '\u{202e}';
    assert_eq!(text.chars().find(odd), None, "{text:?}");
    assert_eq!(text.lines().count(), lines, "{text:?}");
}

#[rstest]
#[tokio::test]
async fn what_a_row_or_a_server_says_forges_no_line_in_terminal_log_and_page(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let values = json!({FORGED: 1, "other": 2}).to_string();
    let items: Vec<Item> = (1..=20).map(|id| Item { id, values: values.clone(), created: Some(at(CREATED)) }).collect();
    db.insert(&items).await;
    let run = rowscore(&["run"], db.variables()).await;
    assert_eq!(run.status.code(), Some(1), "{run:?}");
    assert!(run.stderr.contains("cannot be scored") && run.stderr.contains("\\u001b[2K\\r\\nrun 9"), "{run:?}");
    assert_plain(&run.stderr, 1);

    // As another version, or another program, may have kept it.
    db.execute("UPDATE `items` SET `values` = '[]', `updated_datetime` = '2020-01-01' WHERE `id` = 1").await;
    db.execute("DELETE FROM `items` WHERE `id` > 1").await;
    db.tick(TICK).await;
    let hex: String = FORGED.bytes().map(|byte| format!("{byte:02x}")).collect();
    db.execute(&format!("UPDATE `batch_runs` SET `last_error` = CONVERT(x'{hex}' USING utf8mb4)")).await;
    db.execute(&format!("UPDATE `item_failures` SET `reason` = CONVERT(x'{hex}' USING utf8mb4)")).await;
    let runs = db.count("`batch_runs`").await as usize;
    for (command, lines) in
        [(&["status", "--text"][..], runs), (&["failures", "--text"], 1), (&["status"], runs), (&["failures"], 1)]
    {
        let shown = rowscore(command, db.variables()).await;
        assert_plain(&shown.stdout, lines);
        assert!(shown.stdout.contains("petal\\u001b[2K"), "{shown:?}");
        if command.len() == 1 {
            let object = &objects(&shown.stdout)[0];
            let text = object.get("last_error").or(object.get("reason"));
            assert_eq!(text, Some(&json!(FORGED)));
        }
    }
    let page = crate::api::Service::of(&db).await.page().await;
    assert!(page.contains("petal\\u001b[2K"), "{page}");
    assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'), "{page}");
}

#[rstest]
#[tokio::test]
async fn what_a_server_says_colours_nothing_on_a_terminal(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=3, CREATED).await;
    db.execute(
        "CREATE TRIGGER `odd` BEFORE INSERT ON `batch_lanes` FOR EACH ROW \
         SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'a\x1b[32mb\u{9b}31mc'",
    )
    .await;
    let mut variables = db.variables().clone();
    variables.insert("RUST_LOG".into(), "warn".into());

    let mut running = start_on_a_terminal("run", "", &variables);
    eventually("a line of the log", async || running.output().0.contains("WARN")).await;
    running.kill();

    let shown = running.output().0;
    // MariaDB escapes by itself, in its own manner.
    let said = if server == Server::Mysql { "a\\u001b[32mb\\u009b31mc" } else { "a\\001B[32mb\\009B31mc" };
    assert!(shown.contains(said), "{said} in {shown:?}");
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{9b}'), "{shown:?}");
}

#[rstest]
#[tokio::test]
async fn what_a_server_says_is_one_line_of_the_log(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=3, CREATED).await;
    // A fault that is tried again, and logged each time.
    db.execute(
        "CREATE TRIGGER `odd` BEFORE INSERT ON `batch_lanes` FOR EACH ROW \
         IF (SELECT COUNT(*) FROM `batch_runs`) < 9 THEN \
           SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'a\\r\\n2026-11-22 INFO forged\x1b[2K'; \
         END IF",
    )
    .await;

    let mut running = Program::start(ROWSCORE, &["run"], db.variables());
    eventually("a line of the log", async || running.output().1.lines().count() >= 2).await;
    running.kill();

    let log = running.output().1;
    let is_whole = |line: &str| line.contains("WARN") && line.contains("a\\r\\n2026-11-22 INFO forged");
    assert!(log.lines().all(is_whole), "{log:?}");
    assert!(!log.contains('\u{1b}'), "colours where there is no terminal: {log:?}");
}

#[tokio::test]
async fn the_log_of_the_command_line_obeys_the_variables_of_the_function() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let run = async |ids, given: &[(&str, &str)]| {
        db.fill(ids, CREATED).await;
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let variables = db.variables().clone().into_iter().chain(given).collect();
        let ended = rowscore(&["run", "--sweep"], &variables).await;
        assert!(ended.status.success(), "{ended:?}");
        ended.stderr.lines().find(|line| line.contains("opened a run")).map(str::to_owned)
    };
    assert_eq!(run(1..=3, &[]).await, None);
    let opened = run(4..=6, &[("AWS_LAMBDA_LOG_LEVEL", "INFO")]).await.unwrap();
    assert!(serde_json::from_str::<Value>(&opened).is_err(), "{opened}");
    let opened = run(7..=9, &[("RUST_LOG", "info"), ("AWS_LAMBDA_LOG_FORMAT", "JSON")]).await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&opened).unwrap()["fields"]["message"], "opened a run");
}
