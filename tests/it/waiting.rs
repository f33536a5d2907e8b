//! A good neighbour: a run waits while the database is in trouble or is to be left alone, costs nothing meanwhile, and
//! goes on by itself.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::future::{join, join_all};
use mysql_async::prelude::Queryable;
use rowscore::answer::{Answer, Outcome};
use rowscore::event::Trigger;
use rowscore::hop::HopError;
use rowscore::standing::Mood;
use rstest::rstest;
use serde_json::{Value, json};

use crate::api::Service;
use crate::standing::assert_standing;
use crate::support::database::RunRow;
use crate::support::invocation::invoke;
use crate::support::private::PASSWORD;
use crate::support::programs::{Program, rowscore};
use crate::support::sqs::{Queue, delivery};
use crate::support::{OwnServer, Server, Setup, TestDb, at, eventually, message, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";
const NOW: &str = "2024-03-05T10:00:05Z";

/// 100 items, and a table of troubles, which the run waits for to be empty.
pub(crate) async fn troubled(server: Server, settings: &[(&str, &str)]) -> TestDb {
    let own = [("WAIT_IF", "query>0"), ("WAIT_QUERY", "SELECT COUNT(*) FROM `trouble`"), ("PAGE_SIZE", "10")];
    let db = TestDb::new(server, &[&own, settings].concat()).await;
    db.fill(1..=100, CREATED).await;
    db.execute("CREATE TABLE `trouble` (`id` INT NOT NULL PRIMARY KEY)").await;
    db.execute(&format!("GRANT SELECT ON `trouble` TO `{}`", db.config.mysql.user)).await;
    db
}

/// What the run waits for, as its row says.
async fn noted(db: &Setup) -> Option<String> {
    db.value("SELECT `waiting_for` FROM `batch_runs` WHERE `id` = 1").await
}

/// The one continuation of an answer, which is to come later.
fn later(answer: &Answer) -> Trigger {
    assert_eq!((answer.outcome, answer.continuations.len()), (Outcome::Waiting, 1), "{answer:?}");
    let next_look = answer.waiting.as_ref().unwrap().next_look;
    assert_eq!(answer.continuations[0].not_before, Some(next_look));
    Trigger::Continue(answer.continuations[0].clone())
}

#[rstest]
#[tokio::test]
async fn a_run_waits_while_the_users_own_query_tells_of_trouble_and_goes_on_after_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = troubled(server, &[]).await;
    db.execute("INSERT INTO `trouble` VALUES (1)").await;

    let first = db.tick(TICK).await;
    let waiting = first.waiting.clone().unwrap();
    assert_eq!((waiting.why.as_str(), waiting.since), ("query is 1, more than 0", at(NOW)));
    assert_eq!((waiting.next_look - waiting.since, db.predicted().await.len()), (TimeDelta::seconds(30), 0));
    assert_eq!(noted(&db).await, Some(waiting.why.clone()));
    let shown = &Service::of(&db).await.get("/runs/1").await["run"]["waiting"];
    assert_eq!(shown, &json!({"why": waiting.why, "since": waiting.since, "next_look": waiting.next_look}));

    let mut next = later(&first);
    let (mut now, mut looks) = (waiting.next_look, Vec::new());
    for _ in 0..3 {
        let answer = db.hop(&next, unhurried(now)).await;
        let still = answer.waiting.clone().unwrap();
        assert_eq!(still.since, waiting.since);
        looks.push((still.next_look - now).num_seconds());
        (next, now) = (later(&answer), still.next_look);
    }
    assert_eq!(looks, [30, 60, 120]);
    let hops: u64 = db.value("SELECT MAX(`hop`) FROM `batch_lanes`").await;
    assert_eq!(hops, 2, "the hop that opened the run, and the one that is due");

    db.execute("DELETE FROM `trouble`").await;
    let last = db.hop(&next, unhurried(now)).await;
    assert_eq!((last.outcome, noted(&db).await), (Outcome::Finished, None));
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 100, 0, 0));
    assert_eq!(Service::of(&db).await.get("/runs").await[0]["waiting"], json!(null));
}

#[rstest]
#[tokio::test]
async fn a_run_at_work_stops_within_a_page_of_the_look_that_sees_trouble(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("retry_failed", "retry_all")] policy: &str,
) {
    let db = troubled(server, &[("LANES", "2"), ("FAILURE_POLICY", policy)]).await;
    db.fill(101..=2000, CREATED).await;
    db.audit().await;
    db.slow_down(10).await;

    let begun = Instant::now();
    let trouble = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        db.execute("INSERT INTO `trouble` VALUES (1)").await;
    };
    let (answer, ()) = join(db.tick(TICK), trouble).await;
    let took = begun.elapsed();

    let next = later(&answer);
    assert!(answer.hop.pages > 0 && db.predicted().await.len() < 1900, "{answer:?}");
    assert!(took < Duration::from_millis(7500), "the look comes after 5 s, and the hop ended after {took:?}");
    db.execute("DELETE FROM `trouble`; DROP TRIGGER `slow_updates`").await;
    assert_eq!(db.hop(&next, unhurried(at(NOW))).await.outcome, Outcome::Finished);
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 2000, 0, 0));
    assert_eq!(db.updated().await, (1..=2000).collect::<Vec<i64>>(), "each item once");
}

#[rstest]
#[tokio::test]
async fn a_burst_of_running_statements_is_waited_for(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = OwnServer::start_with(server, &["--relaxed"]).await;
    let db = own.database(&[("WAIT_IF", "threads_running>50")]).await;
    db.fill(1..=100, CREATED).await;
    let clients = join_all((0..60).map(|_| db.connect())).await;
    let burst = join_all(clients.into_iter().map(async |mut client| client.query_drop("DO SLEEP(3)").await.unwrap()));

    let during = async {
        let running = async || db.rows::<(String, u64)>("SHOW GLOBAL STATUS LIKE 'Threads_running'").await[0].1;
        eventually("60 statements run", async || running().await > 60).await;
        db.tick(TICK).await
    };
    let (_, answer) = join(burst, during).await;

    let why = answer.waiting.clone().unwrap().why;
    assert!(why.starts_with("threads_running is 6") && why.ends_with(", more than 50"), "{why}");
    assert_eq!(db.hop(&later(&answer), unhurried(at(NOW))).await.outcome, Outcome::Finished);
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 100, 0, 0));
}

#[rstest]
#[tokio::test]
async fn quiet_hours_stop_a_run_before_the_page_that_would_begin_in_them_and_end_to_the_second(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let settings = [("QUIET_HOURS", "11:00-12:00 Europe/Berlin"), ("PAGE_SIZE", "10"), ("LANES", "1")];
    let db = TestDb::new(server, &settings).await;
    db.fill(1..=200, CREATED).await;
    db.slow_down(10).await;

    // A second before they begin; in winter it is 11:00 in Berlin at 10:00.
    let answer = db.hop(&tick("2024-03-05T09:59:00Z"), unhurried(at("2024-03-05T09:59:59Z"))).await;
    let waiting = answer.waiting.clone().unwrap();
    assert_eq!(waiting.why, "the quiet hours 11:00-12:00 Europe/Berlin");
    assert_eq!(waiting.next_look, at("2024-03-05T11:00:00Z"));
    let before = db.predicted().await.len();
    assert!((10..200).contains(&before), "{before} items in a second");

    let within = db.hop(&later(&answer), unhurried(at("2024-03-05T10:59:58Z"))).await;
    assert_eq!((within.outcome, db.predicted().await.len()), (Outcome::Waiting, before));
    db.execute("DROP TRIGGER `slow_updates`").await;
    let after = db.hop(&later(&within), unhurried(at("2024-03-05T11:00:00Z"))).await;
    assert_eq!((after.outcome, db.predicted().await.len()), (Outcome::Finished, 200));
}

#[rstest]
#[tokio::test]
async fn over_the_queue_the_message_that_looks_again_is_put_off_and_there_is_one_however_many_ticks_come(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let queue = Queue::new().await;
    let db = troubled(server, &[("CONTINUATION_QUEUE_URL", &queue.url)]).await;
    db.execute("INSERT INTO `trouble` VALUES (1)").await;
    let function = db.function().await;
    let asked = json!({"run": "window", "scheduled_time": TICK});

    let first = invoke(&function, asked.clone()).await.unwrap();
    assert_eq!((&first["outcome"], &first["waiting"]["for"]), (&json!("waiting"), &json!("query is 1, more than 0")));
    for _ in 0..3 {
        assert_eq!(invoke(&function, asked.clone()).await.unwrap()["outcome"], json!("waiting"));
    }

    let sent = queue.receive().await.unwrap();
    assert!(queue.receive().await.is_none(), "one message is enough");
    let id = json!([{"itemIdentifier": sent.message_id}]);
    let taken = invoke(&function, delivery(&sent)).await.unwrap();
    assert_eq!(
        (&taken["outcome"], &taken["run_id"], &taken["batchItemFailures"]),
        (&json!("waiting"), &Value::Null, &id)
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(queue.receive().await.is_none(), "it comes again when its time has come");

    // As if that was now.
    let mut body: Value = serde_json::from_str(sent.body.as_deref().unwrap()).unwrap();
    body["not_before"] = json!("2024-03-05T10:00:00Z");
    db.execute("DELETE FROM `trouble`").await;
    let last = invoke(&function, message("m", &body.to_string())).await.unwrap();
    queue.remove().await;
    assert_eq!((&last["outcome"], &last["batchItemFailures"]), (&json!("finished"), &json!([])));
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 100, 0, 0));
}

#[rstest]
#[tokio::test]
async fn a_message_that_was_put_off_comes_again_by_itself(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let queue = Queue::new().await;
    let db = troubled(server, &[("CONTINUATION_QUEUE_URL", &queue.url)]).await;
    let function = db.function().await;
    // A run that is left for somebody else to go on with.
    db.execute("INSERT INTO `trouble` VALUES (1)").await;
    db.tick(TICK).await;
    db.execute("DELETE FROM `trouble`").await;
    let soon = chrono::Utc::now() + TimeDelta::seconds(3);
    queue
        .send(&json!({"run": "continuation", "run_id": 1, "worker": 0, "hop": 2, "not_before": soon}).to_string())
        .await;

    let (mut deliveries, begun) = (Vec::new(), Instant::now());
    while db.run(1).await.state == "running" {
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not come again");
        if let Some(sent) = queue.receive().await {
            let reply = invoke(&function, delivery(&sent)).await.unwrap();
            deliveries.push(reply["outcome"].clone());
            if reply["batchItemFailures"] == json!([]) {
                queue.delete(&sent).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    queue.remove().await;
    assert_eq!(deliveries, [json!("waiting"), json!("finished")]);
    assert!(begun.elapsed() >= Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[rstest]
#[tokio::test]
async fn the_command_line_waits_in_process_says_what_for_and_ends_when_it_is_asked_to(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = troubled(server, &[]).await;
    db.execute("INSERT INTO `trouble` VALUES (1)").await;
    let why = "waits, and goes on by itself when that is over: query is 1, more than 0.";

    let run = Program::start("rowscore", &["run", "--to", TICK], db.variables());
    eventually("it says what it waits for", async || run.output().1.contains(why)).await;
    let status = rowscore(&["status"], db.variables()).await;
    assert!(
        status.stderr.contains("Run 1 waits since ") && status.stderr.contains("query is 1, more than 0."),
        "{status:?}"
    );
    assert_eq!(status.status.code(), Some(0), "that is nothing to be mended: {status:?}");
    run.signal("INT");
    let ended = run.end().await;
    assert_eq!((ended.status.code(), ended.stderr.matches(why).count()), (Some(3), 1), "{ended:?}");

    let run = Program::start("rowscore", &["run", "--to", TICK], db.variables());
    eventually("it says what it waits for", async || run.output().1.contains(why)).await;
    db.execute("DELETE FROM `trouble`").await;
    let ended = run.end().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 100, 0, 0));
}

#[rstest]
#[tokio::test]
async fn a_missing_grant_is_told_before_a_run_is_opened_and_the_file_of_grants_has_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = troubled(server, &[("WAIT_IF", "query>0,history_length>1000000")]).await;
    db.execute(&format!("REVOKE SELECT ON `trouble` FROM `{}`", db.config.mysql.user)).await;
    let refused = db.try_hop(&tick(TICK), unhurried(at(NOW))).await.unwrap_err();
    assert!(matches!(&refused, HopError::Unfit(unfit) if unfit.problems[0].contains("trouble")), "{refused}");
    assert_eq!(db.opened().await, 0);

    db.execute(&format!("GRANT SELECT ON `trouble` TO `{}`", db.config.mysql.user)).await;
    if server == Server::Mysql {
        let refused = db.try_hop(&tick(TICK), unhurried(at(NOW))).await.unwrap_err();
        let HopError::Unfit(unfit) = refused else { panic!("{refused}") };
        let problem = &unfit.problems[0];
        assert!(problem.contains("PROCESS") && problem.contains("infra/grants-wait.sql"), "{problem}");
        assert_eq!(db.opened().await, 0);
    }
    let grants = include_str!("../../infra/grants-wait.sql");
    db.execute(&format!("SET @login = '{}'; {grants}", db.config.mysql.user)).await;
    assert_eq!(db.tick(TICK).await.outcome, Outcome::Finished);
}

#[rstest]
#[tokio::test]
async fn who_cannot_look_waits_and_fails_no_row(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    // Nobody listens there.
    let settings = [("WAIT_IF", "replica_lag>10"), ("REPLICAS", "127.0.0.1:1"), ("PAGE_SIZE", "10")];
    let db = TestDb::new(server, &settings).await;
    db.fill(1..=40, CREATED).await;
    let answer = db.tick(TICK).await;
    let why = answer.waiting.clone().unwrap().why;
    assert!(why.contains("cannot be looked at") && why.ends_with(", of 127.0.0.1:1"), "{why}");
    let all_is_well = db.with(&[("WAIT_IF", ""), ("REPLICAS", "")]).await;
    assert_eq!(all_is_well.hop(&later(&answer), unhurried(at(NOW))).await.outcome, Outcome::Finished);
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 40, 0, 0));
}

#[rstest]
#[tokio::test]
async fn a_run_that_waits_blindly_or_for_a_day_is_no_longer_merely_busy(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = troubled(server, &[]).await;
    db.execute("INSERT INTO `trouble` VALUES (1)").await;
    let first = db.tick(TICK).await;
    // As if it had begun to wait so many hours ago, and was to look again in a minute.
    let waiting = async |hours: u32| {
        db.execute(&format!(
            "UPDATE `batch_runs` SET `waiting_since` = UTC_TIMESTAMP() - INTERVAL {hours} HOUR, \
               `waiting_until` = UTC_TIMESTAMP() + INTERVAL 1 MINUTE"
        ))
        .await;
    };
    waiting(23).await;
    assert_standing(&db, Mood::Busy, &["waits"]).await;
    waiting(25).await;
    let said = assert_standing(&db, Mood::Bad, &["waits_too_long"]).await;
    assert!(said.contains("query is 1, more than 0. End what it waits for, or correct WAIT_IF"), "{said}");

    // Nobody listens there.
    let blindly = db.with(&[("WAIT_IF", "replica_lag>10"), ("WAIT_QUERY", ""), ("REPLICAS", "127.0.0.1:1")]).await;
    let blind = blindly.hop(&later(&first), unhurried(at(NOW) + TimeDelta::minutes(1))).await;
    assert_eq!(blind.outcome, Outcome::Waiting);
    waiting(0).await;
    let said = assert_standing(&db, Mood::Odd, &["waits_blindly"]).await;
    assert!(said.contains("what WAIT_IF names cannot be looked at"), "{said}");
    waiting(25).await;
    assert_standing(&db, Mood::Bad, &["waits_too_long"]).await;

    // Quiet hours end, however long they are.
    db.execute("UPDATE `batch_runs` SET `waiting_for` = 'the quiet hours Mon-Sun 00:00-00:00'").await;
    assert_standing(&db, Mood::Busy, &["waits"]).await;
}

#[rstest]
#[tokio::test]
async fn a_run_waits_for_a_replica_that_is_behind(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let (source, replica) =
        (OwnServer::start_with(server, &["--relaxed"]).await, OwnServer::start_with(server, &["--relaxed"]).await);
    let (db, copy) = (source.database(&[("WAIT_IF", "replica_lag>10")]).await, replica.database(&[]).await);
    let place = format!("127.0.0.1:{}", copy.config.mysql.port);
    let db = db.with(&[("REPLICAS", &place)]).await;
    // Only what comes from here on is copied, with a delay of half a minute.
    let mariadb = server.is_mariadb();
    db.execute(&format!(
        "CREATE USER `copier`@`%` IDENTIFIED BY '{PASSWORD}'; GRANT REPLICATION SLAVE ON *.* TO `copier`@`%`"
    ))
    .await;
    let shown = if mariadb { "SHOW MASTER STATUS" } else { "SHOW BINARY LOG STATUS" };
    let row: mysql_async::Row = db.connect().await.query_first(shown).await.unwrap().unwrap();
    let (file, place_in_it): (String, u64) = (row.get(0).unwrap(), row.get(1).unwrap());
    let (word, extra) = if mariadb { ("MASTER", "") } else { ("SOURCE", ", GET_SOURCE_PUBLIC_KEY = 1") };
    let to = if mariadb { "MASTER TO" } else { "REPLICATION SOURCE TO" };
    copy.execute("SET GLOBAL server_id = 2").await;
    copy.execute(&format!(
        "CHANGE {to} {word}_HOST = '127.0.0.1', {word}_PORT = {}, {word}_USER = 'copier', {word}_PASSWORD = '{PASSWORD}', \
           {word}_LOG_FILE = '{}', {word}_LOG_POS = {}, {word}_DELAY = 30{extra}",
        db.config.mysql.port, file, place_in_it
    ))
    .await;
    copy.execute("START REPLICA").await;
    db.fill(1..=100, CREATED).await;

    // Each row of the relay log is as old as it is.
    tokio::time::sleep(Duration::from_secs(13)).await;
    let (mut next, mut outcomes) = (tick(TICK), Vec::new());
    for _ in 0..30 {
        let answer = db.hop(&next, unhurried(at(NOW))).await;
        outcomes.push((answer.outcome, answer.waiting.as_ref().map(|waiting| waiting.why.clone())));
        if answer.outcome != Outcome::Waiting {
            break;
        }
        next = later(&answer);
        if outcomes.len() == 1 {
            // From here on it catches up.
            copy.execute(&format!("STOP REPLICA; CHANGE {to} {word}_DELAY = 0; START REPLICA")).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(outcomes.last().map(|last| last.0), Some(Outcome::Finished), "{outcomes:?}");
    let why: Vec<&str> = outcomes.iter().filter_map(|look| look.1.as_deref()).collect();
    assert!(
        why.iter().any(|why| why.contains("replica_lag is ") && why.ends_with(&format!(", of {place}"))),
        "{outcomes:?}"
    );
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 100, 0, 0));
}

#[rstest]
#[tokio::test]
async fn where_nothing_is_to_be_waited_for_nothing_is_asked(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = troubled(server, &[("WAIT_IF", ""), ("WAIT_QUERY", "")]).await;
    db.execute("INSERT INTO `trouble` VALUES (1)").await;
    let answer = db.tick(TICK).await;
    assert_eq!((answer.outcome, answer.waiting), (Outcome::Finished, None));
}
