//! Connections to the database, and how each is set up.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error, OptsBuilder};

use super::codes::Meaning;
use super::error::{Doing, StoreError, is_login, is_tls};
use super::login::{Login, Proof};
use super::own_tls::OwnTls;
use super::seen::Seen;
use super::tls::Protection;
use super::{catalog, schema, settings};
use crate::config::{ItemsTable, MysqlConfig, Place};
use crate::model::ModelVersion;

/// Bytes of a statement, at most: MariaDB's default, and a page has less than a tenth of it. Known without
/// asking the server; where that takes less it says so, and the page is tried with half of its items.
const LARGEST_STATEMENT: usize = 16 << 20;

/// How often it is tried to log in where the driver panics.
const MOST_LOGINS: u32 = 3;

/// A database that connections can be opened to, and what is known of the table in it that a job scores.
#[derive(Clone, Debug)]
pub struct Database {
    opts: OptsBuilder,
    name: String,
    /// Where connections go.
    place: Place,
    protection: Protection,
    login: Login,
    config: MysqlConfig,
    items: ItemsTable,
    /// The same with what the server says of it, once that was asked; shared by all clones.
    seen: Arc<Seen>,
    /// The model for which the items table was looked at and is as it must be, and the fingerprint that it had then; shared
    /// by all clones.
    fits: Arc<Mutex<Option<(ModelVersion, String)>>>,
    /// What is known of the tables of the models; shared by all clones.
    models: Arc<KnownModels>,
    /// Whether a run was found or opened in it; shared by all clones.
    at_work: Arc<AtomicBool>,
}

/// What a process knows of the tables of the models.
#[derive(Debug, Default)]
struct KnownModels {
    /// They were read.
    read: AtomicBool,
    /// It was said that they cannot be.
    missed: AtomicBool,
}

impl Database {
    /// The database of `config`, holding the items in table `items`. Opens no connection.
    pub async fn new(config: &MysqlConfig, items: &ItemsTable) -> Self {
        Self::with(config, items, Login::new(config).await)
    }

    fn with(config: &MysqlConfig, items: &ItemsTable, login: Login) -> Self {
        let named = || Place { host: config.server.clone(), port: config.port };
        let place = config.connect_to.clone().unwrap_or_else(named);
        let protection = Protection::of(config);
        let opts = OptsBuilder::default()
            .ip_or_hostname(&place.host)
            .tcp_port(place.port)
            .db_name(Some(&config.database))
            .user(Some(&config.user))
            .ssl_opts(protection.by_the_driver().cloned())
            .prefer_socket(false)
            .max_allowed_packet(Some(LARGEST_STATEMENT))
            .tcp_keepalive(Some(settings::KEEPALIVE))
            .wait_timeout(Some(settings::WAIT_TIMEOUT_S as usize))
            .setup(vec![settings::of_each_session()]);
        let name = config.database.clone();
        let (seen, fits, models, at_work) = Default::default();
        Self {
            opts,
            name,
            place,
            protection,
            login,
            config: config.clone(),
            items: items.clone(),
            seen,
            fits,
            models,
            at_work,
        }
    }

    /// The same database, holding the items of another job in table `items`, of which nothing is known yet.
    #[must_use]
    pub fn with_items(&self, items: &ItemsTable) -> Self {
        let (seen, fits) = Default::default();
        Self { items: items.clone(), seen, fits, ..self.clone() }
    }

    /// The same database as another server has it, with the same login and protection.
    pub(crate) async fn at(&self, place: &Place) -> Self {
        let (server, port) = (place.host.clone(), place.port);
        let config = MysqlConfig { server, port, connect_to: None, ..self.config.clone() };
        Self::with(&config, &self.items, self.login.at(&config).await)
    }

    /// Where connections go.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The same, where it is `time` on every connection, for ever.
    #[cfg(test)]
    pub(crate) fn where_it_is(&self, time: &str) -> Self {
        let mut setup = mysql_async::Opts::from(self.opts.clone()).setup().to_vec();
        setup.push(format!("SET SESSION timestamp = TIMESTAMPDIFF(SECOND, '1970-01-01', '{time}')"));
        Self { opts: self.opts.clone().setup(setup), ..self.clone() }
    }

    /// Whom it is logged in to as: as it is configured, or as the secret has it.
    pub(crate) fn user(&self) -> String {
        Some(self.config.user.clone()).filter(|user| !user.is_empty()).or_else(|| self.login.user()).unwrap_or_default()
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The table of the items, with as much as is known of it.
    pub fn items_table(&self) -> &ItemsTable {
        self.seen.last().unwrap_or(&self.items)
    }

    /// Remembers what the server says of the table.
    pub(crate) fn remember_table(&self, seen: ItemsTable) {
        self.seen.add(seen);
    }

    /// Asks the server what the table is like, unless that is known and it was not altered since.
    ///
    /// # Errors
    /// Those of [`catalog::look`].
    pub async fn look_at_table(&self, conn: &mut Conn) -> Result<(), StoreError> {
        if let Some(seen) = self.seen.last()
            && seen.fingerprint == Some(catalog::fingerprint(seen).ask(conn).await?)
        {
            return Ok(());
        }
        let (catalog, seen) = catalog::look(conn, &self.items).await?;
        // One that is not there yet is looked for again.
        if !catalog.columns.is_empty() {
            self.remember_table(seen);
        }
        Ok(())
    }

    /// The fingerprint of the items table when it was last found to be as it must be for a model of this version.
    pub(crate) fn fingerprint_that_fits(&self, model: ModelVersion) -> Option<String> {
        let fits = self.fits.lock().unwrap_or_else(PoisonError::into_inner);
        fits.as_ref().filter(|(of, _)| *of == model).map(|(_, fingerprint)| fingerprint.clone())
    }

    /// The items table, as it was seen last, is as it must be for a model of this version; it need not be looked at again
    /// until it is altered.
    pub(crate) fn remember_fit(&self, model: ModelVersion) {
        let fingerprint = self.seen.last().and_then(|seen| seen.fingerprint.clone());
        *self.fits.lock().unwrap_or_else(PoisonError::into_inner) = fingerprint.map(|fingerprint| (model, fingerprint));
    }

    /// Whether this process has read which model is used.
    pub(super) fn has_read_models(&self) -> bool {
        self.models.read.load(Ordering::Relaxed)
    }

    /// Which model is used was read.
    pub(super) fn remember_models(&self) {
        self.models.read.store(true, Ordering::Relaxed);
    }

    /// Whether it was never said that no stored model can be used; from now on it was.
    pub(super) fn is_first_without_models(&self) -> bool {
        !self.models.missed.swap(true, Ordering::Relaxed)
    }

    /// Whether a run was found or opened in this database by this process: what is missing now was there then.
    pub(crate) fn was_at_work(&self) -> bool {
        self.at_work.load(Ordering::Relaxed)
    }

    /// A run was found or opened.
    pub(crate) fn remember_work(&self) {
        self.at_work.store(true, Ordering::Relaxed);
    }

    /// Opens a connection: READ COMMITTED, UTC, short lock waits.
    ///
    /// # Errors
    /// The server cannot be reached or refuses the login.
    pub async fn connect(&self) -> Result<Conn, StoreError> {
        self.open(self.opts.clone()).await
    }

    /// As [`Database::connect`], for pages: the server ends the connection after a few seconds of
    /// silence.
    ///
    /// # Errors
    /// As [`Database::connect`].
    pub async fn connect_for_pages(&self) -> Result<Conn, StoreError> {
        let mut conn = self.connect().await?;
        conn.query_drop(settings::of_pages()).await.doing("preparing a connection for pages")?;
        Ok(conn)
    }

    /// As [`Database::connect`], for one who only reads: the server refuses to write on it, and ends
    /// each statement after `limit_ms` milliseconds.
    ///
    /// # Errors
    /// As [`Database::connect`].
    pub async fn connect_to_read(&self, limit_ms: u32) -> Result<Conn, StoreError> {
        let mut conn = self.connect().await?;
        conn.query_drop(settings::of_a_reader(limit_ms)).await.doing("preparing a connection for reading")?;
        Ok(conn)
    }

    /// As [`Database::connect`], making the database first where there is none of its name.
    ///
    /// # Errors
    /// Also that the account may not make it.
    pub async fn connect_or_create(&self) -> Result<Conn, StoreError> {
        match self.connect().await {
            Err(error) if error.means(Meaning::NoDatabase) => {
                let mut conn = self.open(self.opts.clone().db_name(None::<String>)).await?;
                schema::create_database(&mut conn, &self.name).await?;
                conn.disconnect().await.doing("disconnecting")?;
                self.connect().await
            }
            connected => connected,
        }
    }

    /// Boxed: connecting is deep, and whoever connects now and then need not have room for it all the time.
    fn open(&self, opts: OptsBuilder) -> BoxFuture<'_, Result<Conn, StoreError>> {
        Box::pin(async move {
            let tls = self.protection.by_us().map_err(StoreError::Unexpected)?;
            let mut proof = self.login.proof().await?;
            let mut connected = self.reach(tls, proof.apply(opts.clone())).await;
            // Once: what was read a moment ago is what there is. The same proof, too: by MariaDB's `ed25519` the driver signs
            // one byte less than the server sent where the last of these random bytes is a zero, as one time in 256.
            if connected.as_ref().is_err_and(is_login) {
                proof = self.login.other_than(&proof).await?.unwrap_or(proof);
                connected = self.reach(tls, proof.apply(opts)).await;
            }
            connected.map_err(|source| self.refusal(source, &proof))
        })
    }

    /// Connects, if `opts` are taken by the server. By MariaDB's `parsec` the driver panics where the server's random bytes end
    /// with a zero, as one time in 256: the next time they are others.
    async fn reach(&self, tls: Option<&OwnTls>, opts: OptsBuilder) -> mysql_async::Result<Conn> {
        for _ in 0..MOST_LOGINS {
            if let Ok(connected) = AssertUnwindSafe(self.reach_once(tls, opts.clone())).catch_unwind().await {
                return connected;
            }
        }
        Err(Error::Other("the driver panics at the server's way to log in".into()))
    }

    async fn reach_once(&self, tls: Option<&OwnTls>, opts: OptsBuilder) -> mysql_async::Result<Conn> {
        let Some(tls) = tls else { return Conn::new(opts).await };
        let reached = tls.reach(&self.place).await?;
        match Conn::new(opts.socket(Some(&reached.socket))).await {
            // The server's own words are passed on, and a cut by us is not explained by the driver.
            Err(error @ (Error::Io(_) | Error::Driver(_))) => Err(reached.failure().await.unwrap_or(error)),
            connected => connected,
        }
    }

    fn refusal(&self, source: Error, proof: &Proof) -> StoreError {
        let advice = match &source {
            Error::Io(error) if is_tls(error) => self.protection.advice().to_owned(),
            error => login_advice(error, || self.login.advice(proof)).unwrap_or_default(),
        };
        let place = self.place.to_string();
        if advice.is_empty() {
            StoreError::Connecting { place, source }
        } else {
            StoreError::Refused { place, advice, source }
        }
    }
}

/// What to check where the login was refused; `None`: it was not.
fn login_advice(error: &Error, advice: impl FnOnce() -> String) -> Option<String> {
    match error {
        // What MySQL answers for a user that does not exist, so as not to tell.
        Error::Driver(DriverError::UnknownAuthPlugin { .. }) | Error::Other(_) => Some(format!(
            "{}; rowscore logs in by caching_sha2_password, mysql_native_password, and MariaDB's ed25519 and parsec",
            advice()
        )),
        error => is_login(error).then(advice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[tokio::test]
    async fn connections_are_kept_alive_while_a_long_statement_is_under_way() {
        let given = [("MYSQL_DATABASE", "shop"), ("MYSQL_USER", "scorer"), ("MYSQL_PASSWORD", "x")];
        let find = |name: &str| given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let config = Config::read(find).unwrap();
        let database = Database::new(&config.mysql, &config.work.items_table).await;
        assert_eq!(mysql_async::Opts::from(database.opts).tcp_keepalive(), Some(settings::KEEPALIVE));
    }
}
