//! Rows of a view, of a query, or of a part of a table: they are read, and their scores go to a table of their own.

use rowscore::event::{Request, Trigger};
use rowscore::hop;
use rowscore::run::{RunKind, RunState};
use rowscore::store::schema;
use rstest::rstest;

use crate::support::items::{sample, score};
use crate::support::private::PASSWORD;
use crate::support::programs::rowscore;
use crate::support::readings::Own;
use crate::support::{Server, Setup, TestDb, at, model, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

/// Three tables with an item's values among them, and a view that joins them.
const TABLES: &str = "\
    CREATE TABLE `customers` (`id` INT NOT NULL PRIMARY KEY, `country` CHAR(2) NOT NULL, `name` VARCHAR(20)); \
    CREATE TABLE `orders` (`id` BIGINT NOT NULL PRIMARY KEY, `customer` INT NOT NULL, `arrived` TIMESTAMP NOT NULL, \
      `sl` DOUBLE, `sw` DOUBLE, KEY (`customer`), KEY `arrivals` (`arrived`, `id`)); \
    CREATE TABLE `parcels` (`order` BIGINT NOT NULL PRIMARY KEY, `length` DOUBLE, `pw` DECIMAL(10, 4)); \
    CREATE VIEW `due` AS SELECT o.`id` AS `order no`, o.`arrived`, o.`sl`, o.`sw`, p.`length` AS `pl`, p.`pw`, \
        c.`country`, c.`name` \
      FROM `orders` o JOIN `customers` c ON c.`id` = o.`customer` JOIN `parcels` p ON p.`order` = o.`id` \
      WHERE c.`country` <> 'XX'";

const SETTINGS: [(&str, &str); 5] = [
    ("ITEMS_TABLE", "due"),
    ("ID_COLUMN", "order no"),
    ("CREATED_COLUMN", "arrived"),
    ("FEATURE_COLUMNS", "sepal_length=sl, sepal_width=sw, petal_length=pl, petal_width=pw"),
    ("SCORE_TABLE", "due_scores"),
];

const QUERY: &str = "SELECT o.`id` AS `order no`, o.`arrived`, o.`sl`, o.`sw`, p.`length` AS `pl`, p.`pw`, c.`country` \
    FROM `orders` o JOIN `customers` c ON c.`id` = o.`customer` JOIN `parcels` p ON p.`order` = o.`id` \
    WHERE c.`country` <> 'XX' -- of nowhere";

/// Orders with the ids from 1 to `last`, some of customers of nowhere, some without a parcel.
async fn fill(db: &Setup, last: i64) {
    db.execute(
        "INSERT INTO `customers` VALUES (1, 'DE', 'a'), (2, 'XX', 'b'), (3, 'FR', 'c'), (4, 'FR', NULL), (5, 'IT', 'e')",
    )
    .await;
    let rows: Vec<(i64, [f64; 4])> = (1..=last).map(|id| (id, serde_json::from_str(&sample(id)).unwrap())).collect();
    let orders: Vec<String> = rows
        .iter()
        .map(|(id, [sl, sw, ..])| format!("({id}, {}, '2024-03-05 09:30:00', {sl:?}, {sw:?})", id % 5 + 1))
        .collect();
    db.execute(&format!("INSERT INTO `orders` VALUES {}", orders.join(", "))).await;
    let parcels = rows.iter().filter(|(id, _)| id % 11 != 0);
    let parcels: Vec<String> = parcels.map(|(id, [.., pl, pw])| format!("({id}, {pl:?}, {pw:?})")).collect();
    db.execute(&format!("INSERT INTO `parcels` VALUES {}", parcels.join(", "))).await;
}

/// The tables, and the login that scores them with these settings.
async fn made(server: Server, settings: &[(&str, &str)], granted: &[&str]) -> Own {
    let owner = TestDb::bare(server, &[&SETTINGS[..], settings].concat()).await;
    owner.execute(TABLES).await;
    fill(&owner, 200).await;
    owner.migrate().await;
    let login = owner.config.mysql.database.clone();
    for table in granted {
        owner.execute(&format!("GRANT SELECT ON `{table}` TO `{login}`")).await;
    }
    let scorer = owner.with(&[("MYSQL_USER", login.as_str()), ("MYSQL_PASSWORD", PASSWORD)]).await;
    Own { owner, scorer }
}

/// Asserts that exactly the rows of an independent query have their scores, and answers how many they are.
async fn assert_scored(owner: &Setup, query: &str) -> u64 {
    let wanted: Vec<i64> = owner.rows(query).await;
    let sql = "SELECT `order no`, CAST(`prediction` AS CHAR) FROM `due_scores` ORDER BY `order no`";
    let found: Vec<(i64, String)> = owner.rows(sql).await;
    assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), wanted);
    for (id, prediction) in &found {
        assert_eq!(serde_json::from_str::<Vec<f64>>(prediction).unwrap(), score(&sample(*id)), "{id}");
    }
    assert!(found.len() > 50, "{found:?}");
    found.len() as u64
}

const RIGHT: &str = "SELECT `id` FROM `orders` WHERE `id` % 11 <> 0 \
    AND `customer` IN (SELECT `id` FROM `customers` WHERE `country` IN ('DE', 'FR', 'IT')) ORDER BY `id`";

#[rstest]
#[case(&[("SOURCE_KIND", "view")], &[], RIGHT)]
#[case(
    &[("SOURCE_KIND", "view"), ("SOURCE_WHERE", "country <> 'IT' OR `order no` < 20 -- Italy: later")], &[],
    "SELECT `id` FROM `orders` WHERE `id` % 11 <> 0 AND (`customer` IN (1, 3, 4) OR (`id` < 20 AND `customer` = 5)) ORDER BY 1"
)]
#[case(&[("ITEMS_TABLE", "a query"), ("SOURCE_QUERY", QUERY)], &["orders", "customers", "parcels"], RIGHT)]
#[case(
    &[("ITEMS_TABLE", "a query"), ("SOURCE_QUERY", QUERY), ("SOURCE_WHERE", "`country` = 'FR'"), ("SCORES", "history")],
    &["orders", "customers", "parcels"],
    "SELECT `id` FROM `orders` WHERE `id` % 11 <> 0 AND `customer` IN (3, 4) ORDER BY `id`"
)]
#[tokio::test]
async fn a_join_of_three_tables_is_scored_exactly_as_an_independent_query_says(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] settings: &[(&str, &str)],
    #[case] granted: &[&str],
    #[case] query: &str,
) {
    let Own { owner, scorer } = made(server, &[settings, &[("PAGE_SIZE", "30")]].concat(), granted).await;
    let canary = Trigger::Open(Request::by_hand(RunKind::Canary));
    assert_eq!(scorer.hop(&canary, unhurried(at(TICK))).await.state, Some(RunState::Succeeded));
    let answers = scorer.follow(scorer.hurried_tick(TICK).await, at(TICK)).await;
    let rows = assert_scored(&owner, query).await;
    let last = answers.last().unwrap();
    assert_eq!((last.state, last.counts.predicted, last.counts.pending), (Some(RunState::Succeeded), rows, 0));

    // A row that comes to be wanted is taken; one that cannot be scored is set aside.
    owner.execute("INSERT INTO `orders` VALUES (201, 3, '2024-03-05 10:30:00', NULL, 1)").await;
    owner.execute("INSERT INTO `parcels` VALUES (201, 1, 1)").await;
    let next = scorer.tick(LATER).await;
    assert_eq!((next.counts.predicted, next.counts.failed, next.counts.pending), (0, 1, 0));
    let results = rowscore(&["results", "--limit", "1000"], scorer.variables()).await;
    assert_eq!(results.stdout.lines().count() as u64, rows + 1, "{results:?}");
    let status = rowscore(&["status"], scorer.variables()).await;
    assert_eq!(status.status.code(), Some(0), "{status:?}");
}

#[rstest]
#[tokio::test]
async fn of_a_table_only_the_rows_that_are_meant_are_scored(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let settings =
        [("SCORE_TABLE", "scores"), ("SOURCE_WHERE", "`note` = 'it''s 12:30' or id in (3, 4)"), ("PAGE_SIZE", "25")];
    let owner = TestDb::bare(server, &settings).await;
    let all = owner.with(&[("SOURCE_WHERE", "")]).await;
    schema::migrate(&mut owner.connect().await, &all.config.work.items_table).await.unwrap();
    owner.execute("ALTER TABLE `items` ADD COLUMN `note` VARCHAR(20)").await;
    owner.fill(1..=100, "2024-03-05T09:30:00Z").await;
    owner.execute("UPDATE `items` SET `note` = 'it''s 12:30' WHERE `id` % 3 = 1").await;
    owner.migrate().await;
    let login = [("MYSQL_USER", owner.config.mysql.database.as_str()), ("MYSQL_PASSWORD", PASSWORD)];
    let scorer = owner.with(&login).await;

    let answer = scorer.tick(TICK).await;

    let right: Vec<i64> = (1..=100).filter(|id| id % 3 == 1 || [3, 4].contains(id)).collect();
    assert_eq!((answer.counts.predicted, answer.counts.pending), (right.len() as u64, 0));
    assert_eq!(owner.rows::<i64>("SELECT `id` FROM `scores` ORDER BY `id`").await, right);
}

/// What is said of a source before a run is opened.
async fn told(owner: &TestDb, settings: &[(&str, &str)]) -> String {
    let setup = owner.with(settings).await;
    let (mut conn, table) = (owner.connect().await, &setup.config.work.items_table);
    match hop::check_before_making(&mut conn, table, model()).await {
        Err(error) => error.to_string(),
        Ok(_) => "all is well".to_owned(),
    }
}

#[rstest]
#[tokio::test]
async fn a_source_that_cannot_be_walked_is_refused_with_what_is_accepted(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let owner = TestDb::bare(server, &SETTINGS).await;
    owner.execute(TABLES).await;
    fill(&owner, 200).await;
    let query = |sql: &'static str| [("SOURCE_QUERY", sql)];
    let doubled = "SELECT `customer` AS `order no`, `arrived`, `sl`, `sw`, `sl` AS `pl`, `sw` AS `pw` FROM `orders`";
    let null = "SELECT NULLIF(`id`, 7) AS `order no`, `arrived`, `sl`, `sw`, `sl` AS `pl`, `sw` AS `pw` FROM `orders`";
    let float = "SELECT `id` * 1.5 AS `order no`, `arrived`, `sl`, `sw`, `sl` AS `pl`, `sw` AS `pw` FROM `orders`";
    for (settings, expected) in [
        (&[("SOURCE_KIND", "table")][..], "`due` is a view; set SOURCE_KIND=view and SCORE_TABLE"),
        (
            &[("SOURCE_KIND", "view"), ("ITEMS_TABLE", "orders")],
            "SOURCE_KIND is `view`, but `orders` is a table; unset SOURCE_KIND",
        ),
        (&[("SOURCE_KIND", "view"), ("CREATED_COLUMN", "came")], "CREATED_COLUMN names `came`, which is no column"),
        (&[("SOURCE_KIND", "view"), ("SOURCE_WHERE", "nothing = 1")], "nothing"),
        (&query(doubled), "ID_COLUMN `order no` has 1 more than once; accepted: a column that tells the rows"),
        (&query(null), "ID_COLUMN `order no` is NULL in some row"),
        (&query(float), "ID_COLUMN `order no` is fraction; accepted: an integer, CHAR, VARCHAR, BINARY"),
        (&query("SELECT 1 FROM"), "syntax"),
        (&[("SOURCE_KIND", "view")], "all is well"),
        (&query(QUERY), "all is well"),
    ] {
        let told = told(&owner, settings).await;
        assert!(told.contains(expected), "{settings:?}: {told}");
    }
}

#[rstest]
#[tokio::test]
async fn a_source_of_which_each_page_would_read_all_is_refused_and_what_cannot_be_told_is_said(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let owner = TestDb::bare(server, &SETTINGS).await;
    owner.execute(TABLES).await;
    fill(&owner, 1000).await;
    for _ in 0..6 {
        // 64,000 rows.
        owner
            .execute(
                "INSERT INTO `orders` SELECT `id` + (SELECT MAX(`id`) FROM (SELECT `id` FROM `orders`) o), `customer`, \
                 `arrived`, `sl`, `sw` FROM `orders`",
            )
            .await;
    }
    owner
        .execute("INSERT IGNORE INTO `parcels` SELECT `id`, 1.5, 0.5 FROM `orders`; ANALYZE TABLE `orders`, `parcels`")
        .await;
    let grouped = "SELECT `id` AS `order no`, MAX(`arrived`) AS `arrived`, SUM(`sl`) AS `sl`, SUM(`sw`) AS `sw`, \
                   1.0 AS `pl`, 1.0 AS `pw` FROM `orders` GROUP BY `id`, `customer`";
    let refused = told(&owner, &[("SOURCE_QUERY", grouped)]).await;
    assert!(refused.contains("for each page the server would read about "), "{refused}");
    assert_eq!(told(&owner, &[("SOURCE_KIND", "view")]).await, "all is well");

    let init = owner.with(&[("SOURCE_KIND", "view")]).await;
    let init = rowscore(&["init", "--text"], init.variables()).await;
    let said = format!("{}{}", init.stdout, init.stderr);
    assert!(init.status.success() && said.contains("Created table `due_scores`"), "{init:?}");
    assert!(said.contains("Not checked: no key of the server keeps `order no` unique"), "{said}");
}

#[rstest]
#[tokio::test]
async fn a_view_in_which_a_key_is_null_is_scored_also_where_its_rows_are_too_many_to_be_counted(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    // Counting takes more than two seconds.
    let slow = [("SOURCE_KIND", "view"), ("SOURCE_WHERE", "SLEEP(0.02) = 0"), ("LANES", "1")];
    let owner = TestDb::bare(server, &[&SETTINGS[..], &slow].concat()).await;
    owner.execute(TABLES).await;
    fill(&owner, 120).await;
    owner.execute("INSERT INTO `customers` VALUES (6, 'DE', 'has ordered nothing')").await;
    owner
        .execute(
            "CREATE OR REPLACE VIEW `due` AS SELECT o.`id` AS `order no`, o.`arrived`, o.`sl`, o.`sw`, o.`sl` AS `pl`, \
             o.`sw` AS `pw` FROM `customers` c LEFT JOIN `orders` o ON o.`customer` = c.`id`",
        )
        .await;
    owner.migrate().await;

    let answer = owner.tick(TICK).await;

    assert_eq!((answer.state, answer.counts.predicted), (Some(RunState::Succeeded), 120), "{answer:?}");
    let listed = rowscore(&["results", "--limit", "1000"], owner.variables()).await;
    assert_eq!(listed.stdout.lines().count(), 120, "{listed:?}");
}
