//! A database that is away for a while, takes no writes, or has no room; and a function whose time is up.

use std::time::{Duration, Instant};

use futures_util::future::join;
use mysql_async::prelude::Queryable;
use rowscore::answer::Outcome;
use rowscore::hop::Clock;
use rstest::rstest;
use tokio::net::TcpListener;

use crate::support::own_server::OWN;
use crate::support::private::PASSWORD;
use crate::support::programs::rowscore;
use crate::support::{OwnServer, Server, Setup, TestDb, at, continued, eventually, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

/// A hop of a run of 1000 items, ten at a time, during which something happens as soon as a page is committed.
async fn hop_during(db: &Setup, happens: impl Future<Output = ()>) -> u64 {
    let (tick, now) = (tick(TICK), at(TICK));
    let meanwhile = async {
        eventually("a page is committed", async || db.pages().await > 0).await;
        happens.await;
    };
    let (answer, ()) = join(db.hop(&tick, unhurried(now)), meanwhile).await;
    assert_eq!((answer.outcome, answer.counts.pending), (Outcome::Finished, 0));
    answer.counts.predicted
}

#[rstest]
#[tokio::test]
async fn a_table_that_is_renamed_to_and_fro_amid_a_run_is_waited_for(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10")]).await;
    db.fill(1..=1000, CREATED).await;
    let renamed = async {
        db.execute("RENAME TABLE `items` TO `items_away`").await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        db.execute("RENAME TABLE `items_away` TO `items`").await;
    };

    assert_eq!(hop_during(&db, renamed).await, 1000);

    assert_eq!(db.predicted().await.len(), 1000);
}

#[rstest]
#[tokio::test]
async fn a_table_that_was_never_there_is_not_waited_for(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.execute("DROP VIEW `batch_status`; DROP TABLE `batch_lanes`, `batch_runs`").await;
    let begun = Instant::now();

    let run = rowscore(&["run"], db.variables()).await;

    assert!(run.stderr.contains("rowscore init"), "{run:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[rstest]
#[tokio::test]
async fn connections_that_are_killed_amid_a_run_are_opened_again(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10")]).await;
    db.fill(1..=1000, CREATED).await;
    let login = db.config.mysql.user.clone();
    let killed = async {
        for how in ["QUERY", "CONNECTION", "CONNECTION", "QUERY"] {
            let sql = format!("SELECT `id` FROM `information_schema`.`processlist` WHERE `user` = '{login}'");
            for id in db.rows::<u64>(&sql).await {
                // One that ended by itself meanwhile cannot be killed.
                let _ = db.connect().await.query_drop(format!("KILL {how} {id}")).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };

    assert_eq!(hop_during(&db, killed).await, 1000);

    assert_eq!(db.predicted().await.len(), 1000);
}

/// Runs, canary and release are refused at once, with the name of the `setting` that is to be changed.
async fn is_refused(db: &Setup, owner: &Setup, (setting, odd, back): (&str, &str, &str)) {
    owner.execute(&format!("SET GLOBAL {setting} = {odd}")).await;
    let begun = Instant::now();
    for command in [&["run"][..], &["run", "--canary"], &["release", "--all"]] {
        let refused = rowscore(command, db.variables()).await;
        assert_eq!(refused.status.code(), Some(1), "{command:?}: {refused:?}");
        assert!(refused.stderr.contains(setting), "{refused:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(db.count("`batch_runs`").await, 0);
    owner.execute(&format!("SET GLOBAL {setting} = {back}")).await;
}

#[rstest]
#[tokio::test]
async fn a_server_that_takes_no_writes_is_refused_at_first_and_waited_for_amid_a_run_as_is_one_that_restarts(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = OwnServer::start_with(server, &["--relaxed"]).await;
    let owner = own.database(&[("PAGE_SIZE", "10")]).await;
    let db = owner.with(&[("MYSQL_USER", OWN), ("MYSQL_PASSWORD", PASSWORD)]).await;
    db.fill(1..=1000, CREATED).await;
    let transactions = if server == Server::Mariadb { "tx_read_only" } else { "transaction_read_only" };
    for setting in [("read_only", "ON", "OFF"), (transactions, "ON", "OFF"), ("binlog_format", "'STATEMENT'", "'ROW'")]
    {
        is_refused(&db, &owner, setting).await;
    }

    let passing = async {
        owner.execute("SET GLOBAL read_only = ON").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        owner.execute("SET GLOBAL read_only = OFF").await;
        own.stop().await;
        own.restart().await;
    };

    assert_eq!(hop_during(&db, passing).await, 1000);

    assert_eq!(db.predicted().await.len(), 1000);
}

#[rstest]
#[case::too_few(1)]
#[case::two(2)]
#[case::three(3)]
#[tokio::test]
async fn a_login_with_few_connections_works_on_fewer_lanes_or_is_told(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] connections: u32,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "4")]).await;
    db.fill(1..=200, CREATED).await;
    let login = &db.config.mysql.user;
    db.execute(&format!("ALTER USER `{login}` WITH MAX_USER_CONNECTIONS {connections}")).await;
    let begun = Instant::now();

    let run = rowscore(&["run"], db.variables()).await;

    if connections > 1 {
        assert_eq!(run.status.code(), Some(0), "{run:?}");
        assert_eq!(db.predicted().await.len(), 200);
    } else {
        assert_eq!(run.status.code(), Some(1), "{run:?}");
        assert!(run.stderr.contains("MAX_USER_CONNECTIONS") && run.stderr.contains("LANES"), "{run:?}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    }
}

/// A hop of a function that is ended in so many seconds.
fn ends_in(seconds: u64) -> Clock {
    Clock::new(at(LATER), Some(Duration::from_secs(seconds)), Duration::from_secs(2), Duration::from_secs(60))
}

#[rstest]
#[tokio::test]
async fn what_does_not_succeed_is_given_up_and_noted_before_the_function_ends(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=100, CREATED).await;
    db.hurried_tick(TICK).await;
    let mut client = db.client().await;
    client.query_drop("BEGIN; SELECT * FROM `batch_lanes` FOR UPDATE").await.unwrap();
    let begun = Instant::now();

    // Time for the five seconds that a lock is waited for, also where the server is slow to notice.
    let error = db.try_hop(&continued(1, 0, 2), ends_in(12)).await.unwrap_err().to_string();

    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    assert!(error.contains("1205"), "{error}");
    let noted: String = db.value("SELECT `last_error` FROM `batch_runs`").await;
    assert_eq!(noted, error);
    client.query_drop("ROLLBACK").await.unwrap();
    assert_eq!(db.hop(&continued(1, 0, 2), unhurried(at(LATER))).await.outcome, Outcome::Finished);
}

#[rstest]
#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_before_the_function_ends(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port().to_string();
    let db = TestDb::new(server, &[]).await;
    let db = db.with(&[("MYSQL_PORT", port.as_str())]).await;
    let begun = Instant::now();

    let error = db.try_hop(&tick(TICK), ends_in(6)).await.unwrap_err().to_string();

    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert!(error.contains("did not answer for "), "{error}");
}
