//! What the handlers share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use mysql_async::Conn;

use super::problem::Problem;
use crate::config::{FeatureMismatch, ItemsTable, JobName};
use crate::hop::{Job, Jobs};
use crate::model::Model;
use crate::standing::{Expected, Facts, Standing};
use crate::store::jobs::{self, JobRow};
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
    /// Where its routes begin: nothing, or `/jobs/churn`.
    pub(super) base: String,
    /// What there is beside it.
    pub(super) jobs: Option<Arc<Jobs>>,
    /// The results of the jobs that were asked for, each of its latest version.
    of_jobs: Mutex<BTreeMap<JobName, (u32, Arc<Self>)>>,
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
        let (readers, of_jobs) = (Readers::new(database, connections), Mutex::default());
        Self { readers, table, model, present, expected, base: String::new(), jobs: None, of_jobs }
    }

    /// The same, with the jobs that are described beside the variables.
    #[must_use]
    pub fn with_jobs(self, jobs: Jobs) -> Self {
        Self { jobs: Some(Arc::new(jobs)), ..self }
    }

    /// The rows of all jobs.
    pub(super) async fn described(&self) -> Result<Vec<JobRow>, ReadError> {
        self.readers.read(|conn, _| Box::pin(jobs::known(conn))).await
    }

    /// The results of another job, on the same connections.
    pub(super) fn of_job(&self, job: &Job) -> Result<Arc<Self>, FeatureMismatch> {
        let table = &job.work.items_table;
        table.feature_columns(self.model.features())?;
        // Whoever panicked with it left it as it was.
        let mut known = self.of_jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, api)) = known.get(&job.name).filter(|(version, _)| *version == job.version) {
            return Ok(Arc::clone(api));
        }
        let api = Arc::new(Self {
            readers: self.readers.of(table),
            table: table.clone(),
            model: self.model,
            present: self.present,
            expected: Expected::from(&job.work),
            base: format!("/jobs/{}", job.name),
            jobs: self.jobs.clone(),
            of_jobs: Mutex::default(),
        });
        known.insert(job.name.clone(), (job.version, Arc::clone(&api)));
        Ok(api)
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
