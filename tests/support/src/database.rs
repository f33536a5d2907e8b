//! rowscore in a database of a test's own, and what is asked of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Deref;

use chrono::TimeDelta;
use mysql_async::Conn;
use mysql_async::prelude::{FromRow, FromValue, Queryable};
use rowscore::answer::Answer;
use rowscore::config::{Config, ItemsTable};
use rowscore::event::{Continuation, Trigger};
use rowscore::hop::{Clock, HopError, InAnswer, Means, Runner};
use rowscore::model::Model;
use rowscore::store::{Database, schema};
use rowscore::window::Time;

use super::private::{PASSWORD, PrivateDatabase, make_login};
use super::{Server, at, eventually, model, tick, unhurried};

/// One way of running rowscore: its environment, and what it makes of it.
pub struct Setup {
    variables: BTreeMap<String, String>,
    /// What rowscore reads in its environment.
    pub config: Config,
    /// The database as rowscore connects to it.
    pub database: Database,
    /// The same database, for somebody who may do anything.
    pub owner: Database,
}

impl Setup {
    async fn read(variables: BTreeMap<String, String>, owner: Database) -> Self {
        let config = Config::read(|name| variables.get(name).cloned()).expect("the settings are valid");
        let database = Database::new(&config.mysql, &config.work.items_table).await;
        Self { variables, config, database, owner }
    }

    /// In the environment of somebody who may do anything.
    pub async fn of_owner(variables: BTreeMap<String, String>) -> Self {
        let config = Config::read(|name| variables.get(name).cloned()).expect("the settings are valid");
        let owner = Database::new(&config.mysql, &config.work.items_table).await;
        Self::read(variables, owner).await
    }

    /// The same database, with other settings.
    pub async fn with(&self, settings: &[(&str, &str)]) -> Self {
        let mut variables = self.variables.clone();
        variables.extend(settings.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        Self::read(variables, self.owner.clone()).await
    }

    /// The environment that makes a program run this way.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The items table, between backticks.
    pub fn table(&self) -> String {
        self.config.work.items_table.quoted()
    }

    /// What hops with this model work with.
    pub fn means<'a>(&'a self, model: &'a Model) -> Means<'a> {
        Means { database: &self.database, work: &self.config.work, model, challenger: None }
    }

    /// What hops run by: the embedded model, and an answer that names the continuations.
    pub fn runner(&self) -> Runner<'_> {
        Runner { means: self.means(model()), relay: &InAnswer }
    }

    /// One hop by the embedded model, which may fail.
    pub async fn try_hop(&self, trigger: &Trigger, clock: Clock) -> Result<Answer, HopError> {
        self.runner().hop(trigger, clock).await
    }

    /// One hop by the embedded model.
    pub async fn hop(&self, trigger: &Trigger, clock: Clock) -> Answer {
        self.try_hop(trigger, clock).await.unwrap_or_else(|error| panic!("{trigger:?}: {error}"))
    }

    /// The schedule fires at `time`, and there is time enough.
    pub async fn tick(&self, time: &str) -> Answer {
        self.hop(&tick(time), unhurried(shortly_after(time))).await
    }

    /// The schedule fires at `time`, and there is time for one page a lane.
    pub async fn hurried_tick(&self, time: &str) -> Answer {
        self.hop(&tick(time), Clock::immediately(shortly_after(time))).await
    }

    /// Follows the continuations of `first` in the order in which they were sent, with one page a
    /// lane and hop. Answers every hop's answer.
    pub async fn follow(&self, first: Answer, now: Time) -> Vec<Answer> {
        let mut answers = vec![first];
        let mut waiting: Vec<Continuation> = answers[0].continuations.clone();
        while !waiting.is_empty() {
            assert!(answers.len() < 1000, "the continuations do not come to an end");
            let next = Trigger::Continue(waiting.remove(0));
            let answer = self.hop(&next, Clock::immediately(now)).await;
            waiting.extend(answer.continuations.clone());
            answers.push(answer);
        }
        answers
    }

    /// A connection as rowscore opens them, READ COMMITTED and UTC, but for somebody who may do anything.
    pub async fn connect(&self) -> Conn {
        self.owner.connect().await.unwrap()
    }

    /// The first column of the first row.
    pub async fn value<T: FromValue + Send + 'static>(&self, sql: &str) -> T {
        let mut conn = self.connect().await;
        let value: Option<T> = conn.query_first(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        value.unwrap_or_else(|| panic!("{sql}: no row"))
    }

    /// Every row.
    pub async fn rows<T: FromRow + Send + 'static>(&self, sql: &str) -> Vec<T> {
        let mut conn = self.connect().await;
        conn.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Executes statements without a result.
    pub async fn execute(&self, sql: &str) {
        let mut conn = self.connect().await;
        conn.query_drop(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Every item as a line of text: all of its columns but `updated_datetime`.
    pub async fn snapshot(&self) -> String {
        let sql = format!(
            "SELECT CONCAT_WS(' | ', `id`, `values`, COALESCE(`prediction`, 'NULL'), \
             COALESCE(`created_datetime`, 'NULL'), COALESCE(`run_id`, 'NULL')) FROM {} ORDER BY `id`",
            self.table()
        );
        self.rows::<String>(&sql).await.into_iter().fold(String::new(), |mut text, line| {
            writeln!(text, "{line}").unwrap();
            text
        })
    }

    /// The ids of the items for which `condition` holds, in order.
    pub async fn ids(&self, condition: &str) -> Vec<i64> {
        self.rows(&format!("SELECT `id` FROM {} WHERE {condition} ORDER BY `id`", self.table())).await
    }

    /// How many rows a table has. `table` may have a `WHERE` behind it.
    pub async fn count(&self, table: &str) -> u64 {
        self.value(&format!("SELECT COUNT(*) FROM {table}")).await
    }

    /// How many runs were opened: not those that could not be.
    pub async fn opened(&self) -> u64 {
        self.count("`batch_runs` WHERE NOT (`state` = 'failed' AND `lanes` = 0)").await
    }

    /// Asserts that the latest run could not be opened, for a reason that its row has.
    pub async fn assert_refused(&self, reason: &str) {
        let latest = "SELECT `state`, `lanes`, COALESCE(`last_error`, '') FROM `batch_runs` ORDER BY `id` DESC LIMIT 1";
        let (state, lanes, error): (String, u16, String) = self.rows(latest).await.pop().expect("there is a run");
        assert_eq!((state.as_str(), lanes), ("failed", 0));
        let start: String = reason.chars().take(900).collect();
        assert!(error.contains(&start), "noted: {error}\nsaid: {reason}");
    }

    /// Pages that were committed, in all runs.
    pub async fn pages(&self) -> u64 {
        self.value("SELECT CAST(COALESCE(SUM(`pages`), 0) AS UNSIGNED) FROM `batch_lanes`").await
    }

    /// State and counts of the run, as its row has them.
    pub async fn run(&self, id: u64) -> RunRow {
        let sql =
            format!("SELECT `state`, `items`, `predicted`, `failed`, `pending` FROM `batch_runs` WHERE `id` = {id}");
        type Row = (String, Option<u64>, Option<u64>, Option<u64>, Option<u64>);
        let rows: Vec<Row> = self.rows(&sql).await;
        let (state, items, predicted, failed, pending) = rows.into_iter().next().expect("the run exists");
        RunRow { state, items, predicted, failed, pending }
    }

    /// From here on, every committed update of an item is noted.
    pub async fn audit(&self) {
        self.execute("CREATE TABLE `audit` (`entry` BIGINT AUTO_INCREMENT PRIMARY KEY, `item` BIGINT NOT NULL)").await;
        let sql = format!(
            "CREATE TRIGGER `audit_updates` AFTER UPDATE ON {} FOR EACH ROW INSERT INTO `audit` (`item`) VALUES (NEW.`id`)",
            self.table()
        );
        self.execute(&sql).await;
    }

    /// The items that were updated since [`Setup::audit`], each as often as it was.
    pub async fn updated(&self) -> Vec<i64> {
        self.rows("SELECT `item` FROM `audit` ORDER BY `item`").await
    }

    /// From here on, updating an item takes that long, so that something can happen meanwhile.
    pub async fn slow_down(&self, milliseconds: u32) {
        let sql = format!(
            "CREATE TRIGGER `slow_updates` BEFORE UPDATE ON {} FOR EACH ROW DO SLEEP({})",
            self.table(),
            f64::from(milliseconds) / 1e3
        );
        self.execute(&sql).await;
    }

    /// From here on, updating an item waits until who gets the connection lets go of it.
    pub async fn stall_at(&self, id: i64) -> Conn {
        let mut holder = self.connect().await;
        let name = "CONCAT(DATABASE(), ' stalls')";
        let held: Option<u8> = holder.query_first(format!("SELECT GET_LOCK({name}, 0)")).await.unwrap();
        assert_eq!(held, Some(1));
        let sql = format!(
            "CREATE TRIGGER `stalled_update` BEFORE UPDATE ON {} FOR EACH ROW \
             IF NEW.`id` = {id} AND GET_LOCK({name}, 60) THEN DO RELEASE_LOCK({name}); END IF",
            self.table()
        );
        self.execute(&sql).await;
        holder
    }

    /// Waits until somebody waits because of [`Setup::stall_at`].
    pub async fn wait_for_stall(&self) {
        let sql =
            "SELECT COUNT(*) FROM `information_schema`.`processlist` WHERE `db` = DATABASE() AND `state` = 'User lock'";
        eventually("an update stalls", async || self.value::<u64>(sql).await == 1).await;
    }

    /// For how many seconds each transaction in this database that waits for a lock has been active.
    pub async fn lock_waits(&self) -> Vec<u64> {
        let mut conn = self.connect().await;
        let sql = "SELECT `id` FROM `information_schema`.`processlist` WHERE `db` = DATABASE()";
        let connections: Vec<u32> = conn.query(sql).await.unwrap();
        let waits = lock_waits(&mut conn).await.into_iter();
        waits.filter(|wait| connections.contains(&wait.connection)).map(|wait| wait.active).collect()
    }

    /// Waits until so many transactions in this database wait for a lock.
    pub async fn wait_for_lock_waits(&self, count: usize) {
        eventually(&format!("{count} waiting transactions"), async || self.lock_waits().await.len() == count).await;
    }
}

/// A transaction that waits for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockWait {
    /// Whose it is.
    pub connection: u32,
    /// For how many seconds it has been active.
    pub active: u64,
}

/// The transactions of a server that wait for a lock.
pub async fn lock_waits(conn: &mut Conn) -> Vec<LockWait> {
    // `innodb_trx` will not do: it shows the same picture for as long as it is asked often.
    let status: Option<(String, String, String)> = conn.query_first("SHOW ENGINE INNODB STATUS").await.unwrap();
    let (_, _, status) = status.unwrap();
    let number = |transaction: &str, before: &str| -> Option<u64> {
        let (_, after) = transaction.split_once(before)?;
        after.split(|next: char| !next.is_ascii_digit()).next()?.parse().ok()
    };
    let waiting = status.split("---TRANSACTION").filter(|transaction| transaction.contains("LOCK WAIT"));
    let wait = |transaction| {
        let connection = number(transaction, "thread id ")?.try_into().ok()?;
        Some(LockWait { connection, active: number(transaction, "ACTIVE ")? })
    };
    waiting.filter_map(wait).collect()
}

/// State and counts of a run, as its row has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// `running`, or how it ended.
    pub state: String,
    /// How many items it has to do with, once that is known.
    pub items: Option<u64>,
    /// How many of them got a prediction.
    pub predicted: Option<u64>,
    /// How many of them were set aside.
    pub failed: Option<u64>,
    /// How many of them are still pending.
    pub pending: Option<u64>,
}

impl RunRow {
    /// A run that is over: items = predicted + failed + pending.
    pub fn over(state: &str, predicted: u64, failed: u64, pending: u64) -> Self {
        Self {
            state: state.into(),
            items: Some(predicted + failed + pending),
            predicted: Some(predicted),
            failed: Some(failed),
            pending: Some(pending),
        }
    }
}

/// The present of a tick: the schedule is a few seconds late, as it is.
fn shortly_after(time: &str) -> Time {
    at(time) + TimeDelta::seconds(5)
}

/// A database of the test's own, and rowscore in it. It is dropped with this value, unless the test failed.
pub struct TestDb {
    setup: Setup,
    private: PrivateDatabase,
}

impl Deref for TestDb {
    type Target = Setup;

    fn deref(&self) -> &Setup {
        &self.setup
    }
}

impl TestDb {
    /// With rowscore's tables, and a login that may do what `infra/grants.sql` grants, no more.
    pub async fn new(server: Server, settings: &[(&str, &str)]) -> Self {
        Self::made_by(server, settings, "DO 0").await
    }

    /// The same, where `ddl` makes the table that is scored.
    pub async fn made_by(server: Server, settings: &[(&str, &str)], ddl: &str) -> Self {
        let mut db = Self::bare(server, settings).await;
        db.execute(ddl).await;
        db.migrate().await;
        let login = [("MYSQL_USER", db.private.name()), ("MYSQL_PASSWORD", PASSWORD)];
        db.setup = db.with(&login).await;
        db
    }

    /// Without any table, for somebody who may do anything.
    pub async fn bare(server: Server, settings: &[(&str, &str)]) -> Self {
        let private = PrivateDatabase::new(server).await;
        let setup = Setup::of_owner(private.variables()).await.with(settings).await;
        Self { setup, private }
    }

    /// The same database, for a login that may do what `infra/grants-reader.sql` grants, no more.
    pub async fn reader(&self) -> Setup {
        let (mut conn, login) = (self.connect().await, self.private.reader());
        make_login(&mut conn, &login).await;
        schema::grant_reader(&mut conn, &self.config.work.items_table, &login).await.unwrap();
        self.with(&[("MYSQL_USER", login.as_str()), ("MYSQL_PASSWORD", PASSWORD)]).await
    }

    /// The same, of tables by the default columns: the items table need not be there.
    pub async fn reader_of(&self, tables: &[&str]) -> Setup {
        let (mut conn, login) = (self.connect().await, self.private.reader());
        make_login(&mut conn, &login).await;
        for table in tables {
            let items = ItemsTable::from_variables(|name| (name == "ITEMS_TABLE").then(|| (*table).to_owned()));
            schema::grant_reader(&mut conn, &items.unwrap(), &login).await.unwrap();
        }
        self.with(&[("MYSQL_USER", login.as_str()), ("MYSQL_PASSWORD", PASSWORD)]).await
    }

    /// A connection of another program: the server's own time zone and isolation level.
    pub async fn client(&self) -> Conn {
        self.private.client().await
    }
}

impl Setup {
    /// Makes what is missing: the tables, and the login with its grants.
    pub async fn migrate(&self) {
        let mut conn = self.connect().await;
        let (items, login) = (&self.config.work.items_table, &self.config.mysql.database);
        schema::migrate(&mut conn, items).await.unwrap();
        make_login(&mut conn, login).await;
        schema::grant(&mut conn, items, login).await.unwrap();
    }
}
