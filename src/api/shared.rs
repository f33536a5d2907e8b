//! What the handlers share.

use std::sync::Arc;

use mysql_async::Conn;

use super::problem::Problem;
use crate::config::ItemsTable;
use crate::model::Model;
use crate::standing::{Expected, Facts, Standing};
use crate::store::key::Key;
use crate::store::listing::Width;
use crate::store::pool::{ReadError, Readers};
use crate::store::{Database, StoreError, notation};
use crate::window::Time;

/// How it is known what time it is.
#[derive(Clone, Copy, Debug)]
pub enum Present {
    /// The database is asked, whose times are compared with it. This clock counts where that does not answer.
    Asked(fn() -> Time),
    /// It is told.
    Told(fn() -> Time),
}

/// Why nothing can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// The database is busy or away: it may be there a little later.
    Now(String),
    /// What is to be read is not there, or not for this login.
    AtAll(String),
}

/// What the handlers share.
#[derive(Debug)]
pub struct Api {
    pub(super) readers: Readers,
    pub(super) table: ItemsTable,
    pub(super) model: &'static Model,
    pub(super) present: Present,
    pub(super) expected: Expected,
}

impl Api {
    /// Over the items of `database`, which `model` scores, on at most `connections` connections;
    /// `present` tells the time, and `expected` what is to be expected of runs.
    pub fn new(
        database: Database,
        connections: usize,
        model: &'static Model,
        present: Present,
        expected: Expected,
    ) -> Self {
        let table = database.items_table().clone();
        Self { readers: Readers::new(database, connections), table, model, present, expected }
    }

    /// What time it is by this machine, or as it is told.
    pub(super) fn clock(&self) -> Time {
        let (Present::Asked(clock) | Present::Told(clock)) = self.present;
        clock()
    }

    /// How things stand.
    pub(super) async fn standing(&self) -> Result<Standing, ReadError> {
        let reading = self.reading();
        self.readers.read(move |conn, seen| Box::pin(async move { reading.standing(conn, &seen.table).await })).await
    }

    /// The key of an item, as somebody wrote it.
    pub(super) async fn key(&self, text: &str) -> Result<Key, Problem> {
        let columns = self.readers.read(|_, seen| Box::pin(async { Ok(seen.table.key.clone()) })).await?;
        notation::read(&columns, text).map_err(Problem::bad_request)
    }

    pub(super) fn reading(&self) -> Reading {
        Reading { width: self.width(), model: self.model, expected: self.expected, present: self.present }
    }

    pub(super) fn width(&self) -> Width {
        Width { features: self.model.features(), classes: self.model.classes() }
    }
}

/// What is read, whoever asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) width: Width,
    pub(super) model: &'static Model,
    expected: Expected,
    present: Present,
}

impl Reading {
    /// How things stand.
    pub(super) async fn standing(self, conn: &mut Conn, table: &ItemsTable) -> Result<Standing, StoreError> {
        let mut facts = Facts::read(conn, table, self.expected).await?;
        if let Present::Told(clock) = self.present {
            facts.now = clock();
        }
        Ok(Standing::of(facts))
    }
}

/// The handlers' own view of [`Api`].
pub(super) type Shared = axum::extract::State<Arc<Api>>;
