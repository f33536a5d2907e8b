//! `rowscore run` is asked to stop, by Ctrl-C or as services and containers are.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rstest::rstest;

use crate::support::programs::{Program, ROWSCORE, rowscore, signal};
use crate::support::{Server, TestDb, environment, eventually};

const CREATED: &str = "2024-03-05T09:30:00Z";

/// Pages of ten items, which take half a second each.
async fn slow(server: Server) -> TestDb {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "2")]).await;
    db.fill(1..=400, CREATED).await;
    db.slow_down(50).await;
    db
}

async fn some_pages(db: &TestDb) {
    eventually("some pages", async || db.pages().await >= 2).await;
}

/// What was committed stays, the next call takes the rest, and nothing is done twice.
async fn goes_on(db: &TestDb) {
    assert_eq!(db.run(1).await.state, "running");
    let (pages, predicted) = (db.pages().await, db.predicted().await.len());
    assert!(predicted > 0 && predicted < 400 && pages < 40, "{predicted} items, {pages} pages");
    db.execute("DROP TRIGGER `slow_updates`").await;
    let mut next = rowscore(&["run"], db.variables()).await;
    while next.status.code() == Some(3) {
        // The server has not yet noticed that the other one is gone.
        next = rowscore(&["run"], db.variables()).await;
    }
    assert_eq!(next.status.code(), Some(0), "{next:?}");
    let told = format!("run 1: {} predicted (taken up); ", 400 - predicted);
    assert!(next.stderr.contains(&told), "{told} in {next:?}");
    assert_eq!(db.predicted().await, Vec::from_iter(1..=400));
}

#[rstest]
#[tokio::test]
async fn a_run_that_is_asked_to_stop_ends_its_pages_and_is_not_over(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("TERM", "INT")] name: &str,
) {
    let db = slow(server).await;
    let running = Program::start(ROWSCORE, &["run"], db.variables());
    some_pages(&db).await;

    let asked = Instant::now();
    running.signal(name);
    let ended = running.end().await;

    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let predicted = db.predicted().await.len();
    assert!(
        ended.stderr.contains(&format!("run 1: {predicted} predicted, {} pending (running)", 400 - predicted)),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("Run 1 is not over: `rowscore run` goes on with it."), "{ended:?}");
    assert_eq!(predicted as u64, db.pages().await * 10, "the pages under way are committed");
    goes_on(&db).await;
}

#[rstest]
#[tokio::test]
async fn the_first_process_of_a_container_is_stopped_like_any_other(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = slow(server).await;
    let program = environment("CARGO_BIN_EXE_rowscore");
    let script = format!(
        "[ $(/usr/bin/id -u) = 0 ] || more='--user --map-root-user'\n\
         exec /usr/bin/unshare $more --pid --fork --kill-child {program} run"
    );
    let running = Program::start_shell(&script, db.variables());
    some_pages(&db).await;
    let children = running.children();
    assert_eq!(children.len(), 1, "{children:?}");

    signal(children[0], "TERM");
    let ended = running.end().await;

    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    goes_on(&db).await;
}

#[tokio::test]
async fn where_the_server_is_silent_a_run_that_is_asked_to_stop_ends_within_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let db = TestDb::bare(Server::Mysql, &[("MYSQL_PORT", &port)]).await;
    let running = Program::start(ROWSCORE, &["run"], db.variables());
    let _client = silent.accept().unwrap();

    let asked = Instant::now();
    running.signal("TERM");
    let ended = running.end().await;

    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

#[rstest]
#[tokio::test]
async fn whoever_asks_twice_waits_for_no_page(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = slow(server).await;
    let holder = db.stall_at(395).await;
    let running = Program::start(ROWSCORE, &["run"], db.variables());
    db.wait_for_stall().await;

    running.signal("INT");
    eventually("the signal is heard", async || running.output().1.contains("Ctrl-C again")).await;
    let asked = Instant::now();
    running.signal("INT");
    let ended = running.end().await;

    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert!(ended.stderr.contains("Ended in the middle of a page, which is undone."), "{ended:?}");
    drop(holder);
    db.execute("DROP TRIGGER `stalled_update`").await;
    goes_on(&db).await;
}
