//! Tables as they are: columns that the server renews, engines, names, clocks. What is not rowscore's keeps its
//! values, and what cannot be scored is refused before anything is touched.

use rowscore::answer::Outcome;
use rowscore::event::{Request, Trigger};
use rowscore::hop::Clock;
use rowscore::run::{Mode, RunKind, RunState};
use rstest::rstest;

use crate::support::backfills::backfill;
use crate::support::items::{Item, sample, score};
use crate::support::models::other;
use crate::support::programs::rowscore;
use crate::support::readings::{DDL, Own, SETTINGS, insert_samples, own, readings, refusal};
use crate::support::{Server, TestDb, at, continued, sweep, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

fn canary() -> Trigger {
    Trigger::Open(Request::by_hand(RunKind::Canary))
}

#[rstest]
#[tokio::test]
async fn columns_that_the_server_renews_keep_their_values_and_updated_datetime_says_when_a_row_changed(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let renewed = "ON UPDATE CURRENT_TIMESTAMP";
    let ddl = format!(
        "CREATE TABLE `Readings` (`Reading No` BIGINT NOT NULL PRIMARY KEY, `width` DOUBLE, `sl` DOUBLE, \
           `petal_length` DOUBLE, `sepal width (cm)` DOUBLE, `scores` JSON, \
           `arrived` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP {renewed}, `seen ``by`` us` DATETIME NULL {renewed}, \
           `to the microsecond` DATETIME(6) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(6), \
           `updated_datetime` TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP {renewed})"
    );
    let Own { owner, scorer } =
        own(server, &ddl, &[&SETTINGS[..], &[("PAGE_SIZE", "10"), ("LANES", "1")]].concat()).await;
    insert_samples(&owner, 40).await;
    owner
        .execute(
            "SET SESSION sql_mode = ''; UPDATE `Readings` SET `arrived` = `arrived`, `seen ``by`` us` = '2020-02-02', \
                   `to the microsecond` = '2020-02-02 02:02:02.123456', `updated_datetime` = '2020-01-01'; \
                   UPDATE `Readings` SET `arrived` = `arrived`, `seen ``by`` us` = '0000-00-00', \
                   `to the microsecond` = NULL, `updated_datetime` = '2020-01-01' WHERE `Reading No` = 5",
        )
        .await;
    let values =
        "SELECT CONCAT_WS('|', `Reading No`, `arrived`, `seen ``by`` us`, `to the microsecond`) FROM `Readings`";
    let before: Vec<String> = owner.rows(values).await;

    assert_eq!(scorer.hop(&canary(), unhurried(at(TICK))).await.state, Some(RunState::Succeeded));
    assert_eq!(scorer.hurried_tick(TICK).await.outcome, Outcome::Continued);
    // Another process goes on with it: it has not looked at the table yet.
    let fresh = scorer.with(&[]).await;
    assert_eq!(fresh.hop(&continued(2, 0, 2), unhurried(at(TICK))).await.counts.predicted, 40);

    assert_eq!(owner.rows::<String>(values).await, before);
    assert_eq!(owner.count("`Readings` WHERE `updated_datetime` > '2024-01-01'").await, 40);
    let again = scorer.with(&[]).await.hop_by(other(), &backfill(Mode::Write), unhurried(at(LATER))).await;
    assert_eq!(again.counts.predicted, 40);
    assert_eq!(owner.rows::<String>(values).await, before);
}

#[rstest]
#[tokio::test]
async fn a_login_that_may_not_keep_a_column_is_refused_before_it_overwrites_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = readings(server, &[]).await;
    insert_samples(&owner, 3).await;
    // After the grants.
    owner
        .execute(
            "ALTER TABLE `Readings` ADD COLUMN `moved` TIMESTAMP NULL DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP",
        )
        .await;

    let error = refusal(&scorer).await;

    assert!(error.contains("command denied") && error.contains("`rowscore init --grant`"), "{error}");
    owner.migrate().await;
    assert_eq!(scorer.tick(TICK).await.counts.predicted, 3);
    assert_eq!(owner.count("`Readings` WHERE `moved` = '2020-01-01'").await, 3);
}

#[rstest]
#[tokio::test]
async fn a_table_without_transactions_is_refused_before_anything_is_touched(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("MyISAM", "MEMORY", "Aria")] engine: &str,
) {
    if server == Server::Mysql && engine == "Aria" {
        return;
    }
    let db = TestDb::bare(server, &[("RUN_COLUMN", "none"), ("PREDICTION_FORMAT", "label")]).await;
    let ddl = format!(
        "CREATE TABLE `items` (`id` BIGINT PRIMARY KEY, `values` VARCHAR(200) NOT NULL, `prediction` VARCHAR(30), \
         `created_datetime` TIMESTAMP NULL, `updated_datetime` TIMESTAMP NULL, KEY (`created_datetime`)) ENGINE={engine}"
    );
    db.execute(&ddl).await;
    db.insert(&[Item::new(1, sample(1)), Item::new(2, sample(2))]).await;
    db.execute("UPDATE `items` SET `prediction` = 'mine' WHERE `id` = 2").await;
    let told = format!("the engine {engine} of the table `items` has no transactions");

    for arguments in [&["init"][..], &["run"], &["run", "--canary"], &["run", "--backfill"]] {
        let ended = rowscore(arguments, db.variables()).await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        if arguments != ["run", "--backfill"] {
            assert!(ended.stderr.contains(&told), "{ended:?}");
        }
    }
    assert_eq!(db.rows::<String>("SHOW TABLES").await, ["items"]);
    assert_eq!(db.count("`items` WHERE `prediction` <=> IF(`id` = 2, 'mine', NULL)").await, 2);
    db.execute("ALTER TABLE `items` ENGINE=InnoDB").await;
    assert_eq!(rowscore(&["init"], db.variables()).await.status.code(), Some(0));
    assert_eq!(rowscore(&["run"], db.variables()).await.status.code(), Some(0));
    assert_eq!(db.count("`items` WHERE `prediction` = 'mine'").await, 1);
}

#[rstest]
#[tokio::test]
async fn rowscores_own_tables_without_transactions_are_refused_and_made_anew_by_init(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("batch_runs", "batch_lanes", "item_failures")] table: &str,
) {
    let db = TestDb::new(server, &[]).await;
    if server == Server::Mysql && table == "batch_runs" {
        // It has a key over a virtual column, for which MySQL takes InnoDB only.
        return;
    }
    db.fill(1..=3, CREATED).await;
    // The engine's keys are shorter.
    let short = if table == "item_failures" { "MODIFY `item_key` VARBINARY(100) NOT NULL DEFAULT '', " } else { "" };
    db.execute(&format!("ALTER TABLE `{table}` {short}ENGINE=MyISAM")).await;

    let error = db.try_hop(&tick(TICK), unhurried(at(TICK))).await.unwrap_err().to_string();

    let told = format!("the engine MyISAM of the table `{table}` has no transactions");
    assert!(error.contains(&told) && error.contains("`rowscore init` makes it one"), "{error}");
    assert_eq!(db.opened().await, 0);
    db.assert_refused(&error).await;
    db.migrate().await;
    assert_eq!(db.tick(TICK).await.counts.predicted, 3);
}

#[rstest]
#[tokio::test]
async fn a_prediction_column_that_the_server_computes_is_refused_before_a_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("VIRTUAL", "STORED")] kind: &str,
) {
    let ddl = DDL.replace("`scores` JSON", &format!("`species` VARCHAR(30) AS (IF(`sl` > 5, 'setosa', NULL)) {kind}"));
    let label = [("PREDICTION_FORMAT", "label"), ("PREDICTION_COLUMN", "species")];
    let db = TestDb::bare(server, &[&SETTINGS[..], &label].concat()).await;
    db.execute(&ddl).await;
    for arguments in [&["init"][..], &["run"], &["run", "--canary"]] {
        let ended = rowscore(arguments, db.variables()).await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(
            ended.stderr.contains("PREDICTION_COLUMN `species` is generated by the server from other columns"),
            "{ended:?}"
        );
    }
    assert_eq!(db.rows::<String>("SHOW TABLES").await, ["Readings"]);
}

#[rstest]
#[tokio::test]
async fn names_that_differ_in_case_or_accents_are_two_tables(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(["readings", "Readings"], ["grossen", "größen"], ["resume", "résumé"])] names: [&str; 2],
) {
    let one = TestDb::new(server, &[("ITEMS_TABLE", names[0]), ("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    let other = one.with(&[("ITEMS_TABLE", names[1])]).await;
    // Its columns are not those of the first one.
    other.execute(&format!("CREATE TABLE `{}` LIKE `{}`", names[1], names[0])).await;
    other.execute(&format!("ALTER TABLE `{}` DROP COLUMN `run_id`, DROP KEY `items_window`", names[1])).await;
    other.migrate().await;
    one.fill(1..=30, CREATED).await;
    other.fill(1..=50, CREATED).await;
    one.execute(&format!(
        "UPDATE `{}` SET `values` = '[]', `updated_datetime` = '2020-01-01' WHERE `id` = 3",
        names[0]
    ))
    .await;

    let first = one.hurried_tick(TICK).await;
    let second = other.tick(TICK).await;
    let last = one.follow(first, at(TICK)).await.pop().unwrap();

    assert_eq!((second.run_id.unwrap().0, second.counts.predicted), (2, 50));
    assert_eq!((last.run_id.unwrap().0, last.counts.predicted, last.counts.failed), (1, 29, 1));
    assert_eq!(other.predicted().await, Vec::from_iter(1..=50));
    assert_eq!(one.predicted().await.len(), 29);
}

#[rstest]
#[case("FULLTEXT KEY (`note`)", "")]
#[case("SPATIAL KEY (`place`)", "")]
#[case("KEY (`note`)", "ROW_FORMAT=COMPRESSED")]
#[tokio::test]
async fn a_table_that_takes_no_column_instantly_gains_it_otherwise_or_the_statement_is_said(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] key: &str,
    #[case] options: &str,
) {
    let columns = "`note` VARCHAR(20) DEFAULT 'mine', `place` POINT NOT NULL DEFAULT (POINT(0, 0))";
    let ddl = DDL.replace("`note` VARCHAR(20) DEFAULT 'mine'", &format!("{columns}, {key}")) + options;
    let db = TestDb::bare(server, &SETTINGS).await;
    db.execute(&ddl).await;
    insert_samples(&db, 5).await;

    let init = rowscore(&["init"], db.variables()).await;

    if init.status.code() != Some(0) {
        let said = init.stderr.split("run ALTER TABLE").nth(1).unwrap_or_else(|| panic!("{init:?}"));
        let statement = said.split(" when nobody").next().unwrap();
        assert!(init.stderr.contains("or set RUN_COLUMN=none"), "{init:?}");
        db.execute(&format!("ALTER TABLE{statement}")).await;
        let again = rowscore(&["init"], db.variables()).await;
        assert_eq!(again.status.code(), Some(0), "{again:?}");
    }
    let run = rowscore(&["run"], db.variables()).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert_eq!(db.count("`Readings` WHERE `run_id` = 1 AND `note` = 'mine'").await, 5);
}

#[rstest]
#[tokio::test]
async fn names_of_any_characters_are_taken(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("retry_failed", "retry_all")] policy: &str,
) {
    let table = "order-items: `new`, it's 100 % \"ours\"; a.b/c*/ \\ {id} 長";
    let quoted = format!("`{}`", table.replace('`', "``"));
    let ddl = format!(
        "CREATE TABLE {quoted} (`it's the id; --` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `alcohol %` DOUBLE, `km/h` DOUBLE, \
           `t [°C]` DOUBLE, `a``b,c=d :run` DOUBLE, `ar:rived */` DATETIME, `/* score */` JSON, \
           `re\\new:ed` DATETIME NULL ON UPDATE CURRENT_TIMESTAMP)"
    );
    let db = TestDb::bare(
        server,
        &[
            ("ITEMS_TABLE", table),
            ("ID_COLUMN", "it's the id; --"),
            (
                "FEATURE_COLUMNS",
                "sepal_length=alcohol %, sepal_width=km/h, petal_length=t [°C], petal_width=`a``b,c=d :run`",
            ),
            ("CREATED_COLUMN", "ar:rived */"),
            ("PREDICTION_COLUMN", "/* score */"),
            ("RUN_COLUMN", "r`u'n? \"\\"),
            ("FAILURE_POLICY", policy),
            ("PAGE_SIZE", "7"),
        ],
    )
    .await;
    db.execute(&ddl).await;
    db.migrate().await;
    let scorer = db
        .with(&[
            ("MYSQL_USER", db.config.mysql.database.as_str()),
            ("MYSQL_PASSWORD", crate::support::private::PASSWORD),
        ])
        .await;
    for id in 1..=40 {
        let values = sample(id);
        db.execute(&format!(
            "INSERT INTO {quoted} VALUES ({id}, {}, '2024-03-05 09:30:00', NULL, NULL, NULL)",
            &values[1..values.len() - 1]
        ))
        .await;
    }

    assert_eq!(scorer.hop(&canary(), unhurried(at(TICK))).await.state, Some(RunState::Succeeded));
    let first = scorer.hop(&tick(TICK), Clock::immediately(at(TICK))).await;
    let last = scorer.follow(first, at(TICK)).await.pop().unwrap();

    assert_eq!((last.outcome, last.counts.predicted), (Outcome::Finished, 40));
    let found: Vec<(i64, String)> =
        db.rows(&format!("SELECT `it's the id; --`, CAST(`/* score */` AS CHAR) FROM {quoted}")).await;
    for (id, prediction) in found {
        assert_eq!(serde_json::from_str::<Vec<f64>>(&prediction).unwrap(), score(&sample(id)), "{id}");
    }
    db.execute(&format!("UPDATE {quoted} SET `alcohol %` = NULL, `/* score */` = NULL WHERE `it's the id; --` = 3"))
        .await;
    scorer.hop(&sweep(), unhurried(at(LATER))).await;
    assert_eq!(db.value::<String>("SELECT `code` FROM `item_failures`").await, "missing_value");
    for arguments in
        [&["results"][..], &["status"], &["failures"], &["explain", "--id", "1"], &["plan"], &["release", "3"]]
    {
        let ended = rowscore(arguments, scorer.variables()).await;
        // That a run failed is no failure of the reader.
        let is_told = arguments == ["status"] && ended.status.code() == Some(1) && ended.stderr.contains(" failed: ");
        assert!(ended.status.success() || is_told, "{arguments:?}: {ended:?}");
    }
}

#[rstest]
#[tokio::test]
async fn tables_of_an_earlier_version_become_what_a_new_one_makes(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=30, CREATED).await;
    db.tick(TICK).await;
    let definition = async |table: &str| {
        let rows: Vec<(String, String)> = db.rows(&format!("SHOW CREATE TABLE `{table}`")).await;
        let auto = rows[0].1.find("AUTO_INCREMENT=").unwrap_or(rows[0].1.len());
        rows[0].1[..auto].to_owned()
    };
    let (runs, lanes) = (definition("batch_runs").await, definition("batch_lanes").await);
    let failures = definition("item_failures").await;
    db.execute(
        "ALTER TABLE `batch_runs` CONVERT TO CHARACTER SET latin1; \
                ALTER TABLE `item_failures` CONVERT TO CHARACTER SET latin1; \
                ALTER TABLE `batch_lanes` ADD FOREIGN KEY (`run_id`) REFERENCES `batch_runs` (`id`) ON DELETE CASCADE",
    )
    .await;

    db.migrate().await;

    for table in ["batch_runs", "batch_lanes", "item_failures"] {
        let made = definition(table).await;
        assert!(made.contains("ENGINE=InnoDB") && !made.contains("CASCADE"), "{made}");
    }
    assert_eq!((definition("batch_runs").await, definition("item_failures").await), (runs, failures));
    assert_eq!(definition("batch_lanes").await, lanes);
    assert_eq!(db.run(1).await.predicted, Some(30));
}

#[rstest]
#[tokio::test]
async fn a_table_whose_history_the_server_keeps_is_changed_by_the_statement_that_is_said_or_needs_no_column(
    #[values(Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &SETTINGS).await;
    db.execute(&format!("{DDL} WITH SYSTEM VERSIONING")).await;
    insert_samples(&db, 5).await;

    let init = rowscore(&["init"], db.variables()).await;

    assert_eq!(init.status.code(), Some(1), "{init:?}");
    // The server's own words.
    assert!(init.stderr.contains("system_versioning_alter_history"), "{init:?}");
    let without = db.with(&[("RUN_COLUMN", "none")]).await;
    let key = rowscore(&["init"], without.variables()).await;
    assert_eq!(key.status.code(), Some(0), "{key:?}");
    let said = init.stderr.split("run ALTER TABLE").nth(1).unwrap().split(", ADD KEY").next().unwrap();
    db.execute(&format!("SET SESSION system_versioning_alter_history = KEEP; ALTER TABLE{said}")).await;
    let again = rowscore(&["init"], db.variables()).await;
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    let run = rowscore(&["run"], db.variables()).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    assert_eq!(db.count("`Readings` WHERE `run_id` = 1").await, 5);
}

#[rstest]
#[tokio::test]
async fn what_is_granted_of_a_table_is_not_looked_for_in_one_whose_name_differs_in_case(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &SETTINGS).await;
    db.execute(&format!("{DDL}; CREATE TABLE `readings` (`id` INT PRIMARY KEY, `updated_datetime` TIMESTAMP NULL)"))
        .await;
    // They grant what both logins need.
    db.migrate().await;
    db.reader().await;

    let login = db.config.mysql.database.as_str();
    let init = rowscore(&["init", "--grant", login, "--grant-reader", login], db.variables()).await;
    assert_eq!(init.status.code(), Some(0), "{init:?}");
}
