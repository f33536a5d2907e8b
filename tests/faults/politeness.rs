//! How long another client's single-row inserts and updates wait while a window of 300,000 items is
//! worked off, beside how long its pages take. Meanwhile four more clients change two rows at a time, just ahead of
//! the pages and in descending order: none of them may die in a deadlock. And one row is held all the time.

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

use futures_util::future::{join_all, join4};
use mysql_async::prelude::Queryable;
use mysql_async::{Error, Params};
use rand_mt::Mt64;
use tokio::time::sleep;

use crate::report::Report;
use crate::support::items::sample;
use crate::support::programs::{Program, ROWSCORE, rowscore};
use crate::support::{Server, Setup, TestDb};

const ROWS: u64 = 300_000;
/// The row that is held.
const HELD: u64 = 170_000;
/// Clients that change two rows at a time.
const PAIRS: usize = 4;
const TICK: &str = "2024-03-05T10:00:00Z";

/// Between two of the client's statements.
const PAUSE: Duration = Duration::from_millis(2);

/// The longest wait that passes, as a multiple of the longest page and beside it: far more than is
/// ever seen, since other programs are at work on the test's machine.
const PAGES: u32 = 10;
const LEEWAY: Duration = Duration::from_millis(250);

pub(crate) async fn run(seed: u64) -> Report {
    let mut report = Report::default();
    // One after the other, so that they do not measure each other.
    for server in [Server::Mysql, Server::Mariadb] {
        let Measured { mut inserts, mut updates, mut pages, pairs } = measure(server, seed).await;
        let (insert, update, page) = (Waits::of(&mut inserts), Waits::of(&mut updates), Waits::of(&mut pages));
        println!("politeness: {server:?}: while {ROWS} items were worked off");
        println!("  pages    {page}");
        println!("  inserts  {insert}");
        println!("  updates  {update}");
        println!("  pairs    {:>6}: {} ended by a deadlock", pairs.committed, pairs.died);
        if pairs.died > 0 || pairs.committed < 100 {
            report.problem(format!(
                "politeness of {server:?}: of pairs, {} died, {} did not",
                pairs.died, pairs.committed
            ));
        }
        let bound = PAGES * page.longest + LEEWAY;
        let longest = insert.longest.max(update.longest);
        if longest > bound {
            report.problem(format!("politeness of {server:?}: a client waited {longest:?}, longer than {bound:?}"));
        }
        if inserts.len() < 100 || updates.len() < 100 {
            report.problem(format!("politeness of {server:?}: too few statements to say anything"));
        }
    }
    report
}

struct Measured {
    inserts: Vec<Duration>,
    updates: Vec<Duration>,
    pages: Vec<Duration>,
    pairs: Pairs,
}

/// How transactions of two rows ended.
#[derive(Clone, Copy, Default)]
struct Pairs {
    committed: u64,
    died: u64,
}

async fn measure(server: Server, seed: u64) -> Measured {
    let db = TestDb::bare(server, &[]).await;
    let rows = ROWS.to_string();
    let filled = rowscore(&["init", "--rows", &rows, "--until", TICK], db.variables()).await;
    assert!(filled.status.success(), "{filled:?}");

    let mut variables = db.variables().clone();
    variables.insert("RUST_LOG".into(), "rowscore=debug".into());
    let mut random = Mt64::new(seed);
    let mut holder = db.connect().await;
    holder.query_drop(format!("BEGIN; SELECT `id` FROM `items` WHERE `id` = {HELD} FOR UPDATE")).await.unwrap();
    let mut program = Program::start(ROWSCORE, &["run", "--to", TICK], &variables);
    let is_over = Cell::new(false);
    let watch = async {
        while program.is_running() {
            sleep(PAUSE).await;
        }
        is_over.set(true);
    };
    let insert = || (sample(1),).into();
    let update = || (sample(2), free(1 + random.next_u64() % ROWS)).into();
    let inserts = repeat(&db, &is_over, "INSERT INTO `items` (`values`) VALUES (?)", insert);
    let updates = repeat(&db, &is_over, "UPDATE `items` SET `values` = ? WHERE `id` = ?", update);
    let pairs = join_all((0..PAIRS).map(|client| change_pairs(&db, &is_over, client as u64)));
    let (inserts, updates, pairs, ()) = join4(inserts, updates, pairs, watch).await;
    let add = |sum: Pairs, one: &Pairs| Pairs { committed: sum.committed + one.committed, died: sum.died + one.died };
    let pairs = pairs.iter().fold(Pairs::default(), add);

    let ended = program.end().await;
    assert!(ended.status.success(), "{ended:?}");
    let skipped: u64 = db.value("SELECT `skipped` FROM `batch_runs`").await;
    assert!((1..=1 + PAIRS as u64 * 2).contains(&skipped), "{skipped} skipped");
    let page_ms = |line: &str| line.split_once("page_ms=")?.1.split_whitespace().next()?.parse().ok();
    let pages = ended.stderr.lines().filter_map(page_ms).map(Duration::from_millis).collect();
    holder.disconnect().await.unwrap();
    tokio::task::spawn_blocking(move || drop(db)).await.unwrap();
    Measured { inserts, updates, pages, pairs }
}

/// An id that nobody holds.
fn free(id: u64) -> u64 {
    if id == HELD { id + 1 } else { id }
}

/// Changes two rows just ahead of a lane's page in one transaction, the later one first, again and again.
async fn change_pairs(db: &Setup, is_over: &Cell<bool>, client: u64) -> Pairs {
    let mut conn = db.connect().await;
    let mut pairs = Pairs::default();
    while !is_over.get() {
        let cursor = format!("SELECT `cursor_id` FROM `batch_lanes` WHERE `lane` = {}", client % 2);
        let low = conn.query_first::<u64, _>(cursor).await.unwrap().unwrap_or(0) + 100 + client;
        let change = |id: u64| format!("UPDATE `items` SET `values` = '[1, 2, 3, 4]' WHERE `id` = {}", free(id));
        let done = async {
            conn.query_drop(format!("BEGIN; {}", change(low + 400))).await?;
            sleep(Duration::from_millis(60)).await;
            conn.query_drop(format!("{}; COMMIT", change(low))).await
        };
        match done.await {
            Ok(()) => pairs.committed += 1,
            Err(Error::Server(error)) if error.code == 1213 => pairs.died += 1,
            Err(error) => panic!("{error}"),
        }
    }
    conn.disconnect().await.unwrap();
    pairs
}

/// Executes a statement again and again. Answers how long each took.
async fn repeat(db: &Setup, is_over: &Cell<bool>, sql: &str, mut params: impl FnMut() -> Params) -> Vec<Duration> {
    let mut conn = db.connect().await;
    let mut waits = Vec::new();
    while !is_over.get() {
        let begun = Instant::now();
        conn.exec_drop(sql, params()).await.unwrap();
        waits.push(begun.elapsed());
        sleep(PAUSE).await;
    }
    conn.disconnect().await.unwrap();
    waits
}

/// The middle, the 99th percentile and the longest of some spans of time.
struct Waits {
    count: usize,
    middle: Duration,
    p99: Duration,
    longest: Duration,
}

impl Waits {
    fn of(waits: &mut [Duration]) -> Self {
        waits.sort_unstable();
        let at = |percent: usize| waits[(waits.len() - 1) * percent / 100];
        Self { count: waits.len(), middle: at(50), p99: at(99), longest: at(100) }
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |span: Duration| span.as_secs_f64() * 1e3;
        let (middle, p99, longest) = (ms(self.middle), ms(self.p99), ms(self.longest));
        write!(f, "{:>6}: half within {middle:.1} ms, 99 % within {p99:.1} ms, all within {longest:.1} ms", self.count)
    }
}
