//! `rowscore run`: a window worked off in one process, hop after hop.

use std::collections::VecDeque;
use std::error::Error;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use rowscore::answer::{Answer, Outcome, Part};
use rowscore::event::{Request, Trigger};
use rowscore::hop::{Clock, Decides, HopError, InAnswer, Means, Runner};
use rowscore::run::{Mode, RunKind, RunState};

use crate::asked::Options;
use crate::chosen::ForJob;
use crate::opened::Opened;
use crate::out::{Out, say};
use crate::progress::with_bar;
use crate::signals::Signals;
use crate::told::Told;

/// Score a window's items in this process, with a progress bar on a terminal
///
/// Without options, the window begins where the last finished one ended. An unfinished run is
/// continued first. Ctrl-C and SIGTERM end it after the page that is under way; the next call goes on from there.
///
/// With --backfill, the items that another model version predicted are scored again; --dry-run shows
/// what would change.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore run\n  rowscore run --sweep\n  \
                        rowscore run --from 2026-11-22T00:00:00Z --to 2026-11-23T00:00:00Z\n  \
                        rowscore run --backfill --dry-run\n  rowscore run --model mine/model.json\n\n\
                        Exit status: 0 the window is finished, or there was nothing to do; 1 something went wrong, or the \
                        run failed; 2 wrong arguments; 3 the run is not over: it was stopped or is paused, or another \
                        process is working on it.")]
pub(crate) struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    chosen: ForJob,
    /// Try everything out with the model's golden rows: database, grants and a page that is rolled back
    #[arg(long, conflicts_with_all = ["sweep", "backfill"])]
    canary: bool,
    /// Say what a backfill would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Whether somebody asked to stop.
static HALT: AtomicBool = AtomicBool::new(false);

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let kind = if args.canary { RunKind::Canary } else { args.options.kind() };
    let mode = if args.dry_run { Mode::DryRun } else { Mode::Write };
    let model = args.chosen.brought()?;
    let decides = if args.chosen.is_given() { Decides::Caller } else { Decides::Job };
    let request = args.options.request(kind, mode)?;
    let mut signals = Signals::listen()?;
    let opened = match select(pin!(Opened::from_env()), pin!(signals.next())).await {
        Either::Left((opened, _)) => opened?,
        Either::Right(_) => return Ok(stopped_before()),
    };
    let means = Means { database: &opened.database, work: &opened.config.work, model };

    let begun = Instant::now();
    let work = pin!(with_bar(&opened.database, work_off(means, decides, &request)));
    let answer = match select(work, pin!(signals.ask_to_stop(&HALT))).await {
        Either::Left((answer, _)) => answer?,
        Either::Right(_) => {
            say!("Ended in the middle of a page, which is undone. The next call goes on with the run.");
            return Ok(ExitCode::from(NOT_OVER));
        }
    };
    let Some(answer) = answer else { return Ok(stopped_before()) };
    let told = Told::of(&opened, &request, &answer, out).await;
    out.tell(&answer, told.lines(begun.elapsed()))?;
    Ok(exit_code(&answer))
}

/// The exit status of a run that somebody has to go on with.
const NOT_OVER: u8 = 3;

fn stopped_before() -> ExitCode {
    say!("Stopped before a run was opened.");
    ExitCode::from(NOT_OVER)
}

/// Runs that may come first, one after the other.
const MOST_BEFORE: usize = 10;

/// Hop after hop: the continuations of each answer are followed until there are none. Where another run came first,
/// and took more than a hop, it is asked again. The answer is the last hop's, with what all did; `None`: there was
/// no time for any.
async fn work_off(means: Means<'_>, decides: Decides, request: &Request) -> Result<Option<Answer>, HopError> {
    let runner = Runner { means, relay: &InAnswer };
    let hop = async |trigger: &Trigger| {
        let clock = Clock::starting(None, Duration::ZERO, means.work.hop_budget).until_halted(&HALT);
        runner.hop_as(trigger, clock, decides).await
    };
    let (mut last, mut runs): (Option<Answer>, Vec<Part>) = (None, Vec::new());
    for _ in 0..MOST_BEFORE {
        let mut waiting = VecDeque::from([Trigger::Open(request.clone())]);
        let mut came_first = false;
        while let Some(trigger) = waiting.pop_front().filter(|_| !HALT.load(Ordering::Relaxed)) {
            let answer = hop(&trigger).await?;
            came_first |= answer.runs.last().is_some_and(|part| part.taken_up);
            answer.runs.iter().for_each(|part| add(&mut runs, *part));
            waiting.extend(answer.continuations.iter().copied().map(Trigger::Continue));
            last = Some(answer);
        }
        let is_finished = last.as_ref().is_some_and(|answer| answer.outcome == Outcome::Finished);
        if !(came_first && is_finished) {
            break;
        }
    }
    Ok(last.map(|answer| Answer { runs, ..answer }))
}

/// Adds what one more hop did.
fn add(runs: &mut Vec<Part>, part: Part) {
    match runs.iter_mut().find(|known| known.run_id == part.run_id) {
        Some(known) => {
            known.work.add(part.work);
            known.taken_up |= part.taken_up;
            known.state = part.state;
        }
        None => runs.push(part),
    }
}

fn exit_code(answer: &Answer) -> ExitCode {
    match (answer.outcome, answer.state) {
        (_, Some(RunState::Failed | RunState::Cancelled)) => ExitCode::FAILURE,
        (Outcome::AlreadyRunning | Outcome::Stale | Outcome::Stopped, _) => ExitCode::from(NOT_OVER),
        (_, Some(RunState::Running | RunState::Paused)) => ExitCode::from(NOT_OVER),
        _ => ExitCode::SUCCESS,
    }
}
