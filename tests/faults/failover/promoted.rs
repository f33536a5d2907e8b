//! A replica takes over that lacks the last commits of its source, as asynchronous replicas do.

use std::time::Duration;

use futures_util::future::join;
use mysql_async::Row;
use mysql_async::prelude::Queryable;
use tokio::time::sleep;

use super::scene::{
    CREATED, Found, ITEMS, Scene, TICKS, expect, fire_until_done, hop, judge, predicted, unfinished, until_predicted,
};
use crate::cluster::audit;
use crate::support::private::PASSWORD;
use crate::support::{OwnServer, Server, Setup};
use crate::workload::window;

/// A scene with a replica of its server, which has all that is committed there within moments.
struct Pair {
    scene: Scene,
    #[expect(dead_code, reason = "it ends with this value")]
    replica: OwnServer,
    copy: Setup,
}

impl Pair {
    async fn new(kind: Server) -> Self {
        let source = OwnServer::start_with(kind, &["--relaxed"]).await;
        let replica = OwnServer::start_with(kind, &["--relaxed"]).await;
        let (db, copy) =
            (source.database(&super::scene::SETTINGS).await, replica.database(&super::scene::SETTINGS).await);
        // What a trigger writes is copied as rows are, and so not written twice.
        for one in [&db, &copy] {
            if kind.is_mariadb() {
                one.execute("SET GLOBAL binlog_format = 'ROW'").await;
            }
            audit::watch(one).await;
        }
        replicate(kind, &db, &copy).await;
        db.fill(1..=ITEMS, CREATED).await;
        let pair = Self { scene: Scene::around(source, db).await, replica, copy };
        pair.until_copied().await;
        pair
    }

    async fn until_copied(&self) {
        crate::support::eventually("the replica has all items", async || {
            self.copy.count("`items`").await == ITEMS.cast_unsigned()
        })
        .await;
    }

    /// The source is gone, and the replica takes its place in the network.
    async fn promote(&self) {
        self.scene.server.kill().await;
        self.copy.execute("STOP REPLICA").await;
        self.copy.execute("RESET REPLICA ALL").await;
        self.scene.network.lead_to(self.copy.config.mysql.port);
    }
}

/// From here on `copy` gets what `db` commits.
async fn replicate(kind: Server, db: &Setup, copy: &Setup) {
    db.execute(&format!(
        "CREATE USER `copier`@`%` IDENTIFIED BY '{PASSWORD}'; GRANT REPLICATION SLAVE ON *.* TO `copier`@`%`"
    ))
    .await;
    let mariadb = kind.is_mariadb();
    let shown = if mariadb { "SHOW MASTER STATUS" } else { "SHOW BINARY LOG STATUS" };
    let row: Row = db.connect().await.query_first(shown).await.unwrap().unwrap();
    let (file, place): (String, u64) = (row.get(0).unwrap(), row.get(1).unwrap());
    let (word, extra) = if mariadb { ("MASTER", "") } else { ("SOURCE", ", GET_SOURCE_PUBLIC_KEY = 1") };
    let to = if mariadb { "MASTER TO" } else { "REPLICATION SOURCE TO" };
    copy.execute("SET GLOBAL server_id = 2").await;
    copy.execute(&format!(
        "CHANGE {to} {word}_HOST = '127.0.0.1', {word}_PORT = {}, {word}_USER = 'copier', {word}_PASSWORD = '{PASSWORD}', \
           {word}_LOG_FILE = '{file}', {word}_LOG_POS = {place}{extra}",
        db.config.mysql.port
    ))
    .await;
    copy.execute("START REPLICA").await;
}

/// The replica lacks the last pages and hops of a run that goes on.
pub(super) async fn without_pages(kind: Server) -> Found {
    let pair = Pair::new(kind).await;
    let (db, copy) = (&pair.scene.db, &pair.copy);
    let aws = pair.scene.aws().await;
    let fail_over = async {
        until_predicted(copy, ITEMS / 5).await;
        copy.execute("STOP REPLICA").await;
        let (there, hops) = (predicted(copy).await, hop(copy).await);
        until_predicted(db, there + ITEMS / 5).await;
        while unfinished(db).await > 0 && hop(db).await <= hops {
            sleep(Duration::from_millis(5)).await;
        }
        let lost = predicted(db).await - there;
        let was_at_work = unfinished(db).await > 0;
        pair.promote().await;
        (lost, was_at_work)
    };
    let ((), (lost, was_at_work)) = join(aws.fire(window(TICKS[0])), fail_over).await;
    let rescued = fire_until_done(copy, &aws, &TICKS[1..]).await;
    aws.end();
    let mut problems = Vec::new();
    expect(&mut problems, lost > 0 && was_at_work, format!("{lost} predictions were lost, at work: {was_at_work}"));
    expect(&mut problems, rescued <= 1, format!("it took {rescued} ticks more"));
    let told = format!("the replica lacked {lost} predictions, and the run was finished after {rescued} more ticks");
    judge(copy, lost > 0, rescued, problems, told).await
}

/// The replica does not even know the run, of which messages are under way.
pub(super) async fn without_the_run(kind: Server) -> Found {
    let pair = Pair::new(kind).await;
    let (db, copy) = (&pair.scene.db, &pair.copy);
    copy.execute("STOP REPLICA").await;
    let aws = pair.scene.aws().await;
    let fail_over = async {
        until_predicted(db, ITEMS / 4).await;
        let lost = predicted(db).await;
        pair.promote().await;
        lost
    };
    let ((), lost) = join(aws.fire(window(TICKS[0])), fail_over).await;
    let mut problems = Vec::new();
    let known: u64 = copy.count("`batch_runs`").await;
    expect(&mut problems, known <= 1, format!("the messages of a lost run opened {known} runs"));
    let rescued = fire_until_done(copy, &aws, &TICKS[1..]).await;
    aws.end();
    expect(&mut problems, rescued == 1, format!("it took {rescued} ticks more"));
    let told = format!("{lost} predictions of a lost run were gone, and all was done after {rescued} more ticks");
    judge(copy, lost > 0, rescued, problems, told).await
}

/// The replica lacks the end of a run, so that it is unfinished there, and nobody sends a message any more.
pub(super) async fn without_the_end(kind: Server) -> Found {
    let pair = Pair::new(kind).await;
    let (db, copy) = (&pair.scene.db, &pair.copy);
    let aws = pair.scene.aws().await;
    let stop_copying = async {
        until_predicted(copy, ITEMS / 2).await;
        copy.execute("STOP REPLICA").await;
    };
    join(aws.fire(window(TICKS[0])), stop_copying).await;
    let mut problems = Vec::new();
    expect(&mut problems, unfinished(db).await == 0, "the run was not finished where it began");
    let lost = predicted(db).await - predicted(copy).await;
    pair.promote().await;
    expect(&mut problems, unfinished(copy).await == 1, "the run is not unfinished on the replica");
    let rescued = fire_until_done(copy, &aws, &TICKS[1..]).await;
    expect(&mut problems, rescued == 1, format!("it took {rescued} ticks instead of one"));
    aws.end();
    let told = format!("the replica lacked {lost} predictions and the end, and the next tick made up for it");
    judge(copy, lost > 0, rescued, problems, told).await
}
