//! Tables that are not what the configuration or the model says: refused as they are.

use rowscore::answer::Outcome;
use rowscore::event::{Request, Trigger};
use rowscore::run::{Mode, RunKind, RunState};
use rstest::rstest;

use crate::support::backfills::backfill;
use crate::support::programs::rowscore;
use crate::support::readings::{DDL, Own, SETTINGS, insert, numbers, own, readings, refusal, sampled};
use crate::support::{Server, TestDb, at, sweep, tick, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";
#[rstest]
#[case::a_quote("sepal_length'", "FEATURE_COLUMNS names 1: `sepal_length'`")]
#[case::a_backtick("sepal_length` FROM `items", "FEATURE_COLUMNS has `sepal_length` FROM `items`")]
#[case::a_semicolon(
    "sepal_length; DROP TABLE Readings",
    "FEATURE_COLUMNS names 1: `sepal_length; DROP TABLE Readings`"
)]
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
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
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
        let in_one_line = ended.stderr.replace("\n  - ", "; ");
        assert!(in_one_line.contains(told), "{ended:?}");
        assert_eq!(in_one_line.lines().count(), 1, "{ended:?}");
    }
    assert_eq!(owner.opened().await, 0);
    assert_eq!(owner.count("`Readings` WHERE `scores` IS NULL").await, 1);
}

#[rstest]
#[tokio::test]
async fn everything_that_is_wrong_with_a_table_is_listed_in_one_error(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(
        server,
        &[("FEATURE_COLUMNS", "sepal_length=a,sepal_width=b,petal_length=c,petal_width=d"), ("CREATED_COLUMN", "day")],
    )
    .await;
    db.execute(
        "CREATE TABLE `items` (`id` DOUBLE NOT NULL, `tenant` INT NOT NULL, `a` VARCHAR(10), `b` VARBINARY(4), `c` DATE, \
         `prediction` VARCHAR(10) NOT NULL, `day` DATE, `run_id` BIGINT COMMENT 'of the pump', PRIMARY KEY (`tenant`, `id`))",
    )
    .await;

    let error = db.try_hop(&tick(TICK), unhurried(at(TICK))).await.unwrap_err().to_string();

    for told in [
        "table `items` cannot be scored: ID_COLUMN `id` is double; accepted: an integer, CHAR, VARCHAR, BINARY, VARBINARY, UUID, DATE, DATETIME or TIMESTAMP; ",
        "ID_COLUMN `id` must be the primary key or a unique key that is not hidden from the optimiser, all of its columns in \
         their order, because pages are walked by it; the table has PRIMARY (tenant, id); ",
        "FEATURE_COLUMNS `a` is varchar(10); accepted: an integer, BOOL, BIT, YEAR, DECIMAL, FLOAT or DOUBLE, for the model takes it as a number; ",
        "FEATURE_COLUMNS `b` is varbinary(4); accepted: ",
        "FEATURE_COLUMNS `c` is date; accepted: ",
        "FEATURE_COLUMNS names `d`, which is no column of the table; ",
        "PREDICTION_COLUMN `prediction` is varchar(10); accepted: a column that may be NULL",
        "PREDICTION_COLUMN `prediction` is varchar(10); accepted: JSON; ",
        "CREATED_COLUMN `day` is date; accepted: TIMESTAMP or DATETIME; ",
        "the table has a column `run_id` that rowscore did not make and would overwrite: ",
        "of its columns MYSQL_USER may see `id`, `tenant`, `a`, `b`, `c`, `prediction`, `day`, `run_id`",
    ] {
        assert!(error.contains(told), "{told} in {error}");
    }
    let init = rowscore(&["init"], db.variables()).await;
    assert_eq!(init.status.code(), Some(1), "{init:?}");
    assert!(init.stderr.starts_with("rowscore: table `items` cannot be scored:\n  - ID_COLUMN `id` is "), "{init:?}");
    assert!(init.stderr.contains("\n  - FEATURE_COLUMNS `b` is varbinary(4)"), "{init:?}");
    let tables: Vec<String> = db.rows("SHOW TABLES").await;
    assert_eq!(tables, ["items"], "nothing is made for a table that is not the one which is meant");
}

#[rstest]
#[tokio::test]
async fn a_column_that_the_login_may_not_see_is_reported_as_such(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
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
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
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
    assert_eq!(named.hop(&sweep(), unhurried(at(LATER))).await.counts.predicted, 1);
    assert_eq!(owner.count("`Readings` WHERE `run_id` = 3").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_backfill_that_could_not_tell_whose_a_prediction_is_is_refused(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = readings(server, &[("RUN_COLUMN", "none")]).await;
    insert(&owner, &[(1, numbers(sampled(1)))]).await;
    assert_eq!(scorer.tick(TICK).await.counts.predicted, 1);

    let error = scorer.try_hop(&backfill(Mode::Write), unhurried(at(LATER))).await.unwrap_err().to_string();

    assert!(error.contains("a backfill needs RUN_COLUMN"), "{error}");
    assert_eq!(owner.opened().await, 1);
    owner.assert_refused(&error).await;
}

#[rstest]
#[tokio::test]
async fn an_id_that_no_signed_number_holds_is_left_to_the_next_process_and_scored_there(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = readings(server, &[]).await;
    insert(&owner, &[(7, numbers(sampled(7))), (i64::MAX.cast_unsigned(), numbers(sampled(8)))]).await;
    assert_eq!(scorer.tick(TICK).await.counts.predicted, 2);
    insert(&owner, &[(u64::MAX, numbers(sampled(9)))]).await;

    // This process has looked at the table before, another one has not.
    assert_eq!(scorer.hop(&sweep(), unhurried(at(LATER))).await.outcome, Outcome::NothingToDo);
    let canary = Trigger::Open(Request::by_hand(RunKind::Canary));
    assert_eq!(scorer.hop(&canary, unhurried(at(LATER))).await.state, Some(RunState::Succeeded));
    let again = scorer.with(&[]).await;
    assert_eq!(again.hop(&sweep(), unhurried(at(LATER))).await.counts.predicted, 1);
    assert_eq!(owner.count("`Readings` WHERE `scores` IS NULL").await, 0);
}
