//! Times as they come: fractions of seconds, years that SQL does not know, clocks that do not agree.

use rowscore::answer::Outcome;
use rowscore::event::{Request, Trigger};
use rowscore::lambda::Failure;
use rowscore::run::RunKind;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::invocation::invoke;
use crate::support::items::sample;
use crate::support::programs::rowscore;
use crate::support::{Server, TestDb, at, tick, unhurried};

#[rstest]
#[tokio::test]
async fn a_tick_with_a_fraction_of_a_second_is_delivered_twice_and_makes_one_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("15:19:00.500Z", "15:19:00.999999999Z", "15:19:00.000001Z", "15:18:60Z", "16:19:00.7+01:00")] time: &str,
    #[values("window", "sweep", "canary", "scheduled")] run: &str,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=5, "2026-11-22T15:00:00Z").await;
    let function = db.function().await;
    let time = format!("2026-11-22T{time}");
    let event = match run {
        "scheduled" => {
            json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}, "time": time})
        }
        run => json!({"run": run, "scheduled_time": time}),
    };

    let first = invoke(&function, event.clone()).await.unwrap();
    let second = invoke(&function, event).await.unwrap();

    assert_eq!((&first["outcome"], &second["outcome"]), (&json!("finished"), &json!("nothing_to_do")));
    assert_eq!((&first["run_id"], &second["run_id"]), (&json!(1), &json!(1)));
    assert_eq!(db.count("`batch_runs`").await, 1);
}

#[rstest]
#[tokio::test]
async fn windows_by_hand_with_fractions_of_seconds_follow_each_other_without_a_gap(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    for second in 0..4 {
        db.fill([second + 1], &format!("2026-11-22T15:00:0{second}Z")).await;
    }
    let function = db.function().await;
    for (from, to, predicted) in [("00.5", "01.5", 1), ("01.5", "02.9", 1), ("02.9", "04.0", 2)] {
        let event = json!({"run": "window", "from": format!("2026-11-22T15:00:{from}Z"), "to": format!("2026-11-22T15:00:{to}Z")});
        assert_eq!(invoke(&function, event).await.unwrap()["predicted"], json!(predicted), "{from}");
    }
    assert_eq!(db.predicted().await, [1, 2, 3, 4]);
    let empty = json!({"run": "window", "from": "2026-11-22T15:00:01.2Z", "to": "2026-11-22T15:00:01.9Z"});
    let refusal = invoke(&function, empty).await.unwrap_err().to_string();
    assert!(refusal.contains("is not before"), "{refusal}");
}

#[rstest]
#[tokio::test]
async fn a_year_that_sql_does_not_know_is_refused_with_a_sentence(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(
        "0000-01-01T00:00:00Z",
        "0999-12-31T23:59:59Z",
        "-0001-01-01T00:00:00Z",
        "+10000-01-01T00:00:00Z",
        "+200000-01-01T00:00:00Z",
        "+262142-12-31T23:59:59Z",
        "-262143-01-01T00:00:00Z",
        "9999-12-31T23:59:59-01:00"
    )]
    time: &str,
) {
    let db = TestDb::new(server, &[("DELIVER_WITHIN", "36500d")]).await;
    let function = db.function().await;
    for run in ["window", "sweep", "backfill", "canary"] {
        for field in ["scheduled_time", "from", "to"] {
            let refused = invoke(&function, json!({"run": run, field: time})).await;
            assert!(matches!(refused, Err(Failure::Event(_))), "{run} {field}: {refused:?}");
            let said = refused.unwrap_err().to_string();
            assert!(
                said.contains(&format!("`{field}` is")) && said.contains("accepted: a time of the years 1000 to 9999"),
                "{said}"
            );
        }
    }
    for option in ["--from", "--to"] {
        for command in ["run", "plan"] {
            let ended = rowscore(&[command, &format!("{option}={time}")], db.variables()).await;
            assert_eq!(ended.status.code(), Some(2), "{ended:?}");
            assert!(ended.stderr.contains("accepted: a time of the years 1000 to 9999"), "{ended:?}");
        }
    }
    assert_eq!(db.count("`batch_runs`").await, 0);
}

#[rstest]
#[tokio::test]
async fn the_first_and_the_last_second_that_sql_knows_are_times_like_others(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    // A deadline and a begin beyond them are none.
    let db = TestDb::new(server, &[("DELIVER_WITHIN", "36500d"), ("LOOKBACK", "36500d")]).await;
    db.fill(1..=5, "2026-11-22T15:00:00Z").await;
    let function = db.function().await;
    let (first, last) = ("1000-01-01T00:00:00Z", "9999-12-31T23:59:59Z");

    for event in [
        json!({"run": "window", "scheduled_time": first}),
        json!({"run": "window", "from": first, "to": last}),
        json!({"run": "window", "scheduled_time": last}),
        json!({"run": "sweep", "scheduled_time": last}),
        json!({"run": "canary", "scheduled_time": first}),
        json!({"run": "backfill", "from": first, "to": last}),
        json!({"run": "window"}),
    ] {
        let reply = invoke(&function, event.clone()).await.unwrap_or_else(|error| panic!("{event}: {error}"));
        assert!(reply["outcome"] == "finished" || reply["outcome"] == "nothing_to_do", "{event}: {reply}");
    }
    assert_eq!(db.predicted().await, [1, 2, 3, 4, 5]);
    let status = rowscore(&["status", "--text"], db.variables()).await;
    assert_eq!(status.status.code(), Some(0), "{status:?}");
}

#[rstest]
#[tokio::test]
async fn a_run_by_hand_takes_what_was_inserted_in_this_very_second_and_the_next_window_the_rest_of_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(RunKind::Window, RunKind::Sweep)] kind: RunKind,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "0s")]).await;
    db.fill([1], "2024-03-05T10:00:00Z").await;
    let by_hand = Trigger::Open(Request::by_hand(kind));

    let answer = db.hop(&by_hand, unhurried(at("2024-03-05T10:00:00.300Z"))).await;
    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 1));

    // Still in the same second.
    db.fill([2], "2024-03-05T10:00:00Z").await;
    db.fill([3], "2024-03-05T10:00:01Z").await;
    assert_eq!(db.tick("2024-03-05T11:00:00Z").await.counts.predicted, 2);
    assert_eq!(db.predicted().await, [1, 2, 3]);
}

#[rstest]
#[tokio::test]
async fn rows_are_inserted_and_predicted_within_a_second(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    for id in 1..=5 {
        db.execute(&format!("INSERT INTO `items` (`id`, `values`) VALUES ({id}, '{}')", sample(id))).await;
        let run = rowscore(&["run"], db.variables()).await;
        let answer: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{run:?}: {error}"));
        assert_eq!(answer["predicted"], json!(1), "{run:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_window_that_ended_in_the_future_hides_nothing_from_the_next(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "1m")]).await;
    db.fill([1], "2024-03-05T09:30:00Z").await;
    db.tick("2024-03-05T10:00:00Z").await;
    db.fill([2], "2024-03-05T10:30:00Z").await;
    // By a machine whose clock was a day ahead, and whose clock decided.
    db.hop(&tick("2024-03-06T10:30:00Z"), unhurried(at("2024-03-06T10:30:00Z"))).await;
    db.fill([3], "2024-03-05T10:31:00Z").await;
    db.fill([4], "2024-03-05T10:55:00Z").await;

    let answer = db.tick("2024-03-05T11:00:00Z").await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 2));
    assert_eq!(db.predicted().await, [1, 2, 3, 4]);
}

#[rstest]
#[tokio::test]
async fn a_run_that_began_in_the_future_of_the_database_is_shown_all_the_same(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(1, 15, 86_400)] seconds: u32,
    #[values("running", "succeeded")] state: &str,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("DELIVER_WITHIN", "1h")]).await;
    db.fill(1..=30, "2024-03-05T09:30:00Z").await;
    let first = db.hurried_tick("2024-03-05T10:00:00Z").await;
    if state == "succeeded" {
        db.follow(first, at("2024-03-05T10:00:00Z")).await;
    }
    // More was done than was counted, too.
    db.execute(&format!(
        "UPDATE `batch_runs` SET `started_at` = UTC_TIMESTAMP(3) + INTERVAL {seconds} SECOND, \
         `items` = IF(`state` = 'running', 5, `items`)"
    ))
    .await;

    let status = rowscore(&["status", "--text"], db.variables()).await;
    // It is late, and that is told.
    assert_eq!(status.status.code(), Some(3), "{status:?}");
    assert!(status.stdout.contains(&format!("{state}; ")), "{status:?}");
    let as_json = rowscore(&["status", "--json"], db.variables()).await;
    let line: Value = serde_json::from_str(&as_json.stdout).unwrap_or_else(|error| panic!("{as_json:?}: {error}"));
    for rate in ["rows_per_second", "eta_seconds"] {
        assert!(line[rate].as_u64().is_none_or(|rate| rate < 1_000_000), "{line}");
    }
    assert_eq!(rowscore(&["plan"], db.variables()).await.status.code(), Some(0));
    let service = crate::api::Service::of(&db).await;
    assert_eq!(service.get("/runs").await[0]["state"], json!(state));
    assert_eq!(service.get("/runs/1").await["run"]["state"], json!(state));
    assert!(service.page().await.contains("Run 1"));
}
