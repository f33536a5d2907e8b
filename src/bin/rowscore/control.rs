//! `rowscore pause`, `resume`, `cancel` and `release`: what an operator does to runs and failures.

use std::error::Error;
use std::process::ExitCode;

use rowscore::hop::{self, Means, Steered};
use rowscore::model;
use rowscore::run::{RunId, RunState};
use rowscore::store::{Fault, failures};
use rowscore::values::ReasonCode;

use crate::opened::Opened;

/// The run that is meant.
#[derive(clap::Args)]
pub(crate) struct RunArgs {
    /// The run's number, as `rowscore status` shows it
    #[arg(value_name = "RUN", value_parser = clap::value_parser!(u64).range(1..))]
    run: u64,
}

/// Which set-aside items are meant.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  rowscore release --code wrong_length\n  rowscore release 17 42\n  rowscore release --all"
)]
pub(crate) struct ReleaseArgs {
    /// Ids of items
    #[arg(value_name = "ID", conflicts_with = "all", required_unless_present_any = ["all", "code"])]
    ids: Vec<i64>,
    /// Only items with this reason code
    #[arg(long, value_name = "CODE")]
    code: Option<ReasonCode>,
    /// Every item that is set aside
    #[arg(long)]
    all: bool,
}

pub(crate) async fn pause(args: RunArgs) -> Result<ExitCode, Box<dyn Error>> {
    steer(
        args,
        RunState::Paused,
        "paused; its hops stop after the page that they work on. `rowscore resume` continues it",
    )
    .await
}

pub(crate) async fn resume(args: RunArgs) -> Result<ExitCode, Box<dyn Error>> {
    steer(args, RunState::Running, "running again; the next tick of the schedule or `rowscore run` works on it").await
}

pub(crate) async fn cancel(args: RunArgs) -> Result<ExitCode, Box<dyn Error>> {
    steer(args, RunState::Cancelled, "cancelled; what it predicted stays, and the next window takes the rest").await
}

/// How often a run's lock is waited for again, some seconds each time: a worker that stands still in the middle of a page
/// keeps it.
const PATIENCE: u32 = 6;

async fn steer(args: RunArgs, to: RunState, done: &str) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::from_env().await?;
    let (table, id) = (opened.table(), RunId(args.run));
    let means = Means { database: &opened.database, work: &opened.config.work, model: model::embedded()? };
    let steer = async || {
        let steered = opened.ask(async |conn| match to {
            RunState::Cancelled => hop::stop(conn, means, id, to, None).await,
            _ => hop::steer(conn, table, id, to).await,
        });
        steered.await
    };
    let mut steered = steer().await;
    for _ in 0..PATIENCE {
        match steered {
            Err(error) if error.fault() == Fault::Retry => {
                eprintln!("Waiting for a page that is under way ...");
                steered = steer().await;
            }
            _ => break,
        }
    }
    match steered? {
        Steered::Done => {
            eprintln!("Run {id} is {done}.");
            Ok(ExitCode::SUCCESS)
        }
        Steered::Refused(state) => Err(format!("run {id} is {state}; it cannot become {to}").into()),
        Steered::Unknown => Err(format!("table `{}` has no run {id}; see `rowscore status`", table.as_str()).into()),
    }
}

pub(crate) async fn release(args: ReleaseArgs) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::from_env().await?;
    let table = opened.table();
    let released = opened.ask(async |conn| failures::release(table, &args.ids, args.code).ask(conn).await).await?;
    eprintln!("Released {released} items; the next run tries them again.");
    Ok(ExitCode::SUCCESS)
}
