//! What the function tells beside its answers: figures, log lines and X-Ray's trace.

use std::time::Duration;

use aws_sdk_sqs::types::MessageSystemAttributeName;
use lambda_runtime::{Context, LambdaEvent};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::invocation::in_milliseconds;
use crate::support::runtime_api::Environment;
use crate::support::sqs::{Queue, attribute, delivery};
use crate::support::{Server, Setup, TestDb};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";

fn scheduled() -> Value {
    json!({"run": "window", "scheduled_time": "2024-03-05T10:00:00Z"})
}

/// Invokes a function of its own process; the lines that it wrote.
pub(super) async fn lines_of(db: &Setup, settings: &[(&str, &str)], event: Value) -> Vec<Value> {
    let setup = db.with(settings).await;
    let mut variables = setup.variables().clone();
    variables.insert("AWS_LAMBDA_LOG_FORMAT".into(), "JSON".into());
    let mut environment = Environment::start(&variables).await;
    // Whether it fails is the lines' to tell.
    let _ = environment.invoke(event, in_milliseconds(Duration::from_secs(60))).await.result;
    let (stdout, _) = environment.output();
    stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

fn figures(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line.get("Function").is_some()).collect()
}

fn messages<'l>(lines: &'l [Value], message: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["fields"]["message"] == message).collect()
}

#[rstest]
#[tokio::test]
async fn a_hop_writes_one_line_of_figures_and_one_in_the_log(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=300, CREATED).await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` = 7").await;

    let lines = lines_of(&db, &[("DELIVER_WITHIN", "36000d")], scheduled()).await;

    let figures = figures(&lines);
    assert_eq!(figures.len(), 1, "{lines:#?}");
    let line = figures[0];
    assert_eq!(
        (&line["Function"], &line["Table"], &line["Kind"]),
        (&json!("rowscore"), &json!("items"), &json!("window"))
    );
    assert_eq!(
        (&line["RowsPredicted"], &line["RowsFailed"], &line["RowsPending"]),
        (&json!(299.0), &json!(1.0), &json!(0.0))
    );
    for name in ["RowsPerSecond", "PageMilliseconds", "DriftRatio"] {
        assert!(line[name].as_f64().unwrap() > 0.0, "{name}: {line}");
    }
    assert_eq!((&line["RunsFailed"], &line["OldestPendingSeconds"]), (&json!(0.0), &json!(0.0)));
    assert_eq!(line["HopsFailed"], json!(0.0));
    assert!(line["SpareSeconds"].as_f64().unwrap() > 0.0, "{line}");
    let ended = messages(&lines, "hop ended");
    assert_eq!(ended.len(), 1);
    let fields = &ended[0]["fields"];
    assert_eq!(
        (&fields["hop_predicted"], &fields["hop_failed"], &fields["kind"]),
        (&json!(299), &json!(1), &json!("window"))
    );
    assert!(fields["trace_id"].as_str().unwrap().starts_with(TRACE), "{fields}");
    // Four measurements drawn evenly are not as those of flowers: the sample of these tests drifts.
    let drifted = messages(&lines, "a feature drifted from the training rows");
    assert!(!drifted.is_empty() && line["DriftRatio"].as_f64().unwrap() >= 1.0);
    assert_eq!(drifted[0]["span"]["name"], "hop", "{}", drifted[0]);
}

#[rstest]
#[tokio::test]
async fn a_deadline_that_cannot_be_kept_is_told_before_the_hop_ends(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("DELIVER_WITHIN", "1s")]).await;
    db.fill(1..=100, CREATED).await;

    let lines = lines_of(&db, &[], scheduled()).await;

    let place = |found: &dyn Fn(&Value) -> bool| lines.iter().position(found).unwrap_or_else(|| panic!("{lines:#?}"));
    let metric = place(&|line| line["ForecastSpareSeconds"].as_f64().is_some_and(|spare| spare < 0.0));
    let warning = place(&|line| line["level"] == "WARN" && line["fields"]["forecast_spare_seconds"].is_i64());
    let end = place(&|line| line["fields"]["message"] == "hop ended");
    assert!(metric < end && warning < end, "{metric}, {warning}, {end}");
    assert_eq!(
        lines
            .iter()
            .filter(|line| line["level"] == "WARN" && line["fields"]["forecast_spare_seconds"].is_i64())
            .count(),
        1
    );
}

#[rstest]
#[tokio::test]
async fn a_page_is_one_line_at_debug(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=30, CREATED).await;

    let lines = lines_of(&db, &[("AWS_LAMBDA_LOG_LEVEL", "DEBUG")], scheduled()).await;

    let pages = messages(&lines, "page committed");
    assert_eq!(pages.len(), 3, "{lines:#?}");
    assert!(pages.iter().all(|page| page["level"] == "DEBUG" && page["fields"]["page_ms"].is_u64()));
}

#[rstest]
#[tokio::test]
async fn a_canary_is_told_whether_it_succeeds_or_fails(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=300, CREATED).await;
    let succeeded =
        |lines: &[Value]| figures(lines).iter().map(|line| line["CanarySucceeded"].clone()).collect::<Vec<_>>();

    let lines = lines_of(&db, &[], json!({"run": "canary"})).await;
    assert_eq!(succeeded(&lines), [json!(1.0)]);
    assert!(figures(&lines)[0]["DriftRatio"].is_f64());

    db.execute(&format!("REVOKE UPDATE (`prediction`) ON `items` FROM `{}`", db.config.mysql.user)).await;
    assert_eq!(succeeded(&lines_of(&db, &[], json!({"run": "canary"})).await), [json!(0.0)]);
}

#[rstest]
#[tokio::test]
async fn a_run_that_a_brake_stops_is_told_once(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("MAX_FAILED_PERCENT", "0")]).await;
    db.fill(1..=30, CREATED).await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` = 7").await;

    let failed = |lines: &[Value]| figures(lines).iter().filter(|line| line["RunsFailed"] == json!(1.0)).count();
    assert_eq!(failed(&lines_of(&db, &[], scheduled()).await), 1);
    // Delivered again, the tick finds it failed already.
    assert_eq!(failed(&lines_of(&db, &[], scheduled()).await), 0);
}

#[rstest]
#[tokio::test]
async fn the_trace_of_the_first_hop_goes_on_with_every_continuation(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let queue = Queue::new().await;
    let settings =
        [("CONTINUATION_QUEUE_URL", queue.url.as_str()), ("PAGE_SIZE", "10"), ("LANES", "1"), ("HOP_BUDGET_MS", "1")];
    let db = TestDb::new(server, &settings).await;
    db.fill(1..=30, CREATED).await;
    let function = db.function().await;
    let traced = |event: Value, trace: &str| {
        let mut context = Context::default();
        context.deadline = in_milliseconds(Duration::from_secs(60));
        context.xray_trace_id = Some(trace.to_owned());
        LambdaEvent::new(event, context)
    };

    function.handle(traced(scheduled(), "Root=1-first")).await.unwrap();
    for _ in 0..2 {
        let message = queue.receive().await.unwrap();
        assert_eq!(attribute(&message, MessageSystemAttributeName::AwsTraceHeader), "Root=1-first");
        queue.delete(&message).await;
        // The invocation by the queue has a trace of its own.
        function.handle(traced(delivery(&message), "Root=1-other")).await.unwrap();
    }
    queue.remove().await;
    assert_eq!(db.run(1).await.state, "succeeded");
}

#[rstest]
#[tokio::test]
async fn a_run_records_the_time_of_all_its_hops_and_the_memory(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let settings = [("PAGE_SIZE", "10"), ("LANES", "1"), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")];
    let db = TestDb::new(server, &settings).await;
    db.fill(1..=30, CREATED).await;
    // A page takes 50 ms at least.
    db.slow_down(5).await;

    let first = db.hurried_tick("2024-03-05T10:00:00Z").await;
    let taken =
        || async { db.rows::<(u64, Option<u32>)>("SELECT `billed_ms`, `memory_mb` FROM `batch_runs`").await[0] };
    let (after_one, memory) = taken().await;
    let answers = db.follow(first, crate::support::at("2024-03-05T10:00:05Z")).await;
    let (after_all, _) = taken().await;

    assert!(after_one >= 50 && memory == Some(512), "{after_one} ms, {memory:?}");
    let told: u64 = answers.iter().map(|answer| answer.elapsed_ms).sum();
    assert!(after_all >= 150 && after_all.abs_diff(told) <= 20 * answers.len() as u64, "{after_all} ms, {told} ms");
}
