//! `README.md`.

use rstest::rstest;
use serde_json::Value;

use super::fences::Document;
use super::user::User;
use crate::support::programs::Program;
use crate::support::{Server, eventually};

const README: &str = include_str!("../../../README.md");

#[rstest]
#[tokio::test]
async fn the_readme_does_what_it_says(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let mut readme = Document::new(README);
    let user = User::new(server, &[]).await;

    readme.skip("text", "your schedule", "a picture");
    user.db.execute(readme.next("sql", "CREATE TABLE readings")).await;
    user.paste(readme.next("sh", "cargo build --release")).await;
    let outcome = user.ask(readme.next("sql", "SELECT reading_no, species, reason")).await;
    assert_eq!(outcome, readme.table());
    look_around(&user, readme.next("sh", "target/release/rowscore plan")).await;
    train(&user, readme.next("sh", "target/release/rowscore train")).await;
    replace(&user, readme.next("sh", "target/release/rowscore run --backfill --dry-run")).await;
    readme.skip("sh", "make deploy", "it needs an AWS account; `make e2e` deploys the same template into a local AWS");
    see_what_happened(&user, readme.next("sql", "SELECT * FROM batch_status")).await;
    readme.end();
}

/// The commands that show something, and the service.
async fn look_around(user: &User, block: &str) {
    let (commands, serve) = block.rsplit_once('\n').unwrap();
    let shown = user.paste(commands).await.stdout;
    for part in [r#""new_items":0"#, r#""run_id":1"#, "missing_value", r#""prediction":"setosa""#] {
        assert!(shown.contains(part), "{part} in {shown}");
    }

    let (command, _) = serve.split_once('#').unwrap();
    let mut service = user.start(&format!("exec {} --listen 127.0.0.1:0", command.trim_end()));
    let page = reqwest::get(address(&mut service).await).await.unwrap().text().await.unwrap();
    assert!(page.contains("setosa"), "{page}");
}

/// Where the status page is, as the service says when it is up.
pub(super) async fn address(service: &mut Program) -> String {
    let mut address = None;
    eventually("the address is said", async || {
        assert!(service.is_running(), "{:?}", service.output());
        let (_, said) = service.output();
        address = said
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
            .map(|word| word.trim_end_matches(',').to_owned());
        address.is_some()
    })
    .await;
    address.unwrap()
}

async fn train(user: &User, block: &str) {
    user.bring("model/iris.csv", "my.csv");
    user.bring("model/iris.csv", "newer.csv");
    // A reader types the version that `push` says.
    let version = r#""$(sed -n 's/.*"version": *"\([0-9a-f]*\)".*/\1/p' mine/model.json)""#;
    let said = user.paste(&block.replace("VERSION", version)).await.stdout;
    assert!(said.contains(r#""accuracy":"#) && said.contains(r#""log_loss":"#), "{said}");
    let answers: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let outcomes: Vec<&Value> = answers.iter().filter_map(|answer| answer.get("outcome")).collect();
    assert_eq!(outcomes.len(), 1, "{said}");
}

/// As if another model had written the predictions.
async fn replace(user: &User, block: &str) {
    let (dry_run, run) = block.split_once('\n').unwrap();
    user.db.execute("UPDATE batch_runs SET model_version = 'an older one'").await;
    let writer = "SELECT run_id FROM readings WHERE species = 'setosa'";
    let before: u64 = user.db.value(writer).await;
    let compared: Value = serde_json::from_str(&user.paste(dry_run).await.stdout).unwrap();
    assert_eq!((&compared["predicted"], &compared["backfill"]["dry_run"]), (&2.into(), &true.into()), "{compared}");
    assert_eq!(user.db.value::<u64>(writer).await, before);
    user.paste(run).await;
    assert!(user.db.value::<u64>(writer).await > before);
}

async fn see_what_happened(user: &User, block: &str) {
    let (status, failures) = block.split_once('\n').unwrap();
    let status = user.ask(status).await;
    let of = |name: &str| status[0].iter().position(|column| column == name).unwrap();
    let first = status.last().unwrap();
    assert_eq!((&*first[of("run_id")], &*first[of("state")]), ("1", "succeeded_with_failures"), "{status:?}");
    assert_eq!(user.ask(failures).await[1][..2], ["missing_value", "1"]);
}

/// Figures of speed and memory are those that `make bench` wrote.
#[test]
fn the_readmes_figures_are_those_of_the_benchmarks() {
    let benchmarks = include_str!("../../../docs/BENCHMARKS.md");
    let (before, _) = README.split_once("](docs/BENCHMARKS.md)").unwrap();
    let (_, sentences) = before.rsplit_once("\n- ").unwrap();
    let words = sentences.split(|next: char| next.is_whitespace() || next == '×');
    let figures: Vec<&str> = words.filter(|word| word.starts_with(|first: char| first.is_ascii_digit())).collect();
    assert_eq!(figures.len(), 3, "{figures:?}");
    for figure in figures {
        assert!(benchmarks.contains(&format!(" {figure} ")), "{figure} is not in docs/BENCHMARKS.md");
    }
}

#[test]
fn the_readme_is_for_somebody_in_a_hurry() {
    assert!(README.lines().count() <= 200);
    let line = |text: &str| README.lines().position(|line| line == text).unwrap();
    assert!(line("target/release/rowscore run") < 60);
}
