//! `rowscore run`: a window worked off in one process, hop after hop.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error;
use std::io::IsTerminal;
use std::pin::pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures_util::future::{Either, select};
use indicatif::{ProgressBar, ProgressStyle};
use rowscore::answer::{Answer, Outcome};
use rowscore::config::Config;
use rowscore::event::{Request, Trigger};
use rowscore::hop::{Clock, InAnswer, Means, Runner};
use rowscore::model;
use rowscore::run::{Mode, RunKind, RunState};
use rowscore::store::session::Session;
use rowscore::store::{Database, status};
use rowscore::words;

use crate::asked::Options;
use crate::opened::Opened;
use crate::report;

/// Score a window's items in this process, with a progress bar on a terminal
///
/// Without options, the window begins where the last finished one ended. An unfinished run is
/// continued first. The answer of the last hop is printed as one JSON object.
///
/// With --backfill, the items that another model version predicted are scored again; --dry-run shows
/// what would change.
#[derive(clap::Args)]
#[command(after_help = "Exit status: 0 the window is finished, or there was nothing to do; 1 it is not; \
                        2 wrong arguments; 3 another process is working on it, or the run is paused.")]
pub(crate) struct Args {
    #[command(flatten)]
    options: Options,
    /// Try everything out with the model's golden rows: database, grants and a page that is rolled back
    #[arg(long, conflicts_with_all = ["sweep", "backfill"])]
    canary: bool,
    /// Say what a backfill would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// How often the progress is read from the database.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

pub(crate) async fn run(args: Args) -> Result<ExitCode, Box<dyn Error>> {
    let kind = if args.canary { RunKind::Canary } else { args.options.kind() };
    let mode = if args.dry_run { Mode::DryRun } else { Mode::Write };
    let request = args.options.request(kind, mode)?;
    let Opened { config, database } = Opened::from_env().await?;

    let begun = Instant::now();
    let work = pin!(work_off(&config, &database, request));
    let answer = if std::io::stderr().is_terminal() {
        let bar = ProgressBar::new(0);
        let answer = match select(work, pin!(show_progress(&database, &bar))).await {
            Either::Left((answer, _)) => answer,
            Either::Right((never, _)) => match never {},
        };
        bar.finish_and_clear();
        answer?
    } else {
        work.await?
    };
    println!("{}", serde_json::to_string(&answer)?);
    eprintln!("{}", summary(&answer, begun.elapsed()));
    if let Some(backfill) = answer.backfill.filter(|_| answer.counts.predicted > 0) {
        eprintln!("{}", report::changes(&backfill));
    }
    Ok(exit_code(&answer))
}

/// Hop after hop: the continuations of each answer are followed until there are none.
async fn work_off(config: &Config, database: &Database, request: Request) -> Result<Answer, Box<dyn Error>> {
    let runner = Runner { means: Means { database, work: &config.work, model: model::embedded()? }, relay: &InAnswer };
    let mut last = runner.hop(&Trigger::Open(request), clock(config)).await?;
    let mut waiting = VecDeque::from(last.continuations.clone());
    while let Some(continuation) = waiting.pop_front() {
        last = runner.hop(&Trigger::Continue(continuation), clock(config)).await?;
        waiting.extend(last.continuations.iter().copied());
    }
    Ok(last)
}

fn clock(config: &Config) -> Clock {
    Clock::starting(None, Duration::ZERO, config.work.hop_budget)
}

/// Keeps the bar at what the database says of the run.
async fn show_progress(database: &Database, bar: &ProgressBar) -> Infallible {
    let style = "{bar:40} {human_pos}/{human_len} {percent}% {msg}, about {eta} to go";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut session = Session::new(database);
    let table = database.items_table();
    loop {
        tokio::time::sleep(PROGRESS_EVERY).await;
        // Progress that cannot be read now is read the next time.
        let Ok(lines) = session.run(async |conn| status::latest(conn, table, None, 1).await).await else { continue };
        if let Some(line) = lines.first().filter(|line| line.state == RunState::Running) {
            bar.set_length(line.total.unwrap_or(line.done));
            bar.set_position(line.done);
            bar.set_message(format!("{} rows/s", words::count(line.rows_per_second.unwrap_or(0))));
        }
    }
}

fn summary(answer: &Answer, took: Duration) -> String {
    let counts = answer.counts;
    let run = answer.run_id.map_or_else(|| "no run".to_owned(), |id| format!("run {id}"));
    let state = answer.state.map_or("", RunState::name);
    let [predicted, failed, pending] = [counts.predicted, counts.failed, counts.pending].map(words::count);
    let took = words::took(TimeDelta::from_std(took).unwrap_or(TimeDelta::MAX));
    let verb =
        if answer.backfill.is_some_and(|backfill| backfill.dry_run) { "would be predicted" } else { "predicted" };
    format!("{run} {state} ({}): {predicted} {verb}, {failed} set aside, {pending} pending; {took}", answer.outcome)
}

fn exit_code(answer: &Answer) -> ExitCode {
    match (answer.outcome, answer.state) {
        (_, Some(RunState::Failed | RunState::Cancelled)) => ExitCode::FAILURE,
        (Outcome::AlreadyRunning | Outcome::Stale | Outcome::Stopped, _) => ExitCode::from(3),
        (_, Some(RunState::Running)) => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}
