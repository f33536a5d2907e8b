//! `rowscore pause`, `resume` and `cancel`: what an operator does to runs.

use std::error::Error;
use std::process::ExitCode;

use rowscore::config::JobName;
use rowscore::hop::{self, Means, Steered};
use rowscore::model::{self, SharedModel};
use rowscore::run::{Mode, RunId, RunKind, RunState};
use rowscore::store::jobs::{self, JobState};
use rowscore::store::runs::{self, Run};
use rowscore::store::status::{self, StatusLine};
use rowscore::store::stored::LoadError;
use rowscore::store::{Fault, StoreError};
use rowscore::words::{self, count, items};
use serde_json::json;

use crate::chosen::in_use;
use crate::opened::Opened;
use crate::out::{Out, say};
use crate::told::command;
use crate::whose::RunOrJob;

/// The run that is meant, or the job.
#[derive(clap::Args)]
pub(crate) struct RunArgs {
    /// The run's number, as `rowscore status` shows it, or the job's name, as `rowscore jobs` does
    #[arg(value_name = "RUN|JOB")]
    whose: RunOrJob,
}

/// How often a run's lock is waited for again, some seconds each time: a worker that stands still in the middle of a page
/// keeps it.
const PATIENCE: u32 = 6;

/// Brings a run, or a job, into a state, and says what is true then and what the next command is.
pub(crate) async fn steer(args: RunArgs, to: RunState, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    match args.whose {
        RunOrJob::Run(id) => steer_run(&Opened::of_run(id).await?, id, to, out).await,
        RunOrJob::Job(job) => steer_job(&job, to, out).await,
    }
}

async fn steer_run(opened: &Opened, id: RunId, to: RunState, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    // A run can be ended also where its table has gone.
    let _ = opened.look().await;
    let built_in: SharedModel = model::embedded()?.into();
    let model = match in_use(opened, built_in.clone()).await {
        // A run can be ended all the same. Only what is left of a backfill is reckoned then, and not counted.
        Err(LoadError::Unusable(_)) => built_in,
        found => found?,
    };
    let means = Means { database: &opened.database, work: &opened.config.work, model: &model, challenger: None };
    let mut steered = steer_once(means, opened, id, to).await;
    for _ in 0..PATIENCE {
        match steered {
            Err(error) if error.fault() == Fault::Retry => {
                say!("Waiting for a page that is under way ...");
                steered = steer_once(means, opened, id, to).await;
            }
            _ => break,
        }
    }
    match steered? {
        Steered::Done => {
            let table = opened.table();
            let read = async |conn: &mut _| {
                let found = runs::find(table, id).and(status::find(table, id));
                found.and(jobs::state(&table.job)).ask(conn).await
            };
            let done = match opened.ask(read).await? {
                ((Some(run), Some(line)), state) => {
                    opened.said(&sentence(&run, &line, Ticked { job: &table.job, state }))
                }
                _ => format!("Run {id} is {}.", words::state(to)),
            };
            out.tell(&json!({"run_id": id, "state": to}), [done])?;
            Ok(ExitCode::SUCCESS)
        }
        Steered::Refused(now) => {
            let job = &opened.table().job;
            let state = opened.ask(async |conn| jobs::state(job).ask(conn).await).await?;
            Err(refusal(id, now, to, Ticked { job, state }).into())
        }
        Steered::Unknown => {
            Err(format!("table `{}` has no run {id}; see `rowscore status`", opened.table().as_str()).into())
        }
    }
}

/// Pauses a job with its runs, lets it go on, or ends its runs.
async fn steer_job(job: &JobName, to: RunState, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::of(Some(job)).await?;
    let state = match to {
        RunState::Paused => Some(JobState::Paused),
        RunState::Running => Some(JobState::Active),
        _ => None,
    };
    if let Some(state) = state {
        let rows = opened.ask(async |conn| jobs::known(conn).await).await?;
        let row = rows.iter().find(|row| row.settings.name == *job && row.state != JobState::Removed);
        let Some(row) = row else {
            let why = "is described by the variables alone, or was removed: pause its runs by their numbers";
            return Err(format!("job `{job}` {why}, which `rowscore status` shows").into());
        };
        if row.state != state {
            opened.ask(async |conn| jobs::set_state(job, state).ask(conn).await).await?;
        }
    }
    let from = if to == RunState::Running { RunState::Paused } else { RunState::Running };
    for (id, table) in opened.ask(async |conn| jobs::unfinished(job).ask(conn).await).await? {
        // The variables' job over another table is another deployment's.
        if job.is_default() && table != opened.table().as_str() {
            continue;
        }
        let of_run = Opened::of_run(id).await?;
        let run = of_run.ask(async |conn| runs::find(of_run.table(), id).ask(conn).await).await?;
        if run.is_some_and(|run| run.state == from || to == RunState::Cancelled) {
            steer_run(&of_run, id, to, out).await?;
        }
    }
    let done = match state {
        Some(JobState::Paused) => format!("Job `{job}` is paused: ticks pass it by until `rowscore resume {job}`."),
        Some(_) => format!("Job `{job}` is active: ticks start it."),
        None => format!("No run of job `{job}` is left unfinished; the next tick opens one, unless it is paused."),
    };
    out.tell(&json!({"job": job, "state": state}), [done])?;
    Ok(ExitCode::SUCCESS)
}

async fn steer_once(means: Means<'_>, opened: &Opened, id: RunId, to: RunState) -> Result<Steered, StoreError> {
    let steered = opened.ask(async |conn| match to {
        RunState::Cancelled => hop::stop(conn, means, id, to, None).await,
        _ => hop::steer(conn, opened.table(), id, to).await,
    });
    steered.await
}

/// A job, and whether ticks start it and go on with its runs.
#[derive(Clone, Copy)]
struct Ticked<'j> {
    job: &'j JobName,
    state: JobState,
}

impl Ticked<'_> {
    /// What is to be resumed so that a run goes on: it alone, or the job, whose ticks pass by till then.
    fn resumed(self, run: RunId) -> String {
        match self.state {
            JobState::Paused => self.job.to_string(),
            JobState::Active | JobState::Removed => run.to_string(),
        }
    }

    /// What keeps the job's runs from going on, and what to do about it; `None`: nothing does.
    fn obstacle(self, run: RunId) -> Option<String> {
        let job = self.job;
        match self.state {
            JobState::Active => None,
            JobState::Paused => Some(format!(
                "its job `{job}` is paused: ticks and `rowscore run` pass it by until `rowscore resume {job}`"
            )),
            JobState::Removed => Some(format!(
                "its job `{job}` was removed, so nothing goes on with it: `rowscore cancel {run}` ends it"
            )),
        }
    }
}

/// Why there is no way from a state to the wanted one.
fn refusal(id: RunId, state: RunState, to: RunState, of: Ticked<'_>) -> String {
    let now = words::state(state);
    match (state, to) {
        (RunState::Paused, RunState::Paused) => {
            format!("run {id} is {now} already; `rowscore resume {}` lets it go on", of.resumed(id))
        }
        (RunState::Running, RunState::Running) => {
            format!("run {id} is {now} already; `rowscore status {id} --watch` follows it")
        }
        _ => {
            let to = words::state(to);
            format!(
                "run {id} is over ({now}) and cannot be {to} any more; `rowscore status` shows which runs are not over"
            )
        }
    }
}

/// What is true of a run now.
fn sentence(run: &Run, line: &StatusLine, of: Ticked<'_>) -> String {
    let id = run.id;
    let again = again(run, line);
    match (run.state, of.obstacle(id)) {
        (RunState::Paused, _) => format!(
            "Run {id} is paused: no page begins until `rowscore resume {}`; `rowscore cancel {id}` ends it for good.",
            of.resumed(id)
        ),
        (RunState::Running, Some(obstacle)) => format!("Run {id} is running again, but {obstacle}."),
        (RunState::Running, None) => {
            format!(
                "Run {id} is running again: the next tick of the schedule goes on with it, or `{again}` does so now."
            )
        }
        (RunState::Cancelled, obstacle) => {
            let but = obstacle.filter(|_| of.state == JobState::Paused).map(|obstacle| format!(" But {obstacle}."));
            format!("Run {id} is cancelled: {}{}", what_stays(run, line, &again), but.unwrap_or_default())
        }
        (state, _) => format!("Run {id} is over: {}.", words::state(state)),
    }
}

/// What a cancelled run leaves behind, and how to go on.
fn what_stays(run: &Run, line: &StatusLine, again: &str) -> String {
    let predicted = line.done.saturating_sub(line.failed);
    let of = line.total.map_or_else(|| "an unknown number of items".to_owned(), items);
    let model = &line.model_version;
    match (run.kind, run.mode) {
        (RunKind::Backfill, Mode::DryRun) => {
            format!("{} of {of} were compared, and no prediction was touched. `{again}` begins anew.", count(line.done))
        }
        (RunKind::Backfill, Mode::Write) => format!(
            "{} of {of} have the predictions of model {model} now, the others keep their old ones. `{again}` goes on with \
             them.",
            count(predicted)
        ),
        (RunKind::Window, _) if run.chained => {
            format!(
                "{} of {of} are predicted, and stay so. The next window takes the others, or `{again}` now.",
                count(predicted)
            )
        }
        _ => format!("{} of {of} are predicted, and stay so. `{again}` takes the others.", count(predicted)),
    }
}

/// The command that asks for the same again, with the bounds that were given.
fn again(run: &Run, line: &StatusLine) -> String {
    let mut again = command(run.kind, run.mode).to_owned();
    let is_given = match run.kind {
        RunKind::Window => !run.chained,
        RunKind::Backfill => true,
        RunKind::Sweep | RunKind::Canary => false,
    };
    if let Some(from) = run.window.from.filter(|_| is_given) {
        again += &format!(" --from {}", words::rfc3339(from));
    }
    // A window by hand ends with the second in which it is asked for.
    let ends_by_itself = (run.window.to - line.started_at).num_seconds().abs() <= 2;
    if is_given && !ends_by_itself && run.state == RunState::Cancelled {
        again += &format!(" --to {}", words::rfc3339(run.window.to));
    }
    again
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_cannot_be_steered_is_told_what_can_be_done() {
        let job = JobName::default();
        let told = |state, to| refusal(RunId(2), state, to, Ticked { job: &job, state: JobState::Active });
        assert!(told(RunState::Paused, RunState::Paused).ends_with("already; `rowscore resume 2` lets it go on"));
        assert!(
            told(RunState::Running, RunState::Running).ends_with("already; `rowscore status 2 --watch` follows it")
        );
        let paused = Ticked { job: &job, state: JobState::Paused };
        let told_of_job = refusal(RunId(2), RunState::Paused, RunState::Paused, paused);
        assert!(told_of_job.ends_with("already; `rowscore resume default` lets it go on"), "{told_of_job}");
        let over = told(RunState::SucceededWithFailures, RunState::Cancelled);
        assert!(over.starts_with("run 2 is over (succeeded with failures) and cannot be cancelled any more"), "{over}");
    }
}
