//! The command line: the same code path as the function, for a laptop, a container or a CronJob.

mod asked;
mod control;
mod evaluate;
mod explain;
mod failures;
mod files;
mod forget;
mod import;
mod init;
mod lines;
mod opened;
mod plan;
mod report;
mod results;
mod run;
mod score;
mod serve;
mod status;
mod train;
mod variables;

use std::error::Error;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use rowscore::event::RequestError;
use rowscore::words;

/// Fills in the predictions of a MySQL table.
///
/// Environment variables say where the database is, and what the table looks like; MYSQL_DATABASE,
/// MYSQL_USER and MYSQL_PASSWORD are required. `rowscore help variables` explains all of them.
#[derive(Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = "Examples:\n  rowscore init --grant scorer\n  rowscore plan --sweep\n  rowscore run\n  \
                  rowscore status --watch\n  rowscore failures 12\n\n\
                  Exit status: 0 done; 1 something went wrong, or the run failed; 2 wrong arguments; \
                  3 the run is not over: it is paused, or another process is working on it."
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
    /// Pause a run: no hop works on it until it is resumed
    Pause(control::RunArgs),
    /// Continue a paused run
    Resume(control::RunArgs),
    /// Stop a run for good; what it predicted stays
    Cancel(control::RunArgs),
    /// Let the next run try items again that were set aside, whatever the failure policy
    Release(control::ReleaseArgs),
    Forget(forget::Args),
    Train(train::Args),
    Import(import::Args),
    Score(score::Args),
    Evaluate(evaluate::Args),
    Explain(explain::Args),
    /// Show the environment variables: what each means, accepts and is by default
    Variables,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    rowscore::store::buffers::keep_small();
    #[cfg(feature = "faults")]
    rowscore::hop::step::arm();
    let levels = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt()
        .with_env_filter(levels)
        .with_writer(|| words::PlainLog(std::io::stderr()))
        .with_target(false)
        .init();
    // Only who asks for help, or needs it, gets the texts about variables: a run would carry them along.
    let cli = Cli::try_parse().unwrap_or_else(|_| {
        let matches = variables::named_in(Cli::command()).get_matches();
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    });
    let done: Result<ExitCode, Box<dyn Error>> = match cli.command {
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
        Command::Forget(args) => forget::run(args).await,
        Command::Train(args) => train::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Explain(args) => explain::run(&args).await,
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Variables => variables::run(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("rowscore: {}", words::chain(&*error));
        if error.is::<RequestError>() { ExitCode::from(2) } else { ExitCode::FAILURE }
    })
}
