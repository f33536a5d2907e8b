//! What the handlers share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use mysql_async::Conn;

use super::problem::Problem;
use crate::config::{ItemsTable, JobName};
use crate::hop::{Job, Jobs};
use crate::model::{ModelVersion, SharedModel};
use crate::standing::{Expected, Facts, Standing};
use crate::store::jobs::{self, JobRow};
use crate::store::key::Key;
use crate::store::listing::Width;
use crate::store::pool::{ReadError, Readers};
use crate::store::qualities::Qualities;
use crate::store::stored::LoadError;
use crate::store::{Database, StoreError, clock, notation, truths, used};
use crate::window::Time;
use crate::words;

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

/// A job as it was described, and its results.
type OfJob = (Arc<Job>, Arc<Api>);

/// What the handlers share.
#[derive(Debug)]
pub struct Api {
    pub(super) readers: Readers,
    pub(super) table: ItemsTable,
    reading: Reading,
    /// Where its routes begin: nothing, or `/jobs/churn`.
    pub(super) base: String,
    /// What there is beside it.
    pub(super) jobs: Option<Arc<Jobs>>,
    /// The results of the jobs that were asked for, each as it was described then.
    of_jobs: Mutex<BTreeMap<JobName, OfJob>>,
}

impl Api {
    /// Over the items of `database`, on at most `connections` connections. `model` scores them, unless their job uses
    /// another one; `present` tells the time, and `expected` what is to be expected of runs.
    pub fn new(
        database: Database,
        connections: usize,
        model: impl Into<SharedModel>,
        present: Present,
        expected: Expected,
    ) -> Self {
        let table = database.items_table().clone();
        let reading = Reading { database: Some(database.clone()), model: model.into(), expected, present };
        let (readers, of_jobs) = (Readers::new(database, connections), Mutex::default());
        Self { readers, table, reading, base: String::new(), jobs: None, of_jobs }
    }

    /// The same, which shows everything by the model that it was made with, whatever the jobs use.
    #[must_use]
    pub fn by_its_model(self) -> Self {
        Self { reading: Reading { database: None, ..self.reading }, ..self }
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
    pub(super) fn of_job(&self, job: &Arc<Job>) -> Arc<Self> {
        let table = &job.work.items_table;
        // Whoever panicked with it left it as it was.
        let mut known = self.of_jobs.lock().unwrap_or_else(PoisonError::into_inner);
        // By number alone, a description of before a restore could be taken for this one.
        if let Some((_, api)) = known.get(&job.name).filter(|(of, _)| Arc::ptr_eq(of, job)) {
            return Arc::clone(api);
        }
        let Reading { database, model, present, .. } = &self.reading;
        let api = Arc::new(Self {
            readers: self.readers.of(table),
            table: table.clone(),
            reading: Reading {
                database: database.as_ref().map(|_| job.database.clone()),
                model: model.clone(),
                expected: Expected::from(&job.work),
                present: *present,
            },
            base: format!("/jobs/{}", job.name),
            jobs: self.jobs.clone(),
            of_jobs: Mutex::default(),
        });
        known.insert(job.name.clone(), (Arc::clone(job), Arc::clone(&api)));
        api
    }

    /// What time it is by this machine, or as it is told.
    pub(super) fn clock(&self) -> Time {
        let (Present::Asked(clock) | Present::Told(clock)) = self.reading.present;
        clock()
    }

    /// How things stand, and the version of the model that scores.
    pub(super) async fn standing(&self) -> Result<(Standing, ModelVersion), ReadError> {
        let reading = self.reading();
        let read = self.readers.read(move |conn, seen| {
            let reading = reading.clone();
            Box::pin(async move {
                let standing = reading.standing(conn, &seen.table).await?;
                Ok((standing, reading.version(conn).await?))
            })
        });
        read.await
    }

    /// The key of an item, as somebody wrote it.
    pub(super) async fn key(&self, text: &str) -> Result<Key, Problem> {
        let columns = self.readers.read(|_, seen| Box::pin(async { Ok(seen.table.key.clone()) })).await?;
        notation::read(&columns, text).map_err(Problem::bad_request)
    }

    pub(super) fn reading(&self) -> Reading {
        self.reading.clone()
    }

    /// What is to be expected of runs.
    pub(super) fn expected(&self) -> Expected {
        self.reading.expected
    }
}

/// What is read, whoever asks.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// Where it stands which model the job uses; `None`: that does not matter.
    database: Option<Database>,
    /// The model that the program brings along.
    model: SharedModel,
    expected: Expected,
    present: Present,
}

/// The model that scores.
#[derive(Clone, Debug)]
pub(super) struct InUse {
    pub version: ModelVersion,
    /// It, or where it cannot be used, the one that the program brings along.
    pub model: SharedModel,
    /// Why it cannot be used.
    pub trouble: Option<String>,
}

impl InUse {
    /// What is read of an item that it scores.
    pub(super) fn width(&self) -> Width<'_> {
        Width { features: self.model.features(), classes: self.model.classes() }
    }
}

impl Reading {
    /// The version of the model that scores.
    pub(super) async fn version(&self, conn: &mut Conn) -> Result<ModelVersion, StoreError> {
        let Some(database) = &self.database else { return Ok(self.model.version()) };
        Ok(used::version(conn, database).await?.unwrap_or(self.model.version()))
    }

    /// The model that scores. Where it cannot be used, a run says so; what there is can be looked at all the same.
    pub(super) async fn in_use(&self, conn: &mut Conn) -> Result<InUse, StoreError> {
        let by_itself = |version, trouble| InUse { version, model: self.model.clone(), trouble };
        let Some(database) = &self.database else { return Ok(by_itself(self.model.version(), None)) };
        match used::model(conn, database, self.model.clone()).await {
            Ok(model) => Ok(InUse { version: model.version(), model, trouble: None }),
            Err(LoadError::Unusable(unusable)) => Ok(by_itself(unusable.version, Some(words::chain(&unusable)))),
            Err(LoadError::Store(error)) => Err(error),
        }
    }

    /// What predictions came to, as far as their truth is known.
    pub(super) async fn qualities(&self, conn: &mut Conn, table: &ItemsTable) -> Result<Qualities, StoreError> {
        let now = match self.present {
            Present::Asked(_) => clock::present().ask(conn).await?,
            Present::Told(clock) => clock(),
        };
        truths::known(conn, table, now - self.expected.truth_within).await
    }

    /// How things stand.
    pub(super) async fn standing(&self, conn: &mut Conn, table: &ItemsTable) -> Result<Standing, StoreError> {
        let mut facts = Facts::read(conn, table, self.expected).await?;
        if let Present::Told(clock) = self.present {
            facts.now = clock();
        }
        Ok(Standing::of(facts))
    }
}

/// The handlers' own view of [`Api`].
pub(super) type Shared = axum::extract::State<Arc<Api>>;
