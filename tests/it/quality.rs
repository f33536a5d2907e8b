//! Predictions, judged once their truth is known.

use std::io::Write as _;
use std::process::{Command, Stdio};

use rowscore::hop::{Judgement, Round, judge_runs};
use rowscore::model::{Model, Output};
use rowscore::quality::Figures;
use rowscore::store::session::Session;
use rstest::rstest;
use serde_json::{Value, json};

use crate::api::Service;
use crate::support::linear::linear;
use crate::support::models::other;
use crate::support::private::PASSWORD;
use crate::support::programs::rowscore;
use crate::support::readings::{DDL, Own, SETTINGS, insert_samples, own};
use crate::support::{Server, Setup, TestDb, at, environment, model, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";
const NEXT_DAY: &str = "2024-03-06T10:00:00Z";

/// Ticks of these tests lie years back.
const LONG: (&str, &str) = ("TRUTH_WITHIN", "3000d");

/// What scikit-learn says.
fn oracle(task: &Value) -> Value {
    let mut python = Command::new(environment("ROWSCORE_TEST_PYTHON"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/quality.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(task.to_string().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The lines of `rowscore quality`, and its exit status.
pub(super) async fn quality(db: &Setup) -> (Vec<Value>, Option<i32>) {
    let said = rowscore(&["quality", "--json"], db.variables()).await;
    let lines = said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(said.status.code().is_some_and(|code| code != 1), "{said:?}");
    (lines, said.status.code())
}

fn assert_near(line: &Value, right: &Value) {
    let right = right.as_object().unwrap();
    assert!(!right.is_empty());
    for (name, right) in right {
        let (found, right) = (line[name].as_f64(), right.as_f64().unwrap());
        assert!(found.is_some_and(|found| (found - right).abs() < 1e-9), "{name}: {found:?}, {right}");
    }
}

/// A table with a column for the truth, and items in it.
pub(super) async fn items(server: Server, settings: &[(&str, &str)], count: i64) -> Own {
    let settings = [&[("TRUTH_COLUMN", "came"), ("PAGE_SIZE", "200"), LONG], settings].concat();
    let db = TestDb::bare(server, &settings).await;
    // Made before the login is granted what it reads.
    let plain = db.with(&[("TRUTH_COLUMN", "")]).await;
    let mut conn = plain.connect().await;
    rowscore::store::schema::migrate(&mut conn, &plain.config.work.items_table).await.unwrap();
    db.execute("ALTER TABLE `items` ADD COLUMN `came` VARCHAR(40) NULL").await;
    db.migrate().await;
    db.fill(1..=count, CREATED).await;
    let login = [("MYSQL_USER", db.config.mysql.database.as_str()), ("MYSQL_PASSWORD", PASSWORD)];
    let scorer = db.with(&login).await;
    Own { owner: db, scorer }
}

/// The truth of a share of the items: mostly as predicted, now and then the next class.
pub(super) async fn comes(db: &Setup, classes: &[String], which: &str) {
    let names = classes.iter().map(|class| format!("'{class}'")).collect::<Vec<_>>().join(",");
    let sql = format!(
        "UPDATE `items` SET `came` = ELT(1 + MOD(CRC32(`id`) DIV 7, {}), {names}) WHERE {which}",
        classes.len()
    );
    db.execute(&sql).await;
}

/// What is in the table, as scikit-learn takes it.
async fn task(db: &Setup, classes: &[String]) -> Value {
    let sql = "SELECT CAST(`prediction` AS CHAR), `came` FROM `items` WHERE `came` IS NOT NULL ORDER BY `id`";
    let rows: Vec<(String, String)> = db.rows(sql).await;
    let predictions: Vec<Value> = rows.iter().map(|(text, _)| serde_json::from_str(text).unwrap()).collect();
    let truth: Vec<&str> = rows.iter().map(|(_, truth)| truth.as_str()).collect();
    json!({"classes": classes, "predictions": predictions, "truth": truth})
}

#[rstest]
#[tokio::test]
async fn quality_is_what_scikit_learn_says_of_the_same_rows(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer: db } = items(server, &[], 3000).await;
    db.tick(TICK).await;
    let (nothing, status) = quality(&db).await;
    assert_eq!((nothing.len(), status), (0, Some(0)), "nothing came");
    // A day later, first for some, then for others.
    for which in ["MOD(`id`, 3) = 0", "MOD(`id`, 3) = 1"] {
        comes(&owner, model().classes(), which).await;

        let (lines, _) = quality(&db).await;

        let right = oracle(&task(&owner, model().classes()).await);
        assert_eq!(lines.len(), 2, "{lines:?}");
        let [run, all] = &lines[..] else { panic!() };
        assert_eq!((&run["run_id"], &all["run_id"]), (&json!(1), &Value::Null));
        assert_eq!(run["model_version"], json!(model().version().to_string()));
        assert_eq!(run["judged"], json!(owner.count("`items` WHERE `came` IS NOT NULL").await));
        assert_near(run, &right);
        assert_near(all, &right);
    }
}

#[rstest]
#[tokio::test]
async fn of_two_classes_and_of_values_quality_is_that_of_scikit_learn_too(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let two = linear(Output::Logistic, &["0", "1"], &[[0.0, 0.1, 0.0, 0.0, -0.5]]);
    let value = linear(Output::Value, &[], &[[1.0, 2.0, 0.0, 0.0, -0.5]]);
    let Own { owner, scorer: db } = items(server, &[], 1000).await;
    db.hop_by(&two, &tick(TICK), unhurried(at(TICK))).await;
    owner.execute("ALTER TABLE `items` MODIFY `came` DECIMAL(6,2)").await;
    comes(&owner, two.classes(), "TRUE").await;
    let right = oracle(&json!({
        "classes": ["0.00", "1.00"], "predictions": task(&owner, &[]).await["predictions"], "truth": task(&owner, &[]).await["truth"],
    }));
    let judgement = judge(&db, &two, Round::Whole).await;
    assert_eq!(judgement.by_run[0].sums.rows, 1000);
    assert_near(&serde_json::to_value(judgement.by_run[0].figures()).unwrap(), &right);

    let Own { owner, scorer: db } = items(server, &[], 1000).await;
    db.hop_by(&value, &tick(TICK), unhurried(at(TICK))).await;
    owner.execute("UPDATE `items` SET `came` = `id` / 7.0").await;
    let found = task(&owner, &[]).await;
    let truth: Vec<f64> =
        found["truth"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().parse().unwrap()).collect();
    let right = oracle(&json!({"predictions": found["predictions"], "truth": truth}));
    let judgement = judge(&db, &value, Round::Whole).await;
    assert_near(&serde_json::to_value(judgement.by_run[0].figures()).unwrap(), &right);
}

pub(super) async fn judge(db: &Setup, model: &Model, round: Round) -> Judgement {
    let mut session = Session::at_once(&db.database);
    let judgement = judge_runs(&mut session, db.means(model), (at(NEXT_DAY), round), || true).await.unwrap();
    session.close().await;
    judgement
}

#[rstest]
#[tokio::test]
async fn each_prediction_is_judged_once_and_what_is_no_class_is_counted_apart(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer: db } = items(server, &[], 100).await;
    db.tick(TICK).await;
    comes(&owner, model().classes(), "`id` <= 60").await;
    owner.execute("UPDATE `items` SET `came` = 'tulip' WHERE `id` = 60").await;
    let first = judge(&db, model(), Round::Whole).await;
    assert_eq!((first.judged, first.by_run[0].sums.rows, first.by_run[0].strange), (60, 59, 1));
    // The first truth counts, and no look counts it again.
    owner.execute("UPDATE `items` SET `came` = 'setosa' WHERE `id` < 60").await;
    let again = judge(&db, model(), Round::Whole).await;
    assert_eq!(again.judged, 0);
    assert_eq!(again.by_run[0].sums, first.by_run[0].sums);
    assert_eq!(again.by_run[0].auc, first.by_run[0].auc);
    assert!(again.by_run[0].auc.0.is_some());
}

#[rstest]
#[tokio::test]
async fn who_looks_at_the_same_time_judges_nothing_twice(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer: db } = items(server, &[], 2500).await;
    db.tick(TICK).await;
    comes(&owner, model().classes(), "TRUE").await;
    let look = || judge(&db, model(), Round::Whole);
    let (a, b, c) = tokio::join!(look(), look(), look());
    let mut judged = a.judged + b.judged + c.judged;
    // Somebody was at it; what was left then is found now.
    judged += judge(&db, model(), Round::Whole).await.judged;
    assert_eq!(judged, 2500);
    let by_run = judge(&db, model(), Round::Whole).await.by_run;
    assert_eq!((by_run.len(), by_run[0].sums.rows), (1, 2500));
    assert_eq!(owner.count("(SELECT DISTINCT `item_id` FROM `batch_judged`) j").await, 2500);
}

#[rstest]
#[tokio::test]
async fn a_tick_judges_in_passing_and_says_where_predictions_are_worse_than_they_may_be(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer: db } = items(server, &[("QUALITY_BOUND", "accuracy>=0.9")], 300).await;
    assert_eq!(db.tick(TICK).await.is_quality_missed, None);
    comes(&owner, model().classes(), "TRUE").await;
    let missed = db.tick("2024-03-05T11:00:00Z").await;
    assert_eq!(missed.is_quality_missed, Some(true));
    let (lines, status) = quality(&db).await;
    assert_eq!((lines[0]["judged"].as_u64(), status), (Some(300), Some(3)));
    let allowed = db.with(&[("QUALITY_BOUND", "accuracy>=0.01")]).await;
    assert_eq!(allowed.tick("2024-03-05T12:00:00Z").await.is_quality_missed, Some(false));
    assert_eq!(quality(&allowed).await.1, Some(0));
}

#[rstest]
#[tokio::test]
async fn the_api_the_page_and_the_status_say_what_quality_says(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = items(server, &[], 300).await;
    scorer.tick(TICK).await;
    let service = Service::today(&owner).await;
    let nothing = service.get("/quality").await;
    let version = model().version().to_string();
    let right = json!({
        "truth_column": "came", "quality_bound": null, "is_quality_missed": null, "model_version": version,
        "models": [], "runs": [],
    });
    assert_eq!(nothing, right);
    assert!(service.page().await.contains("No truth has come yet in column <code>came</code>."));

    comes(&owner, model().classes(), "`id` <= 200").await;
    owner.execute("UPDATE `items` SET `came` = 'none of them' WHERE `id` = 300").await;
    let (lines, _) = quality(&scorer).await;
    let [run, all] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&run["strange"], &all["strange"]), (&json!(1), &json!(1)));
    for bound in ["accuracy>=0.9", "accuracy>=0.01"] {
        let bounded = owner.with(&[("QUALITY_BOUND", bound)]).await;
        let (service, is_missed) = (Service::today(&bounded).await, bound.ends_with("0.9"));
        let said = service.get("/quality").await;
        assert_eq!((&said["quality_bound"], &said["is_quality_missed"]), (&json!(bound), &json!(is_missed)));
        for (line, said) in [(run, &said["runs"][0]), (all, &said["models"][0])] {
            assert_eq!((&said["judged"], &said["model_version"]), (&json!(200), &json!(version)));
            for (name, figure) in said["figures"].as_object().unwrap() {
                assert_eq!(figure, &line[name], "{name}");
            }
        }
        assert_eq!((&said["runs"][0]["strange"], &said["runs"][0]["run_id"]), (&json!(1), &json!(1)));
        let page = service.page().await;
        let accuracy = format!("{:.4}", all["accuracy"].as_f64().unwrap());
        assert!(page.contains("id=\"quality-title\"") && page.contains(&accuracy), "{page}");
        assert!(page.contains("with another truth") && page.contains(">in use<"), "{page}");
        let sentence = format!("The predictions of model {version} miss accuracy&gt;=0.9");
        assert_eq!(page.contains(&sentence), is_missed, "{page}");
        let health = service.text("/health").await;
        assert_eq!(health.contains("\"quality_missed\""), is_missed, "{health}");
        let metrics = service.text("/metrics").await;
        assert_eq!(metrics.contains("trouble=\"quality_missed\""), is_missed, "{metrics}");
        assert!(
            metrics.contains(&format!("rowscore_judged_predictions{{model_version=\"{version}\"}} 200")),
            "{metrics}"
        );
        let said = rowscore(&["status"], bounded.variables()).await;
        let sentence = format!("miss accuracy>=0.9: accuracy is {accuracy}. See `rowscore quality`");
        assert_eq!(said.stderr.contains(&sentence), is_missed, "{said:?}");
    }
}

#[rstest]
#[tokio::test]
async fn after_its_time_nobody_looks_for_the_truth_of_a_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer: db } = items(server, &[], 50).await;
    db.tick(TICK).await;
    comes(&owner, model().classes(), "TRUE").await;
    let short = db.with(&[("TRUTH_WITHIN", "1h")]).await;
    let judgement = judge(&short, model(), Round::Whole).await;
    assert_eq!((judgement.judged, judgement.by_run.len()), (0, 0));
}

#[rstest]
#[tokio::test]
async fn scores_in_a_table_of_their_own_are_judged_by_each_model(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("latest", "history")] keeps: &str,
) {
    let ddl = DDL.replace("`scores` JSON, ", "`came` VARCHAR(40), ");
    let mut settings = SETTINGS.to_vec();
    settings.retain(|(name, _)| *name != "PREDICTION_COLUMN");
    settings.extend([("SCORE_TABLE", "Reading Scores"), ("SCORES", keeps), ("TRUTH_COLUMN", "came"), LONG]);
    let Own { owner, scorer } = own(server, &ddl, &settings).await;
    insert_samples(&owner, 150).await;
    scorer.hop(&tick(TICK), unhurried(at(TICK))).await;
    let names = model().classes().iter().map(|class| format!("'{class}'")).collect::<Vec<_>>().join(",");
    owner.execute(&format!("UPDATE `Readings` SET `came` = ELT(1 + MOD(CRC32(`Reading No`), 3), {names})")).await;
    let judgement = judge(&scorer, model(), Round::Whole).await;
    assert_eq!(judgement.by_run.iter().map(|of| of.sums.rows).collect::<Vec<_>>(), [150]);
    let (_, figures) = judgement.by_run.of_model(&model().version().to_string());
    assert_ne!(figures, Figures::default());
    assert_eq!(judgement.by_run.of_model(&other().version().to_string()).1, Figures::default());
}

#[tokio::test]
async fn without_a_column_for_the_truth_quality_says_what_to_set() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let said = rowscore(&["quality"], db.variables()).await;
    assert_eq!(said.status.code(), Some(1));
    assert!(said.stderr.contains("TRUTH_COLUMN"), "{said:?}");
}
