//! The jobs of a process: that of its variables, and those that SQL describes. Whose work a trigger is, is decided here,
//! before a hop begins.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::clock::Clock;
use super::means::Means;
use super::start::Start;
use crate::config::{Config, ConfigError, JobName, JobSettings, ScheduleName, TableName, WorkConfig};
use crate::event::{Aim, Trigger};
use crate::model::Model;
use crate::store::jobs::{JobRow, JobState};
use crate::store::{Database, StoreError};

/// A job as this process works on it.
#[derive(Debug)]
pub struct Job {
    /// Its name.
    pub name: JobName,
    /// Which description of it this is; 0: that of the variables.
    pub version: u32,
    /// How its runs work.
    pub work: WorkConfig,
    /// The database, with what is known of its table.
    pub database: Database,
}

impl Job {
    /// What its hops work with, if `model` scores them.
    pub fn means<'a>(&'a self, model: &'a Model) -> Means<'a> {
        Means { database: &self.database, work: &self.work, model, challenger: None }
    }

    /// The job as it was while it scored the table of this name.
    #[must_use]
    pub fn over(&self, table: TableName) -> Self {
        let mut work = self.work.clone();
        work.items_table.name = table;
        let database = self.database.with_items(&work.items_table);
        Self { name: self.name.clone(), version: self.version, work, database }
    }
}

/// Why there is nothing to be done for a trigger.
#[derive(Debug, thiserror::Error)]
pub enum NoJob {
    /// Nobody described it.
    #[error("there is no job `{name}`; {others}")]
    Unknown {
        /// As it was asked for.
        name: JobName,
        /// Which there are.
        others: String,
    },
    /// No job has this schedule.
    #[error("no job has the schedule `{}`; {others}", .name.as_str())]
    Schedule {
        /// As it was asked for.
        name: ScheduleName,
        /// Which there are.
        others: String,
    },
    /// Its settings are of no use.
    #[error(transparent)]
    Unusable(ConfigError),
}

/// Whose work a trigger is.
#[derive(Debug)]
pub enum Chosen {
    /// This job's.
    One(Arc<Job>),
    /// That of each of these. There may be none.
    Each(Vec<(JobName, Result<Arc<Job>, NoJob>)>),
    /// A job's that is paused, or was removed: nobody's.
    Nobody(JobName),
}

impl Chosen {
    /// The same, of several: a single one is the one whose work it is, and fails as such.
    ///
    /// # Errors
    /// Its settings are of no use.
    pub fn alone(self) -> Result<Self, NoJob> {
        match self {
            Self::Each(mut jobs) if jobs.len() == 1 => match jobs.pop() {
                Some((_, job)) => job.map(Self::One),
                None => Ok(Self::Each(jobs)),
            },
            chosen => Ok(chosen),
        }
    }
}

/// The jobs of a process.
#[derive(Debug)]
pub struct Jobs {
    config: Config,
    of_variables: Arc<Job>,
    /// What was read of the others last: what is set, and the job that this makes.
    known: Mutex<BTreeMap<JobName, (JobSettings, Arc<Job>)>>,
}

impl Jobs {
    /// Those of a process with this configuration.
    pub async fn new(config: Config) -> Self {
        let database = Database::new(&config.mysql, &config.work.items_table).await;
        let of_variables = Job { name: JobName::default(), version: 0, work: config.work.clone(), database };
        Self { config, of_variables: Arc::new(of_variables), known: Mutex::default() }
    }

    /// The job `default`.
    pub fn of_variables(&self) -> &Arc<Job> {
        &self.of_variables
    }

    /// What the process was configured with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Begins with `trigger`: connects, asks what time it is, and finds out whose work it is, in one round trip.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn start(&self, trigger: &Trigger, clock: Clock) -> Result<(Start, Result<Chosen, NoJob>), StoreError> {
        let database = &self.of_variables.database;
        // All but a tick of the schedule says whose it is, and how that of the variables works is described nowhere else.
        let opens = matches!(trigger, Trigger::Open(_));
        if matches!(trigger.aim(), Aim::Job(job) if job.is_default() && !opens) {
            let start = Start::new(database, clock).await?;
            return Ok((start, Ok(Chosen::One(Arc::clone(&self.of_variables)))));
        }
        let (start, rows) = Start::with_jobs(database, clock).await?;
        Ok((start, self.choose(trigger, &rows)))
    }

    /// Whose work `trigger` is, if these are the jobs.
    fn choose(&self, trigger: &Trigger, rows: &[JobRow]) -> Result<Chosen, NoJob> {
        match trigger.aim() {
            Aim::Job(name) => self.of_name(name, matches!(trigger, Trigger::Open(_)), rows),
            // Nobody described any.
            Aim::Active | Aim::Schedule(None) | Aim::Rule(_) if !has_jobs(rows) => {
                Ok(Chosen::One(Arc::clone(&self.of_variables)))
            }
            Aim::Active => Ok(self.each(rows.iter())),
            Aim::Schedule(schedule) => self.of_schedule(schedule, rows),
            Aim::Rule(rule) => self.of_schedule(Some(rule), rows).or_else(|_| self.of_schedule(None, rows)),
        }
    }

    /// The job of this name, for a trigger that `opens` runs, or for one that goes on with one.
    fn of_name(&self, name: &JobName, opens: bool, rows: &[JobRow]) -> Result<Chosen, NoJob> {
        let Some(row) = rows.iter().find(|row| row.settings.name == *name) else {
            let of_variables = || Chosen::One(Arc::clone(&self.of_variables));
            return if name.is_default() { Ok(of_variables()) } else { Err(unknown(name, rows)) };
        };
        match row.state {
            // Where no job is described any more, that of the variables is one again.
            JobState::Removed if !name.is_default() || has_jobs(rows) => Ok(Chosen::Nobody(name.clone())),
            JobState::Paused if opens => Ok(Chosen::Nobody(name.clone())),
            JobState::Active | JobState::Paused | JobState::Removed => self.job(row).map(Chosen::One),
        }
    }

    fn of_schedule(&self, schedule: Option<&ScheduleName>, rows: &[JobRow]) -> Result<Chosen, NoJob> {
        let described = || rows.iter().filter(|row| row.state != JobState::Removed);
        let of_schedule = || described().filter(|row| row.settings.schedule().as_ref() == schedule);
        if let Some(name) = schedule.filter(|_| of_schedule().next().is_none()) {
            let mut known: Vec<ScheduleName> = described().filter_map(|row| row.settings.schedule()).collect();
            known.sort_unstable();
            known.dedup();
            let known: Vec<String> = known.iter().map(|name| format!("`{}`", name.as_str())).collect();
            let others = match &known[..] {
                [] => "no job has any".to_owned(),
                known => format!("accepted: {}", known.join(", ")),
            };
            return Err(NoJob::Schedule { name: name.clone(), others });
        }
        Ok(self.each(of_schedule()))
    }

    /// Those of these jobs that ticks start.
    fn each<'r>(&self, rows: impl Iterator<Item = &'r JobRow>) -> Chosen {
        let active = rows.filter(|row| row.state == JobState::Active);
        Chosen::Each(active.map(|row| (row.settings.name.clone(), self.job(row))).collect())
    }

    /// The job that a row describes.
    ///
    /// # Errors
    /// Its settings are of no use: another version of rowscore wrote them.
    pub fn job(&self, row: &JobRow) -> Result<Arc<Job>, NoJob> {
        if row.settings.name.is_default() {
            return Ok(Arc::clone(&self.of_variables));
        }
        // Whoever panicked with it left it as it was.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // A database that was restored counts versions again, so that another description may have the same number.
        let is_same =
            |(settings, job): &&(JobSettings, Arc<Job>)| job.version == row.version && *settings == row.settings;
        if let Some((_, job)) = known.get(&row.settings.name).filter(is_same) {
            return Ok(Arc::clone(job));
        }
        let job = Arc::new(self.described(&row.settings, row.version)?);
        known.insert(job.name.clone(), (row.settings.clone(), Arc::clone(&job)));
        Ok(job)
    }

    /// A job of these settings, whoever described it.
    ///
    /// # Errors
    /// Its settings are of no use.
    pub fn described(&self, settings: &JobSettings, version: u32) -> Result<Job, NoJob> {
        let work = self.config.of_job(settings).map_err(NoJob::Unusable)?;
        let database = self.of_variables.database.with_items(&work.items_table);
        Ok(Job { name: settings.name.clone(), version, work, database })
    }
}

/// Whether any job is described, so that the variables' is one only if that is said.
pub fn has_jobs(rows: &[JobRow]) -> bool {
    rows.iter().any(|row| row.state != JobState::Removed)
}

/// Nobody described a job of this name.
pub fn unknown(name: &JobName, rows: &[JobRow]) -> NoJob {
    let described = rows.iter().filter(|row| row.state != JobState::Removed);
    let known: Vec<&str> = described.map(|row| row.settings.name.as_str()).collect();
    let others = match &known[..] {
        [] => "the one job is `default`, that of the variables; `rowscore apply jobs.toml` describes others".to_owned(),
        known => format!("the jobs are {}", known.join(", ")),
    };
    NoJob::Unknown { name: name.clone(), others }
}
