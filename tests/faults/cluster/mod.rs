//! Clusters of three servers behind a proxy, whose server in use is killed again and again while windows,
//! sweeps and backfills work on half a million items, and other clients write to the same rows. Each
//! time another server takes over. Then it becomes quiet, and every write that was made is judged.

pub(crate) mod audit;
mod neighbours;
mod work;

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all, join3};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use rand_mt::Mt64;
use rowscore::store::StoreError;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::aws::{Aws, Habits};
use crate::report::{Report, Tally};
use crate::support::own_server::OwnServer;
use crate::support::programs::rowscore;
use crate::support::{Server, Setup};

/// Items, and kills of the server in use.
#[derive(Clone, Copy, Debug)]
struct Size {
    items: u64,
    kills: u64,
}

const FULL: Size = Size { items: 500_000, kills: 20 };
const SHORT: Size = Size { items: 20_000, kills: 2 };

/// Each item whose id leaves this after division by 1000 cannot be scored.
const BAD: u64 = 8;

/// Hops are short, so that there are many.
const SETTINGS: [(&str, &str); 5] = [
    ("HOP_BUDGET_MS", "4000"),
    ("LANES", "2"),
    ("WORKERS", "2"),
    ("LOOKBACK", "20s"),
    // Several hops in a row may meet no server at all.
    ("MAX_ATTEMPTS", "100"),
];

/// Time in which the servers are left alone after each has come back.
const CALM_MS: u64 = 4000;

/// Items that are added at once.
const PIECE: u64 = 50_000;

/// How long the others may take to replace a server that is gone.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn run(short: bool, seed: u64) -> Report {
    let size = if short { SHORT } else { FULL };
    let mut report = Report::default();
    // Beside each other, since most of the time they wait for a server to be given up or to come back.
    let battered = [Server::Mysql, Server::Mariadb].map(async |server| (server, batter(server, size, seed).await));
    for (server, (tally, problems)) in join_all(battered).await {
        report.add((103, server as usize), &format!("{:<18} {server:?}", "cluster"), tally);
        problems.into_iter().for_each(|problem| report.problem(format!("cluster of {server:?}: {problem}")));
    }
    report
}

async fn batter(kind: Server, size: Size, seed: u64) -> (Tally, Vec<String>) {
    let begun = Instant::now();
    let server = OwnServer::cluster(kind).await;
    let started = begun.elapsed();
    let db = server.database(&SETTINGS).await;
    fill(&db, size).await;
    audit::watch(&db).await;
    let filled = begun.elapsed();

    let aws = Aws::new(db.variables(), Habits::default()).await;
    let mut random = Mt64::new(seed ^ (kind as u64) << 32);
    let is_over = Cell::new(false);
    let (sender, events) = mpsc::unbounded_channel();
    let noise = join3(
        kill_again_and_again(&server, &db, size, Mt64::new(random.next_u64()), &is_over),
        neighbours::disturb(&db, size.items, &mut random, &is_over),
        work::schedule(&db, size.items, sender, &is_over),
    );
    let ((), (kills, neighbours, ())) = join(aws.work(events), noise).await;
    let rounds = work::last_rounds(&db, &aws).await;
    let quiet = begun.elapsed();
    let (record, dead_letters) = (aws.record(), aws.dead_letters());
    aws.end();

    let (verdict, mut problems, judged) = audit::judge(&db).await;
    problems.extend(neighbours.problems(&db).await);
    println!(
        "cluster: {kind:?}: seed {seed}: ready after {:.0} s, filled after {:.0} s, quiet after {:.0} s and {rounds} more \
         rounds; {} servers killed, others took over after {}; {} invocations ({} failed, {} timed out), \
         {dead_letters} dead letters\n  {judged}\n  {neighbours}",
        started.as_secs_f64(),
        filled.as_secs_f64(),
        quiet.as_secs_f64(),
        kills.len(),
        times(&kills),
        record.invocations,
        record.failures,
        record.timeouts
    );
    let struck = kills.len() as u64;
    (Tally { tried: size.kills, struck, rescued: 0, verdict }, problems)
}

fn times(kills: &[Duration]) -> String {
    let seconds = |span: Option<&Duration>| span.map_or(0.0, Duration::as_secs_f64);
    format!("{:.1} to {:.1} s", seconds(kills.iter().min()), seconds(kills.iter().max()))
}

async fn fill(db: &Setup, size: Size) {
    // In pieces, so that none takes longer than a program may in tests.
    let mut left = size.items;
    while left > 0 {
        let piece = left.min(PIECE);
        let filled =
            rowscore(&["init", "--rows", &piece.to_string(), "--until", work::FIRST_TICK], db.variables()).await;
        assert!(filled.status.success(), "{filled:?}");
        left -= piece;
    }
    db.execute(&format!("UPDATE `items` SET `values` = '[]' WHERE `id` % 1000 = {BAD}")).await;
}

/// Kills the server in use, and starts it again when another one has taken over. Answers how long
/// that took each time.
async fn kill_again_and_again(
    server: &OwnServer,
    db: &Setup,
    size: Size,
    mut random: Mt64,
    is_over: &Cell<bool>,
) -> Vec<Duration> {
    let mut took = Vec::new();
    for _ in 0..size.kills {
        sleep(Duration::from_millis(random.next_u64() % CALM_MS)).await;
        let port = port_in_use(db).await;
        let killed_at = Instant::now();
        server.kill_node(port).await;
        until_written(db).await;
        took.push(killed_at.elapsed());
        server.restart().await;
    }
    is_over.set(true);
    took
}

/// Which server is in use.
pub(crate) async fn port_in_use(db: &Setup) -> u16 {
    let asked = async |conn: &mut Conn| conn.query_first("SELECT @@port").await;
    until_answered(db, asked).await.unwrap()
}

/// Until there is a server that takes writes.
pub(crate) async fn until_written(db: &Setup) {
    let write = async |conn: &mut Conn| conn.query_drop("INSERT INTO `takeovers` VALUES ()").await;
    until_answered(db, write).await;
}

/// The first answer that is none of an error.
async fn until_answered<T>(db: &Setup, ask: impl AsyncFn(&mut Conn) -> mysql_async::Result<T>) -> T {
    let begun = Instant::now();
    loop {
        let answer = timeout(PATIENCE, async {
            let mut conn = db.owner.connect().await?;
            ask(&mut conn).await.map_err(|source| StoreError::Mysql { doing: "asking for the server in use", source })
        });
        match answer.await {
            Ok(Ok(value)) => return value,
            Ok(Err(error)) if begun.elapsed() > PATIENCE => panic!("no server of the cluster answers: {error}"),
            Err(_) => panic!("no server of the cluster answers"),
            Ok(Err(_)) => sleep(Duration::from_millis(50)).await,
        }
    }
}
