//! `rowscore apply`: what it shows, checks, stores and ends.

use std::io::Write as _;

use rstest::rstest;
use serde_json::{Value, json};

use super::{Plant, TICK, job};
use crate::support::invocation::invoke;
use crate::support::programs::rowscore;
use crate::support::{Server, TestDb};

/// The stored jobs: name, version, state.
async fn stored(plant: &Plant) -> Vec<(String, u32, String)> {
    plant.owner.rows("SELECT `name`, `version`, `state` FROM `batch_jobs` ORDER BY `name`").await
}

fn row(name: &str, version: u32, state: &str) -> (String, u32, String) {
    (name.to_owned(), version, state.to_owned())
}

#[rstest]
#[tokio::test]
async fn what_changes_is_shown_setting_by_setting_and_stored_with_the_next_version(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 2), ("places", 2)], &[]).await;
    let both = job("people", "people", "lanes = 1") + &job("places", "places", "");

    let shown = plant.apply(&both, &["--dry-run", "--text"]).await;
    let lines: Vec<&str> = shown.stdout.lines().collect();
    assert_eq!(lines, ["+ people: lanes = 1, source = people", "+ places: source = places", "Nothing was stored."]);
    assert_eq!(stored(&plant).await, []);
    let unasked = plant.apply(&both, &[]).await;
    assert_eq!(unasked.status.code(), Some(1), "{unasked:?}");
    assert!(unasked.stderr.contains("nothing was stored; `rowscore apply --yes`"), "{unasked:?}");
    assert_eq!(stored(&plant).await, []);

    plant.described(&both).await;
    assert_eq!(stored(&plant).await, [row("people", 1, "active"), row("places", 1, "active")]);
    let again = plant.apply(&both, &["--yes", "--text"]).await;
    assert_eq!(again.stdout, "= 2 jobs as before\nNothing changes.\n");
    let who: String = plant.owner.value("SELECT `applied_by` FROM `batch_jobs` WHERE `name` = 'people'").await;
    assert!(who.starts_with(&format!("{}@", plant.owner.config.mysql.user)), "{who}");

    let changed = plant.apply(&job("people", "people", "policy = \"leave\""), &["--yes", "--json"]).await;
    let told: Value = serde_json::from_str(&changed.stdout).unwrap();
    let settings = json!({"lanes": {"from": "1", "to": null}, "policy": {"from": null, "to": "leave"}});
    assert_eq!(told["changes"]["changed"], json!({"people": settings}));
    assert_eq!(told["changes"]["removed"], json!(["places"]));
    assert!(changed.stderr.contains("~ people: lanes = 1 -> (not set), policy = (not set) -> leave"), "{changed:?}");
    assert_eq!(stored(&plant).await, [row("people", 2, "active"), row("places", 1, "removed")]);
    // Described again, it counts on.
    plant.described(&both).await;
    assert_eq!(stored(&plant).await, [row("people", 3, "active"), row("places", 2, "active")]);
}

#[rstest]
#[tokio::test]
async fn nothing_is_stored_if_anything_is_wrong(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 1)], &[]).await;
    let refused = async |text: &str| {
        let applied = plant.apply(text, &["--yes"]).await;
        assert_eq!(applied.status.code(), Some(1), "{applied:?}");
        assert_eq!(stored(&plant).await, []);
        applied.stderr
    };
    let good = job("good", "people", "");

    let lost = refused(&(good.clone() + &job("lost", "peple", ""))).await;
    assert!(lost.contains("job `lost`, table `peple`: "), "{lost}");
    let odd = refused(
        &(good.clone() + &job("odd", "people", "prediction = \"third\"\nrun_column = \"none\"\ncreated = \"born\"")),
    )
    .await;
    assert!(odd.contains("job `odd`, table `people`: prediction names `third`"), "{odd}");
    assert!(odd.contains("created names `born`"), "{odd}");
    let same = refused(&(good.clone() + &job("same", "people", "prediction = \"second\""))).await;
    assert!(same.contains("jobs `good` and `same` both write the column `run_id` of the table `people`"), "{same}");
    let toml = refused(&(good.clone() + "[good]")).await;
    assert!(toml.contains("line 4: "), "{toml}");
    let setting = refused(&(good + "tabel = 1\nlanes = 0")).await;
    assert!(setting.contains("there is no setting `tabel`"), "{setting}");
    let missing = rowscore(&["apply", "/nowhere/jobs.toml"], plant.owner.variables()).await;
    assert!(missing.stderr.contains("/nowhere/jobs.toml: "), "{missing:?}");
}

#[rstest]
#[tokio::test]
async fn the_job_of_the_variables_does_not_end_because_it_was_forgotten(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 2)], &[]).await;
    let function = plant.scorer.function().await;
    let at = |hour: u32| json!({"run": "window", "scheduled_time": format!("2024-03-05T{hour}:00:00Z")});
    let before = invoke(&function, at(10)).await.unwrap();
    assert_eq!((&before["predicted"], &before["job"]), (&json!(1), &Value::Null));
    let people = job("people", "people", "");

    let refused = plant.apply(&people, &["--yes"]).await;
    assert!(
        refused.stderr.contains("`[default]` keeps it as one of the jobs, `default = false` ends it"),
        "{refused:?}"
    );
    assert_eq!(stored(&plant).await, []);

    plant.described(&(people.clone() + "[default]\n")).await;
    let both = invoke(&function, at(11)).await.unwrap();
    let jobs: Vec<&Value> = both["jobs"].as_array().unwrap().iter().map(|job| &job["job"]).collect();
    assert_eq!((jobs, &both["predicted"]), (vec![&json!("default"), &json!("people")], &json!(2)));
    plant.described(&("default = false\n".to_owned() + &people)).await;
    let one = invoke(&function, at(12)).await.unwrap();
    assert_eq!((&one["job"], &one["jobs"]), (&json!("people"), &Value::Null), "{one}");
    // Who takes all jobs away has the one of the variables again.
    plant.described("").await;
    let default = invoke(&function, at(13)).await.unwrap();
    assert_eq!((&default["outcome"], &default["jobs"]), (&json!("nothing_to_do"), &Value::Null));
    assert_eq!(plant.runs("default").await.len(), 3);
}

#[rstest]
#[tokio::test]
async fn a_run_of_a_job_that_is_removed_or_moved_is_cancelled(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let settings = [("PAGE_SIZE", "1"), ("LANES", "1"), ("HOP_BUDGET_MS", "1")];
    let plant = Plant::new(server, &[("people", 4), ("places", 4)], &settings).await;
    plant.described(&(job("moved", "people", "") + &job("removed", "places", ""))).await;
    let function = plant.scorer.function().await;
    let tick = json!({"run": "window", "scheduled_time": TICK});
    let begun = invoke(&function, tick.clone()).await.unwrap();
    let continuations = begun["continuations"].as_array().unwrap().clone();
    assert_eq!(continuations.len(), 2, "{begun}");

    plant.described(&job("moved", "people", "prediction = \"second\"")).await;

    for (job, continuation) in ["moved", "removed"].iter().zip(continuations) {
        assert_eq!(plant.runs(job).await, [("cancelled".to_owned(), Some(1))], "{job}");
        assert_eq!(invoke(&function, continuation).await.unwrap()["outcome"], json!("stopped"), "{job}");
    }
    assert_eq!(
        invoke(&function, json!({"run": "window", "job": "removed"})).await.unwrap()["outcome"],
        json!("stopped")
    );
    let swept = rowscore(&["run", "moved", "--sweep"], plant.scorer.variables()).await;
    assert_eq!(swept.status.code(), Some(0), "{swept:?}");
    assert_eq!((plant.filled("people", "second").await, plant.filled("people", "prediction").await), (4, 1));
}

#[rstest]
#[tokio::test]
async fn whoever_is_granted_what_rowscore_needs_may_work_on_the_tables_of_all_jobs(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 2), ("places", 2)], &[]).await;
    let text = job("people", "people", "") + &job("places", "places", "");
    let applied = plant.apply(&text, &["--yes"]).await;
    assert_eq!(applied.status.code(), Some(0), "{applied:?}");
    let denied = rowscore(&["run"], plant.scorer.variables()).await;
    assert_eq!(denied.status.code(), Some(1), "{denied:?}");

    let login = plant.owner.config.mysql.database.clone();
    let init = rowscore(&["init", "--grant", &login], plant.owner.variables()).await;

    let told = format!("Login `{login}` may do what rowscore needs, also of the tables of 2 jobs, and nothing else.");
    assert!(init.stderr.contains(&told), "{init:?}");
    let run = rowscore(&["run"], plant.scorer.variables()).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    // Who runs jobs does not describe them.
    let file = tempfile::NamedTempFile::new().unwrap();
    let own = rowscore(&["apply", file.path().to_str().unwrap(), "--yes"], plant.scorer.variables()).await;
    assert_eq!(own.status.code(), Some(1), "{own:?}");
    assert_eq!(stored(&plant).await, [row("people", 1, "active"), row("places", 1, "active")]);
}

#[rstest]
#[tokio::test]
async fn an_empty_database_is_made_ready_by_the_first_file(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let owner = TestDb::bare(server, &[]).await;
    owner
        .execute(
            "CREATE TABLE `people` (`no` INT PRIMARY KEY, `a` DOUBLE, `b` DOUBLE, `c` DOUBLE, `d` DOUBLE, \
               `born` DATETIME NOT NULL, `risk` JSON); \
             INSERT INTO `people` VALUES (7, 5.1, 3.5, 1.4, 0.2, '2024-03-05 09:30:00', NULL)",
        )
        .await;
    let features = "{ sepal_length = \"a\", sepal_width = \"b\", petal_length = \"c\", petal_width = \"d\" }";
    let settings = format!("key = \"no\"\ncreated = \"born\"\nprediction = \"risk\"\nfeatures = {features}");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(job("people", "people", &settings).as_bytes()).unwrap();

    let applied = rowscore(&["apply", file.path().to_str().unwrap(), "--yes"], owner.variables()).await;
    assert_eq!(applied.status.code(), Some(0), "{applied:?}");
    let run = rowscore(&["run"], owner.variables()).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert_eq!(owner.count("`people` WHERE `risk` IS NOT NULL AND `run_id` = 1").await, 1);
    assert_eq!(owner.rows::<String>("SHOW TABLES LIKE 'items'").await, Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn whoever_applies_score_tables_grants_no_more_than_reading_of_their_sources(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 2)], &[]).await;
    plant
        .owner
        .execute(
            "CREATE TABLE `visits` (`day` DATE, `shop` VARCHAR(20), `values` JSON, `created_datetime` DATETIME, \
               `note` INT, PRIMARY KEY (`day`, `shop`)); \
             INSERT INTO `visits` SELECT '2024-03-05', CONCAT('s', `id`), `values`, `created_datetime`, 1 FROM `people`; \
             CREATE VIEW `seen` AS SELECT * FROM `visits`",
        )
        .await;
    let of_table = "key = [\"day\", \"shop\"]\nscore_table = \"visit_scores\"";
    let of_view =
        "key = [\"day\", \"shop\"]\nsource_kind = \"view\"\nscore_table = \"seen_scores\"\nscores = \"history\"";
    plant.described(&(job("visits", "visits", of_table) + &job("seen", "seen", of_view))).await;

    let run = rowscore(&["run"], plant.scorer.variables()).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    for scores in ["visit_scores", "seen_scores"] {
        assert_eq!(plant.filled(scores, "prediction").await, 2);
    }
    let grants: Vec<String> = plant.owner.rows(&format!("SHOW GRANTS FOR `{}`", plant.scorer.config.mysql.user)).await;
    let on = |table: &str| -> Vec<&String> { grants.iter().filter(|grant| grant.contains(table)).collect() };
    assert!(on(".`visits`").iter().all(|grant| grant.starts_with("GRANT SELECT (")), "{grants:#?}");
    assert!(on(".`seen`").iter().all(|grant| grant.starts_with("GRANT SELECT ON ")), "{grants:#?}");
    assert_eq!((on(".`visits`").len(), on(".`seen`").len()), (1, 1), "{grants:#?}");
}

#[rstest]
#[tokio::test]
async fn a_description_with_the_number_of_one_that_a_restored_database_lost_is_another_one(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 2)], &[]).await;
    plant.described(&job("people", "people", "")).await;
    plant.owner.execute("CREATE TABLE `backup` AS SELECT * FROM `batch_jobs`").await;
    plant.described(&job("people", "people", "prediction = \"second\"\nrun_column = \"none\"")).await;
    let function = plant.scorer.function().await;
    invoke(&function, json!({"run": "window", "job": "people", "scheduled_time": TICK})).await.unwrap();
    assert_eq!((plant.filled("people", "second").await, plant.filled("people", "prediction").await), (2, 0));

    plant.owner.execute("DELETE FROM `batch_jobs`; INSERT INTO `batch_jobs` SELECT * FROM `backup`").await;
    plant.described(&job("people", "people", "page_size = 1")).await;
    assert_eq!(stored(&plant).await, [row("people", 2, "active")]);
    invoke(&function, json!({"run": "sweep", "job": "people"})).await.unwrap();
    assert_eq!(plant.filled("people", "prediction").await, 2);
}

#[rstest]
#[tokio::test]
async fn a_job_whose_table_or_query_was_broken_since_keeps_nobody_else_from_being_granted(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 2), ("places", 2), ("gone", 1), ("asked", 1)], &[]).await;
    let of_query = "source_query = \"SELECT * FROM `asked`\"\nscore_table = \"answers\"";
    let text = job("people", "people", "") + &job("places", "places", "") + &job("gone", "gone", "");
    let applied = plant.apply(&(text + &job("query", "the_query", of_query)), &["--yes"]).await;
    assert_eq!(applied.status.code(), Some(0), "{applied:?}");
    plant.owner.execute("ALTER TABLE `places` DROP COLUMN `values`; DROP TABLE `gone`, `asked`").await;

    let login = plant.owner.config.mysql.database.clone();
    let init = rowscore(&["init", "--grant", &login, "--grant-reader", &login], plant.owner.variables()).await;

    assert_eq!(init.status.code(), Some(0), "{init:?}");
    assert!(init.stderr.contains("what rowscore needs, also of the table of 1 job, and nothing else."), "{init:?}");
    assert!(init.stderr.contains("may read results, also of the table of 1 job, and nothing else."), "{init:?}");
    for left_out in ["places", "gone", "query"] {
        let told = format!("Job `{left_out}` was not granted: ");
        assert_eq!(init.stderr.matches(&told).count(), 1, "{left_out} in {init:?}");
    }
    let run = rowscore(&["run", "people"], plant.scorer.variables()).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    let run = rowscore(&["run", "default"], plant.scorer.variables()).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
}

#[rstest]
#[tokio::test]
async fn the_unfinished_run_of_the_variables_job_is_cancelled_where_the_first_file_ends_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let settings = [("PAGE_SIZE", "1"), ("LANES", "1"), ("HOP_BUDGET_MS", "1")];
    let plant = Plant::new(server, &[("people", 1)], &settings).await;
    let login = plant.owner.config.mysql.database.clone();
    rowscore(&["init", "--grant", &login], plant.owner.variables()).await;
    plant.owner.fill(2..=4, super::CREATED).await;
    let function = plant.scorer.function().await;
    let begun = invoke(&function, json!({"run": "window", "scheduled_time": TICK})).await.unwrap();
    assert_eq!(begun["outcome"], json!("continued"), "{begun}");
    let text = "default = false\n".to_owned() + &job("people", "people", "");

    let shown = plant.apply(&text, &["--dry-run", "--text"]).await;
    assert_eq!(shown.stdout, "+ people: source = people\n- default\nNothing was stored.\n");
    plant.described(&text).await;

    assert_eq!(plant.runs("default").await, [("cancelled".to_owned(), Some(1))]);
    let run = rowscore(&["run", "default"], plant.scorer.variables()).await;
    assert_eq!(run.status.code(), Some(3), "{run:?}");
    let again = plant.apply(&text, &["--yes", "--text"]).await;
    assert_eq!(again.stdout, "= 1 job as before\nNothing changes.\n");
}
