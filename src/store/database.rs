//! Connections to the database, and how each is set up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};

use super::codes::Meaning;
use super::error::{Doing, StoreError, is_login, is_tls};
use super::login::Login;
use super::{schema, settings, tls};
use crate::config::{ItemsTable, MysqlConfig, Tls};

/// Bytes of a statement, at most: MariaDB's default, and a page has less than a tenth of it. Known without
/// asking the server; where that takes less it says so, and the page is tried with half of its items.
const LARGEST_STATEMENT: usize = 16 << 20;

/// A database that connections can be opened to.
#[derive(Clone, Debug)]
pub struct Database {
    opts: OptsBuilder,
    name: String,
    login: Login,
    /// What to check when the server's certificate is refused.
    certificate_advice: String,
    items: ItemsTable,
    /// Whether the items table was looked at and is as it must be; shared by all clones.
    fits: Arc<AtomicBool>,
}

impl Database {
    /// The database of `config`, holding the items in table `items`. Opens no connection.
    pub async fn new(config: &MysqlConfig, items: &ItemsTable) -> Self {
        let (ssl, certificate_advice) = match &config.tls {
            Tls::Off => (None, String::new()),
            Tls::Verify { ca_file } => {
                (Some(tls::verified(&config.server, ca_file.clone())), tls::advice(&config.server, ca_file.is_some()))
            }
        };
        let opts = OptsBuilder::default()
            .ip_or_hostname(&config.server)
            .tcp_port(config.port)
            .db_name(Some(&config.database))
            .user(Some(&config.user))
            .ssl_opts(ssl)
            .prefer_socket(false)
            .max_allowed_packet(Some(LARGEST_STATEMENT))
            .wait_timeout(Some(settings::WAIT_TIMEOUT_S as usize))
            .setup(vec![settings::of_each_session()]);
        let (name, login) = (config.database.clone(), Login::new(config).await);
        Self { opts, name, login, certificate_advice, items: items.clone(), fits: Arc::default() }
    }

    /// The table of the items.
    pub fn items_table(&self) -> &ItemsTable {
        &self.items
    }

    /// Whether the items table was looked at before, and is as it must be.
    pub(crate) fn is_known_to_fit(&self) -> bool {
        self.fits.load(Ordering::Relaxed)
    }

    /// The items table is as it must be; it need not be looked at again.
    pub(crate) fn remember_fit(&self) {
        self.fits.store(true, Ordering::Relaxed);
    }

    /// Opens a connection: READ COMMITTED, UTC, short lock waits.
    ///
    /// # Errors
    /// The server cannot be reached or refuses the login.
    pub async fn connect(&self) -> Result<Conn, StoreError> {
        self.open(self.opts.clone()).await
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

    async fn open(&self, opts: OptsBuilder) -> Result<Conn, StoreError> {
        let opts: Opts = self.login.apply(opts).await?.into();
        Conn::new(opts).await.map_err(|source| match &source {
            mysql_async::Error::Io(error) if is_tls(error) => {
                StoreError::Refused { advice: self.certificate_advice.clone(), source }
            }
            error if is_login(error) => StoreError::Refused { advice: self.login.advice().into(), source },
            _ => StoreError::Mysql { doing: "connecting to the database", source },
        })
    }
}
