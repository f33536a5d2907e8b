//! The sentence on top: how things stand.

use super::view::View;
use crate::run::{RunKind, RunState};
use crate::store::status::StatusLine;
use crate::window::Time;
use crate::words;

/// Seconds without a committed page after which a run that should be at work is said to stand still:
/// longer than any page, and longer than the pause between two hops.
const STILL_S: i64 = 120;

/// What the sentence asks of its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// Nothing.
    Calm,
    /// To wait.
    Busy,
    /// To have a look.
    Odd,
    /// To do something.
    Bad,
}

impl Mood {
    /// Its name for the style sheet.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Busy => "busy",
            Self::Odd => "odd",
            Self::Bad => "bad",
        }
    }
}

/// How things stand.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Headline {
    /// What it asks of the reader.
    pub mood: Mood,
    /// The state, in a few words.
    pub sentence: String,
    /// What is behind it.
    pub detail: String,
}

impl Headline {
    /// Of the page's run.
    pub(super) fn of(view: &View, now: Time) -> Self {
        let Some(run) = view.current() else {
            return Self {
                mood: Mood::Odd,
                sentence: "No run yet.".into(),
                detail: "The schedule starts the first one; rowscore run starts one now.".into(),
            };
        };
        let mut headline = match run.state {
            RunState::Running => at_work(run, view, now),
            RunState::Paused => Self {
                mood: Mood::Odd,
                sentence: format!("{} is paused.", named(run)),
                detail: format!("{} It goes on after rowscore resume {}.", progress(run), run.id),
            },
            RunState::Failed | RunState::Cancelled => stopped(run, now),
            RunState::Succeeded | RunState::SucceededWithFailures => finished(run, view, now),
        };
        if let Some(canary) = view.runs.iter().find(|run| run.kind == RunKind::Canary)
            && canary.state == RunState::Failed
        {
            headline.mood = Mood::Bad;
            headline.detail += &format!(" The last canary, run {}, failed{}", canary.id, reason(canary));
        }
        headline
    }
}

fn named(run: &StatusLine) -> String {
    format!("{} {}", words::kind(run.kind), run.id)
}

fn progress(run: &StatusLine) -> String {
    match run.total {
        Some(total) => format!("{} of {} are worked off.", words::count(run.done), words::items(total)),
        None => format!("{} are worked off.", words::items(run.done)),
    }
}

/// `: what happened.`
fn reason(run: &StatusLine) -> String {
    run.last_error
        .as_ref()
        .map_or_else(|| ".".to_owned(), |error| format!(": {}.", words::plain(error.trim_end_matches('.'))))
}

fn at_work(run: &StatusLine, view: &View, now: Time) -> Headline {
    let last = view.lanes.iter().filter_map(|lane| lane.updated_at).max().unwrap_or(run.started_at);
    if (now - last).num_seconds() > STILL_S {
        return Headline {
            mood: Mood::Odd,
            sentence: format!("{} stands still.", named(run)),
            detail: format!(
                "{} The last page was committed {}. The next tick of the schedule continues it, or rowscore run does so now.",
                progress(run),
                words::ago(last, now)
            ),
        };
    }
    let late = run.spare_seconds.is_some_and(|spare| spare < 0);
    let spare = run.spare_seconds.map_or_else(String::new, |spare| format!(", {}", words::spare(spare)));
    let outlook = run.eta_seconds.map_or_else(String::new, |eta| format!(" It has {}{spare}.", words::to_go(eta)));
    Headline {
        mood: if late { Mood::Odd } else { Mood::Busy },
        sentence: format!("{} is at work.", named(run)),
        detail: format!("{}{outlook}", progress(run)),
    }
}

fn stopped(run: &StatusLine, now: Time) -> Headline {
    let (mood, word) = match run.state {
        RunState::Failed => (Mood::Bad, "failed"),
        _ => (Mood::Odd, "was cancelled"),
    };
    let when = run.finished_at.map_or_else(String::new, |end| format!(", {}", words::ago(end, now)));
    Headline {
        mood,
        sentence: format!("{} {word}.", named(run)),
        detail: format!("{} It ended{when}{}", progress(run), reason(run)),
    }
}

fn finished(run: &StatusLine, view: &View, now: Time) -> Headline {
    let pending = run.total.map_or(0, |total| total.saturating_sub(run.done));
    let late = run.spare_seconds.is_some_and(|spare| spare < 0);
    // By whichever run.
    let aside: u64 = view.reasons.iter().map(|reason| reason.items).sum();
    let sentence = match (pending, aside) {
        (0, 0) => "All predicted.".to_owned(),
        (0, aside) => format!("All predicted but {}.", words::items(aside)),
        (pending, _) => format!("{} arrived too late for this run.", words::items(pending)),
    };
    let when = run.finished_at.map_or_else(|| "is over".to_owned(), |end| format!("finished {}", words::ago(end, now)));
    let spare = run.spare_seconds.map_or_else(String::new, |spare| {
        let span = words::span(spare.unsigned_abs());
        if spare < 0 { format!(", {span} too late") } else { format!(", {span} before its deadline") }
    });
    let rest = match (pending, aside) {
        (0, 0) => "",
        (0, _) => " What cannot be scored is set aside, with its reason, below.",
        _ => " The next run takes them.",
    };
    Headline {
        mood: if late { Mood::Odd } else { Mood::Calm },
        sentence,
        detail: format!("{} {when}{spare}.{rest}", named(run)),
    }
}
