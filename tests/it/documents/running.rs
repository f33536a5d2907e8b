//! `docs/RUNNING.md`.

use rstest::rstest;
use serde_json::{Map, Value};

use super::fences::Document;
use super::user::User;
use crate::support::private::PASSWORD;
use crate::support::{Server, eventually, model};

type Object = Map<String, Value>;

#[rstest]
#[tokio::test]
async fn running_it_goes_as_described(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let mut running = Document::new(include_str!("../../../docs/RUNNING.md"));
    // With its memory, as the function has it: a run's line shows its price.
    let settings = [("PAGE_SIZE", "10"), ("LANES", "1"), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")];
    let user = User::new(server, &settings).await;
    user.paste("rowscore init --rows 300 --until 2024-03-05T10:00:00Z").await;
    let ran = user.paste("rowscore run").await;
    let run = &ran.stdout;

    let status = running.next("text", "$ rowscore status");
    let (_, line) = status.split_once('\n').unwrap();
    assert_eq!(without_figures(user.paste("rowscore status --text").await.stdout.trim_end()), without_figures(line));
    running.skip("text", "No tick of the schedule", "a schedule that is silent is told so in tests/it/standing.rs");
    for question in running.next("sql", "SELECT * FROM batch_status").lines() {
        user.ask(question).await;
    }
    running.skip("text", "run 1: 206,388 predicted", "a run that is taken up is told so in tests/it/told.rs");
    let planned = user.paste(running.next("sh", "rowscore plan")).await;
    assert!(planned.stdout.contains(r#""verdict":"well""#), "{planned:?}");
    examine(&user, running.next("text", "$ rowscore doctor")).await;

    user.db.execute("UPDATE `items` SET `prediction` = NULL WHERE `id` > 290").await;
    user.db.execute("UPDATE `items` SET `values` = '[1, 2, 3, null]' WHERE `id` = 295").await;
    user.paste("rowscore run --sweep").await;
    let shown = user.paste(running.next("sh", "rowscore failures")).await;
    assert!(shown.stdout.contains(r#""item_id":295"#) && shown.stdout.contains("not_a_number"), "{shown:?}");
    assert!(shown.stderr.contains("Released 1 item"), "{shown:?}");
    stop(&user, running.next("sh", "rowscore pause 2")).await;

    let example: Object = serde_json::from_str(running.next("json", "{\"run_id\"")).unwrap();
    let answer: Object = serde_json::from_str(run).unwrap();
    assert_eq!(example.keys().collect::<Vec<_>>(), answer.keys().collect::<Vec<_>>());
    renew(&user, running.next("sh", "rowscore model push")).await;
    replace(&user, running.next("sh", "rowscore run --backfill --dry-run")).await;
    let home = "export HOME=$PWD; mkdir -p ~/.local/share/bash-completion/completions";
    let manual = user.paste(&format!("{home}\n{}", running.next("sh", "rowscore completions bash"))).await;
    assert!(manual.stderr.contains("The manual is in "), "{manual:?}");
    running.end();
}

/// The steps, their states and the verdict where a grant is missing.
async fn examine(user: &User, block: &str) {
    user.db.migrate().await;
    let login = &user.db.config.mysql.database;
    user.db.execute(&format!("REVOKE UPDATE (`prediction`) ON `items` FROM `{login}`")).await;
    let command = format!("MYSQL_USER={login} MYSQL_PASSWORD={PASSWORD} rowscore doctor --text || true");
    let checkup = user.paste(&command).await.stdout;
    let states = |text: &str| text.lines().map(|line| line.chars().take(17).collect()).collect::<Vec<String>>();
    let (_, shown) = block.split_once('\n').unwrap();
    assert_eq!(states(&checkup), states(shown), "{checkup}");
    assert_eq!(checkup.lines().last(), shown.lines().last());
}

/// A text in which only the figures are its own.
fn without_figures(text: &str) -> String {
    let is_figure = |char: char| char.is_ascii_digit();
    let mut shape = String::new();
    for char in text.chars() {
        match char {
            _ if is_figure(char) && shape.ends_with('0') => {}
            _ if is_figure(char) => shape.push('0'),
            // A thousands separator: a large number has more of them than a small one.
            ',' if shape.ends_with('0') => {}
            _ => shape.push(char),
        }
    }
    shape
}

/// A run that is under way: each of its pages takes half a second.
async fn stop(user: &User, block: &str) {
    user.db.execute("UPDATE `items` SET `prediction` = NULL WHERE `id` < 100").await;
    user.db.slow_down(50).await;
    let at_work = user.start("rowscore run --sweep");
    let state = "SELECT `state` FROM `batch_runs` ORDER BY `id` DESC LIMIT 1";
    eventually("the run is under way", async || user.db.value::<String>(state).await == "running").await;
    let run: u64 = user.db.value("SELECT MAX(`id`) FROM `batch_runs`").await;
    let commands: Vec<String> = block.lines().map(|line| line.replace(" 2 ", &format!(" {run} "))).collect();

    user.paste(&commands[0]).await;
    assert_eq!(at_work.end().await.status.code(), Some(3), "a run that is held is not over");
    for (command, expected) in commands[1..].iter().zip(["running", "cancelled"]) {
        user.paste(command).await;
        assert_eq!(user.db.value::<String>(state).await, expected, "{command}");
    }
    user.db.execute("DROP TRIGGER `slow_updates`").await;
    user.paste("rowscore run --sweep").await;
}

/// The model that is stored and used is the one that is built in.
async fn renew(user: &User, block: &str) {
    std::fs::create_dir(user.file("mine")).unwrap();
    user.bring("model/iris.json", "mine/model.json");
    let version = model().version().to_string();
    let said = user.paste(&block.replace("0f3a5c", &version[..6])).await.stderr;
    for part in [format!("Stored model {version}"), format!("uses from its next hop on: model {version}")] {
        assert!(said.contains(&part), "{part} in {said}");
    }
    assert!(said.contains("returns, from its next hop on, to: the model that is built in"), "{said}");
}

/// As if another model had written the predictions.
async fn replace(user: &User, block: &str) {
    user.db.execute("UPDATE `batch_runs` SET `model_version` = 'an older one'").await;
    let said = user.paste(block).await.stderr;
    assert!(said.contains("would change the class of 0 of 299 items"), "{said}");
    assert!(said.contains("changes the class of 0 of 299 items"), "{said}");
    let again = user.paste("rowscore run --backfill").await.stdout;
    assert!(again.contains("nothing_to_do"), "{again}");
}
