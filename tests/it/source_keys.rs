//! Views and queries of which the key is not one whole number.

use rowscore::answer::Outcome;
use rstest::rstest;

use crate::keys::{BINARY, CASELESS, CHAR, DAYS, Kind, NUMBERS, UNSIGNED, UUID, insert, values};
use crate::support::items::{sample, score};
use crate::support::private::PASSWORD;
use crate::support::programs::rowscore;
use crate::support::readings::Own;
use crate::support::{Server, TestDb, at};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

/// How rows of two tables come together.
const JOIN: &str = "SELECT t.*, w.`weight` FROM `things` t JOIN `weights` w ON w.`n` = t.`n` WHERE w.`weight` > 0";

/// Rows of the numbers from 1 to 300, every third of which has no weight, and what joins them.
async fn made(server: Server, kind: Kind, settings: &[(&str, &str)]) -> Own {
    let named = [
        ("ITEMS_TABLE", "joined"),
        ("ID_COLUMN", kind.named),
        ("SCORE_TABLE", "joined_scores"),
        ("PAGE_SIZE", "25"),
        ("LANES", "2"),
    ];
    let owner = TestDb::bare(server, &[&named[..], settings].concat()).await;
    let ddl = format!(
        "CREATE TABLE `things` ({}, `n` BIGINT NOT NULL, `values` JSON NOT NULL, `created_datetime` DATETIME NOT NULL, \
         KEY (`created_datetime`)) DEFAULT CHARACTER SET utf8mb4",
        kind.columns
    );
    owner.execute(&ddl).await;
    insert(&owner, kind, 1..=300).await;
    owner.execute("CREATE TABLE `weights` (`n` BIGINT PRIMARY KEY, `weight` INT) SELECT `n`, `n` % 3 AS `weight` FROM `things`").await;
    owner.execute(&format!("CREATE VIEW `joined` AS {JOIN}")).await;
    owner.migrate().await;
    let login = owner.config.mysql.database.clone();
    for table in ["things", "weights"] {
        owner.execute(&format!("GRANT SELECT ON `{table}` TO `{login}`")).await;
    }
    let scorer = owner.with(&[("MYSQL_USER", login.as_str()), ("MYSQL_PASSWORD", PASSWORD)]).await;
    Own { owner, scorer }
}

async fn is_scored(server: Server, kind: Kind, settings: &[(&str, &str)]) {
    let Own { owner, scorer } = made(server, kind, settings).await;
    let right: Vec<u64> = (1..=300).filter(|n| n % 3 != 0 && values(*n) != "[]").collect();
    let answers = scorer.follow(scorer.hurried_tick(TICK).await, at(TICK)).await;
    let last = answers.last().unwrap();
    let counts = (last.counts.predicted, last.counts.failed, last.counts.pending);
    assert_eq!((last.outcome, counts), (Outcome::Finished, (right.len() as u64, 2, 0)));
    let same = kind.named.split(',').map(|name| format!("s.`{0}` = t.`{0}`", name.trim())).collect::<Vec<_>>();
    let sql = format!(
        "SELECT t.`n`, CAST(s.`prediction` AS CHAR) FROM `joined_scores` s LEFT JOIN `things` t ON {} ORDER BY t.`n`",
        same.join(" AND ")
    );
    let found: Vec<(u64, String)> = owner.rows(&sql).await;
    assert_eq!(found.iter().map(|(n, _)| *n).collect::<Vec<_>>(), right);
    for (n, prediction) in found {
        assert_eq!(serde_json::from_str::<Vec<f64>>(&prediction).unwrap(), score(&values(n)), "row {n}");
    }
    // What is mended is found among the failures by its key, and tried again.
    owner.execute(&format!("UPDATE `things` SET `values` = '{}' WHERE `n` = 107", sample(107))).await;
    let next = scorer.tick(LATER).await;
    assert_eq!((next.counts.predicted + next.counts.failed, next.counts.pending), (2, 0), "{next:?}");
    let left: Vec<String> = owner.rows("SELECT `code` FROM `item_failures`").await;
    assert_eq!(left.len() as u64, next.counts.failed, "{left:?}");
    let results = rowscore(&["results", "--limit", "1000"], scorer.variables()).await;
    assert_eq!(results.stdout.lines().count(), right.len() + 2, "{results:?}");
}

const VIEW: &[(&str, &str)] = &[("SOURCE_KIND", "view")];
const QUERY: &[(&str, &str)] = &[("SOURCE_QUERY", JOIN)];

#[rstest]
#[tokio::test]
async fn views_and_queries_are_walked_by_any_key(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(BINARY, CHAR, CASELESS, NUMBERS, DAYS, UNSIGNED)] kind: Kind,
    #[values(VIEW, QUERY)] settings: &[(&str, &str)],
) {
    is_scored(server, kind, settings).await;
}

#[rstest]
#[tokio::test]
async fn views_and_queries_are_walked_by_mariadb_s_uuids(
    #[values(Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(VIEW, QUERY)] settings: &[(&str, &str)],
) {
    is_scored(server, UUID, settings).await;
}
