//! Which job a command is about.

use std::error::Error;
use std::str::FromStr;

use rowscore::config::JobName;
use rowscore::run::RunId;

use crate::opened::Opened;

#[derive(clap::Args)]
pub(crate) struct Whose {
    /// The job that is meant, as `rowscore jobs` lists it [default: that of the variables]
    #[arg(long, value_name = "JOB")]
    job: Option<JobName>,
}

impl Whose {
    /// The job's table, and a way to it.
    pub(crate) async fn open(&self) -> Result<Opened, Box<dyn Error>> {
        Opened::of(self.job.as_ref()).await
    }

    /// The same where a run was named, which tells the job.
    pub(crate) async fn open_of(&self, run: Option<RunId>) -> Result<Opened, Box<dyn Error>> {
        match (run, &self.job) {
            (Some(run), None) => Opened::of_run(run).await,
            _ => self.open().await,
        }
    }
}

/// A run or a job: the name of a job is no number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunOrJob {
    Run(RunId),
    Job(JobName),
}

impl FromStr for RunOrJob {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<u64>() {
            Ok(run @ 1..) => Ok(Self::Run(RunId(run))),
            _ => text.parse().map(Self::Job).map_err(|error| format!("{error}; or a run's number, from 1 on")),
        }
    }
}
