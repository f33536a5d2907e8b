//! A job by its name: runs, failures and ticks of its own, schedules, and the commands that name it.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Plant, TICK, job};
use crate::support::Server;
use crate::support::invocation::invoke;
use crate::support::programs::rowscore;

/// Two jobs over one table, of which one takes another column; and one of a schedule of its own.
async fn two_and_one(server: Server, settings: &[(&str, &str)]) -> Plant {
    let plant = Plant::new(server, &[("people", 6), ("places", 3)], settings).await;
    let second = "prediction = \"second\"\nrun_column = \"none\"\npolicy = \"leave\"";
    let text = job("first", "people", "") + &job("second", "people", second);
    plant.described(&(text + &job("third", "places", "schedule = \"nightly\""))).await;
    plant
}

#[rstest]
#[tokio::test]
async fn two_jobs_over_one_table_do_not_meet(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = two_and_one(server, &[]).await;
    let function = plant.scorer.function().await;
    plant.owner.execute("UPDATE `people` SET `values` = '[]' WHERE `id` = 3").await;
    let event = |job: &str| json!({"run": "window", "job": job, "scheduled_time": TICK});

    let first = invoke(&function, event("first")).await.unwrap();
    assert_eq!((&first["job"], &first["predicted"], &first["failed"]), (&json!("first"), &json!(5), &json!(1)));
    assert_eq!((plant.filled("people", "prediction").await, plant.filled("people", "second").await), (5, 0));
    // The same tick is another one for another job, and over for this one.
    assert_eq!(invoke(&function, event("first")).await.unwrap()["outcome"], json!("nothing_to_do"));
    let second = invoke(&function, event("second")).await.unwrap();
    assert_eq!((&second["job"], &second["predicted"], &second["failed"]), (&json!("second"), &json!(5), &json!(1)));
    assert_eq!((plant.filled("people", "prediction").await, plant.filled("people", "second").await), (5, 5));

    let failures = async |job: &str| {
        let ended = rowscore(&["failures", "--job", job], plant.scorer.variables()).await;
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        ended.stdout.lines().count()
    };
    assert_eq!((failures("first").await, failures("second").await), (1, 1));
    let released = rowscore(&["release", "--all", "--job", "second"], plant.scorer.variables()).await;
    assert!(released.stderr.contains("`rowscore run second`"), "{released:?}");
    let attempts: Vec<(String, u32)> =
        plant.owner.rows("SELECT `job`, `attempts` FROM `item_failures` ORDER BY `job`").await;
    assert_eq!(attempts, [("first".to_owned(), 1), ("second".to_owned(), 0)]);
    // Mended, it is scored by each of them.
    plant.owner.execute("UPDATE `people` SET `values` = '[5.1, 3.5, 1.4, 0.2]' WHERE `id` = 3").await;
    for name in ["first", "second"] {
        let run = rowscore(&["run", name], plant.scorer.variables()).await;
        assert_eq!(run.status.code(), Some(0), "{run:?}");
    }
    assert_eq!((plant.filled("people", "prediction").await, plant.filled("people", "second").await), (6, 6));
    assert_eq!(plant.owner.count("`item_failures`").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_tick_starts_the_jobs_of_its_schedule_and_no_other(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = two_and_one(server, &[]).await;
    let function = plant.scorer.function().await;
    let runs = async || -> Vec<String> { plant.owner.rows("SELECT `job` FROM `batch_runs` ORDER BY `job`").await };
    let rule = |name: &str| {
        let mut event: Value = serde_json::from_str(include_str!("../../../events/schedule.json")).unwrap();
        event["resources"] = json!([format!("arn:aws:events:eu-central-1:123456789012:rule/{name}")]);
        event["time"] = json!(TICK);
        event
    };

    let nightly = invoke(&function, rule("nightly")).await.unwrap();
    assert_eq!((&nightly["outcome"], &nightly["job"]), (&json!("finished"), &json!("third")), "{nightly}");
    assert_eq!(runs().await, ["third"]);
    let named = json!({"run": "window", "schedule": "nightly", "scheduled_time": TICK});
    assert_eq!(invoke(&function, named).await.unwrap()["outcome"], json!("nothing_to_do"));
    // A rule that is no job's schedule is the tick of those without one.
    let hourly = invoke(&function, rule("rowscore-window")).await.unwrap();
    assert_eq!(hourly["predicted"], json!(12), "{hourly}");
    assert_eq!(runs().await, ["first", "second", "third"]);

    // Whatever the schedule of a job is, it is looked at, and tried out.
    let status = invoke(&function, json!({"run": "status"})).await.unwrap();
    let told: Vec<&Value> = status["jobs"].as_array().unwrap().iter().map(|of| &of["job"]).collect();
    assert_eq!(told, ["first", "second", "third"], "{status}");
    invoke(&function, json!({"run": "canary", "scheduled_time": TICK})).await.unwrap();
    assert_eq!(plant.owner.count("`batch_runs` WHERE `kind` = 'canary' AND `job` = 'third'").await, 1);

    let unknown = invoke(&function, json!({"run": "window", "schedule": "daily"})).await.unwrap_err();
    assert_eq!(unknown.to_string(), "no job has the schedule `daily`; accepted: `nightly`");
    let unknown = invoke(&function, json!({"run": "window", "job": "forth"})).await.unwrap_err();
    assert_eq!(unknown.to_string(), "there is no job `forth`; the jobs are first, second, third");
}

#[rstest]
#[tokio::test]
async fn commands_are_about_the_job_that_is_named(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = two_and_one(server, &[]).await;
    let says = async |arguments: &[&str], code: i32| {
        let ended = rowscore(arguments, plant.owner.variables()).await;
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {ended:?}");
        ended
    };

    let none = says(&["status"], 1).await;
    assert!(none.stderr.contains("say which job is meant: first, second, third"), "{none:?}");
    let never = says(&["status", "third"], 3).await;
    assert!(never.stderr.contains("`rowscore run third` makes one now"), "{never:?}");
    let plan: Value = serde_json::from_str(&says(&["plan", "third"], 0).await.stdout).unwrap();
    assert_eq!(plan["new_items"], json!(3));
    says(&["run", "third"], 0).await;
    let run: Value = serde_json::from_str(&says(&["status", "third"], 0).await.stdout).unwrap();
    // A run's number tells whose it is.
    let number = run["run_id"].to_string();
    assert_eq!(serde_json::from_str::<Value>(&says(&["status", &number], 0).await.stdout).unwrap()["done"], json!(3));
    assert_eq!(says(&["results", "--job", "third"], 0).await.stdout.lines().count(), 3);
    assert!(!says(&["explain", "--id", "2", "--job", "third"], 0).await.stdout.is_empty());
    let unknown = says(&["run", "forth"], 1).await;
    assert!(unknown.stderr.contains("there is no job `forth`; the jobs are first, second, third"), "{unknown:?}");
    let odd = says(&["run", "Forth!"], 2).await;
    assert!(odd.stderr.contains("accepted: the name of a job"), "{odd:?}");

    let jobs = says(&["jobs"], 0).await.stdout;
    let jobs: Vec<Value> = jobs.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let brief: Vec<Value> =
        jobs.iter().map(|job| json!([job["job"], job["state"], job["schedule"], job["run"]["state"]])).collect();
    let expected = json!([
        ["first", "active", null, null],
        ["second", "active", null, null],
        ["third", "active", "nightly", "succeeded"]
    ]);
    assert_eq!(Value::from(brief), expected);
}

#[rstest]
#[tokio::test]
async fn a_job_that_is_paused_is_held_with_its_run_and_goes_on_where_it_stood(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = two_and_one(server, &[("PAGE_SIZE", "1"), ("LANES", "1"), ("HOP_BUDGET_MS", "1")]).await;
    let function = plant.scorer.function().await;
    let event = json!({"run": "window", "job": "third", "scheduled_time": TICK});
    let first = invoke(&function, event.clone()).await.unwrap();
    assert_eq!(first["outcome"], json!("continued"));

    assert_eq!(rowscore(&["pause", "third"], plant.owner.variables()).await.status.code(), Some(0));
    assert_eq!(plant.runs("third").await[0].0, "paused");
    let stopped = invoke(&function, first["continuations"][0].clone()).await.unwrap();
    assert_eq!(stopped["outcome"], json!("stopped"));
    assert_eq!(invoke(&function, event.clone()).await.unwrap()["outcome"], json!("stopped"));
    assert_eq!(rowscore(&["run", "third"], plant.owner.variables()).await.status.code(), Some(3));

    assert_eq!(rowscore(&["resume", "third"], plant.owner.variables()).await.status.code(), Some(0));
    let done = rowscore(&["run", "third"], plant.owner.variables()).await;
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(plant.runs("third").await[0], ("succeeded".to_owned(), Some(3)));
}

#[rstest]
#[tokio::test]
async fn the_doctor_tries_out_each_job_that_is_active_or_the_one_that_is_named(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = two_and_one(server, &[]).await;
    let variables = plant.scorer.variables();
    plant.owner.execute("DROP TABLE `places`").await;

    let all = rowscore(&["doctor"], variables).await;
    assert_eq!(all.status.code(), Some(1), "{all:?}");
    let checkup: Value = serde_json::from_str(&all.stdout).unwrap();
    let of = |job: &str, step: &str| {
        let mut steps = checkup["steps"].as_array().unwrap().iter();
        steps
            .find(|finding| finding["job"] == json!(job) && finding["step"] == json!(step))
            .cloned()
            .unwrap_or_default()
    };
    for job in ["first", "second"] {
        assert_eq!(of(job, "page")["state"], json!("ok"), "{checkup:#}");
    }
    assert_eq!((&of("third", "fit")["state"], &of("third", "page")), (&json!("failed"), &Value::Null), "{checkup:#}");

    let one = rowscore(&["doctor", "second"], variables).await;
    assert_eq!(one.status.code(), Some(0), "{one:?}");
    // What is to be done is said of this job, also where no other is looked at.
    assert!(one.stdout.contains("`rowscore run second` makes one now"), "{one:?}");
    let nobody = rowscore(&["doctor", "fourth", "--text"], variables).await;
    assert_eq!(nobody.status.code(), Some(1), "{nobody:?}");
    assert!(nobody.stdout.contains("there is no job `fourth`; the jobs are first, second, third"), "{nobody:?}");
}
