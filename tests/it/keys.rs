//! Tables of which the key is not one whole number of 64 bits: every kind of key, on the same way as numbers.

use std::collections::BTreeSet;

use mysql_async::Row;
use mysql_async::prelude::Queryable;
use rowscore::answer::Outcome;
use rowscore::store::ids::Ids;
use rowscore::store::items::{Locking, read_statement};
use rowscore::store::key::Key;
use rowscore::store::listing::nth_statement;
use rowscore::store::order::Order;
use rowscore::store::selection::Selection;
use rowscore::store::wanted::Wanted;
use rowscore::window::Window;
use rstest::rstest;

use crate::support::items::{sample, score};
use crate::support::programs::{Program, ROWSCORE, rowscore};
use crate::support::readings::{Own, own};
use crate::support::{Server, Setup, at, eventually, model};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

/// A kind of key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// The columns of a table, its key first.
    pub(crate) columns: &'static str,
    /// `ID_COLUMN`.
    pub(crate) named: &'static str,
    /// The key of the row numbered `n`, as SQL values. Other numbers have other keys, in no order.
    pub(crate) key: fn(u64) -> String,
}

/// Mixes the bits of a number, so that neighbours lie far from each other.
fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

fn uuid(n: u64) -> String {
    let (one, two) = (mixed(n), mixed(n + 1_000_000));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        one >> 32,
        one >> 16 & 0xffff,
        one & 0xfff,
        two >> 52,
        two & 0xffff_ffff_ffff
    )
}

pub(crate) const BINARY: Kind = Kind {
    columns: "`id` BINARY(16) NOT NULL, PRIMARY KEY (`id`)",
    named: "id",
    key: |n| format!("x'{:016x}{:016x}'", mixed(n), mixed(n + 1_000_000)),
};
pub(crate) const CHAR: Kind = Kind {
    columns: "`id` CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, PRIMARY KEY (`id`)",
    named: "id",
    key: |n| format!("'{}'", uuid(n)),
};
pub(crate) const CASELESS: Kind = Kind {
    columns: "`id` VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL, PRIMARY KEY (`id`)",
    named: "id",
    // Odd characters, and letters whose order is not that of their bytes.
    key: |n| {
        let marks = ["a", "B", "ä", "~", ",", "z'", "Z\\\\", "é", "%", "/"];
        format!(
            "'{}{:x}{}'",
            marks[(n % 10) as usize].replace('\'', "''"),
            mixed(n) >> 16,
            marks[(n % 7) as usize].replace('\'', "''")
        )
    },
};
pub(crate) const LATIN: Kind = Kind {
    columns: "`id` VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL, PRIMARY KEY (`id`)",
    named: "id",
    key: |n| format!("'{}{:x}'", ["ä", "Z", "ß", "o", "Ö"][(n % 5) as usize], mixed(n) >> 40),
};
pub(crate) const LATIN_PAIR: Kind = Kind {
    columns: "`tenant` INT NOT NULL, `name` VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_german2_ci NOT NULL, \
              PRIMARY KEY (`tenant`, `name`)",
    named: "tenant,name",
    key: |n| format!("{}, '{}{n}'", mixed(n) as i64 % 7, ["ä", "Å", "ß", "o", "Ö"][(n % 5) as usize]),
};
const WIDE_PAIR: Kind = Kind {
    columns: "`name` VARCHAR(40) CHARACTER SET utf16 NOT NULL, `no` INT NOT NULL, PRIMARY KEY (`name`, `no`)",
    named: "name,no",
    key: |n| format!("'{}{}', {n}", ["ä", "Z", "ß", "o", "Ж"][(n % 5) as usize], mixed(n) % 50),
};
pub(crate) const NUMBERS: Kind = Kind {
    columns: "`tenant` INT NOT NULL, `no` BIGINT NOT NULL, PRIMARY KEY (`tenant`, `no`)",
    named: "tenant,no",
    key: |n| format!("{}, {}", mixed(n) as i64 % 7, mixed(n) as i64),
};
pub(crate) const DAYS: Kind = Kind {
    columns: "`day` DATE NOT NULL, `name` VARCHAR(30) NOT NULL, PRIMARY KEY (`day`, `name`)",
    named: "day, name",
    key: |n| format!("'2024-01-{:02}', '{}{}'", 1 + mixed(n) % 28, ["~c", ",", "~", ""][(n % 4) as usize], n),
};
pub(crate) const UNSIGNED: Kind = Kind {
    columns: "`id` BIGINT UNSIGNED NOT NULL, PRIMARY KEY (`id`)",
    named: "id",
    key: |n| if n == 1 { u64::MAX.to_string() } else { mixed(n).to_string() },
};
pub(crate) const NEGATIVE: Kind = Kind {
    columns: "`id` BIGINT NOT NULL, PRIMARY KEY (`id`)",
    named: "id",
    key: |n| if n == 1 { i64::MIN.to_string() } else { (mixed(n) as i64).to_string() },
};
const UNIQUE: Kind = Kind {
    columns: "`own` INT NOT NULL AUTO_INCREMENT PRIMARY KEY, `at` DATETIME(3) NOT NULL, `part` SMALLINT UNSIGNED ZEROFILL \
              NOT NULL, UNIQUE KEY `odd``name` (`at`, `part`)",
    named: "at,part",
    key: |n| format!("'2024-01-01 00:00:{:02}.{:03}', {}", n % 60, mixed(n) % 1000, n),
};
pub(crate) const UUID: Kind =
    Kind { columns: "`id` UUID NOT NULL, PRIMARY KEY (`id`)", named: "id", key: |n| format!("'{}'", uuid(n)) };

/// Values of the row numbered `n`: every hundredth cannot be scored.
pub(crate) fn values(n: u64) -> String {
    if n % 100 == 7 { "[]".to_owned() } else { sample(n as i64) }
}

/// A table with this key, and the rows of these numbers in it.
pub(crate) async fn table(server: Server, kind: Kind, settings: &[(&str, &str)]) -> Own {
    let ddl = format!(
        "CREATE TABLE `things` ({}, `n` BIGINT NOT NULL, `values` JSON NOT NULL, `prediction` JSON NULL, \
         `created_datetime` DATETIME NOT NULL) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
        kind.columns
    );
    let named = [("ITEMS_TABLE", "things"), ("ID_COLUMN", kind.named)];
    own(server, &ddl, &[&named[..], settings].concat()).await
}

pub(crate) async fn insert(db: &Setup, kind: Kind, numbers: impl Iterator<Item = u64>) {
    insert_at(db, kind, numbers, |_| "'2024-03-05 09:30:00'".to_owned()).await;
}

/// Adds rows, each with a time of arrival of its own, as SQL.
pub(crate) async fn insert_at(
    db: &Setup,
    kind: Kind,
    numbers: impl Iterator<Item = u64>,
    created: impl Fn(u64) -> String,
) {
    let rows = numbers.map(|n| format!("({}, {n}, '{}', {})", (kind.key)(n), values(n), created(n)));
    let columns = kind.named.split(',').map(|name| format!("`{}`", name.trim())).collect::<Vec<_>>().join(", ");
    let rows = rows.collect::<Vec<_>>().join(", ");
    let sql = format!("INSERT INTO `things` ({columns}, `n`, `values`, `created_datetime`) VALUES {rows}");
    db.connect().await.query_drop(sql).await.unwrap();
}

/// Every row has the prediction of its own values, to the bit, and those that cannot be scored have none. Answers how
/// many have one.
pub(crate) async fn check(db: &Setup) -> usize {
    let rows: Vec<(u64, Option<String>)> =
        db.rows("SELECT `n`, CAST(`prediction` AS CHAR) FROM `things` ORDER BY `n`").await;
    let mut predicted = 0;
    for (n, prediction) in rows {
        match prediction {
            Some(text) => {
                assert_eq!(serde_json::from_str::<Vec<f64>>(&text).unwrap(), score(&values(n)), "row {n}");
                predicted += 1;
            }
            None => assert_eq!(values(n), "[]", "row {n}"),
        }
    }
    predicted
}

#[rstest]
#[tokio::test]
async fn a_table_of_any_key_is_scored_item_by_item(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(BINARY, CHAR, CASELESS, LATIN, LATIN_PAIR, WIDE_PAIR, NUMBERS, DAYS, UNSIGNED, NEGATIVE, UNIQUE)]
    kind: Kind,
) {
    let Own { owner, scorer } = table(server, kind, &[("PAGE_SIZE", "100"), ("LANES", "3")]).await;
    insert(&owner, kind, 1..=500).await;

    let first = scorer.tick(TICK).await;

    assert_eq!(first.outcome, Outcome::Finished);
    assert_eq!((first.counts.predicted, first.counts.failed, first.counts.pending), (495, 5, 0));
    assert_eq!(check(&owner).await, 495);
    // The lanes share the items.
    let lanes: Vec<u64> = owner.rows("SELECT `predicted` + `failed` FROM `batch_lanes` ORDER BY `lane`").await;
    assert!(lanes.len() == 3 && lanes.iter().all(|lane| (100..300).contains(lane)), "{lanes:?}");

    // What was set aside is found by its key, mended, tried again and forgotten.
    let mended = format!("UPDATE `things` SET `values` = '{}' WHERE `n` = 107", sample(107));
    owner.execute(&mended).await;
    insert(&owner, kind, 501..=520).await;
    owner.execute("UPDATE `things` SET `created_datetime` = '2024-03-05 10:30:00' WHERE `n` > 500").await;
    let second = scorer.tick(LATER).await;
    assert_eq!((second.counts.predicted, second.counts.failed), (20, 5), "{second:?}");
    let left: Vec<(String, u32)> = owner.rows("SELECT `code`, `attempts` FROM `item_failures`").await;
    assert_eq!(left.len(), 5, "{left:?}");
}

#[rstest]
#[tokio::test]
async fn mariadb_s_uuids_are_keys(#[values(Server::Mariadb, Server::Mariadb11)] server: Server) {
    let Own { owner, scorer } = table(server, UUID, &[("PAGE_SIZE", "100")]).await;
    insert(&owner, UUID, 1..=300).await;
    let answer = scorer.tick(TICK).await;
    assert_eq!((answer.counts.predicted, answer.counts.failed, answer.counts.pending), (297, 3, 0));
    assert_eq!(check(&owner).await, 297);
}

#[rstest]
#[tokio::test]
async fn a_run_over_any_key_that_is_killed_while_neighbours_insert_loses_nothing_and_writes_nothing_twice(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(BINARY, CASELESS, DAYS, UNSIGNED)] kind: Kind,
) {
    let Own { owner, scorer } = table(server, kind, &[("PAGE_SIZE", "10"), ("FAILURE_POLICY", "leave")]).await;
    insert(&owner, kind, 1..=400).await;
    owner.execute("CREATE TABLE `audit` (`entry` BIGINT AUTO_INCREMENT PRIMARY KEY, `n` BIGINT NOT NULL)").await;
    let audit = "CREATE TRIGGER `audit_updates` AFTER UPDATE ON `things` FOR EACH ROW INSERT INTO `audit` (`n`) \
                 VALUES (NEW.`n`)";
    owner.execute(audit).await;
    let slow = "CREATE TRIGGER `slow_updates` BEFORE UPDATE ON `things` FOR EACH ROW DO SLEEP(0.002)";
    owner.execute(slow).await;

    for (pages, inserted) in [(1, 1001), (12, 1051), (25, 1101)] {
        let mut program = Program::start(ROWSCORE, &["run"], scorer.variables());
        eventually(&format!("{pages} pages are committed"), async || {
            if !program.is_running() {
                program = Program::start(ROWSCORE, &["run"], scorer.variables());
            }
            owner.pages().await >= pages
        })
        .await;
        insert(&owner, kind, inserted..inserted + 50).await;
        program.kill();
    }
    let ended = loop {
        let ended = rowscore(&["run"], scorer.variables()).await;
        if ended.status.code() != Some(3) {
            break ended;
        }
    };
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    // What was inserted behind the cursors is for a later run.
    assert!(rowscore(&["run", "--sweep"], scorer.variables()).await.status.success());

    check(&owner).await;
    let updated: Vec<u64> = owner.rows("SELECT `n` FROM `audit`").await;
    let different: BTreeSet<&u64> = updated.iter().collect();
    assert_eq!(updated.len(), different.len(), "a row was written twice");
    assert_eq!(updated.len() as u64, owner.count("`things` WHERE `prediction` IS NOT NULL").await);
    assert_eq!(owner.count("`things` WHERE `prediction` IS NULL AND `n` % 100 <> 7").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_page_of_any_key_reads_a_range_of_the_index_and_sorts_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(BINARY, CASELESS, LATIN, NUMBERS, DAYS, UNSIGNED, UNIQUE)] kind: Kind,
) {
    let Own { owner, scorer } = table(server, kind, &[]).await;
    insert(&owner, kind, 1..=1000).await;
    owner.execute("ANALYZE TABLE `things`").await;
    let mut conn = scorer.connect().await;
    scorer.database.look_at_table(&mut conn).await.unwrap();
    let table = scorer.database.items_table();
    let nth = async |n| Key::text(&owner.value::<String>(&nth_statement(table, &Key::Start, n)).await);
    let ids = Ids { after: nth(400).await, upto: nth(600).await };
    let which = Selection::Whole(Window::everything_before(at(LATER)));
    let wanted = Wanted { table, features: model().features(), which, by: Order::Key };
    let page = read_statement(wanted, &ids, 5000, Locking::AllOrNone);
    let found: Vec<(String, Option<String>)> = owner.rows(&page.replace(" FOR UPDATE NOWAIT", "")).await;
    assert_eq!(found.len(), 200);
    let plan: Vec<Row> = conn.query(format!("EXPLAIN FORMAT=TRADITIONAL {page}")).await.unwrap();
    let text = |name: &str| plan[0].get::<Option<String>, _>(name).unwrap().unwrap_or_default();
    assert_eq!(text("type"), "range", "{page}");
    assert!(!text("Extra").contains("filesort"), "{page}");
    let rows: u64 = text("rows").parse().unwrap();
    assert!(rows < 600, "{rows}: {page}");
}
