//! The server in use of a cluster freezes, as a machine does that is moved, and the others replace it. Then it goes on in the
//! middle of what it did, and takes itself for the one that writes.

use std::time::{Duration, Instant};

use futures_util::future::join;
use tokio::time::sleep;

use super::scene::{CREATED, Found, SETTINGS, TICKS, expect, fire_until_done, judge, predicted, until_predicted};
use crate::aws::{Aws, Habits};
use crate::cluster::{audit, port_in_use, until_written};
use crate::support::{OwnServer, Server};
use crate::workload::window;

/// Items: more than the others are done with before anybody notices.
const ITEMS: i64 = 12_000;

/// How long the two may both take themselves for the one that writes.
const BESIDE: Duration = Duration::from_secs(10);

pub(super) async fn the_server_in_use(kind: Server) -> Found {
    let server = OwnServer::cluster(kind).await;
    let db = server.database(&SETTINGS).await;
    audit::watch(&db).await;
    db.fill(1..=ITEMS, CREATED).await;
    let habits = Habits { redelivers_after: Duration::from_secs(5), ..Habits::default() };
    let aws = Aws::new(db.variables(), habits).await;
    let freeze = async {
        until_predicted(&db, ITEMS / 6).await;
        let port = port_in_use(&db).await;
        server.signal_node(port, "STOP");
        let begun = Instant::now();
        until_written(&db).await;
        let took = begun.elapsed();
        let before = predicted(&db).await;
        server.signal_node(port, "CONT");
        sleep(BESIDE).await;
        (port, took, before)
    };
    let ((), (frozen, took, before)) = join(aws.fire(window(TICKS[0])), freeze).await;
    let now_in_use = port_in_use(&db).await;
    let rescued = fire_until_done(&db, &aws, &TICKS[1..]).await;
    aws.end();
    let mut problems = Vec::new();
    expect(&mut problems, now_in_use != frozen, "the frozen server is still in use");
    expect(&mut problems, before < ITEMS, "all was done before the server froze");
    let told = format!(
        "another server wrote after {:.0} s, at {before} of {ITEMS} predictions; {rescued} ticks more",
        took.as_secs_f64()
    );
    judge(&db, before < ITEMS, rescued, problems, told).await
}
