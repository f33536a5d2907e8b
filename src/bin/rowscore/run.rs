//! `rowscore run`: a window worked off in one process, hop after hop.

use std::collections::VecDeque;
use std::error::Error;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::{Either, select};
use rowscore::answer::{Answer, Outcome};
use rowscore::config::{Config, ConfigError, JobName, ScheduleName};
use rowscore::event::{Request, Trigger};
use rowscore::hop::{Chosen, Decides, Job, Jobs, NoJob};
use rowscore::run::{Mode, RunKind, RunState};
use rowscore::words;
use serde_json::json;

use crate::asked::Options;
use crate::by_hand::ByHand;
use crate::chosen::ForJob;
use crate::opened::Opened;
use crate::out::{Out, say};
use crate::progress::with_bar;
use crate::signals::Signals;
use crate::told::Told;
use crate::turns::{self, Brought, HALT, Turn};

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
    /// The job that is meant [default: each job without a schedule, a hop of each in turn]
    #[arg(value_name = "JOB")]
    job: Option<JobName>,
    /// The jobs of this schedule, a hop of each in turn
    #[arg(long, value_name = "NAME", conflicts_with = "job")]
    schedule: Option<ScheduleName>,
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

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let kind = if args.canary { RunKind::Canary } else { args.options.kind() };
    let mode = if args.dry_run { Mode::DryRun } else { Mode::Write };
    let decides = if args.chosen.is_given() { Decides::Caller } else { Decides::Job };
    let model = args.chosen.brought()?;
    let asked = Request { job: args.job, schedule: args.schedule, ..args.options.request(kind, mode)? };
    let trigger = Trigger::Open(asked.clone().checked()?);
    let mut signals = Signals::listen()?;
    let jobs = match select(pin!(async { Ok(Jobs::new(Config::from_env()?).await) }), pin!(signals.next())).await {
        Either::Left((jobs, _)) => jobs.map_err(|error: ConfigError| error)?,
        Either::Right(_) => return Ok(stopped_before()),
    };
    let by_hand = ByHand::new(jobs.config());
    let brought = Brought { model, decides, by_hand: &by_hand };
    let budget = jobs.of_variables().work.hop_budget;
    let clock = turns::clock(budget);
    let chosen = match select(pin!(jobs.start(&trigger, clock)), pin!(signals.next())).await {
        Either::Left((started, _)) => started?,
        Either::Right(_) => return Ok(stopped_before()),
    };
    let (begun, mut ask_to_stop) = (Instant::now(), pin!(signals.ask_to_stop(&HALT)));
    let (start, job) = match chosen {
        (start, Ok(Chosen::One(job))) => (start, job),
        (start, others) => {
            start.close().await;
            let jobs_to_do = match others? {
                Chosen::Each(jobs) => jobs,
                Chosen::Nobody(name) => {
                    say!("Job `{name}` is paused or was removed: `rowscore jobs --removed` shows it.");
                    return Ok(ExitCode::from(NOT_OVER));
                }
                Chosen::One(_) => unreachable!("it was taken"),
            };
            return match select(pin!(each(&jobs, jobs_to_do, (brought, &asked), out)), ask_to_stop).await {
                Either::Left((code, _)) => code,
                Either::Right(_) => Ok(undone()),
            };
        }
    };
    let turn = Turn::new(Arc::clone(&job), asked.clone()).with_hops_of(budget);
    let work = pin!(with_bar(&job.database, turn.finished(brought, start)));
    let worked = match select(work, &mut ask_to_stop).await {
        Either::Left((worked, _)) => worked,
        Either::Right(_) => return Ok(undone()),
    };
    let Some(answer) = worked?.answer() else { return Ok(stopped_before()) };
    let told = Told::of(&Opened::at(&jobs, &job), &asked, &answer, out).await;
    out.tell(&answer, told.lines(begun.elapsed()))?;
    Ok(ExitCode::from(exit_status(&answer)))
}

/// Several jobs, a hop of each in turn: a large one does not hold up the others, nor does one that fails.
async fn each(
    jobs: &Jobs,
    chosen: Vec<(JobName, Result<Arc<Job>, NoJob>)>,
    (brought, asked): (Brought<'_>, &Request),
    out: &mut Out,
) -> Result<ExitCode, Box<dyn Error>> {
    let share = turns::share(jobs.of_variables().work.hop_budget, chosen.len());
    let (mut waiting, mut codes) = (VecDeque::new(), Vec::new());
    for (name, job) in chosen {
        match job {
            Ok(job) => waiting.push_back(Turn::new(job, asked.clone()).with_hops_of(share)),
            Err(error) => codes.push(failed(&name, &error, out)?),
        }
    }
    while let Some(mut turn) = waiting.pop_front() {
        // One that waits holds up no other.
        if turn.rests() && waiting.iter().any(|other| !other.rests()) {
            waiting.push_back(turn);
            continue;
        }
        match turn.next_hop(brought, None).await {
            Ok(true) => waiting.push_back(turn),
            Ok(false) => codes.push(tell(jobs, &turn, asked, out).await?),
            Err(error) => codes.push(failed(&turn.job().name, &error, out)?),
        }
    }
    if codes.is_empty() {
        say!("No job is to be run: `rowscore jobs` shows which there are, with their schedules.");
    }
    let worst = if codes.contains(&FAILED) { FAILED } else { codes.into_iter().max().unwrap_or(0) };
    Ok(ExitCode::from(worst))
}

/// Says what became of one job of several, and answers the exit status that it would have alone.
async fn tell(jobs: &Jobs, turn: &Turn, asked: &Request, out: &mut Out) -> Result<u8, Box<dyn Error>> {
    let name = &turn.job().name;
    let Some(answer) = turn.answer() else {
        say!("{name}: stopped before a run was opened.");
        return Ok(NOT_OVER);
    };
    let told = Told::of(&Opened::at(jobs, turn.job()), asked, &answer, out).await;
    let lines = told.lines(turn.took()).into_iter().map(|line| format!("{name}: {line}"));
    out.tell(&Answer { job: Some(name.clone()), ..answer.clone() }, lines.collect::<Vec<_>>())?;
    Ok(exit_status(&answer))
}

/// Says why one job of several failed.
fn failed(name: &JobName, error: &(dyn Error + 'static), out: &mut Out) -> Result<u8, Box<dyn Error>> {
    let error = words::chain(error);
    out.tell(&json!({"job": name, "error": error}), [format!("{name}: {error}")])?;
    Ok(FAILED)
}

/// The exit status of what failed.
const FAILED: u8 = 1;

/// The exit status of a run that somebody has to go on with.
const NOT_OVER: u8 = 3;

fn stopped_before() -> ExitCode {
    say!("Stopped before a run was opened.");
    ExitCode::from(NOT_OVER)
}

fn undone() -> ExitCode {
    say!("Ended in the middle of a page, which is undone. The next call goes on with the run.");
    ExitCode::from(NOT_OVER)
}

fn exit_status(answer: &Answer) -> u8 {
    match (answer.outcome, answer.state) {
        (_, Some(RunState::Failed | RunState::Cancelled)) => FAILED,
        (Outcome::AlreadyRunning | Outcome::Stale | Outcome::Stopped, _) => NOT_OVER,
        (_, Some(RunState::Running | RunState::Paused)) => NOT_OVER,
        _ => 0,
    }
}
