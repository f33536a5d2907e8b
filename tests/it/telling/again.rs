//! Who could not be told is told later, and nobody for ever.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use futures_util::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{table, tick, untold};
use crate::support::invocation::{in_milliseconds, invoke};
use crate::support::listeners::{self, Bus, Topic};
use crate::support::programs::{Program, ROWSCORE, rowscore};
use crate::support::runtime_api::Environment;
use crate::support::{Server, Setup, TestDb};

/// What a run that is over has in any case.
const COLUMNS: &str = "`items_table`, `job`, `kind`, `window_from`, `window_to`, `chained`, `policy`, `model_version`, \
                       `lanes`, `workers`, `state`, `attempted_at`, `pass`, `started_at`, `finished_at`, `to_tell`";

#[rstest]
#[tokio::test]
async fn who_cannot_be_told_fails_no_run_and_is_told_by_the_next_tick_alone(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let (bus, missing) = (Bus::new().await, Topic::missing());
    let (db, function) = table(server, &[("EVENT_BUS", &bus.arn), ("EVENT_TOPIC", &missing)]).await;

    let reply = invoke(&function, tick(10)).await.unwrap();
    assert_eq!((&reply["outcome"], &reply["state"]), (&json!("finished"), &json!("succeeded_with_failures")));
    assert_eq!(bus.ids().await, ["default/1/1"]);
    assert_eq!(db.value::<String>("SELECT `to_tell` FROM `batch_runs`").await, "topic");

    let topic = Topic::at(&missing).await;
    invoke(&function, tick(11)).await.unwrap();
    assert_eq!(topic.ids().await, ["default/1/1", "default/2/1"]);
    assert_eq!(bus.ids().await, ["default/2/1"]);
    assert_eq!(untold(&db).await, 0);
}

#[rstest]
#[tokio::test]
async fn runs_over_the_table_of_another_deployment_in_the_database_are_left_to_it_to_tell(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let bus = Bus::new().await;
    let (db, function) = table(server, &[("EVENT_BUS", &bus.arn)]).await;
    invoke(&function, tick(10)).await.unwrap();
    let others = COLUMNS.replace("`items_table`", "'others'").replace("`to_tell`", "'bus'");
    db.execute(&format!("INSERT INTO `batch_runs` ({COLUMNS}) SELECT {others} FROM `batch_runs` WHERE `id` = 1")).await;
    bus.ids().await;

    invoke(&function, tick(11)).await.unwrap();

    assert_eq!(bus.ids().await, ["default/3/1"]);
    assert_eq!(
        (untold(&db).await, db.count("`batch_runs` WHERE `items_table` = 'others' AND `to_tell` = 'bus'").await),
        (1, 1)
    );
}

#[rstest]
#[tokio::test]
async fn a_way_that_stays_out_of_reach_keeps_nobody_waiting_who_listens_by_another(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let (bus, missing) = (Bus::new().await, Topic::missing());
    let (db, function) = table(server, &[("EVENT_BUS", &bus.arn), ("EVENT_TOPIC", &missing)]).await;
    invoke(&function, tick(10)).await.unwrap();
    // More than are told at a time.
    let ended = format!("INSERT INTO `batch_runs` ({COLUMNS}) SELECT {COLUMNS} FROM `batch_runs` WHERE `id` = 1");
    db.execute(&vec![ended; 120].join("; ")).await;
    bus.ids().await;

    invoke(&function, tick(11)).await.unwrap();

    assert_eq!(bus.ids().await, [format!("default/{}/1", db.value::<u64>("SELECT MAX(`id`) FROM `batch_runs`").await)]);
    assert_eq!(untold(&db).await, 122);
}

/// The same database with the means to reach a local AWS, or whoever is at `endpoint`, in a process of its own.
async fn by_hand(db: &TestDb, bus: &Bus, endpoint: Option<&str>) -> Setup {
    let mut settings = listeners::variables(endpoint).to_vec();
    settings.push(("EVENT_BUS", bus.arn.clone()));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    db.with(&settings).await
}

#[rstest]
#[tokio::test]
async fn a_run_whose_hop_is_killed_between_its_end_and_the_telling_is_told_by_the_next(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let bus = Bus::new().await;
    let (db, _) = table(server, &[]).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());

    let mut program = Program::start(ROWSCORE, &["run"], by_hand(&db, &bus, Some(&endpoint)).await.variables());
    // It has connected in order to tell, and waits for an answer.
    let _connection = tokio::time::timeout(Duration::from_secs(30), silent.accept()).await.unwrap().unwrap();
    program.kill();
    assert_eq!(db.run(1).await.state, "succeeded_with_failures");
    assert_eq!((bus.heard().await, untold(&db).await), (Vec::new(), 1));

    assert!(rowscore(&["run"], by_hand(&db, &bus, None).await.variables()).await.status.success());
    assert_eq!(bus.ids().await, ["default/1/1", "default/2/1"]);
    assert_eq!(untold(&db).await, 0);
}

#[tokio::test]
async fn databases_that_tell_one_topic_which_keeps_an_order_do_not_take_each_others_messages_for_repetitions() {
    let (endpoint, got) = publisher().await;
    let topic = Topic::missing() + ".fifo";
    let mut settings = listeners::variables(Some(&endpoint)).to_vec();
    settings.push(("EVENT_TOPIC", topic));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let [(one, _), (other, _)] = [table(Server::Mysql, &[]).await, table(Server::Mysql, &[]).await];

    for db in [&one, &one, &other] {
        assert!(rowscore(&["run"], db.with(&settings).await.variables()).await.status.success());
    }

    let field = |name: &str| -> Vec<String> {
        let of = |body: &String| body.split('&').find_map(|pair| pair.strip_prefix(name)).unwrap().to_owned();
        got.lock().unwrap().iter().map(of).collect()
    };
    let (groups, ids) = (field("MessageGroupId="), field("MessageDeduplicationId="));
    assert!(groups[0] == groups[1] && groups[0] != groups[2], "{groups:?}");
    assert!(ids[0] != ids[1] && ids[0] != ids[2], "{ids:?}");
}

/// A service that takes whatever is published, and keeps it.
async fn publisher() -> (String, Arc<Mutex<Vec<String>>>) {
    const TAKEN: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
        <MessageId>1</MessageId></PublishResult></PublishResponse>";
    let got = Arc::<Mutex<Vec<String>>>::default();
    let take = async move |State(got): State<Arc<Mutex<Vec<String>>>>, body: String| {
        got.lock().unwrap().push(body);
        TAKEN
    };
    let router = Router::new().route("/", post(take)).with_state(Arc::clone(&got));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (endpoint, got)
}

#[rstest]
#[tokio::test]
async fn hops_at_the_same_time_tell_each_end_once(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let bus = Bus::new().await;
    let (db, function) = table(server, &[("EVENT_BUS", &bus.arn)]).await;

    for hour in 10..15 {
        let events = [tick(hour), json!({"run": "sweep"}), json!({"run": "backfill", "dry_run": true})];
        join_all(events.map(|event| invoke(&function, event))).await.into_iter().for_each(|reply| drop(reply.unwrap()));
    }

    let opened = db.opened().await;
    let expected: Vec<String> = (1..=opened).map(|run| format!("default/{run}/1")).collect();
    let mut told = bus.ids().await;
    told.sort_by_key(|id| id.split('/').nth(1).unwrap().parse::<u64>().unwrap());
    assert_eq!(told, expected);
}

#[rstest]
#[tokio::test]
async fn after_a_week_nobody_is_told_any_more(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let (bus, missing) = (Bus::new().await, Topic::missing());
    let (db, function) = table(server, &[("EVENT_TOPIC", &missing)]).await;
    for hour in [10, 11] {
        invoke(&function, tick(hour)).await.unwrap();
    }
    db.execute("UPDATE `batch_runs` SET `finished_at` = `finished_at` - INTERVAL 8 DAY WHERE `id` = 1").await;
    let topic = Topic::at(&missing).await;

    invoke(&db.with(&[("EVENT_TOPIC", &missing), ("EVENT_BUS", &bus.arn)]).await.function().await, tick(12))
        .await
        .unwrap();

    assert_eq!(topic.ids().await, ["default/2/1", "default/3/1"]);
    // Of what ended before anybody asked for it, nobody is told.
    assert_eq!(bus.ids().await, ["default/3/1"]);
    assert_eq!(untold(&db).await, 0);
}

#[tokio::test]
async fn the_figures_and_the_log_say_who_was_not_told_and_why() {
    let missing = Topic::missing();
    let (db, _) = table(Server::Mysql, &[]).await;
    let mut variables = db.with(&[("EVENT_TOPIC", &missing)]).await.variables().clone();
    variables.extend(listeners::variables(None).map(|(name, value)| (name.to_owned(), value)));
    variables.insert("AWS_LAMBDA_LOG_FORMAT".to_owned(), "JSON".to_owned());
    let mut environment = Environment::start(&variables).await;

    environment.invoke(tick(10), in_milliseconds(Duration::from_secs(60))).await.result.unwrap();

    let (stdout, _) = environment.output();
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let figures = lines.iter().find(|line| line.get("TellingsFailed").is_some()).expect("a line of figures");
    assert_eq!((&figures["TellingsFailed"], &figures["Function"]), (&json!(1.0), &json!("rowscore")));
    let said = "could not tell that the run ended; a later hop tries again";
    let logged = lines.iter().find(|line| line["fields"]["message"] == said).expect("a line in the log");
    assert!(logged["fields"]["error"].as_str().unwrap().starts_with(&missing), "{logged:#}");
}
