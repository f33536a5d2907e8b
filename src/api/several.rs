//! How the jobs stand together, where the service's own table is that of none of them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::jobs::has_own;
use super::shared::Api;
use crate::config::JobName;
use crate::standing::{Mood, Standing, Trouble};
use crate::store::jobs::{JobRow, JobState};
use crate::store::pool::ReadError;
use crate::words;

/// Jobs that one answer looks at, at most.
const LOOKED_AT: usize = 100;

/// How long it looks at them: whoever asks waits a few seconds.
const TAKES: Duration = Duration::from_secs(5);

/// What was read of each of the jobs that ticks start.
pub(super) struct Several<T> {
    /// Those that were looked at, by name.
    pub(super) jobs: Vec<OfJob<T>>,
    /// How many were not: there are so many, or they take so long.
    pub(super) unseen: usize,
}

/// What was read of a job.
pub(super) struct OfJob<T> {
    /// Its name.
    pub(super) name: JobName,
    /// It, or why it could not be read.
    pub(super) read: Result<T, Untold>,
}

/// Why nothing can be said of a job. It is no matter of the others.
pub(super) enum Untold {
    /// Its settings are of no use.
    Unusable(String),
    /// Its table cannot be read; the log says why.
    Unreadable,
}

/// Something that is wrong with a job, or with a look at all of them.
pub(super) struct Wrong {
    /// How bad it is.
    pub(super) mood: Mood,
    /// Whose it is.
    pub(super) job: Option<JobName>,
    /// Its name.
    pub(super) name: &'static str,
    /// What is the matter.
    pub(super) sentence: String,
    /// What to do about it.
    pub(super) remedy: String,
}

/// Reads something of each job that ticks start; `None`: what is asked of the service is about its own table.
///
/// # Errors
/// The database, where that is no matter of one job alone.
pub(super) async fn each<T>(
    api: &Api,
    read: fn(Arc<Api>) -> BoxFuture<'static, Result<T, ReadError>>,
) -> Result<Option<Several<T>>, ReadError> {
    if !api.base.is_empty() || api.jobs.is_none() {
        return Ok(None);
    }
    let rows = api.described().await?;
    if has_own(&rows) {
        return Ok(None);
    }
    let active: Vec<&JobRow> = rows.iter().filter(|row| row.state == JobState::Active).collect();
    let (mut jobs, until) = (Vec::new(), Instant::now() + TAKES);
    for row in active.iter().take(LOOKED_AT) {
        let name = row.settings.name.clone();
        let read = match of_job(api, row) {
            Ok(of_job) => match timeout_at(until, read(of_job)).await {
                Ok(read) => own(&name, read)?,
                Err(_) => break,
            },
            Err(why) => Err(Untold::Unusable(why)),
        };
        jobs.push(OfJob { name, read });
    }
    // Not even one in all that time.
    if jobs.is_empty() && !active.is_empty() {
        return Err(ReadError::Slow);
    }
    let unseen = active.len() - jobs.len();
    Ok(Some(Several { jobs, unseen }))
}

/// How each of them stands.
pub(super) async fn standings(api: &Api) -> Result<Option<Several<Standing>>, ReadError> {
    each(api, |api| Box::pin(async move { Ok(api.standing().await?.0) })).await
}

/// The results of a job; or why it cannot be worked on.
fn of_job(api: &Api, row: &JobRow) -> Result<Arc<Api>, String> {
    let jobs = api.jobs.as_ref().ok_or_else(|| "it is not known".to_owned())?;
    let job = jobs.job(row).map_err(|error| words::chain(&error))?;
    Ok(api.of_job(&job))
}

/// What was read, or that it could not be, where that is the job's own matter: its table has gone, or takes too long. Where
/// the database is away, it is away for all.
fn own<T>(job: &JobName, read: Result<T, ReadError>) -> Result<Result<T, Untold>, ReadError> {
    match read {
        Ok(read) => Ok(Ok(read)),
        Err(error) if error.is_passing() && !matches!(error, ReadError::Slow) => Err(error),
        Err(error) => {
            tracing::error!(%job, error = words::chain(&error), "how a job stands could not be read");
            Ok(Err(Untold::Unreadable))
        }
    }
}

impl Untold {
    /// Its name, as that of a trouble.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Unusable(_) => "unusable",
            Self::Unreadable => "unreadable",
        }
    }

    fn of_job(&self, job: &JobName) -> Wrong {
        let (sentence, remedy) = match self {
            Self::Unusable(why) => {
                let why = words::plain(why.trim_end_matches('.'));
                (format!("It cannot be worked on: {why}."), "`rowscore apply` describes it again.")
            }
            Self::Unreadable => {
                let sentence = "How it stands cannot be read: the database refused, and the log says why.";
                (sentence.to_owned(), "`rowscore doctor` tries out what its runs need.")
            }
        };
        let remedy = words::of_job(remedy, job.as_str());
        Wrong { mood: Mood::Bad, job: Some(job.clone()), name: self.name(), sentence, remedy }
    }
}

impl OfJob<Standing> {
    /// What it asks of its reader.
    pub(super) fn mood(&self) -> Mood {
        self.read.as_ref().map_or(Mood::Bad, |standing| standing.mood)
    }

    fn wrong(&self) -> Vec<Wrong> {
        let standing = match &self.read {
            Ok(standing) => standing,
            Err(untold) => return vec![untold.of_job(&self.name)],
        };
        let wrong = |trouble: &Trouble| Wrong {
            mood: trouble.mood(),
            job: Some(self.name.clone()),
            name: trouble.name(),
            sentence: trouble.sentence(standing.facts.now),
            remedy: words::of_job(&standing.remedy(trouble), self.name.as_str()),
        };
        standing.troubles.iter().map(wrong).collect()
    }
}

impl Several<Standing> {
    /// What they ask of their reader: as the worst of them does.
    pub(super) fn mood(&self) -> Mood {
        let unseen = (self.unseen > 0).then_some(Mood::Odd);
        self.jobs.iter().map(OfJob::mood).chain(unseen).max().unwrap_or(Mood::Calm)
    }

    /// What is wrong, the worst first.
    pub(super) fn wrong(&self) -> Vec<Wrong> {
        let unseen = (self.unseen > 0).then(|| Wrong {
            mood: Mood::Odd,
            job: None,
            name: "unseen_jobs",
            sentence: format!(
                "{} of {} jobs were not looked at: one answer looks at {LOOKED_AT} at most, for {} s at most.",
                self.unseen,
                self.unseen + self.jobs.len(),
                TAKES.as_secs()
            ),
            remedy: "Ask each by itself, at `/jobs/JOB/health`.".into(),
        });
        let mut wrong: Vec<Wrong> = self.jobs.iter().flat_map(OfJob::wrong).chain(unseen).collect();
        // Stable: those of a job stay in their order.
        wrong.sort_by_key(|wrong| std::cmp::Reverse(wrong.mood));
        wrong
    }
}
