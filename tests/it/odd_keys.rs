//! Keys and indexes as others have made them: dates that no calendar has, keys that the server sets to the present, indexes
//! and columns that are hidden.

use mysql_async::TxOpts;
use mysql_async::prelude::Queryable;
use rowscore::answer::Outcome;
use rowscore::run::{Mode, RunId, RunKind};
use rowscore::store::density::Density;
use rowscore::store::items;
use rowscore::store::key::KeyRef;
use rowscore::store::predictions::Predictions;
use rowscore::store::scores::{By, Onto, Stamp};
use rstest::rstest;

use crate::keys::{BINARY, Kind, UNSIGNED, check, insert, insert_at, table};
use crate::support::backfills::backfill;
use crate::support::items::{sample, score};
use crate::support::models::other;
use crate::support::programs::rowscore;
use crate::support::readings::{Own, own};
use crate::support::{Server, at, model, unhurried};

const BEFORE: &str = "2024-03-05T09:00:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";
const LATEST: &str = "2024-03-05T12:00:00Z";

/// A table of things, with these columns and keys.
fn things(columns: &str) -> String {
    format!(
        "CREATE TABLE `things` ({columns}, `n` BIGINT NOT NULL, `values` JSON NOT NULL, `prediction` JSON NULL, \
         `created_datetime` DATETIME NOT NULL) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4"
    )
}

#[rstest]
#[tokio::test]
async fn rows_whose_keys_are_dates_that_no_calendar_has_are_scored_and_set_aside_once(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let ddl = things("`day` DATE NOT NULL, `no` INT NOT NULL, PRIMARY KEY (`day`, `no`)");
    let named = [("ITEMS_TABLE", "things"), ("ID_COLUMN", "day,no"), ("PAGE_SIZE", "2"), ("MAX_ATTEMPTS", "1")];
    let Own { owner, scorer } = own(server, &ddl, &named).await;
    let mut rows = Vec::new();
    for (n, day) in ["0000-00-00", "2024-00-10", "2024-02-31", "2023-02-30", "2024-03-01"].iter().enumerate() {
        rows.push(format!("('{day}', {n}, {n}, '{}', '2024-03-05 09:30:00')", sample(n as i64)));
        rows.push(format!("('{day}', {}, {}, '[]', '2024-03-05 09:30:00')", n + 100, n * 100 + 7));
    }
    owner
        .execute(&format!(
            "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'; \
             INSERT INTO `things` (`day`, `no`, `n`, `values`, `created_datetime`) VALUES {}",
            rows.join(", ")
        ))
        .await;

    let first = scorer.tick(TICK).await;
    assert_eq!((first.outcome, first.counts.predicted, first.counts.failed), (Outcome::Finished, 5, 5), "{first:?}");
    assert_eq!(check(&owner).await, 5);
    let since = async || -> Vec<String> {
        owner.rows("SELECT CAST(`first_failed_at` AS CHAR) FROM `item_failures` ORDER BY `item_key`").await
    };
    let noted = since().await;
    assert_eq!(noted.len(), 5);
    // What is set aside is not forgotten, as if its row had gone, nor tried again.
    for time in [LATER, LATEST] {
        let next = scorer.tick(time).await;
        assert_eq!((next.counts.predicted, next.counts.failed), (0, 0), "{next:?}");
        assert_eq!(since().await, noted);
    }
}

#[rstest]
#[tokio::test]
async fn scores_of_rows_whose_key_the_server_would_set_to_the_present_are_replaced(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let ddl = things(
        "`sensor` INT NOT NULL, `at` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, \
         PRIMARY KEY (`sensor`, `at`)",
    )
    .replace("`prediction` JSON NULL, ", "");
    let named = [("ITEMS_TABLE", "things"), ("ID_COLUMN", "sensor,at"), ("SCORE_TABLE", "scores")];
    let Own { owner, scorer } = own(server, &ddl, &named).await;
    let kind = Kind {
        columns: "",
        named: "sensor,at",
        key: |n| format!("{}, '2024-01-01 00:{:02}:{:02}'", n % 3, n / 60, n % 60),
    };
    insert(&owner, kind, 100..=106).await;

    let first = scorer.hop_by(other(), &crate::support::tick(TICK), unhurried(at(TICK))).await;
    assert_eq!(first.counts.predicted, 7);
    let canary = rowscore(&["run", "--canary"], scorer.variables()).await;
    assert_eq!(canary.status.code(), Some(0), "{canary:?}");
    let replaced = scorer.hop(&backfill(Mode::Write), unhurried(at(LATER))).await;
    assert_eq!((replaced.kind, replaced.counts.predicted), (Some(RunKind::Backfill), 7), "{replaced:?}");
    let scored: Vec<(u64, String)> = owner
        .rows(
            "SELECT i.`n`, CAST(s.`prediction` AS CHAR) FROM `things` i JOIN `scores` s \
             ON s.`sensor` = i.`sensor` AND s.`at` = i.`at` ORDER BY i.`n`",
        )
        .await;
    assert_eq!(scored.len(), 7);
    for (n, text) in scored {
        assert_eq!(serde_json::from_str::<Vec<f64>>(&text).unwrap(), score(&sample(n as i64)), "{n}");
    }
}

#[rstest]
#[tokio::test]
async fn a_page_of_numbers_on_both_sides_of_the_signed_ones_is_written_without_a_look_at_the_others(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = table(server, UNSIGNED, &[]).await;
    insert(&owner, UNSIGNED, 1..=3000).await;
    owner.rows::<mysql_async::Row>("ANALYZE TABLE `things`").await;
    let keys: Vec<String> = owner.rows("SELECT CAST(`id` AS CHAR) FROM `things` WHERE `n` <= 50 ORDER BY `n`").await;
    let is_signed = |key: &String| key.parse::<i64>().is_ok();
    assert!(keys.iter().any(is_signed) && !keys.iter().all(is_signed));
    let outputs = keys.iter().flat_map(|_| [0.25, 0.25, 0.5]).collect();
    let keys = keys.iter().map(|key| KeyRef::Text(key)).collect();
    let page = Predictions { keys, outputs, of: model().outputs() };
    let mut conn = scorer.connect().await;
    scorer.database.look_at_table(&mut conn).await.unwrap();
    let stamp = Stamp { run: RunId(1), model: "abc", onto: Onto::Nothing, by: By::Place, density: Density::Sparse };
    let mut tx = conn.start_transaction(TxOpts::default()).await.unwrap();
    let reads = "SHOW SESSION STATUS LIKE 'Handler_read%'";
    let sum = |rows: Vec<(String, u64)>| rows.iter().map(|(_, reads)| reads).sum::<u64>();

    let before = sum(tx.query(reads).await.unwrap());
    items::write(&mut tx, scorer.database.items_table(), stamp, &page).await.unwrap();
    let read = sum(tx.query(reads).await.unwrap()) - before;

    assert!(read < 1000, "{read} reads for 50 of 3,000 rows");
}

/// How a server is told to hide an index from its optimiser.
fn hidden(server: Server) -> &'static str {
    if server == Server::Mysql { "INVISIBLE" } else { "IGNORED" }
}

#[rstest]
#[tokio::test]
async fn an_index_that_is_hidden_from_the_optimiser_is_not_asked_for(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let ddl = things(BINARY.columns).replace(
        "DATETIME NOT NULL)",
        &format!("DATETIME NOT NULL, KEY `a_hidden_one` (`created_datetime`) {})", hidden(server)),
    );
    let own = own(server, &ddl, &[("ITEMS_TABLE", "things"), ("ID_COLUMN", "id")]).await;
    let Own { owner, scorer } = own;
    // So many that a window which is a small share of them would walk the times of arrival.
    for first in (0..20_000).step_by(4000) {
        let numbers = 10_001 + first..10_001 + first + 4000;
        insert_at(&owner, BINARY, numbers, |_| "'2024-03-01 08:00:00'".to_owned()).await;
    }
    owner.execute("UPDATE `things` SET `prediction` = '[1]'").await;
    scorer.tick(BEFORE).await;
    insert(&owner, BINARY, 1..=200).await;
    owner.rows::<mysql_async::Row>("ANALYZE TABLE `things`").await;

    let answer = scorer.tick(TICK).await;
    assert_eq!((answer.outcome, answer.counts.predicted, answer.counts.failed), (Outcome::Finished, 198, 2));
}

#[rstest]
#[tokio::test]
async fn a_key_whose_only_index_is_hidden_is_refused_in_words(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let hidden = hidden(server);
    let ddl = things(&format!(
        "`own` INT NOT NULL AUTO_INCREMENT PRIMARY KEY, `id` INT NOT NULL, UNIQUE KEY `hidden` (`id`) {hidden}"
    ));
    let Own { owner, .. } = own(server, &ddl, &[("ITEMS_TABLE", "things"), ("ID_COLUMN", "id")]).await;
    let checked = rowscore(&["run"], owner.variables()).await;
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    assert!(checked.stderr.contains("that is not hidden from the optimiser"), "{checked:?}");
}

#[rstest]
#[tokio::test]
async fn columns_that_are_hidden_are_read_where_a_condition_takes_some_rows(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let ddl = things("`no` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY INVISIBLE")
        .replace("`prediction` JSON NULL, ", "")
        .replace(
            "`created_datetime` DATETIME NOT NULL",
            "`created_datetime` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP INVISIBLE",
        );
    let settings =
        [("ITEMS_TABLE", "things"), ("ID_COLUMN", "no"), ("SCORE_TABLE", "scores"), ("SOURCE_WHERE", "`n` % 2 = 0")];
    let Own { owner, scorer } = own(server, &ddl, &settings).await;
    let kind = Kind { columns: "", named: "no", key: |n| n.to_string() };
    insert(&owner, kind, 1..=20).await;

    let answer = scorer.tick(TICK).await;
    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 10), "{answer:?}");
    assert_eq!(owner.count("`scores` WHERE `no` % 2 = 0").await, 10);
}

#[rstest]
#[case::by_its_number("id,created_datetime")]
#[case::by_its_time("created_datetime,id")]
#[tokio::test]
async fn a_partitioned_table_whose_key_has_the_time_of_arrival_is_scored(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] key: &str,
) {
    let ddl = format!(
        "{} PARTITION BY RANGE COLUMNS (`created_datetime`) \
           (PARTITION `old` VALUES LESS THAN ('2024-03-05 09:30:10'), PARTITION `new` VALUES LESS THAN (MAXVALUE))",
        things(&format!("`id` BIGINT NOT NULL AUTO_INCREMENT, PRIMARY KEY ({key}), KEY (`id`)"))
    );
    let named = [("ITEMS_TABLE", "things"), ("ID_COLUMN", key), ("PAGE_SIZE", "7")];
    let Own { owner, scorer } = own(server, &ddl, &named).await;
    for n in 1..=20 {
        let values = if n == 13 { "[]".to_owned() } else { sample(n) };
        owner
            .execute(&format!(
                "INSERT INTO `things` (`n`, `values`, `created_datetime`) \
                 VALUES ({n}, '{values}', '2024-03-05 09:30:00' + INTERVAL {n} SECOND)"
            ))
            .await;
    }

    let first = scorer.tick(TICK).await;
    assert_eq!((first.outcome, first.counts.predicted, first.counts.failed), (Outcome::Finished, 19, 1), "{first:?}");
}
