//! The command line: the same code path as the function, for a laptop, a container or a CronJob.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod apply;
mod asked;
mod by_hand;
mod changes;
mod chosen;
mod control;
mod doctor;
mod errors;
mod evaluate;
mod explain;
mod failures;
mod files;
mod forget;
mod generated;
mod import;
mod init;
mod joblist;
mod judged;
mod model;
mod opened;
mod out;
mod plan;
mod progress;
mod quality;
mod release;
mod report;
mod results;
mod run;
mod samples;
mod score;
mod serve;
mod signals;
mod status;
mod told;
mod train;
mod turns;
mod variables;
mod whose;
mod written;

use std::error::Error;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use rowscore::run::RunState;
use rowscore::words;
use tracing_subscriber::EnvFilter;

use crate::out::Out;

/// Fills in the predictions of a MySQL table.
///
/// Environment variables say where the database is, and what the table looks like. MYSQL_DATABASE is required, and a login:
/// MYSQL_USER with MYSQL_PASSWORD, with MYSQL_AUTH=iam, or MYSQL_PASSWORD_SECRET. `rowscore help variables` explains all of
/// them.
#[derive(Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = "Text is for terminals: where the output goes to a file or to another program, it is JSON.\n\n\
                  Examples:\n  rowscore init --grant scorer\n  rowscore plan --sweep\n  rowscore run\n  \
                  rowscore status --watch\n  rowscore failures 12\n\n\
                  Exit status: 0 done; 1 something went wrong, or the run failed; 2 wrong arguments; \
                  3 the run is not over: it is paused, or another process is working on it."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: out::Choice,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Args),
    Apply(apply::Args),
    Jobs(joblist::Args),
    Plan(plan::Args),
    Run(run::Args),
    Results(results::Args),
    Status(status::Args),
    Doctor(doctor::Args),
    Failures(failures::Args),
    Quality(quality::Args),
    Serve(serve::Args),
    /// Pause a run, or a job with its runs: no hop works on it until it is resumed
    #[command(after_help = "Examples:\n  rowscore pause 2\n  rowscore pause churn")]
    Pause(control::RunArgs),
    /// Continue a paused run, or a paused job
    #[command(after_help = "Examples:\n  rowscore resume 2\n  rowscore resume churn")]
    Resume(control::RunArgs),
    /// Stop a run, or those of a job, for good; what was predicted stays
    #[command(after_help = "Examples:\n  rowscore cancel 2\n  rowscore cancel churn")]
    Cancel(control::RunArgs),
    Release(release::Args),
    Forget(forget::Args),
    Model(model::Args),
    Train(train::Args),
    Import(import::Args),
    Score(score::Args),
    Evaluate(evaluate::Args),
    Explain(explain::Args),
    /// Show the environment variables: what each means, accepts and is by default
    #[command(after_help = "Example:\n  rowscore variables --text | less")]
    Variables,
    Completions(generated::CompletionsArgs),
    Man(generated::ManArgs),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    rowscore::store::buffers::keep_small();
    #[cfg(feature = "faults")]
    rowscore::hop::step::arm();
    log();
    // Only who asks for help, or needs it, gets the texts about variables: a run would carry them along.
    let cli = Cli::try_parse().unwrap_or_else(|_| {
        let matches = described().get_matches();
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    });
    let mut out = Out::new(&cli.output);
    let done = perform(cli.command, &mut out).await;
    match done.and_then(|code| Ok(out.flush().map(|()| code)?)) {
        Ok(code) => code,
        Err(error) => ExitCode::from(errors::report(&*error)),
    }
}

/// Writes the log to standard error, by the variables that a function's log obeys. Only warnings are in it by default: each
/// command says itself what it did.
#[expect(clippy::disallowed_methods, reason = "no command's setting, but how all of them log")]
fn log() {
    let levels = EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_from_env("AWS_LAMBDA_LOG_LEVEL"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(levels.unwrap_or_else(|_| "warn".into()))
        .with_writer(|| words::PlainLog(out::Log))
        .with_ansi(false)
        .with_target(false);
    match std::env::var("AWS_LAMBDA_LOG_FORMAT") {
        Ok(format) if format.eq_ignore_ascii_case("json") => log.json().init(),
        _ => log.init(),
    }
}

/// The command line with all that its help says.
fn described() -> clap::Command {
    variables::named_in(Cli::command())
}

async fn perform(command: Command, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Init(args) => init::run(args, out).await,
        Command::Apply(args) => apply::run(args, out).await,
        Command::Jobs(args) => joblist::run(args, out).await,
        Command::Plan(args) => plan::run(args, out).await,
        Command::Run(args) => run::run(args, out).await,
        Command::Results(args) => results::run(args, out).await,
        Command::Status(args) => status::run(args, out).await,
        Command::Doctor(args) => doctor::run(args, out).await,
        Command::Failures(args) => failures::run(args, out).await,
        Command::Quality(args) => quality::run(&args, out).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Pause(args) => control::steer(args, RunState::Paused, out).await,
        Command::Resume(args) => control::steer(args, RunState::Running, out).await,
        Command::Cancel(args) => control::steer(args, RunState::Cancelled, out).await,
        Command::Release(args) => release::run(args, out).await,
        Command::Forget(args) => forget::run(args, out).await,
        Command::Model(args) => model::run(args, out).await,
        Command::Train(args) => train::run(&args, out),
        Command::Import(args) => import::run(&args, out),
        Command::Score(args) => score::run(&args, out),
        Command::Explain(args) => explain::run(&args, out).await,
        Command::Evaluate(args) => evaluate::run(&args, out),
        Command::Variables => variables::run(out),
        Command::Completions(args) => generated::completions(&args, described(), out),
        Command::Man(args) => generated::man(&args, described(), out),
    }
}
