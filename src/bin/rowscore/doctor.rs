//! `rowscore doctor`: everything that a run needs, tried out and told step by step.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use rowscore::config::{Config, JobName};
use rowscore::doctor::{Examination, Verdict, examine};
use rowscore::hop::{Clock, Decides, InAnswer, Jobs};
use rowscore::store::session::Session;

use crate::chosen::ForJob;
use crate::out::Out;

/// Try out all that a run needs, and say of each step how it went and what to do
///
/// It looks at the login, the server, rowscore's tables, how table and model fit each other, and the grants, writes a page
/// of the model's golden rows over the latest items, reads it back and rolls it back, and says what is wrong with runs and
/// what waits. It keeps nothing but a row of the canary in `batch_runs`. `scripts/deploy doctor` asks the deployed
/// function, which tries its queue, too.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore doctor\n  rowscore doctor churn\n  \
                        rowscore doctor --json | jq '.steps[] | select(.state == \"failed\")'\n\n\
                        Exit status: 0 no step failed; 1 a step failed, or something went wrong; 2 wrong arguments.")]
pub(crate) struct Args {
    /// The job that is meant [default: each that is active]
    #[arg(value_name = "JOB")]
    job: Option<JobName>,
    #[command(flatten)]
    chosen: ForJob,
}

/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let jobs = Jobs::new(Config::from_env()?).await;
    let model = args.chosen.brought()?;
    let decides = if args.chosen.is_given() { Decides::Caller } else { Decides::Job };
    let clock = Clock::starting(None, Duration::ZERO, PATIENCE);
    let of = Examination { jobs: &jobs, job: args.job.as_ref(), model, decides, relay: &InAnswer, clock };
    let checkup = examine(&of, Session::at_once(&jobs.of_variables().database)).await;
    out.show(&checkup, || checkup.lines())?;
    Ok(match checkup.verdict {
        Verdict::Well => ExitCode::SUCCESS,
        Verdict::Unwell => ExitCode::FAILURE,
    })
}
