//! Other clients of the table, with transactions of two rows. What was answered to them is kept, to be
//! held against what is there in the end: it shows whether the clusters themselves lose anything.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};
use rand_mt::Mt64;
use rowscore::store::StoreError;
use tokio::time::{sleep, timeout};

use crate::support::Setup;
use crate::support::items::sample;

const CLIENTS: u64 = 3;

/// Between the two rows of a transaction, and between two transactions.
const PAUSE: Duration = Duration::from_millis(10);

/// What a session says first, so that its updates are not taken for rowscore's.
pub(super) const IS_NEIGHBOUR: &str = "SET @is_neighbour = 1";

/// What became of the neighbours' transactions.
#[derive(Default)]
pub(super) struct Neighbours {
    /// Those whose commit was answered: client and number.
    committed: Vec<(u64, u64)>,
    /// How often each other thing happened.
    errors: BTreeMap<String, u64>,
}

impl Neighbours {
    /// Commits that were answered and are not there.
    pub(super) async fn problems(&self, db: &Setup) -> Vec<String> {
        let kept: HashSet<(u64, u64)> =
            db.rows("SELECT `client`, `number` FROM `neighbours`").await.into_iter().collect();
        let gone = self.committed.iter().filter(|transaction| !kept.contains(transaction)).count();
        if gone == 0 { Vec::new() } else { vec![format!("the cluster lost {gone} transactions of others")] }
    }
}

impl fmt::Display for Neighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} transactions of others", self.committed.len())?;
        self.errors.iter().try_for_each(|(error, count)| write!(f, "; {count} x {error}"))
    }
}

/// Changes rows until it is over.
pub(super) async fn disturb(db: &Setup, items: u64, random: &mut Mt64, is_over: &Cell<bool>) -> Neighbours {
    let clients: Vec<(u64, Mt64)> = (0..CLIENTS).map(|client| (client, Mt64::new(random.next_u64()))).collect();
    let clients = clients.into_iter().map(|(number, random)| Client { number, items, random }.work(db, is_over));
    let mut all = Neighbours::default();
    for one in join_all(clients).await {
        all.committed.extend(one.committed);
        one.errors.into_iter().for_each(|(error, count)| *all.errors.entry(error).or_default() += count);
    }
    all
}

struct Client {
    number: u64,
    items: u64,
    random: Mt64,
}

impl Client {
    async fn work(mut self, db: &Setup, is_over: &Cell<bool>) -> Neighbours {
        let mut done = Neighbours::default();
        let mut conn: Option<Conn> = None;
        let mut number = 0;
        while !is_over.get() {
            sleep(PAUSE).await;
            number += 1;
            let result = timeout(super::PATIENCE, async {
                let mut conn = match conn.take() {
                    Some(conn) => conn,
                    None => connect(db).await?,
                };
                self.transaction(&mut conn, number).await.map_err(|source| mysql("a transaction", source))?;
                Ok(conn)
            });
            match result.await {
                Ok(Ok(open)) => {
                    done.committed.push((self.number, number));
                    conn = Some(open);
                }
                Ok(Err(error)) => *done.errors.entry(name(&error)).or_default() += 1,
                Err(_) => *done.errors.entry("no answer".to_owned()).or_default() += 1,
            }
        }
        done
    }

    /// Two rows, in any order, get new values; sometimes there is one row more.
    async fn transaction(&mut self, conn: &mut Conn, number: u64) -> mysql_async::Result<()> {
        conn.query_drop("START TRANSACTION").await?;
        for _ in 0..2 {
            let id = 1 + self.random.next_u64() % self.items;
            let values = sample((self.random.next_u64() >> 1).cast_signed());
            let sql = "UPDATE `items` SET `values` = ?, `prediction` = NULL, `run_id` = NULL WHERE `id` = ?";
            conn.exec_drop(sql, (values, id)).await?;
            sleep(PAUSE).await;
        }
        if self.random.next_u64().is_multiple_of(4) {
            let values = sample((self.random.next_u64() >> 1).cast_signed());
            conn.exec_drop("INSERT INTO `items` (`values`) VALUES (?)", (values,)).await?;
        }
        conn.exec_drop("INSERT INTO `neighbours` VALUES (?, ?)", (self.number, number)).await?;
        conn.query_drop("COMMIT").await
    }
}

async fn connect(db: &Setup) -> Result<Conn, StoreError> {
    let mut conn = db.owner.connect().await?;
    conn.query_drop(IS_NEIGHBOUR).await.map_err(|source| mysql("connecting", source))?;
    Ok(conn)
}

fn mysql(doing: &'static str, source: Error) -> StoreError {
    StoreError::Mysql { doing, source }
}

/// What happened, in short.
fn name(error: &StoreError) -> String {
    match error {
        StoreError::Mysql { doing, source: Error::Server(error) } => format!("{} in {doing}", error.code),
        StoreError::Mysql { doing, .. } => format!("cut off in {doing}"),
        _ => "other".to_owned(),
    }
}
