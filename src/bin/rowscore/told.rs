//! What `rowscore run` did, in words: of every run that it had to do with, and what to do next.

use std::time::Duration;

use chrono::TimeDelta;
use rowscore::answer::{Answer, Outcome, Part};
use rowscore::config::JobName;
use rowscore::event::Request;
use rowscore::run::{Mode, RunId, RunKind, RunState};
use rowscore::store::backlog::{self, Backlog};
use rowscore::store::status::{self, StatusLine};
use rowscore::words;

use crate::opened::Opened;
use crate::out::Out;
use crate::report;

/// What was done, and what else is known of it.
pub(crate) struct Told<'a> {
    request: &'a Request,
    answer: &'a Answer,
    job: JobName,
    /// The run that the answer is about, as far as that could be read.
    run: Option<StatusLine>,
    /// What waits beside its window.
    backlog: Option<Backlog>,
}

impl<'a> Told<'a> {
    /// Reads what there is to say beyond the answer. What waits is counted for people only: a schedule comes again.
    pub(crate) async fn of(opened: &Opened, request: &'a Request, answer: &'a Answer, out: &Out) -> Self {
        let table = opened.table();
        let (mut session, mut run) = (opened.session(), None);
        // A schedule's run costs no question more.
        let is_asked = out.is_for_people() || answer.state == Some(RunState::Failed);
        if let Some(id) = answer.run_id.filter(|_| is_asked) {
            // What was done is told even where no more can be read.
            run = session.ask(|| status::find(table, id)).await.ok().flatten();
        }
        let reaches_to_now = request.kind == RunKind::Window && request.from.is_none() && request.to.is_none();
        let is_over = matches!(answer.outcome, Outcome::Finished | Outcome::NothingToDo);
        let window = run.as_ref().map(|run| run.window).filter(|_| out.is_for_people() && reaches_to_now && is_over);
        let mut backlog = None;
        if let Some(window) = window {
            backlog = session.run(async |conn| backlog::whole(conn, table, window.from).await).await.ok().flatten();
        }
        session.close().await;
        Self { request, answer, job: table.job.clone(), run, backlog }
    }

    /// In one line what was done, then what to do next.
    pub(crate) fn lines(&self, took: Duration) -> Vec<String> {
        let took = words::took(TimeDelta::from_std(took).unwrap_or(TimeDelta::MAX));
        let parts = self.answer.runs.iter().map(|part| self.part(part)).chain([took]);
        let mut lines = vec![parts.collect::<Vec<_>>().join("; ")];
        let changes = self.answer.backfill.filter(|_| self.answer.counts.predicted > 0);
        lines.extend(changes.map(|backfill| report::changes(&backfill)));
        lines.extend(self.next());
        let skipped = self.answer.skipped;
        if skipped > 0 {
            let them = if skipped == 1 { "it" } else { "them" };
            let items = words::items(skipped);
            lines.push(format!("{items} stayed locked by others and pending: `rowscore run` takes {them} later."));
        }
        lines.extend(self.waiting());
        lines.iter().map(|line| words::of_job(line, self.job.as_str())).collect()
    }

    /// Like `run 1: 206,388 predicted, 3 set aside (taken up)`.
    fn part(&self, part: &Part) -> String {
        let Part { run_id, taken_up, state, work, .. } = part;
        let is_last = self.answer.run_id == Some(*run_id);
        let mut did = match (self.request.kind, self.request.mode) {
            (RunKind::Canary, _) => vec!["canary".to_owned()],
            _ if work.pages == 0 && is_last && self.answer.outcome == Outcome::NothingToDo => {
                vec!["nothing new".to_owned()]
            }
            (RunKind::Backfill, Mode::DryRun) => vec![format!("{} would be predicted", words::count(work.predicted))],
            _ => vec![format!("{} predicted", words::count(work.predicted))],
        };
        let mut add = |number: u64, what| {
            if number > 0 {
                did.push(format!("{} {what}", words::count(number)));
            }
        };
        add(work.failed, "set aside");
        add(if is_last { self.answer.counts.pending } else { 0 }, "pending");
        let state =
            (*state != RunState::Succeeded || self.request.kind == RunKind::Canary).then(|| words::state(*state));
        let notes: Vec<&str> = taken_up.then_some("taken up").into_iter().chain(state).collect();
        let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
        format!("run {run_id}: {}{notes}", did.join(", "))
    }

    /// What to do next, if the run is not well over.
    fn next(&self) -> Option<String> {
        let id = self.answer.run_id?;
        let again = command(self.request.kind, self.request.mode);
        Some(match (self.answer.outcome, self.answer.state?) {
            (_, RunState::Failed) => {
                let why = self.run.as_ref().and_then(|run| run.last_error.as_deref()).unwrap_or("see its last_error");
                format!("Run {id} failed: {why}")
            }
            (_, RunState::Cancelled) => format!("Run {id} was cancelled meanwhile; `{again}` opens a new one."),
            (_, RunState::Paused) => {
                format!("Run {id} is paused: `rowscore resume {id}`, then `{again}`, go on with it.")
            }
            (Outcome::AlreadyRunning, _) if !self.request.mode.writes() => in_the_way(id),
            (Outcome::AlreadyRunning | Outcome::Stale | Outcome::LanesFinished, RunState::Running) => {
                format!("Another process is at work on run {id}: `rowscore status {id} --watch` follows it.")
            }
            (_, RunState::Running) => format!("Run {id} is not over: `{again}` goes on with it."),
            _ => return None,
        })
    }

    /// What the run left, and how to get it.
    fn waiting(&self) -> Vec<String> {
        let Backlog { items, more, unreached, oldest, .. } = self.backlog.unwrap_or_default();
        let wait = |count, why: &str, command| {
            let (verb, them) = if count == 1 { ("waits", "it") } else { ("wait", "them") };
            let least = if more { "At least " } else { "" };
            (count > 0).then(|| format!("{least}{} {verb} that {why}: `{command}` takes {them}.", words::items(count)))
        };
        let newer = items.saturating_sub(unreached);
        let ends = self.run.as_ref().map(|run| run.window.to);
        let newer = match oldest.zip(ends) {
            Some((oldest, end)) if unreached == 0 && oldest > end + TimeDelta::minutes(1) => {
                wait(newer, &format!("arrive at {} at the earliest", words::rfc3339(oldest)), "rowscore run")
            }
            _ => wait(newer, "arrived meanwhile", "rowscore run"),
        };
        let older = wait(unreached, "arrived before this window, or without a time", "rowscore run --sweep");
        newer.into_iter().chain(older).collect()
    }
}

/// A dry run waits for a backfill that writes.
fn in_the_way(id: RunId) -> String {
    format!(
        "Backfill {id} writes and is not over: `rowscore run --backfill` finishes it, `rowscore cancel {id}` ends it."
    )
}

/// The command that asks for such a run.
pub(crate) fn command(kind: RunKind, mode: Mode) -> &'static str {
    match (kind, mode) {
        (RunKind::Window, _) => "rowscore run",
        (RunKind::Sweep, _) => "rowscore run --sweep",
        (RunKind::Backfill, Mode::Write) => "rowscore run --backfill",
        (RunKind::Backfill, Mode::DryRun) => "rowscore run --backfill --dry-run",
        (RunKind::Canary, _) => "rowscore run --canary",
    }
}
