//! The tables that faults are injected into: by keys of several kinds, with predictions in the table itself or in a score
//! table. An item is known by its `id` in all of them.

use std::fmt;
use std::sync::LazyLock;

use crate::support::items::{sample, score, score_by};
use crate::support::models::other;
use crate::support::{Server, Setup, TestDb};

/// What every item has from another model in the beginning, if a backfill is to replace it.
const OLD: &str = "[0.2, 0.3, 0.5]";

/// What a table is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// That of `rowscore init`.
    Numbers,
    /// By random bytes.
    Bytes,
    /// By random bytes, in a table so large that a window walks the times of arrival.
    Arrivals,
    /// By a day and a name.
    DaysAndNames,
    /// With a score table of the latest scores.
    Latest,
    /// With one of every model's.
    History,
    /// With that of the model in use, and of a challenger's.
    Challenged,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Numbers => "by numbers",
            Self::Bytes => "by random bytes",
            Self::Arrivals => "by times of arrival",
            Self::DaysAndNames => "by days and names",
            Self::Latest => "into the latest scores",
            Self::History => "into a history",
            Self::Challenged => "beside a challenger",
        })
    }
}

/// The version of the challenger.
static CHALLENGER: LazyLock<String> = LazyLock::new(|| other().version().to_string());

/// The `id` after which the items are old: predicted long ago.
const BEFORE_OLD: u64 = 100_000;

/// Gives a table enough old items that windows are a small share of it.
async fn add_old(db: &Setup) {
    let digit = "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 \
         UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
    db.execute(&format!(
        "INSERT INTO `items` (`id`, `values`, `prediction`, `created_datetime`) \
         SELECT {BEFORE_OLD} + 1 + a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n, '[]', '[1]', '2024-03-01 08:00:00' \
         FROM {digit} a, {digit} b, {digit} c, {digit} d, (SELECT 0 AS n UNION SELECT 1) e"
    ))
    .await;
    db.rows::<mysql_async::Row>("ANALYZE TABLE `items`").await;
}

/// The other columns of a table whose key is not `id`.
const COLUMNS: &str = "`id` BIGINT NOT NULL UNIQUE, `values` JSON NOT NULL, `prediction` JSON NULL, \
    `created_datetime` TIMESTAMP NULL, `updated_datetime` TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE \
    CURRENT_TIMESTAMP, KEY `arrivals` (`created_datetime`)";

impl Table {
    fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Numbers => &[],
            Self::Bytes | Self::Arrivals => &[("ID_COLUMN", "uid")],
            Self::DaysAndNames => &[("ID_COLUMN", "day,name")],
            Self::Latest => &[("SCORE_TABLE", "scores")],
            Self::History => &[("SCORE_TABLE", "scores"), ("SCORES", "history")],
            Self::Challenged => {
                static SETTINGS: LazyLock<[(&str, &str); 3]> =
                    LazyLock::new(|| [("SCORE_TABLE", "scores"), ("SCORES", "history"), ("CHALLENGER", &CHALLENGER)]);
                &*SETTINGS
            }
        }
    }

    /// What makes the table, if `rowscore init` does not. The key is made of the item's `id`.
    fn made_by(self) -> String {
        let (key, primary, set) = match self {
            Self::Numbers | Self::Latest | Self::History | Self::Challenged => return "DO 0".to_owned(),
            Self::Bytes | Self::Arrivals => (
                "`uid` BINARY(16) NOT NULL DEFAULT ''",
                "`uid`",
                "NEW.`uid` = UNHEX(LEFT(SHA2(NEW.`id`, 256), 32))".to_owned(),
            ),
            Self::DaysAndNames => (
                "`day` DATE NOT NULL DEFAULT '2024-01-01', `name` VARCHAR(30) NOT NULL DEFAULT ''",
                "`day`, `name`",
                "NEW.`day` = '2024-01-01' + INTERVAL NEW.`id` * 11 % 28 DAY, \
                 NEW.`name` = CONCAT(ELT(1 + NEW.`id` % 3, '~c', ',', 'b'), NEW.`id`)"
                    .to_owned(),
            ),
        };
        format!(
            "CREATE TABLE `items` ({key}, {COLUMNS}, PRIMARY KEY ({primary})) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4; \
             CREATE TRIGGER `make_keys` BEFORE INSERT ON `items` FOR EACH ROW SET {set}"
        )
    }

    /// The table, empty, and what rowscore makes beside it.
    pub(crate) async fn make(self, server: Server, settings: &[(&str, &str)]) -> TestDb {
        let db = TestDb::made_by(server, &[settings, self.settings()].concat(), &self.made_by()).await;
        match self {
            Self::Arrivals => add_old(&db).await,
            Self::Challenged => {
                db.push(other()).await;
            }
            _ => {}
        }
        db
    }

    /// Takes away what no window of ours is about, before one looks at what is left.
    pub(crate) async fn forget_old(self, db: &Setup) {
        if self == Self::Arrivals {
            db.execute(&format!("DELETE FROM `items` WHERE `id` > {BEFORE_OLD}")).await;
        }
    }

    fn has_scores(self) -> bool {
        matches!(self, Self::Latest | Self::History | Self::Challenged)
    }

    /// Gives every item a prediction of another model.
    pub(crate) async fn predict_by_another(self, db: &Setup) {
        let sql = if self.has_scores() {
            format!(
                "INSERT INTO `scores` (`id`, `run_id`, `model_version`, `predicted_at`, `prediction`) \
                 SELECT `id`, 0, 'old', NOW(), '{OLD}' FROM `items`"
            )
        } else {
            format!("UPDATE `items` SET `prediction` = '{OLD}', `updated_datetime` = `updated_datetime`")
        };
        db.execute(&sql).await;
    }

    /// From here on, every prediction that is committed is noted in `audit`.
    pub(crate) async fn audit(self, db: &Setup) {
        if !self.has_scores() {
            return db.audit().await;
        }
        db.execute("CREATE TABLE `audit` (`entry` BIGINT AUTO_INCREMENT PRIMARY KEY, `item` BIGINT NOT NULL)").await;
        let challenger = &*CHALLENGER;
        for (what, when) in [("INSERT", "TRUE"), ("UPDATE", "NEW.`run_id` <> OLD.`run_id`")] {
            db.execute(&format!(
                "CREATE TRIGGER `audit_{what}` AFTER {what} ON `scores` FOR EACH ROW INSERT INTO `audit` (`item`) \
                 SELECT NEW.`id` FROM DUAL WHERE {when} AND NEW.`model_version` <> '{challenger}'"
            ))
            .await;
        }
    }

    /// What has a row `t` for each item: `id`, `values`, `prediction` and `run_id`, all of its scores in one.
    pub(crate) fn items(self) -> &'static str {
        if !self.has_scores() {
            return "`items` t";
        }
        "(SELECT i.`id`, i.`values`, MAX(s.`run_id`) AS `run_id`, \
            GROUP_CONCAT(s.`prediction` ORDER BY s.`run_id`, s.`model_version` SEPARATOR ' then ') AS `prediction` \
          FROM `items` i LEFT JOIN `scores` s ON s.`id` = i.`id` GROUP BY i.`id`, i.`values`) t"
    }

    /// The `id` of the item of a failure `t`.
    pub(crate) fn item_of_failure(self) -> &'static str {
        match self {
            Self::Numbers | Self::Latest | Self::History | Self::Challenged => "t.`item_id`",
            Self::Bytes | Self::Arrivals => {
                "(SELECT i.`id` FROM `items` i WHERE CAST(LOWER(HEX(i.`uid`)) AS BINARY) = CAST(t.`item_key` AS BINARY))"
            }
            Self::DaysAndNames => {
                "(SELECT i.`id` FROM `items` i WHERE CAST(CONCAT(i.`day`, ',', \
                   REPLACE(REPLACE(i.`name`, '~', '~t'), ',', '~c')) AS BINARY) = CAST(t.`item_key` AS BINARY))"
            }
        }
    }

    /// The items that a run has predicted. Each prediction is the embedded model's, and what a challenger says of the same
    /// item is there, too.
    pub(crate) async fn predicted(self, db: &Setup) -> Vec<i64> {
        if !self.has_scores() {
            return db.predicted().await;
        }
        let ids = scored_by(db, "<>", score).await;
        if self == Self::Challenged {
            assert_eq!(scored_by(db, "=", |sample| score_by(other(), sample)).await, ids);
        }
        ids
    }

    /// The items that a run has predicted, over what another model said of them.
    pub(crate) async fn replaced(self, db: &Setup) -> Vec<i64> {
        if self.has_scores() { self.predicted(db).await } else { db.ids("`run_id` IS NOT NULL").await }
    }
}

/// The items with a score of a run by the challenger (`=`) or not (`<>`). Each is what `score` says.
async fn scored_by(db: &Setup, challenger: &str, score: impl Fn(&str) -> Vec<f64>) -> Vec<i64> {
    let rows: Vec<(i64, String)> = db
        .rows(&format!(
            "SELECT i.`id`, CAST(s.`prediction` AS CHAR) FROM `scores` s JOIN `items` i ON i.`id` = s.`id` \
             WHERE s.`run_id` > 0 AND s.`model_version` {challenger} '{}' ORDER BY i.`id`",
            &*CHALLENGER
        ))
        .await;
    let id = |(id, prediction): (i64, String)| {
        assert_eq!(serde_json::from_str::<Vec<f64>>(&prediction).unwrap(), score(&sample(id)), "item {id}");
        id
    };
    rows.into_iter().map(id).collect()
}
