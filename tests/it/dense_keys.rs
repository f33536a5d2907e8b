//! A page of which the rows lie close together is written by a look at all rows from its first to its last: those of
//! others amid it are neither waited for nor written.

use std::time::{Duration, Instant};

use mysql_async::TxOpts;
use mysql_async::prelude::Queryable;
use rowscore::run::RunId;
use rowscore::store::density::Density;
use rowscore::store::ids::Ids;
use rowscore::store::items::{self, Locking, read_statement};
use rowscore::store::key::KeyRef;
use rowscore::store::order::Order;
use rowscore::store::predictions::Predictions;
use rowscore::store::scores::{By, Onto, Stamp};
use rowscore::store::selection::Selection;
use rowscore::store::wanted::Wanted;
use rowscore::window::Window;
use rstest::rstest;

use crate::keys::{BINARY, CASELESS, CHAR, Kind, LATIN, UNSIGNED, UUID, insert, table};
use crate::support::readings::Own;
use crate::support::{Server, at, model};

const LATER: &str = "2024-03-05T11:00:00Z";

/// Text keys with the same number of bytes each, of which some differ in case and accents only.
const CASES: Kind = Kind {
    key: |n| format!("'{}'", ["a", "E", "x", "Q"][(n % 4) as usize].to_owned() + &format!("{:05}", n * 7919 % 10_007)),
    ..CASELESS
};

/// Times to the millisecond.
const TIMES: Kind = Kind {
    columns: "`id` DATETIME(3) NOT NULL, PRIMARY KEY (`id`)",
    named: "id",
    key: |n| format!("'2024-01-01 00:00:00' + INTERVAL {:07} * 1000 MICROSECOND", n * 7919 % 1_000_003),
};

const DAYS: Kind = Kind {
    columns: "`id` DATE NOT NULL, PRIMARY KEY (`id`)",
    named: "id",
    key: |n| format!("'1200-01-01' + INTERVAL {:06} DAY", n * 7919 % 200_003),
};

#[rstest]
#[tokio::test]
async fn what_others_hold_add_or_delete_amid_a_page_is_neither_waited_for_nor_written(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(BINARY, CHAR, CASES, LATIN, TIMES, DAYS, UNSIGNED)] kind: Kind,
) {
    neither_waited_for_nor_written(server, kind).await;
}

#[rstest]
#[tokio::test]
async fn nor_is_it_amid_mariadb_s_uuids(#[values(Server::Mariadb, Server::Mariadb11)] server: Server) {
    neither_waited_for_nor_written(server, UUID).await;
}

async fn neither_waited_for_nor_written(server: Server, kind: Kind) {
    let Own { owner, scorer } = table(server, kind, &[]).await;
    // Of one length: else the page is written by a list of its keys.
    let same = |n: &u64| (kind.key)(*n).len() == (kind.key)(3).len() && n % 100 != 7;
    let numbers = || (3..).filter(same).take(300);
    insert(&owner, kind, numbers()).await;
    let mut neighbour = owner.client().await;
    neighbour.query_drop("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await.unwrap();
    neighbour.query_drop("BEGIN").await.unwrap();
    let changes = ["UPDATE `things` SET `values` = '[1, 2, 3, 4]'", "DELETE FROM `things`"];
    for (n, change) in numbers().skip(100).zip(changes.iter().cycle()).take(4) {
        neighbour.query_drop(format!("{change} WHERE `n` = {n}")).await.unwrap();
    }
    let added = (100_000..).filter(same).take(20);
    let rows: Vec<String> =
        added.map(|n| format!("({}, {n}, '[1, 2, 3, 4]', '2024-03-05 09:30:00')", (kind.key)(n))).collect();
    let into = "INSERT INTO `things` (`id`, `n`, `values`, `created_datetime`) VALUES ";
    neighbour.query_drop(format!("{into}{}", rows.join(", "))).await.unwrap();

    let mut conn = scorer.connect().await;
    scorer.database.look_at_table(&mut conn).await.unwrap();
    let mut conn = scorer.connect().await;
    conn.query_drop("SET SESSION innodb_lock_wait_timeout = 1").await.unwrap();
    let items_table = scorer.database.items_table();
    let mut tx = conn.start_transaction(TxOpts::default()).await.unwrap();
    let which = Selection::Whole(Window::everything_before(at(LATER)));
    let wanted = Wanted { table: items_table, features: model().features(), which, by: Order::Key };
    let found: Vec<(String, String)> = tx.query(read_statement(wanted, &Ids::ALL, 5000, Locking::Skip)).await.unwrap();
    assert_eq!(found.len(), numbers().count() - 4);
    // Some of its rows cannot be scored, and are left out.
    let keys: Vec<&str> =
        found.iter().enumerate().filter(|(at, _)| at % 10 != 3).map(|(_, row)| row.0.as_str()).collect();
    let outputs = (0..keys.len()).flat_map(|at| [at as f64, 0.25, 0.5]).collect();
    let page = Predictions { keys: keys.iter().copied().map(KeyRef::Text).collect(), outputs, of: model().outputs() };
    let stamp = Stamp { run: RunId(1), model: "abc", onto: Onto::Nothing, by: By::Place, density: Density::Dense };

    let begun = Instant::now();
    items::write(&mut tx, items_table, stamp, &page).await.unwrap();

    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
    tx.commit().await.unwrap();
    neighbour.query_drop("COMMIT").await.unwrap();
    let shown = read_statement(wanted, &Ids::ALL, 5000, Locking::None);
    let left: Vec<(String, String)> = owner.rows(&shown).await;
    assert_eq!(left.len(), found.len() - keys.len() + 2 + 20);
    let key = shown.split_once(", LEFT(").unwrap().0.replacen("SELECT ", "", 1);
    let written = format!("SELECT {key}, CAST(`prediction` AS CHAR) FROM `things` i WHERE `run_id` = 1 ORDER BY `id`");
    let written: Vec<(String, String)> = owner.rows(&written).await;
    let expected = keys.iter().enumerate().map(|(at, key)| ((*key).to_owned(), format!("{at}")));
    let first = |text: &str| text.trim_start_matches('[').split(['.', ',']).next().unwrap_or_default().to_owned();
    assert_eq!(
        written.iter().map(|(key, text)| (key.clone(), first(text))).collect::<Vec<_>>(),
        expected.collect::<Vec<_>>()
    );
}
