//! A table of the user's own: other names, typed columns, a label for a prediction.

use mysql_async::prelude::Queryable;
use mysql_async::{Value, params};
use rowscore::answer::Outcome;
use rowscore::event::{Request, Trigger};
use rowscore::hop::{InAnswer, Runner};
use rowscore::model::{Artifact, Model};
use rowscore::run::{RunId, RunKind, RunState};
use rowscore::store::items::{self, Predictions};
use rstest::rstest;
use serde_json::{Value as Json, json};

use crate::support::database::{PASSWORD, RunRow};
use crate::support::items::{Item, sample, score};
use crate::support::programs::rowscore;
use crate::support::{Server, Setup, TestDb, at, continued, model, tick, unhurried};

const CREATED: &str = "2024-03-05 09:30:00";
const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

/// Columns by other names than rowscore's, in another order than the model's.
const DDL: &str = "CREATE TABLE `Readings` (\
    `Reading No` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, \
    `width` DOUBLE, `sl` DOUBLE, `petal_length` DOUBLE, `sepal width (cm)` DOUBLE, \
    `arrived` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), `scores` JSON, `note` VARCHAR(20) DEFAULT 'mine')";

const SETTINGS: [(&str, &str); 5] = [
    ("ITEMS_TABLE", "Readings"),
    ("ID_COLUMN", "Reading No"),
    ("FEATURE_COLUMNS", "petal_width=width, sepal_length=sl,petal_length , sepal_width=sepal width (cm)"),
    ("PREDICTION_COLUMN", "scores"),
    ("CREATED_COLUMN", "arrived"),
];

/// The table `Readings` and what it takes beside the usual names.
async fn readings(server: Server, settings: &[(&str, &str)]) -> Own {
    own(server, DDL, &[&SETTINGS[..], settings].concat()).await
}

/// A table of a user's, and the login that scores it.
struct Own {
    owner: TestDb,
    scorer: Setup,
}

async fn own(server: Server, ddl: &str, settings: &[(&str, &str)]) -> Own {
    let owner = TestDb::bare(server, settings).await;
    owner.execute(ddl).await;
    owner.migrate().await;
    let login = [("MYSQL_USER", owner.config.mysql.database.as_str()), ("MYSQL_PASSWORD", PASSWORD)];
    let scorer = owner.with(&login).await;
    Own { owner, scorer }
}

/// Adds readings: the four values in the model's order.
async fn insert(db: &Setup, rows: &[(u64, [Value; 4])]) {
    let sql = "INSERT INTO `Readings` (`Reading No`, `sl`, `sepal width (cm)`, `petal_length`, `width`, `arrived`) \
               VALUES (?, ?, ?, ?, ?, ?)";
    let rows = rows.iter().map(|(id, [a, b, c, d])| (*id, a.clone(), b.clone(), c.clone(), d.clone(), CREATED));
    db.connect().await.exec_batch(sql, rows).await.unwrap();
}

fn numbers(row: [f64; 4]) -> [Value; 4] {
    row.map(Value::Double)
}

/// The four values of a sample.
fn sampled(id: i64) -> [f64; 4] {
    serde_json::from_str(&sample(id)).unwrap()
}

/// Adds the samples with the ids from 1 to `last`.
async fn insert_samples(db: &Setup, last: i64) {
    let rows: Vec<(u64, [Value; 4])> = (1..=last).map(|id| (id.cast_unsigned(), numbers(sampled(id)))).collect();
    insert(db, &rows).await;
}

/// Prediction and code of failure of every reading.
async fn outcomes(db: &Setup, table: &str, id: &str, prediction: &str) -> Vec<(i64, Option<String>, Option<String>)> {
    db.rows(&format!(
        "SELECT i.`{id}`, CAST(i.`{prediction}` AS CHAR), f.`code` FROM `{table}` i \
         LEFT JOIN `item_failures` f ON f.`items_table` = '{table}' AND f.`item_id` = i.`{id}` ORDER BY 1"
    ))
    .await
}

/// The values of every item, as rowscore reads them.
async fn read(db: &Setup) -> Vec<Vec<f64>> {
    let mut conn = db.database.connect().await.unwrap();
    let table = db.database.items_table();
    let items = items::list(&mut conn, table, model().features(), None, (i64::MIN, 1000)).await.unwrap();
    items.iter().map(|item| serde_json::from_str(&item.values).unwrap()).collect()
}

fn bits(row: &[f64]) -> Vec<u64> {
    row.iter().map(|number| number.to_bits()).collect()
}

async fn refusal(db: &Setup) -> String {
    let error = db.try_hop(&tick(TICK), at(TICK), unhurried()).await.unwrap_err().to_string();
    assert_eq!(db.count("`batch_runs`").await, 0, "{error}");
    error
}

#[rstest]
#[tokio::test]
async fn four_double_columns_are_scored_exactly_as_the_json_one(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let hard = [
        [5e-324, -5e-324, 2.2250738585072014e-308, 2.225073858507201e-308],
        [0.1, 0.30000000000000004, 1.0 / 3.0, 9007199254740993.0],
        [-0.0, 0.0, 1e22, 1e23],
        [1e308, 5.0, 1.4, 0.2],
        [f64::MAX, f64::MIN, 1.0, 1.0],
        [123456789.12345679, -1.7976931348623157e-300, 4.35, 0.000001],
        [1e-7, 1e15, 1e16, 123456789012345680.0],
    ];
    let mut rows: Vec<[f64; 4]> = (1..=200).map(sampled).collect();
    rows.extend(hard);
    // Any bits that are a finite number.
    let mut state = 2026_u64;
    let mut any = || loop {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let number = f64::from_bits(state ^ (state >> 29));
        if number.is_finite() {
            return number;
        }
    };
    rows.extend((0..100).map(|_| [any(), any(), any(), any()]));

    let typed = readings(server, &[("PAGE_SIZE", "50")]).await;
    let of_typed: Vec<(u64, [Value; 4])> = (1..).zip(&rows).map(|(id, row)| (id, numbers(*row))).collect();
    insert(&typed.owner, &of_typed).await;
    let json = TestDb::new(server, &[]).await;
    let created = Some(at("2024-03-05T09:30:00Z"));
    let of_json = (1..).zip(&rows).map(|(id, row)| Item { id, values: serde_json::to_string(row).unwrap(), created });
    json.insert(&of_json.collect::<Vec<_>>()).await;

    let (first, second) = (typed.scorer.tick(TICK).await, json.tick(TICK).await);

    assert_eq!((first.outcome, first.counts.predicted), (Outcome::Finished, second.counts.predicted));
    // Divided by a standard deviation below 1, the largest float is none.
    assert_eq!((first.counts.predicted, first.counts.failed), (306, 1));
    let of_typed = outcomes(&typed.owner, "Readings", "Reading No", "scores").await;
    let of_json = outcomes(&json, "items", "id", "prediction").await;
    let as_read = read(&typed.scorer).await;
    assert_eq!((of_typed.len(), of_json.len(), as_read.len()), (307, 307, 307));
    for (row, read) in rows.iter().zip(&as_read) {
        // MariaDB knows no -0, which a model does not tell from 0.
        let row = row.map(|number| if server == Server::Mariadb && number == 0.0 { 0.0 } else { number });
        assert_eq!(bits(read), bits(&row), "{row:?} was read as {read:?}");
    }
    for ((typed, json), row) in of_typed.iter().zip(&of_json).zip(&rows) {
        assert_eq!(typed, json, "{row:?}");
    }
    // What is the user's is as it was.
    assert_eq!(typed.owner.count("`Readings` WHERE `note` = 'mine' AND `arrived` = '2024-03-05 09:30:00'").await, 307);
    assert_eq!(typed.owner.count("`Readings` WHERE `run_id` = 1").await, first.counts.predicted);
}

#[rstest]
#[tokio::test]
async fn many_hops_over_an_own_table_leave_nothing_out_and_write_nothing_twice(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[values("retry_failed", "retry_all")] policy: &str,
) {
    let settings = [("PAGE_SIZE", "30"), ("WORKERS", "2"), ("FAILURE_POLICY", policy), ("RUN_COLUMN", "none")];
    let Own { owner, scorer } = readings(server, &settings).await;
    insert_samples(&owner, 400).await;
    owner.execute("CREATE TABLE `audit` (`item` BIGINT PRIMARY KEY)").await;
    owner.execute("CREATE TRIGGER `once` AFTER UPDATE ON `Readings` FOR EACH ROW INSERT INTO `audit` VALUES (NEW.`Reading No`)").await;

    let first = scorer.hurried_tick(TICK).await;
    let last = scorer.follow(first, at(TICK)).await.pop().unwrap();

    assert_eq!((last.outcome, last.counts.predicted), (Outcome::Finished, 400));
    assert_eq!(owner.count("`audit`").await, 400);
    for (id, prediction, _) in outcomes(&owner, "Readings", "Reading No", "scores").await {
        let prediction: Vec<f64> = serde_json::from_str(&prediction.unwrap()).unwrap();
        assert_eq!(prediction, score(&sample(id)), "{id}");
    }
    let columns = "`information_schema`.`columns` WHERE `table_schema` = DATABASE() AND `table_name` = 'Readings'";
    assert_eq!(owner.count(columns).await, 8, "RUN_COLUMN=none adds none");
}

#[rstest]
#[case("BIGINT", "9007199254740993", 9007199254740992.0)]
#[case("BIGINT UNSIGNED", "18446744073709551615", 18446744073709551615.0)]
#[case("INT(8) ZEROFILL", "42", 42.0)]
#[case("TINYINT", "-128", -128.0)]
#[case("BOOL", "TRUE", 1.0)]
#[case("DECIMAL(4, 1)", "5.1", 5.1)]
#[case("DECIMAL(10, 3) ZEROFILL", "4.35", 4.35)]
#[case("DECIMAL(65, 30)", "12345678901234567890123456789012345.678901234567890123456789012345", 1.2345678901234568e34)]
#[case("DECIMAL(65, 30)", "-0.000000000000000000000000000001", -1e-30)]
#[case("FLOAT", "0.1", 0.1_f32 as f64)]
#[case("FLOAT", "16777216", 16777216.0)]
#[case("DOUBLE(10, 2)", "1234567.89", 1234567.89)]
#[case("DOUBLE AS (`petal_length` / 3) VIRTUAL", "DEFAULT", 1.4 / 3.0)]
#[tokio::test]
async fn a_number_of_any_type_is_read_to_its_nearest_float(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[case] kind: &str,
    #[case] written: &str,
    #[case] expected: f64,
) {
    let ddl = format!(
        "CREATE TABLE `items` (`id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY, `sepal_length` {kind}, `sepal_width` DOUBLE, \
         `petal_length` DOUBLE, `petal_width` DOUBLE, `prediction` JSON, `created_datetime` DATETIME DEFAULT '{CREATED}')"
    );
    let features = ("FEATURE_COLUMNS", "sepal_length,sepal_width,petal_length,petal_width");
    let Own { owner, scorer } = own(server, &ddl, &[features]).await;
    let columns = "`sepal_length`, `sepal_width`, `petal_length`, `petal_width`";
    owner.execute(&format!("INSERT INTO `items` ({columns}) VALUES ({written}, 3.5, 1.4, 0.2)")).await;

    assert_eq!(scorer.tick(TICK).await.counts.predicted, 1);

    assert_eq!(bits(&read(&scorer).await[0]), bits(&[expected, 3.5, 1.4, 0.2]));
    let row = serde_json::to_string(&[expected, 3.5, 1.4, 0.2]).unwrap();
    assert_eq!(owner.prediction(1).await.unwrap(), score(&row));
}

#[rstest]
#[tokio::test]
async fn a_null_is_set_aside_with_its_column_and_taken_up_when_it_is_filled_in(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let Own { owner, scorer } = readings(server, &[]).await;
    insert(&owner, &[(1, numbers(sampled(1))), (2, numbers(sampled(2)))]).await;
    owner.execute("UPDATE `Readings` SET `sepal width (cm)` = NULL WHERE `Reading No` = 2").await;

    let answer = scorer.tick(TICK).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed), (1, 1));
    let found: Vec<(i64, String, String)> = owner.rows("SELECT `item_id`, `code`, `reason` FROM `item_failures`").await;
    let reason = "value 2 (`sepal_width`) is null, not a number";
    assert_eq!(found, [(2, "not_a_number".to_owned(), reason.to_owned())]);

    owner.execute("UPDATE `item_failures` SET `attempts` = 3").await;
    assert_eq!(scorer.tick(LATER).await.outcome, Outcome::NothingToDo);
    owner.execute("UPDATE `Readings` SET `sepal width (cm)` = 3.5 WHERE `Reading No` = 2").await;
    assert_eq!(scorer.tick("2024-03-05T12:00:00Z").await.counts.predicted, 1);
    assert_eq!(owner.count("`item_failures`").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_datetime_is_read_as_utc(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let Own { owner, scorer } = readings(server, &[("LOOKBACK", "1s")]).await;
    insert(&owner, &[1, 2, 3].map(|id| (id, numbers(sampled(1))))).await;
    owner.execute("UPDATE `Readings` SET `arrived` = '2024-03-05 09:59:59.999999' WHERE `Reading No` = 2").await;
    owner.execute("UPDATE `Readings` SET `arrived` = '2024-03-05 10:00:00' WHERE `Reading No` = 3").await;

    assert_eq!(scorer.tick(TICK).await.counts.predicted, 2);
    assert_eq!(owner.count("`Readings` WHERE `scores` IS NULL AND `Reading No` = 3").await, 1);
    assert_eq!(scorer.tick(LATER).await.counts.predicted, 1);
}

#[rstest]
#[case::a_quote("sepal_length'", "FEATURE_COLUMNS has `sepal_length'`")]
#[case::a_backtick("sepal_length` FROM `items", "FEATURE_COLUMNS has `sepal_length` FROM `items`")]
#[case::a_semicolon("sepal_length; DROP TABLE Readings", "FEATURE_COLUMNS has `sepal_length; DROP TABLE Readings`")]
#[case::another_feature(
    "sepal_length=sl,petal_length,petal_width=width,sepal_depth=sepal width (cm)",
    "the model's 4 features are `sepal_length`, `sepal_width`, `petal_length`, `petal_width`; FEATURE_COLUMNS names 4: \
     `sepal_length`, `petal_length`, `petal_width`, `sepal_depth`"
)]
#[case::a_feature_too_few(
    "sepal_length=sl,petal_length,petal_width=width",
    "FEATURE_COLUMNS names 3: `sepal_length`, `petal_length`"
)]
#[case::an_unknown_column(
    "sepal_length=sl,petal_length,petal_width=width,sepal_width=nope",
    "FEATURE_COLUMNS names `nope`, which is no column of the table; of its columns MYSQL_USER may see `Reading No`, "
)]
#[tokio::test]
async fn feature_columns_that_are_not_the_models_or_the_tables_are_refused(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[case] columns: &str,
    #[case] told: &str,
) {
    let Own { owner, scorer } = readings(server, &[]).await;
    insert(&owner, &[(1, numbers(sampled(1)))]).await;
    let mut variables = scorer.variables().clone();
    variables.insert("FEATURE_COLUMNS".into(), columns.into());

    for arguments in [&["run"][..], &["run", "--canary"], &["init"]] {
        let ended = rowscore(arguments, &variables).await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.contains(told), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
    assert_eq!(owner.count("`batch_runs`").await, 0);
    assert_eq!(owner.count("`Readings` WHERE `scores` IS NULL").await, 1);
}

#[rstest]
#[tokio::test]
async fn everything_that_is_wrong_with_a_table_is_listed_in_one_error(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::bare(
        server,
        &[("FEATURE_COLUMNS", "sepal_length=a,sepal_width=b,petal_length=c,petal_width=d"), ("CREATED_COLUMN", "day")],
    )
    .await;
    db.execute(
        "CREATE TABLE `items` (`id` CHAR(36) NOT NULL, `tenant` INT NOT NULL, `a` VARCHAR(10), `b` BIT(4), `c` DATE, \
         `prediction` VARCHAR(10) NOT NULL, `day` DATE, `run_id` BIGINT COMMENT 'of the pump', PRIMARY KEY (`tenant`, `id`))",
    )
    .await;

    let error = db.try_hop(&tick(TICK), at(TICK), unhurried()).await.unwrap_err().to_string();

    for told in [
        "table `items` cannot be scored: ID_COLUMN `id` is char(36); accepted: an integer; ",
        "ID_COLUMN `id` must be the table's primary key, alone: pages are walked by it; the primary key is (tenant, id); ",
        "FEATURE_COLUMNS `a` is varchar(10); accepted: an integer, BOOL, DECIMAL, FLOAT or DOUBLE; ",
        "FEATURE_COLUMNS `b` is bit(4); accepted: ",
        "FEATURE_COLUMNS `c` is date; accepted: ",
        "FEATURE_COLUMNS names `d`, which is no column of the table; ",
        "PREDICTION_COLUMN `prediction` is varchar(10); accepted: a column that may be NULL",
        "PREDICTION_COLUMN `prediction` is varchar(10); accepted: JSON; ",
        "CREATED_COLUMN `day` is date; accepted: TIMESTAMP, or DATETIME in UTC; ",
        "the table has a column `run_id` that rowscore did not make and would overwrite: ",
        "of its columns MYSQL_USER may see `id`, `tenant`, `a`, `b`, `c`, `prediction`, `day`, `run_id`",
    ] {
        assert!(error.contains(told), "{told} in {error}");
    }
    let init = rowscore(&["init"], db.variables()).await;
    assert_eq!(init.status.code(), Some(1), "{init:?}");
    assert!(init.stderr.contains("FEATURE_COLUMNS `b` is bit(4)"), "{init:?}");
    let tables: Vec<String> = db.rows("SHOW TABLES").await;
    assert_eq!(tables, ["items"], "nothing is made for a table that is not the one which is meant");
}

#[rstest]
#[tokio::test]
async fn a_column_that_the_login_may_not_see_is_reported_as_such(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let Own { owner, scorer } = readings(server, &[]).await;
    owner.execute(&format!("REVOKE SELECT (`sl`) ON `Readings` FROM `{}`", scorer.config.mysql.user)).await;
    let error = refusal(&scorer).await;
    assert!(error.contains("FEATURE_COLUMNS names `sl`, which is no column of the table"), "{error}");
    assert!(error.contains("MYSQL_USER may see `Reading No`, `width`, `petal_length`, "), "{error}");

    owner.execute(&format!("REVOKE ALL PRIVILEGES ON `Readings` FROM `{}`", scorer.config.mysql.user)).await;
    let error = refusal(&scorer).await;
    assert!(
        error.contains("no such table, or MYSQL_USER may not see it: make it (`rowscore init` makes none"),
        "{error}"
    );
    assert!(error.contains("`rowscore init --grant`"), "{error}");

    owner.migrate().await;
    assert_eq!(scorer.tick(TICK).await.outcome, Outcome::NothingToDo);
}

#[rstest]
#[tokio::test]
async fn a_column_named_as_ours_that_means_something_else_is_not_overwritten(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let ddl = DDL.replace("`note`", "`run_id` BIGINT NOT NULL DEFAULT 77, `note`");
    let Own { owner, scorer } = own(server, &ddl, &SETTINGS).await;
    insert(&owner, &[(1, numbers(sampled(1)))]).await;
    assert!(refusal(&scorer).await.contains("set RUN_COLUMN to another name, to none, or to `run_id` if it is meant"));

    let none = scorer.with(&[("RUN_COLUMN", "none")]).await;
    assert_eq!(none.tick(TICK).await.counts.predicted, 1);
    assert_eq!(owner.count("`Readings` WHERE `run_id` = 77").await, 1);

    owner.execute("UPDATE `Readings` SET `scores` = NULL").await;
    let named = scorer.with(&[("RUN_COLUMN", "run_id")]).await;
    assert_eq!(named.hop(&crate::support::sweep(), at(LATER), unhurried()).await.counts.predicted, 1);
    assert_eq!(owner.count("`Readings` WHERE `run_id` = 2").await, 1);
}

#[rstest]
#[tokio::test]
async fn an_id_that_no_signed_number_holds_is_refused_and_never_a_panic(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let Own { owner, scorer } = readings(server, &[]).await;
    insert(&owner, &[(7, numbers(sampled(7))), (i64::MAX.cast_unsigned(), numbers(sampled(8)))]).await;
    assert_eq!(scorer.tick(TICK).await.counts.predicted, 2);
    insert(&owner, &[(u64::MAX, numbers(sampled(9)))]).await;

    // This process has looked at the table before, another one has not.
    assert_eq!(scorer.hop(&crate::support::sweep(), at(LATER), unhurried()).await.outcome, Outcome::NothingToDo);
    let canary = Trigger::Open(Request::by_hand(RunKind::Canary));
    assert_eq!(scorer.hop(&canary, at(LATER), unhurried()).await.state, Some(RunState::Succeeded));
    let again = scorer.with(&[]).await;
    let error = again.try_hop(&tick(LATER), at(LATER), unhurried()).await.unwrap_err().to_string();
    assert!(
        error.contains("ID_COLUMN `Reading No` has 18446744073709551615; accepted: ids up to 9223372036854775807"),
        "{error}"
    );
}

/// `readings`, with a label instead of probabilities.
async fn labelled(server: Server, kind: &str) -> Own {
    let ddl = DDL.replace("`scores` JSON", &format!("`species` {kind}"));
    let settings = [("PREDICTION_FORMAT", "label"), ("PREDICTION_COLUMN", "species")];
    own(server, &ddl, &[&SETTINGS[..], &settings].concat()).await
}

/// The class that the model gives `values`.
fn label(values: &str) -> &'static str {
    let scores = score(values);
    let most = scores.iter().copied().fold(0.0, f64::max);
    &model().classes()[scores.iter().position(|score| *score == most).unwrap()]
}

#[rstest]
#[tokio::test]
async fn the_label_alone_goes_to_a_text_or_an_enum_column(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[values("VARCHAR(10)", "CHAR(10)", "TEXT", "ENUM('virginica', 'other', 'setosa', 'versicolor')")] kind: &str,
) {
    let Own { owner, scorer } = labelled(server, kind).await;
    insert_samples(&owner, 60).await;
    owner.execute("UPDATE `Readings` SET `species` = 'setosa' WHERE `Reading No` = 3").await;
    owner.execute("UPDATE `Readings` SET `width` = NULL WHERE `Reading No` = 4").await;

    let canary = Trigger::Open(Request::by_hand(RunKind::Canary));
    assert_eq!(scorer.hop(&canary, at(TICK), unhurried()).await.state, Some(RunState::Succeeded));
    assert_eq!(owner.count("`Readings` WHERE `species` IS NULL").await, 59, "a canary keeps nothing");
    assert_eq!(scorer.tick(TICK).await.counts.predicted, 58);

    let found = outcomes(&owner, "Readings", "Reading No", "species").await;
    for (id, species, _) in &found {
        let expected = match id {
            3 => Some("setosa"),
            4 => None,
            id => Some(label(&sample(*id))),
        };
        assert_eq!(species.as_deref(), expected, "{id}");
    }
    let kinds: std::collections::BTreeSet<_> = found.iter().filter_map(|(_, species, _)| species.clone()).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert_eq!(scorer.tick(LATER).await.counts.predicted, 0);

    let results = rowscore(&["results", "--limit", "1"], scorer.variables()).await;
    let line: Json = serde_json::from_str(&results.stdout).unwrap_or_else(|error| panic!("{error}: {results:?}"));
    assert_eq!(line["prediction"], json!(label(&sample(1))));
    assert_eq!(serde_json::from_value::<Vec<f64>>(line["values"].clone()).unwrap(), sampled(1));
}

#[rstest]
#[case("VARCHAR(9)", "`versicolor`")]
#[case("ENUM('setosa', 'virginica')", "`versicolor`")]
#[case("INT", "accepted: CHAR, VARCHAR, TEXT or ENUM")]
#[case("JSON", "accepted: CHAR, VARCHAR, TEXT or ENUM")]
#[tokio::test]
async fn a_column_that_has_no_room_for_every_class_is_refused(#[case] kind: &str, #[case] told: &str) {
    let Own { owner, scorer } = labelled(Server::Mysql, kind).await;
    insert(&owner, &[(1, numbers(sampled(1)))]).await;
    let error = refusal(&scorer).await;
    assert!(error.contains("PREDICTION_COLUMN `species` is ") && error.contains(told), "{error}");
}

#[rstest]
#[tokio::test]
async fn a_class_of_any_name_is_written_as_it_is_in_any_sql_mode(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[values("", "NO_BACKSLASH_ESCAPES,ANSI_QUOTES")] mode: &str,
) {
    let names = ["it's'); DROP TABLE `Readings`; --", r#"back\slash\' "quoted""#, "Größe 🌷 `x`"].map(str::to_owned);
    let mut content = model().artifact().content.clone();
    content.classes = names.to_vec();
    let odd = Model::new(Artifact::seal(content)).unwrap();
    let Own { owner, scorer } = labelled(server, "VARCHAR(60) CHARACTER SET utf8mb4").await;
    insert(&owner, &[1, 2, 3].map(|id| (id, numbers(sampled(1))))).await;

    let mut conn = scorer.database.connect().await.unwrap();
    conn.query_drop(format!("SET SESSION sql_mode = CONCAT(@@sql_mode, ',{mode}')")).await.unwrap();
    let probabilities = vec![0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.8];
    let page = Predictions { ids: vec![1, 2, 3], probabilities, classes: odd.classes() };
    items::write(&mut conn, scorer.database.items_table(), RunId(1), &page).await.unwrap();
    let written: Vec<String> = owner.rows("SELECT `species` FROM `Readings` ORDER BY `Reading No`").await;
    assert_eq!(written, names);

    owner.execute("UPDATE `Readings` SET `species` = NULL").await;
    let Setup { database, config, .. } = &scorer;
    let runner = Runner { database, work: &config.work, model: &odd, relay: &InAnswer };
    assert_eq!(runner.hop(&tick(TICK), at(TICK), unhurried()).await.unwrap().counts.predicted, 3);
    let at_most: Vec<String> = owner.rows("SELECT DISTINCT `species` FROM `Readings`").await;
    let place = model().classes().iter().position(|class| class == label(&sample(1))).unwrap();
    assert_eq!(at_most, [names[place].clone()]);
}

/// An item of [`CREATED`].
fn item(id: i64, values: impl Into<String>) -> Item {
    Item { id, values: values.into(), created: Some(at("2024-03-05T09:30:00Z")) }
}

/// A sample as an object keyed by feature name, with something else in it.
fn object(id: i64) -> String {
    let [sl, sw, pl, pw] = sampled(id);
    json!({"petal_width": pw, "id": "x", "sepal_length": sl, "petal_length": pl, "sepal_width": sw, "tags": [1]})
        .to_string()
}

#[rstest]
#[tokio::test]
async fn an_object_keyed_by_feature_is_scored_as_the_array_is(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let values = |id: i64| if id % 2 == 0 { object(id) } else { sample(id) };
    db.insert(&(1..=100).map(|id| item(id, values(id))).collect::<Vec<_>>()).await;
    // Of a key that is there twice the last counts: MySQL stores only that, MariaDB both.
    db.insert(&[
        item(
            101,
            r#"{"sepal_length": 9, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2, "sepal_length": 5.1}"#,
        ),
        item(102, r#"{"sepal_length": 5.1, "petal_length": 1.4, "petal_width": 0.2}"#),
        item(103, r#"{"sepal_length": 5.1, "sepal_width": null, "petal_length": 1.4, "petal_width": 0.2}"#),
    ])
    .await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed), (101, 2));
    for id in 1..=100 {
        assert_eq!(db.prediction(id).await.unwrap(), score(&sample(id)), "{id}");
    }
    assert_eq!(db.prediction(101).await.unwrap(), score("[5.1, 3.5, 1.4, 0.2]"));
    let reasons: Vec<(i64, String, String)> =
        db.rows("SELECT `item_id`, `code`, `reason` FROM `item_failures` ORDER BY `item_id`").await;
    let expected = [
        (102, "missing_value", "values has no `sepal_width`"),
        (103, "not_a_number", "value 2 (`sepal_width`) is null, not a number"),
    ];
    assert_eq!(reasons, expected.map(|(id, code, reason)| (id, code.to_owned(), reason.to_owned())));
}

#[rstest]
#[tokio::test]
async fn rows_for_another_model_are_refused_before_the_first_page_with_both_lists(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[values(("[5.1, 3.5, 1.4]", "3 values without names"), (r#"{"age": 44, "income": 1e5}"#, "2 keys: `age`, `income`"))]
    (values, told): (&str, &str),
) {
    let db = TestDb::new(server, &[("MAX_FAILED_PERCENT", "100")]).await;
    db.insert(&(11..=40).map(|id| item(id, values)).collect::<Vec<_>>()).await;
    let before = db.snapshot().await;

    let error = refusal(&db).await;

    let lists = format!(
        "table `items` cannot be scored: the rows do not fit the model: the model's 4 features are `sepal_length`, \
         `sepal_width`, `petal_length`, `petal_width`; item 11 has {told}; of 30 pending items from both ends of the run none fits"
    );
    assert_eq!(error, lists);
    assert_eq!(db.snapshot().await, before);
    // One that fits, and the others are single bad rows.
    db.insert(&[item(41, sample(41))]).await;
    assert_eq!(db.tick(TICK).await.counts.failed, 30);
    assert_eq!(db.predicted().await, [41]);
    // So they are where they are few.
    db.insert(&(50..69).map(|id| item(id, values)).collect::<Vec<_>>()).await;
    assert_eq!(db.run(1).await, RunRow::over("succeeded_with_failures", 1, 30, 0));
    assert_eq!(db.hop(&crate::support::sweep(), at(LATER), unhurried()).await.counts.failed, 19 + 30);
}

#[rstest]
#[tokio::test]
async fn a_hop_whose_columns_are_no_longer_the_models_goes_no_further(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let Own { owner, scorer } = readings(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    insert_samples(&owner, 40).await;
    assert_eq!(scorer.hurried_tick(TICK).await.outcome, Outcome::Continued);

    let other = scorer.with(&[("FEATURE_COLUMNS", "sepal_length=sl,petal_length")]).await;
    let error = other.try_hop(&continued(1, 0, 2), at(TICK), unhurried()).await.unwrap_err().to_string();
    assert!(error.contains("FEATURE_COLUMNS names 2: `sepal_length`, `petal_length`"), "{error}");

    assert_eq!(scorer.hop(&continued(1, 0, 2), at(TICK), unhurried()).await.counts.predicted, 40);
}

#[rstest]
#[tokio::test]
async fn init_adds_a_column_and_a_key_and_grants_what_the_own_table_needs(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let owner = TestDb::bare(server, &SETTINGS).await;
    let missing = rowscore(&["init"], owner.variables()).await;
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    assert!(missing.stderr.contains("`rowscore init` makes none with other columns than its own"), "{missing:?}");
    owner.execute(DDL).await;
    insert(&owner, &[(1, numbers(sampled(1)))]).await;
    let login = owner.config.mysql.database.clone();
    owner.execute(&format!("CREATE USER `{login}` IDENTIFIED BY '{PASSWORD}'")).await;
    let samples = rowscore(&["init", "--rows", "5"], owner.variables()).await;
    assert_eq!(samples.status.code(), Some(1), "{samples:?}");

    for _ in 0..2 {
        let init = rowscore(&["init", "--grant", &login], owner.variables()).await;
        assert_eq!(init.status.code(), Some(0), "{init:?}");
    }

    let columns: Vec<String> = owner
        .rows(
            "SELECT CAST(`column_name` AS CHAR) FROM `information_schema`.`columns` \
        WHERE `table_schema` = DATABASE() AND `table_name` = 'Readings' ORDER BY `ordinal_position`",
        )
        .await;
    assert_eq!(columns[8..], ["run_id"], "{columns:?}");
    let key: Vec<String> = owner
        .rows(
            "SELECT CAST(`column_name` AS CHAR) FROM `information_schema`.`statistics` \
        WHERE `table_schema` = DATABASE() AND `index_name` = 'items_window' ORDER BY `seq_in_index`",
        )
        .await;
    assert_eq!(key, ["arrived", "Reading No"]);

    let scorer = owner.with(&[("MYSQL_USER", &login), ("MYSQL_PASSWORD", PASSWORD)]).await;
    for arguments in [&["run", "--canary"][..], &["run"], &["status"], &["results"], &["explain", "--id", "1"]] {
        let ended = rowscore(arguments, scorer.variables()).await;
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {ended:?}");
    }
    let mut conn = scorer.database.connect().await.unwrap();
    for sql in [
        "SELECT `note` FROM `Readings`",
        "UPDATE `Readings` SET `sl` = 1",
        "UPDATE `Readings` SET `arrived` = '2024-01-01'",
        "DELETE FROM `Readings`",
    ] {
        let denied = conn.query_drop(sql).await;
        assert!(
            matches!(&denied, Err(mysql_async::Error::Server(error)) if [1142, 1143].contains(&error.code)),
            "{sql}: {denied:?}"
        );
    }
    let count: Option<u64> = conn
        .exec_first("SELECT COUNT(`scores`) FROM `Readings` WHERE `run_id` > :none", params! {"none" => 0})
        .await
        .unwrap();
    assert_eq!(count, Some(1));
}

#[rstest]
#[tokio::test]
async fn explain_shows_what_an_items_prediction_rests_on(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    db.insert(&[item(1, sample(1)), item(2, object(2)), item(3, "[1, 2]")]).await;
    db.tick(TICK).await;

    for id in [1, 2] {
        let json = rowscore(&["explain", "--id", &id.to_string(), "--json"], db.variables()).await;
        assert_eq!(json.status.code(), Some(0), "{json:?}");
        let explained: Json = serde_json::from_str(&json.stdout).unwrap();
        let probabilities: Vec<f64> = serde_json::from_value(explained["probabilities"].clone()).unwrap();
        assert_eq!(probabilities, db.prediction(id).await.unwrap());
        assert_eq!(
            (explained["pairs"].as_array().unwrap().len(), explained["nearest"].as_array().unwrap().len()),
            (3, 5)
        );
        let text = rowscore(&["explain", "--id", &id.to_string()], db.variables()).await;
        for part in ["sepal_length", "petal_width", label(&sample(id)), "nearest support vectors"] {
            assert!(text.stdout.contains(part), "{part} in {text:?}");
        }
    }
    let bad = rowscore(&["explain", "--id", "3"], db.variables()).await;
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    assert!(bad.stderr.contains("[1, 2] cannot be scored: values has 2 elements, the model takes 4"), "{bad:?}");
    let none = rowscore(&["explain", "--id", "-9"], db.variables()).await;
    assert_eq!((none.status.code(), none.stderr.as_str()), (Some(1), "rowscore: there is no item -9\n"));
}
