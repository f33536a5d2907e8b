//! What the handlers share.

use std::sync::Arc;

use crate::model::Model;
use crate::store::Database;
use crate::store::listing::Width;
use crate::store::pool::Readers;
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
    pub(super) table: String,
    pub(super) model: &'static Model,
    pub(super) present: Present,
}

impl Api {
    /// Over the items of `database`, which `model` scores, on at most `connections` connections;
    /// `present` tells the time.
    pub fn new(database: Database, connections: usize, model: &'static Model, present: Present) -> Self {
        let table = database.items_table().as_str().to_owned();
        Self { readers: Readers::new(database, connections), table, model, present }
    }

    pub(super) fn width(&self) -> Width {
        Width { features: self.model.features(), classes: self.model.classes() }
    }
}

/// The handlers' own view of [`Api`].
pub(super) type Shared = axum::extract::State<Arc<Api>>;
