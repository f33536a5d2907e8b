//! The database, as those know it who are told of many.

use sha2::{Digest, Sha256};

use crate::config::MysqlConfig;

/// The database as OpenLineage names its tables. <https://openlineage.io/docs/spec/naming>
#[derive(Debug)]
pub(super) struct Datasets {
    /// `mysql://HOST:PORT`.
    pub(super) namespace: String,
    pub(super) database: String,
}

impl Datasets {
    pub(super) fn of(mysql: &MysqlConfig) -> Self {
        let MysqlConfig { server, port, database, .. } = mysql;
        Self { namespace: format!("mysql://{server}:{port}"), database: database.clone() }
    }

    pub(super) fn named(&self, table: &str) -> String {
        format!("{}.{table}", self.database)
    }

    /// What no other database has, where it means something else by the same `id`.
    pub(super) fn hashed(&self, id: &str) -> [u8; 32] {
        Sha256::digest(format!("rowscore {} {} {id}", self.namespace, self.database)).into()
    }
}
