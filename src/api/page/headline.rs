//! The sentence on top: how things stand, as it was judged.

use super::view::View;
use crate::run::RunState;
use crate::standing::{Mood, Trouble};
use crate::store::status::StatusLine;
use crate::window::Time;
use crate::words;

/// How things stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Headline {
    /// What it asks of the reader.
    pub mood: Mood,
    /// The state, in a few words.
    pub sentence: String,
    /// What is behind it, a sentence or more each.
    pub details: Vec<String>,
    /// What else is the matter.
    pub others: Vec<(Mood, String)>,
}

impl Headline {
    /// Of the page's run.
    pub(super) fn of(view: &View) -> Self {
        let standing = &view.standing;
        let now = standing.facts.now;
        let mut details = Vec::new();
        let sentence = match standing.troubles.first() {
            Some(trouble) => {
                let (sentence, reason) = halves(&trouble.sentence(now));
                details.extend(reason);
                details.push(standing.remedy(trouble));
                sentence
            }
            None => untroubled(view),
        };
        let about = match view.current() {
            Some(run) => about(run, now),
            None => "The schedule starts the first one; `rowscore run` starts one now.".into(),
        };
        details.push(format!("{about} {}", standing.waiting()));
        let said =
            |trouble: &Trouble| (trouble.mood(), format!("{} {}", trouble.sentence(now), standing.remedy(trouble)));
        let others = standing.troubles.iter().skip(1).map(said).collect();
        Self { mood: standing.mood, sentence, details, others }
    }
}

impl Headline {
    /// The same, with commands that are meant for a job.
    pub(super) fn of_job(self, job: &str) -> Self {
        let said = |text: &String| words::of_job(text, job);
        let others = self.others.iter().map(|(mood, other)| (*mood, said(other))).collect();
        Self { details: self.details.iter().map(said).collect(), others, ..self }
    }
}

/// What is the matter, and why, as a sentence of its own.
fn halves(sentence: &str) -> (String, Option<String>) {
    match sentence.split_once(": ") {
        Some((what, why)) => {
            let mut letters = why.chars();
            let why = letters.next().map(|first| first.to_uppercase().chain(letters).collect());
            (format!("{what}."), why)
        }
        None => (sentence.to_owned(), None),
    }
}

fn untroubled(view: &View) -> String {
    let Some(run) = view.current() else { return "No run yet.".into() };
    if run.state == RunState::Running {
        return format!("{} is at work.", named(run));
    }
    // By whichever run.
    let aside: u64 = view.reasons.iter().map(|reason| reason.items).sum();
    let facts = &view.standing.facts;
    // What was looked at in part is not known to be all.
    let waiting = facts.backlog.filter(|backlog| facts.is_whole || backlog.items > 0).map(|backlog| backlog.items);
    waiting.map_or_else(|| format!("{} is over.", named(run)), |waiting| predicted(waiting, aside))
}

/// How many are predicted, where so many wait and so many are set aside.
fn predicted(waiting: u64, aside: u64) -> String {
    match (waiting, aside) {
        (0, 0) => "All predicted.".into(),
        (0, aside) => format!("All predicted but {}.", words::items(aside)),
        (1, _) => "1 item waits for the next run.".into(),
        (waiting, _) => format!("{} wait for the next run.", words::items(waiting)),
    }
}

/// `Backfill 7`, `Dry run of backfill 7`.
fn named(run: &StatusLine) -> String {
    match run.backfill {
        Some(backfill) if backfill.dry_run => format!("Dry run {}", run.id),
        _ => format!("{} {}", words::kind(run.kind), run.id),
    }
}

/// What there is to say of a run, whatever is the matter with it.
fn about(run: &StatusLine, now: Time) -> String {
    let worked_off = match run.total {
        Some(total) => format!("{} of {} are worked off", words::count(run.done), words::items(total)),
        None => format!("{} are worked off", words::items(run.done)),
    };
    if !run.state.is_over() {
        let spare = run.spare_seconds.map_or_else(String::new, |spare| format!(", {}", words::spare(spare)));
        let outlook = run.eta_seconds.map_or_else(String::new, |eta| format!(": {}{spare}", words::to_go(eta)));
        return format!("{}: {worked_off}{outlook}.", named(run));
    }
    let when = run.finished_at.map_or_else(|| "is over".to_owned(), |end| format!("finished {}", words::ago(end, now)));
    let spare = run.spare_seconds.map_or_else(String::new, |spare| {
        let span = words::span(spare.unsigned_abs());
        if spare < 0 { format!(", {span} too late") } else { format!(", {span} before its deadline") }
    });
    let left = run.pending.filter(|pending| *pending > 0);
    let left = left.map_or_else(String::new, |pending| format!(" It left {}.", words::items(pending)));
    format!("{} {when}{spare}.{left}", named(run))
}
