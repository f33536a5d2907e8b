//! Windows that are a small share of a table whose keys do not follow time: they walk the times of arrival.

use std::collections::BTreeSet;
use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use rowscore::answer::Outcome;
use rowscore::event::{Request, Trigger};
use rowscore::run::RunKind;
use rowscore::store::ids::Ids;
use rowscore::store::items::{self, Locking};
use rowscore::store::order::Order;
use rowscore::store::selection::Selection;
use rowscore::store::wanted::Wanted;
use rowscore::window::Window;
use rstest::rstest;

use crate::keys::{BINARY, CASELESS, CHAR, DAYS, Kind, NUMBERS, UNSIGNED, check, insert_at};
use crate::support::programs::{Program, ROWSCORE, rowscore};
use crate::support::readings::{Own, own};
use crate::support::{Server, Setup, at, eventually, model, unhurried};

const BEFORE: &str = "2024-03-05T09:00:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

/// Rows that are long predicted.
const OLD: u64 = 20_000;

/// A table with an index that begins with the time of arrival, and rows in it that are long predicted.
async fn old(server: Server, kind: Kind, index: &str, settings: &[(&str, &str)]) -> Own {
    let ddl = format!(
        "CREATE TABLE `things` ({}, `n` BIGINT NOT NULL, `values` JSON NOT NULL, `prediction` JSON NULL, \
         `created_datetime` DATETIME(3) NOT NULL{index}) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
        kind.columns
    );
    let named = [("ITEMS_TABLE", "things"), ("ID_COLUMN", kind.named), ("LANES", "2"), ("PAGE_SIZE", "50")];
    let own = own(server, &ddl, &[&named[..], settings].concat()).await;
    for first in (0..OLD).step_by(4000) {
        let numbers = 10_001 + first..10_001 + first + 4000;
        insert_at(&own.owner, kind, numbers, |_| "'2024-03-01 08:00:00.5'".to_owned()).await;
    }
    own.owner.execute("UPDATE `things` SET `prediction` = '[1]'").await;
    own
}

/// Rows with the numbers from 1 to `last`, which arrived between 9:00 and 9:59, several of them in one moment.
async fn arrive(db: &Setup, kind: Kind, last: u64) {
    let created = |n: u64| {
        let second = n * 7919 % 199 * 18;
        format!("'2024-03-05 09:{:02}:{:02}.{:03}'", second / 60, second % 60, n % 77)
    };
    insert_at(db, kind, 1..=last, created).await;
    db.rows::<mysql_async::Row>("ANALYZE TABLE `things`").await;
}

/// What is left behind when the old rows are gone.
async fn forget_old(db: &Setup) {
    db.execute("DELETE FROM `things` WHERE `n` > 10000").await;
}

/// Where the items of the lanes of the latest run come from.
async fn sources(db: &Setup) -> Vec<String> {
    db.rows(
        "SELECT DISTINCT `source` FROM `batch_lanes` WHERE `run_id` = (SELECT MAX(`id`) FROM `batch_runs`) \
         AND `source` <> 'failures'",
    )
    .await
}

const BY_ARRIVAL: &str = ", KEY `arrivals` (`created_datetime`)";

#[rstest]
#[tokio::test]
async fn a_small_window_walks_the_times_of_arrival(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(BINARY, CHAR, CASELESS, NUMBERS, DAYS, UNSIGNED)] kind: Kind,
) {
    let Own { owner, scorer } = old(server, kind, BY_ARRIVAL, &[]).await;
    scorer.tick(BEFORE).await;
    assert_eq!(sources(&owner).await, Vec::<String>::new(), "there was nothing to do");
    arrive(&owner, kind, 500).await;

    let read = reads(&owner, server).await;
    let first = scorer.hurried_tick(TICK).await;
    let answers = scorer.follow(first, at(TICK)).await;
    let looked_at = reads(&owner, server).await.zip(read).map(|(now, before)| now - before);

    let last = answers.last().unwrap();
    assert_eq!((last.outcome, last.counts.predicted, last.counts.failed), (Outcome::Finished, 495, 5));
    assert_eq!(sources(&owner).await, ["arrivals"]);
    let lanes: Vec<u64> = owner.rows("SELECT `predicted` + `failed` FROM `batch_lanes` ORDER BY `lane`").await;
    assert_eq!(lanes, [250, 250], "the lanes share the items");
    // Where one can see it: some reads for each of the 500 rows, and none of the 20,000.
    assert!(looked_at.is_none_or(|rows| rows < 5000), "{looked_at:?}");
    forget_old(&owner).await;
    assert_eq!(check(&owner).await, 495);

    // What was set aside is found by its own key.
    owner.execute("UPDATE `things` SET `values` = '[5.1, 3.5, 1.4, 0.2]' WHERE `n` IN (7, 107)").await;
    let next = scorer.tick(LATER).await;
    assert_eq!((next.counts.predicted, next.counts.failed), (2, 3), "{next:?}");
}

/// How many rows of the table were read by anybody, where the server counts that.
async fn reads(db: &Setup, server: Server) -> Option<u64> {
    let sql = "SELECT `count_read` FROM `performance_schema`.`table_io_waits_summary_by_table` \
               WHERE `object_schema` = DATABASE() AND `object_name` = 'things'";
    match server {
        Server::Mysql => Some(db.value(sql).await),
        Server::Mariadb | Server::Mariadb11 => None,
    }
}

/// How many rows a statement reads of whatever table, and how many it answers.
async fn handled(conn: &mut Conn, sql: &str) -> (u64, usize) {
    conn.query_drop("FLUSH STATUS").await.unwrap();
    let rows: Vec<mysql_async::Row> = conn.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let status: Vec<(String, u64)> = conn.query("SHOW SESSION STATUS LIKE 'Handler_read%'").await.unwrap();
    let is_read = |name: &str| !name.contains("retry") && !name.contains("deleted");
    (status.iter().filter(|(name, _)| is_read(name)).map(|(_, reads)| reads).sum(), rows.len())
}

#[rstest]
#[tokio::test]
async fn a_page_by_arrival_reads_its_own_rows_only(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(BINARY, CASELESS, NUMBERS, DAYS)] kind: Kind,
    #[values(BY_ARRIVAL, "")] index: &str,
) {
    let Own { owner, scorer } = old(server, kind, index, &[("LANES", "1")]).await;
    scorer.tick(BEFORE).await;
    arrive(&owner, kind, 500).await;
    // Without an index of the user's there is that which `init` has made, unless somebody took it away.
    let mut conn = owner.connect().await;
    scorer.database.look_at_table(&mut conn).await.unwrap();
    let table = scorer.database.items_table();
    assert!(table.arrivals.is_some());
    let window = Window { from: Some(at(BEFORE)), to: at(TICK) };
    let which = Selection::Fresh(window);
    let wanted = Wanted { table, features: model().features(), which, by: Order::Arrival };
    let after = items::horizon(wanted, &Ids::ALL, 200).ask(&mut conn).await.unwrap().unwrap();
    let upto = items::horizon(wanted, &Ids { after: after.clone(), ..Ids::ALL }, 100).ask(&mut conn).await.unwrap();
    let ids = Ids { after, upto: upto.unwrap() };
    let page = items::read_statement(wanted, &ids, 5000, Locking::Skip);
    conn.query_drop("START TRANSACTION").await.unwrap();
    let (reads, rows) = handled(&mut conn, &page).await;
    // Some of them may be set aside: each is looked up.
    assert!((98..=100).contains(&rows) || rows == 99, "{rows}: {page}");
    assert!(reads < 400, "{reads} reads: {page}");
}

#[rstest]
#[case::a_large_share(BINARY, BY_ARRIVAL, 3000, RunKind::Window, "items")]
#[case::no_index_of_arrivals(BINARY, ", KEY `other` (`n`)", 500, RunKind::Window, "items")]
#[case::an_index_with_something_between(
    BINARY,
    ", KEY `other` (`created_datetime`, `n`)",
    500,
    RunKind::Window,
    "items"
)]
#[case::a_sweep(BINARY, BY_ARRIVAL, 500, RunKind::Sweep, "items")]
#[case::the_whole_key_behind_it(
    DAYS,
    ", KEY `k` (`created_datetime`, `day`, `name`)",
    500,
    RunKind::Window,
    "arrivals"
)]
#[case::a_part_of_the_key_behind_it(DAYS, ", KEY `k` (`created_datetime`, `day`)", 500, RunKind::Window, "arrivals")]
#[tokio::test]
async fn the_key_is_walked_where_that_costs_less(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] kind: Kind,
    #[case] index: &str,
    #[case] rows: u64,
    #[case] run: RunKind,
    #[case] expected: &str,
) {
    let Own { owner, scorer } = old(server, kind, index, &[("PAGE_SIZE", "1000")]).await;
    if !index.contains("created_datetime") {
        owner.execute("ALTER TABLE `things` DROP KEY `items_window`").await;
    }
    scorer.tick(BEFORE).await;
    arrive(&owner, kind, rows).await;
    let answer = match run {
        RunKind::Window => scorer.tick(TICK).await,
        kind => scorer.hop(&Trigger::Open(Request::by_hand(kind)), unhurried(at(TICK))).await,
    };
    let failed = rows / 100;
    assert_eq!((answer.counts.predicted, answer.counts.failed, answer.counts.pending), (rows - failed, failed, 0));
    assert_eq!(sources(&owner).await, [expected]);
}

#[rstest]
#[tokio::test]
async fn rows_that_others_have_locked_are_looked_at_again_in_order_of_arrival(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(BINARY, DAYS)] kind: Kind,
) {
    let Own { owner, scorer } = old(server, kind, BY_ARRIVAL, &[]).await;
    scorer.tick(BEFORE).await;
    arrive(&owner, kind, 300).await;
    let mut holder = owner.connect().await;
    holder.query_drop("START TRANSACTION").await.unwrap();
    let keys: Vec<String> = [3, 150, 299].iter().map(|n| format!("({})", (kind.key)(*n))).collect();
    let names = kind.named.split(',').map(|name| format!("`{}`", name.trim())).collect::<Vec<_>>().join(", ");
    let lock = format!("SELECT `n` FROM `things` WHERE ({names}) IN ({}) FOR UPDATE", keys.join(", "));
    assert_eq!(holder.query::<u64, _>(lock).await.unwrap().len(), 3);
    let release = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        holder.query_drop("ROLLBACK").await.unwrap();
    };
    let (answer, ()) = tokio::join!(scorer.tick(TICK), release);
    assert_eq!((answer.counts.predicted, answer.counts.failed, answer.counts.pending), (297, 3, 0));
    assert_eq!((answer.skipped, sources(&owner).await), (0, vec!["arrivals".to_owned()]));
    let looks: u8 = owner.value("SELECT MAX(`look`) FROM `batch_lanes`").await;
    assert!(looks > 0, "nothing was locked");
    forget_old(&owner).await;
    assert_eq!(check(&owner).await, 297);
}

#[rstest]
#[tokio::test]
async fn a_run_by_arrival_that_is_killed_while_neighbours_come_go_and_move_loses_nothing_and_writes_nothing_twice(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(BINARY, CASELESS, DAYS, UNSIGNED)] kind: Kind,
) {
    let Own { owner, scorer } =
        old(server, kind, BY_ARRIVAL, &[("PAGE_SIZE", "10"), ("FAILURE_POLICY", "leave")]).await;
    let first = rowscore(&["run"], scorer.variables()).await;
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let ago = |seconds: u64| format!("UTC_TIMESTAMP(3) - INTERVAL {seconds} SECOND");
    insert_at(&owner, kind, 1..=400, |n| ago(100 + n * 7919 % 300)).await;
    owner.rows::<mysql_async::Row>("ANALYZE TABLE `things`").await;
    owner.execute("CREATE TABLE `audit` (`entry` BIGINT AUTO_INCREMENT PRIMARY KEY, `n` BIGINT NOT NULL)").await;
    // Neighbours change nothing but the time of arrival.
    let audit = "CREATE TRIGGER `audit_updates` AFTER UPDATE ON `things` FOR EACH ROW INSERT INTO `audit` (`n`) \
                 SELECT NEW.`n` FROM DUAL WHERE NEW.`created_datetime` = OLD.`created_datetime`";
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
        insert_at(&owner, kind, inserted..inserted + 50, |n| ago(100 + n % 50)).await;
        // Some pending rows come to lie before the cursors, some predicted ones behind them; one goes and comes back.
        let moved = format!(
            "UPDATE `things` SET `created_datetime` = `created_datetime` + INTERVAL IF(`n` % 2, 50, -50) SECOND WHERE `n` <= 400 AND `n` % 13 = {}",
            pages % 13
        );
        owner.execute(&moved).await;
        let gone = pages + 100;
        owner.execute(&format!("DELETE FROM `things` WHERE `n` = {gone}")).await;
        insert_at(&owner, kind, [gone].into_iter(), |_| ago(10)).await;
        let other = format!("UPDATE `things` SET `n` = 2000 + `n`, `created_datetime` = {} WHERE `n` = {gone}", ago(9));
        owner.execute(&other).await;
        program.kill();
    }
    let ended = loop {
        let ended = rowscore(&["run"], scorer.variables()).await;
        if ended.status.code() != Some(3) {
            break ended;
        }
    };
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let by_arrival = owner.count("`batch_lanes` WHERE `source` = 'arrivals'").await;
    assert!(by_arrival > 0, "no run was by arrival");
    // What came to lie before the cursors is for a later run.
    assert!(rowscore(&["run", "--sweep"], scorer.variables()).await.status.success());

    forget_old(&owner).await;
    let updated: Vec<u64> = owner.rows("SELECT `n` FROM `audit`").await;
    let different: BTreeSet<&u64> = updated.iter().collect();
    assert_eq!(updated.len(), different.len(), "a row was written twice");
    assert_eq!(owner.count("`things` WHERE `prediction` IS NULL AND JSON_LENGTH(`values`) > 0").await, 0);
    let counted: u64 = owner.value("SELECT CAST(SUM(`predicted`) AS UNSIGNED) FROM `batch_runs`").await;
    assert_eq!(counted, updated.len() as u64);
}
