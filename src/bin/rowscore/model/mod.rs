//! `rowscore model`: models in the database, and which job uses which.

mod kept;
mod uses;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueHint};
use rowscore::config::JobName;

use crate::out::Out;

/// Store models in the database, and say which one a job uses
///
/// A model that is stored needs no build and no deployment: from its next hop on, the job scores with the model that it
/// was told to use. The job of the variables is called `default`. All but `list` take an administrator's login: the
/// function's own may read models, and nothing else.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore model push mine/model.json\n  rowscore model list\n  \
                        rowscore model use default 0f3a5c\n  rowscore model use default built-in\n  \
                        rowscore model rollback default\n  rowscore model remove 0f3a5c")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Store a model, after a look at its version and its golden rows
    ///
    /// The same model twice is stored once. One that was damaged in the database is stored anew.
    #[command(after_help = "Example:\n  rowscore model push mine/model.json")]
    Push {
        /// The artifact, as `rowscore train` or `rowscore import` wrote it
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Show the stored models, the latest first, and which jobs use them since when
    List,
    /// Let a job use a stored model, from its next hop on
    ///
    /// The model is held against the job's table first, as before a run. A run of another model that is under way is
    /// replaced by one of this model, over the rest of its window.
    #[command(after_help = "Examples:\n  rowscore model use default 0f3a5c\n  rowscore model use default built-in")]
    Use {
        /// The job; that of the variables is `default`
        #[arg(value_name = "JOB")]
        job: JobName,
        /// The version, or as many of its first digits as tell it apart; `built-in` for the model of the program
        #[arg(value_name = "VERSION")]
        digits: String,
    },
    /// Let a job use the model again that it used before
    #[command(after_help = "Example:\n  rowscore model rollback default")]
    Rollback {
        /// The job; that of the variables is `default`
        #[arg(value_name = "JOB")]
        job: JobName,
    },
    /// Delete a stored model that no job uses or would return to
    #[command(after_help = "Example:\n  rowscore model remove 0f3a5c")]
    Remove {
        /// The version, or as many of its first digits as tell it apart
        #[arg(value_name = "VERSION")]
        digits: String,
    },
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    match args.command {
        Command::Push { file } => kept::push(&file, out).await,
        Command::List => kept::list(out).await,
        Command::Use { job, digits } => uses::begin(&job, &digits, out).await,
        Command::Rollback { job } => uses::rollback(&job, out).await,
        Command::Remove { digits } => kept::remove(&digits, out).await,
    }
}
