//! A table of the user's own: other names, typed columns.

use mysql_async::prelude::Queryable;
use mysql_async::{Value, params};
use rowscore::answer::Outcome;
use rstest::rstest;

use crate::support::items::{Item, sample, score};
use crate::support::private::PASSWORD;
use crate::support::programs::rowscore;
use crate::support::readings::{
    CREATED, DDL, Own, SETTINGS, bits, insert, insert_samples, numbers, outcomes, own, read, readings, sampled,
};
use crate::support::{Server, TestDb, at, continued, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";
#[rstest]
#[tokio::test]
async fn four_double_columns_are_scored_exactly_as_the_json_one(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
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
        let row = row.map(|number| if server.is_mariadb() && number == 0.0 { 0.0 } else { number });
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
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
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
#[case("DECIMAL(65, 30)", "12345678901234567890123456789012345.678901234567890123456789012345", 1.234567890123457e34)]
#[case("DECIMAL(65, 30)", "-0.000000000000000000000000000001", -1e-30)]
#[case("FLOAT", "0.1", 0.1_f32 as f64)]
#[case("FLOAT", "16777216", 16777216.0)]
#[case("DOUBLE(10, 2)", "1234567.89", 1234567.89)]
#[case("DOUBLE AS (`petal_length` / 3) VIRTUAL", "DEFAULT", 1.4 / 3.0)]
#[tokio::test]
async fn a_number_of_any_type_is_read_to_its_nearest_float(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
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
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = readings(server, &[]).await;
    insert(&owner, &[(1, numbers(sampled(1))), (2, numbers(sampled(2)))]).await;
    owner.execute("UPDATE `Readings` SET `sepal width (cm)` = NULL WHERE `Reading No` = 2").await;

    let answer = scorer.tick(TICK).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed), (1, 1));
    let found: Vec<(i64, String, String)> = owner.rows("SELECT `item_id`, `code`, `reason` FROM `item_failures`").await;
    let reason = "value 2 (`sepal_width`) is NULL";
    assert_eq!(found, [(2, "missing_value".to_owned(), reason.to_owned())]);

    owner.execute("UPDATE `item_failures` SET `attempts` = 3").await;
    assert_eq!(scorer.tick(LATER).await.outcome, Outcome::NothingToDo);
    owner.execute("UPDATE `Readings` SET `sepal width (cm)` = 3.5 WHERE `Reading No` = 2").await;
    assert_eq!(scorer.tick("2024-03-05T12:00:00Z").await.counts.predicted, 1);
    assert_eq!(owner.count("`item_failures`").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_datetime_is_read_as_utc(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let Own { owner, scorer } = readings(server, &[("LOOKBACK", "1s")]).await;
    insert(&owner, &[1, 2, 3].map(|id| (id, numbers(sampled(1))))).await;
    owner.execute("UPDATE `Readings` SET `arrived` = '2024-03-05 09:59:59.999999' WHERE `Reading No` = 2").await;
    owner.execute("UPDATE `Readings` SET `arrived` = '2024-03-05 10:00:00' WHERE `Reading No` = 3").await;

    assert_eq!(scorer.tick(TICK).await.counts.predicted, 2);
    assert_eq!(owner.count("`Readings` WHERE `scores` IS NULL AND `Reading No` = 3").await, 1);
    assert_eq!(scorer.tick(LATER).await.counts.predicted, 1);
}

#[rstest]
#[tokio::test]
async fn a_hop_whose_columns_are_no_longer_the_models_goes_no_further(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = readings(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    insert_samples(&owner, 40).await;
    assert_eq!(scorer.hurried_tick(TICK).await.outcome, Outcome::Continued);

    let other = scorer.with(&[("FEATURE_COLUMNS", "sepal_length=sl,petal_length")]).await;
    let error = other.try_hop(&continued(1, 0, 2), unhurried(at(TICK))).await.unwrap_err().to_string();
    assert!(error.contains("FEATURE_COLUMNS names 2: `sepal_length`, `petal_length`"), "{error}");

    assert_eq!(scorer.hop(&continued(1, 0, 2), unhurried(at(TICK))).await.counts.predicted, 40);
}

#[rstest]
#[tokio::test]
async fn init_adds_a_column_and_a_key_and_grants_what_the_own_table_needs(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
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
        assert!(!init.stderr.contains("without a key"), "{init:?}");
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
    owner.execute("ALTER TABLE `Readings` DROP KEY `items_window`").await;
    let slow = rowscore(&["run"], scorer.variables()).await;
    assert!(slow.stderr.contains("ADD KEY (`arrived`, `Reading No`)"), "{slow:?}");
    let count: Option<u64> = conn
        .exec_first("SELECT COUNT(`scores`) FROM `Readings` WHERE `run_id` > :none", params! {"none" => 0})
        .await
        .unwrap();
    assert_eq!(count, Some(1));
}
