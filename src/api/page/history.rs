//! The runs as the page lists them: those that had nothing to do in one line.

use std::collections::BTreeMap;

use crate::run::{RunId, RunKind, RunState};
use crate::store::status::StatusLine;
use crate::window::Time;

/// A line of the history.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    /// A run.
    Run(&'a StatusLine),
    /// Several, one after the other, that had nothing to do.
    Idle(Idle),
}

/// Runs that had nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Idle {
    /// The earliest.
    pub first: RunId,
    /// The latest.
    pub last: RunId,
    /// How many.
    pub runs: usize,
    /// When the latest began.
    pub at: Time,
}

/// Whether a run had nothing to do, and all is well with that: a tick without items, or a canary.
pub(super) fn is_idle(run: &StatusLine) -> bool {
    run.state == RunState::Succeeded && (run.kind == RunKind::Canary || (run.done == 0 && run.total == Some(0)))
}

/// Each run once, the latest first.
pub(super) fn merged<'a>(runs: impl IntoIterator<Item = &'a StatusLine>) -> Vec<&'a StatusLine> {
    let by_number: BTreeMap<u64, _> = runs.into_iter().map(|run| (run.id.0, run)).collect();
    by_number.into_values().rev().collect()
}

/// The lines that say the same, the latest first.
pub(super) fn folded<'a>(runs: &[&'a StatusLine]) -> Vec<Entry<'a>> {
    let pieces = runs.chunk_by(|one, next| is_idle(one) && is_idle(next));
    let entry = |piece: &[&'a StatusLine]| match piece {
        [] => None,
        [run] => Some(Entry::Run(run)),
        [last, .., first] => {
            Some(Entry::Idle(Idle { first: first.id, last: last.id, runs: piece.len(), at: last.started_at }))
        }
    };
    pieces.filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Window;

    fn run(id: u64, kind: RunKind, done: u64) -> StatusLine {
        let now = "2024-03-05T10:00:00Z".parse().unwrap();
        StatusLine {
            id: RunId(id),
            kind,
            state: RunState::Succeeded,
            done,
            total: Some(done),
            failed: 0,
            backfill: None,
            rows_per_second: None,
            eta_seconds: None,
            spare_seconds: None,
            window: Window { from: None, to: now },
            model_version: String::new(),
            started_at: now,
            finished_at: Some(now),
            last_error: None,
            pending: Some(0),
            skipped: 0,
            tick: None,
            attempt: 1,
            waits: None,
            is_refused: false,
        }
    }

    #[test]
    fn what_had_nothing_to_do_is_folded_between_what_had() {
        let runs = [
            run(7, RunKind::Window, 0),
            run(6, RunKind::Canary, 9),
            run(5, RunKind::Window, 0),
            run(4, RunKind::Window, 3),
            run(3, RunKind::Window, 0),
            run(2, RunKind::Window, 1),
        ];
        let all = merged(runs.iter().chain(&runs));
        let lines: Vec<_> = folded(&all)
            .iter()
            .map(|entry| match entry {
                Entry::Run(run) => run.id.to_string(),
                Entry::Idle(idle) => format!("{}–{}: {}", idle.first, idle.last, idle.runs),
            })
            .collect();
        assert_eq!(lines, ["5–7: 3", "4", "3", "2"]);
    }
}
