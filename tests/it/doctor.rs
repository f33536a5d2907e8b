//! `rowscore doctor`, and the function that tries itself out: each step that fails has its sentence and what to do.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join;
use lambda_runtime::{Context, LambdaEvent};
use rowscore::lambda::Function;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::invocation::{in_milliseconds, invoke};
use crate::support::own_server::OWN;
use crate::support::private::PASSWORD;
use crate::support::programs::rowscore;
use crate::support::rds::{Kind, Rds};
use crate::support::sqs::{Queue, delivery};
use crate::support::{OwnServer, Server, TestDb, eventually};

const CREATED: &str = "2024-03-05T09:30:00Z";

/// What `rowscore doctor` says with this environment.
async fn examined(variables: &BTreeMap<String, String>) -> Value {
    let ended = rowscore(&["doctor"], variables).await;
    let checkup: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let code = if checkup["verdict"] == json!("well") { 0 } else { 1 };
    assert_eq!(ended.status.code(), Some(code), "{ended:?}");
    checkup
}

/// Each step with its state.
fn states(checkup: &Value) -> Vec<(&str, &str)> {
    let steps = checkup["steps"].as_array().unwrap().iter();
    steps.map(|finding| (finding["step"].as_str().unwrap(), finding["state"].as_str().unwrap())).collect()
}

/// The one step that failed, what was seen, and what to do.
fn failed(checkup: &Value) -> (&str, &str, &str) {
    assert_eq!(checkup["verdict"], json!("unwell"), "{checkup}");
    let failed: Vec<&Value> =
        checkup["steps"].as_array().unwrap().iter().filter(|finding| finding["state"] == json!("failed")).collect();
    let [one] = failed[..] else { panic!("not one step failed: {checkup:#}") };
    let text = |name: &str| one[name].as_str().unwrap_or_else(|| panic!("no {name}: {checkup:#}"));
    (text("step"), text("said"), text("remedy"))
}

async fn table(server: Server, settings: &[(&str, &str)]) -> TestDb {
    let db = TestDb::new(server, settings).await;
    db.fill(1..=10, CREATED).await;
    db
}

#[rstest]
#[tokio::test]
async fn where_all_is_there_each_step_is_ok_and_nothing_is_kept(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[]).await;
    db.tick("2024-03-05T10:00:00Z").await;
    let before = db.snapshot().await;

    let checkup = examined(db.variables()).await;

    let ok = ["login", "server", "tables", "fit", "grants", "page"].map(|step| (step, "ok"));
    let steps = [&ok[..], &[("queue", "untried"), ("standing", "ok")]].concat();
    assert_eq!(states(&checkup), steps, "{checkup:#}");
    let login = checkup["steps"][0]["said"].as_str().unwrap();
    assert!(
        login.starts_with(&format!("`{}@%` at ", db.config.mysql.user)) && login.ends_with(", without TLS"),
        "{login}"
    );
    assert_eq!((db.snapshot().await, db.count("`item_failures`").await), (before, 0));
    assert_eq!(db.run(2).await.state, "succeeded");

    let told = rowscore(&["doctor", "--text"], db.variables()).await;
    let lines: Vec<&str> = told.stdout.lines().collect();
    assert!(lines[0].starts_with("login    ok       `"), "{told:?}");
    assert_eq!(lines.last(), Some(&"All is well; not tried: queue."), "{told:?}");
}

#[rstest]
#[tokio::test]
async fn a_login_that_is_refused_or_a_server_that_is_not_there_is_told_first_and_nothing_else_is_tried(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[]).await;
    let (refused, nowhere) = (db.with(&[("MYSQL_PASSWORD", "wrong")]).await, db.with(&[("MYSQL_PORT", "1")]).await);
    for (variables, seen, remedy) in [
        (refused.variables(), "Access denied", "check MYSQL_USER and MYSQL_PASSWORD"),
        (nowhere.variables(), "connecting to the database at ", "nothing listens there: check MYSQL_SERVER"),
    ] {
        let checkup = examined(variables).await;
        let (step, said, to_do) = failed(&checkup);
        assert_eq!(step, "login");
        assert!(said.contains(seen) && !said.contains("check MYSQL"), "{said}");
        assert!(to_do.contains(remedy), "{to_do}");
        assert!(states(&checkup)[1..].iter().all(|(_, state)| *state == "untried"), "{checkup:#}");
    }
    assert_eq!(db.count("`batch_runs`").await, 0);
}

#[rstest]
#[case::a_column("ALTER TABLE `batch_lanes` DROP COLUMN `look_at`", "`batch_lanes`.`look_at` (0017_waiting.sql)")]
#[case::a_table("DROP TABLE `batch_jobs`", "`batch_jobs` (0012_jobs_in_sql.sql)")]
#[case::all("DROP VIEW `batch_status`; DROP TABLE `batch_runs`, `batch_lanes`", "`batch_runs` (0002_runs.sql)")]
#[tokio::test]
async fn a_migration_that_is_missing_is_named(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] ddl: &str,
    #[case] named: &str,
) {
    let db = table(server, &[]).await;
    db.execute(ddl).await;

    let checkup = examined(db.variables()).await;

    let (step, said, remedy) = failed(&checkup);
    assert_eq!(step, "tables");
    assert!(said.contains(named), "{said}");
    assert!(remedy.starts_with(&format!("`rowscore init --grant {}`", db.config.mysql.user)), "{remedy}");
    db.migrate().await;
    assert_eq!(examined(db.variables()).await["verdict"], json!("well"));
}

#[rstest]
#[case::of_a_prediction("UPDATE (`prediction`) ON `items`", "grants")]
#[case::of_a_failure("INSERT ON `item_failures`", "grants")]
#[case::of_a_run("UPDATE (`state`) ON `batch_runs`", "page")]
#[case::of_a_table_of_its_own("SELECT ON `batch_samples`", "tables")]
#[tokio::test]
async fn a_grant_that_is_missing_is_told_with_the_command_that_grants_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] right: &str,
    #[case] step: &str,
) {
    let db = table(server, &[]).await;
    let (login, before) = (&db.config.mysql.user, db.snapshot().await);
    db.execute(&format!("REVOKE {right} FROM `{login}`")).await;

    let checkup = examined(db.variables()).await;

    let (at, _, remedy) = failed(&checkup);
    assert_eq!(at, step, "{checkup:#}");
    assert!(remedy.starts_with(&format!("`rowscore init --grant {login}`")), "{remedy}");
    assert_eq!(db.snapshot().await, before);
    db.migrate().await;
    assert_eq!(examined(db.variables()).await["verdict"], json!("well"));
}

#[rstest]
#[tokio::test]
async fn a_table_that_is_gone_and_a_model_that_does_not_fit_are_told_before_anything_is_written(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[]).await;
    let (pinned, sample) = (db.with(&[("MODEL_NAME", "other")]).await, db.with(&[("SAMPLE_MODEL", "samples")]).await);
    for (setup, seen) in [(&pinned, "MODEL_NAME is `other`"), (&sample, "is a sample, which scores the sample items")] {
        let checkup = examined(setup.variables()).await;
        let (step, said, remedy) = failed(&checkup);
        assert_eq!(step, "fit");
        assert!(said.contains(seen) && remedy.contains("`rowscore variables`"), "{checkup:#}");
    }
    db.execute("DROP TABLE `items`").await;
    let checkup = examined(db.variables()).await;
    let (step, said, _) = failed(&checkup);
    assert!(step == "fit" && said.contains("the database has no such table"), "{checkup:#}");
    assert_eq!(db.count("`batch_runs`").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_table_that_does_not_keep_what_is_written_fails_at_the_page(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[]).await;
    db.execute("CREATE TRIGGER `rounds` BEFORE UPDATE ON `items` FOR EACH ROW SET NEW.`prediction` = '[1, 0, 0]'")
        .await;

    let checkup = examined(db.variables()).await;

    let (step, said, remedy) = failed(&checkup);
    assert_eq!(step, "page");
    assert!(said.contains("read back as [1") && remedy.contains("triggers"), "{checkup:#}");
}

#[rstest]
#[tokio::test]
async fn a_server_that_takes_no_writes_is_told_with_its_setting(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = OwnServer::start_with(server, &["--relaxed"]).await;
    let owner = own.database(&[]).await;
    let scorer = owner.with(&[("MYSQL_USER", OWN), ("MYSQL_PASSWORD", PASSWORD)]).await;
    owner.execute("SET GLOBAL read_only = ON").await;

    let checkup = examined(scorer.variables()).await;

    let (step, said, remedy) = failed(&checkup);
    assert_eq!(step, "grants", "{checkup:#}");
    assert!(
        said.contains("read") && remedy.contains("name the server that takes writes in MYSQL_SERVER"),
        "{checkup:#}"
    );
    let of_server = &checkup["steps"][1];
    assert!(of_server["state"] == json!("odd") && of_server["said"].as_str().unwrap().contains("read_only is ON"));
}

/// The function's answer, while its messages are delivered.
async fn with_deliveries(function: &Function, queue: &Queue) -> Value {
    let asked = invoke(function, json!({"run": "doctor"}));
    let delivered = async {
        let mut message = None;
        eventually("a message is sent", async || {
            message = queue.receive().await;
            message.is_some()
        })
        .await;
        let message = message.unwrap();
        // SQS may deliver it twice.
        invoke(function, delivery(&message)).await.unwrap();
        invoke(function, delivery(&message)).await.unwrap()
    };
    let (answer, delivered) = join(asked, delivered).await;
    assert_eq!((&delivered["outcome"], &delivered["batchItemFailures"]), (&json!("stale"), &json!([])));
    answer.unwrap()
}

#[rstest]
#[tokio::test]
async fn the_function_waits_for_its_own_message_to_come_back(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let queue = Queue::new().await;
    let db = table(server, &[("CONTINUATION_QUEUE_URL", &queue.url)]).await;
    db.tick("2024-03-05T10:00:00Z").await;
    let function = db.function().await;

    let answer = with_deliveries(&function, &queue).await;

    queue.remove().await;
    assert_eq!((&answer["outcome"], &answer["checkup"]["verdict"]), (&json!("examined"), &json!("well")), "{answer:#}");
    assert!(states(&answer["checkup"]).iter().all(|(_, state)| *state == "ok"), "{answer:#}");
    assert_eq!(db.run(2).await.state, "succeeded");
}

#[rstest]
#[tokio::test]
async fn a_message_that_is_not_sent_or_does_not_come_back_fails_at_the_queue(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let (queue, other) = (Queue::new().await, Queue::new().await);
    let nowhere = other.url.replace("it-", "not-it-");
    other.remove().await;
    let db = table(server, &[("CONTINUATION_QUEUE_URL", &queue.url)]).await;
    let lost = db.with(&[("CONTINUATION_QUEUE_URL", &nowhere)]).await;

    let answer = invoke(&lost.function().await, json!({"run": "doctor"})).await.unwrap();
    let (step, said, remedy) = failed(&answer["checkup"]);
    assert!(step == "queue" && said.contains("could not be sent") && remedy.contains("PathToSqs"), "{answer:#}");

    // Nobody delivers it, and the function has a few seconds.
    let mut context = Context::default();
    context.deadline = in_milliseconds(Duration::from_secs(8));
    let event = LambdaEvent::new(json!({"run": "doctor"}), context);
    let answer = serde_json::to_value(db.function().await.handle(event).await.unwrap()).unwrap();
    queue.remove().await;
    let (step, said, remedy) = failed(&answer["checkup"]);
    assert!(step == "queue" && said.contains("did not come back within") && remedy.contains("Enabled"), "{answer:#}");
    assert_eq!(states(&answer["checkup"])[5], ("page", "ok"), "{answer:#}");
}

#[rstest]
#[tokio::test]
async fn a_database_that_sleeps_is_left_asleep_and_fails_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let rds = Rds::new(Kind::Instance).await;
    rds.stop().await;
    let db = table(server, &[]).await;
    let (before, resource) = (rds.standing().await, rds.resource());
    let setup = db.with(&[("WAKE_DATABASE", "true"), ("MYSQL_RESOURCE", resource.as_str())]).await;

    let answer = invoke(&setup.function().await, json!({"run": "doctor"})).await.unwrap();

    assert_eq!(answer["checkup"]["verdict"], json!("well"));
    assert!(answer["checkup"]["steps"][0]["said"].as_str().unwrap().contains("is stopped"), "{answer:#}");
    assert!(states(&answer["checkup"]).iter().all(|(_, state)| *state == "untried"), "{answer:#}");
    assert_eq!((rds.standing().await, db.count("`batch_runs`").await), (before, 0));
}

#[rstest]
#[tokio::test]
async fn what_is_wrong_with_runs_is_told_and_fails_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[]).await;

    let checkup = examined(db.variables()).await;

    assert_eq!(checkup["verdict"], json!("well"));
    let last = checkup["steps"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["step"], &last["state"]), (&json!("standing"), &json!("odd")), "{checkup:#}");
    assert!(last["said"].as_str().unwrap().contains("wait") && last["remedy"].is_string(), "{checkup:#}");
}
