//! A database of a test's own on one of the given servers.

use std::collections::BTreeMap;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Opts, OptsBuilder};

use super::Server;

/// The password of the logins that [`make_login`] makes.
pub const PASSWORD: &str = "a-test-of-its-own";

/// A name that nothing else on the servers has, whichever process of the tests made it.
pub fn unique_name(before: &str, between: char) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{before}{between}{now}{between}{}{between}{count}", process::id())
}

/// Makes a login that may do nothing yet, unless there is one of that name.
pub async fn make_login(conn: &mut Conn, login: &str) {
    conn.query_drop(format!("CREATE USER IF NOT EXISTS `{login}` IDENTIFIED BY '{PASSWORD}'")).await.unwrap();
}

/// An empty database of a test's own. It is dropped with this value, unless the test failed.
pub struct PrivateDatabase {
    opts: Opts,
    name: String,
}

impl PrivateDatabase {
    /// Makes it.
    pub async fn new(server: Server) -> Self {
        let (opts, name) = (server.opts(), unique_name("it", '_'));
        let mut conn = Conn::new(opts.clone()).await.unwrap_or_else(|error| panic!("{server:?}: {error}"));
        conn.query_drop(format!("CREATE DATABASE `{name}`")).await.unwrap();
        Self { opts, name }
    }

    /// The name of the database, which is also that of the login that scores its items.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the login that reads results.
    pub fn reader(&self) -> String {
        format!("{}_r", self.name)
    }

    /// The environment in which rowscore works in it as a login that may do anything.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let opts = &self.opts;
        [
            ("MYSQL_SERVER", opts.ip_or_hostname()),
            ("MYSQL_PORT", &opts.tcp_port().to_string()),
            ("MYSQL_DATABASE", &self.name),
            ("MYSQL_USER", opts.user().unwrap_or_default()),
            ("MYSQL_PASSWORD", opts.pass().unwrap_or_default()),
            ("MYSQL_TLS", "off"),
            // Tests insert items of their own.
            ("SAMPLE_MODEL", "allow"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// A connection of another program, which may do anything: the server's own time zone and isolation level.
    pub async fn client(&self) -> Conn {
        let opts = OptsBuilder::from_opts(self.opts.clone()).db_name(Some(&self.name));
        Conn::new(opts).await.unwrap()
    }

    /// Drops the database and its logins.
    async fn remove(opts: Opts, name: &str, reader: &str) -> Result<(), Error> {
        let mut conn = Conn::new(opts).await?;
        // A transaction that the test left open would be waited for.
        conn.query_drop("SET SESSION lock_wait_timeout = 1").await?;
        conn.query_drop(format!("DROP DATABASE `{name}`; DROP USER IF EXISTS `{name}`, `{reader}`")).await?;
        conn.disconnect().await
    }
}

impl Drop for PrivateDatabase {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the test's database `{}` is left in place", self.name);
            return;
        }
        let (opts, name, reader) = (self.opts.clone(), self.name.clone(), self.reader());
        // The test's own runtime cannot be waited for from within.
        let removed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(Self::remove(opts, &name, &reader))
        });
        if let Ok(Err(error)) = removed.join() {
            eprintln!("the test's database `{}` is left in place: {error}", self.name);
        }
    }
}
