//! How long another client's single-row inserts and updates wait while a window of 200,000 items is
//! worked off, beside how long its pages take.

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

use futures_util::future::join3;
use mysql_async::Params;
use mysql_async::prelude::Queryable;
use rand_mt::Mt64;
use tokio::time::sleep;

use crate::report::Report;
use crate::support::items::sample;
use crate::support::programs::{Program, ROWSCORE, rowscore};
use crate::support::{Server, Setup, TestDb};

const ROWS: u64 = 200_000;
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
        let Measured { mut inserts, mut updates, mut pages } = measure(server, seed).await;
        let (insert, update, page) = (Waits::of(&mut inserts), Waits::of(&mut updates), Waits::of(&mut pages));
        println!("politeness: {server:?}: while {ROWS} items were worked off");
        println!("  pages    {page}");
        println!("  inserts  {insert}");
        println!("  updates  {update}");
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
}

async fn measure(server: Server, seed: u64) -> Measured {
    let db = TestDb::bare(server, &[]).await;
    let rows = ROWS.to_string();
    let filled = rowscore(&["init", "--rows", &rows, "--until", TICK], db.variables()).await;
    assert!(filled.status.success(), "{filled:?}");

    let mut variables = db.variables().clone();
    variables
        .extend([("RUST_LOG", "rowscore=debug"), ("NO_COLOR", "1")].map(|(name, value)| (name.into(), value.into())));
    let mut random = Mt64::new(seed);
    let mut program = Program::start(ROWSCORE, &["run", "--to", TICK], &variables);
    let is_over = Cell::new(false);
    let watch = async {
        while program.is_running() {
            sleep(PAUSE).await;
        }
        is_over.set(true);
    };
    let insert = || (sample(1),).into();
    let update = || (sample(2), 1 + random.next_u64() % ROWS).into();
    let inserts = repeat(&db, &is_over, "INSERT INTO `items` (`values`) VALUES (?)", insert);
    let updates = repeat(&db, &is_over, "UPDATE `items` SET `values` = ? WHERE `id` = ?", update);
    let (inserts, updates, ()) = join3(inserts, updates, watch).await;

    let ended = program.end().await;
    assert!(ended.status.success(), "{ended:?}");
    let page_ms = |line: &str| line.split_once("page_ms=")?.1.split_whitespace().next()?.parse().ok();
    let pages = ended.stderr.lines().filter_map(page_ms).map(Duration::from_millis).collect();
    tokio::task::spawn_blocking(move || drop(db)).await.unwrap();
    Measured { inserts, updates, pages }
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
