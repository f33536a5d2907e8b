//! The command line: the same code path as the function, for a laptop, a container or a CronJob.

mod asked;
mod control;
mod evaluate;
mod explain;
mod failures;
mod files;
mod import;
mod init;
mod plan;
mod report;
mod results;
mod run;
mod score;
mod serve;
mod status;
mod train;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Fills in the predictions of a MySQL table.
///
/// The database is named by environment variables: MYSQL_SERVER, MYSQL_PORT, MYSQL_DATABASE,
/// MYSQL_USER, MYSQL_PASSWORD, MYSQL_TLS. The README lists them all.
#[derive(Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = "Examples:\n  rowscore init --grant scorer\n  rowscore plan --sweep\n  rowscore run\n  \
                  rowscore status --watch\n  rowscore failures 12\n\n\
                  Exit status: 0 done; 1 something went wrong, or the run failed; 2 wrong arguments; \
                  3 the run is not over: held, or another process is at work on it."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Args),
    Plan(plan::Args),
    Run(run::Args),
    Results(results::Args),
    Status(status::Args),
    Failures(failures::Args),
    Serve(serve::Args),
    /// Hold a run: no hop works on it until it is resumed
    Pause(control::RunArgs),
    /// Let a held run go on
    Resume(control::RunArgs),
    /// Stop a run for good; what it predicted stays
    Cancel(control::RunArgs),
    /// Give items that were set aside another chance, under any failure policy
    Release(control::ReleaseArgs),
    Train(train::Args),
    Import(import::Args),
    Score(score::Args),
    Evaluate(evaluate::Args),
    Explain(explain::Args),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    rowscore::store::buffers::keep_small();
    #[cfg(feature = "faults")]
    rowscore::hop::step::arm();
    let levels = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(levels).with_writer(std::io::stderr).with_target(false).init();
    let done: Result<ExitCode, Box<dyn Error>> = match Cli::parse().command {
        Command::Init(args) => init::run(args).await,
        Command::Plan(args) => plan::run(args).await,
        Command::Run(args) => run::run(args).await,
        Command::Results(args) => results::run(args).await,
        Command::Status(args) => status::run(args).await,
        Command::Failures(args) => failures::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Pause(args) => control::pause(args).await,
        Command::Resume(args) => control::resume(args).await,
        Command::Cancel(args) => control::cancel(args).await,
        Command::Release(args) => control::release(args).await,
        Command::Train(args) => train::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Explain(args) => explain::run(&args).await,
        Command::Evaluate(args) => evaluate::run(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("rowscore: {error}");
        ExitCode::FAILURE
    })
}
