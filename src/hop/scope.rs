//! Which items a run takes, and which it leaves.

use super::at_work::AtWork;
use super::means::Means;
use crate::run::{FailurePolicy, Mode, RunId, RunKind};
use crate::store::lanes::Source;
use crate::store::runs::NewRun;
use crate::store::selection::{Again, Outdated, Selection};
use crate::window::Window;

/// What decides which items a run takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    /// `None` before there is one.
    pub run: Option<RunId>,
    pub kind: RunKind,
    pub mode: Mode,
    pub policy: FailurePolicy,
    pub window: Window,
    pub means: Means<'a>,
}

impl<'a> Scope<'a> {
    /// That of a run that is to be opened.
    pub(super) fn new(means: Means<'a>, new: &NewRun) -> Self {
        Self { run: None, kind: new.kind, mode: new.mode, policy: new.policy, window: new.window, means }
    }

    /// That of a run at work.
    pub(super) fn of(AtWork { run, means }: AtWork<'a>) -> Self {
        Self { run: Some(run.id), kind: run.kind, mode: run.mode, policy: run.policy, window: run.window, means }
    }

    /// Where it takes its items from. A window in one piece is nothing but itself, and what a
    /// backfill is answerable for is never pending.
    pub(super) fn sources(self) -> &'static [Source] {
        match (self.kind, self.policy) {
            (RunKind::Backfill, _) | (_, FailurePolicy::RetryAll) => &[Source::Items],
            (_, FailurePolicy::RetryFailed | FailurePolicy::Leave) => &[Source::Items, Source::Failures],
        }
    }

    /// Which items a lane takes.
    pub(super) fn selection(self, source: Source) -> Selection {
        let Self { run, kind, policy, window, means, .. } = self;
        let max_attempts = means.work.max_attempts;
        match (source, policy) {
            (Source::Items | Source::Arrivals, _) if kind == RunKind::Backfill => self.outdated(match policy {
                FailurePolicy::RetryFailed => Again::Changed,
                FailurePolicy::RetryAll | FailurePolicy::Leave => Again::Released,
            }),
            (Source::Items | Source::Arrivals, FailurePolicy::RetryAll) => {
                Selection::OnePiece { window, run, version: means.model.version() }
            }
            (Source::Items | Source::Arrivals, FailurePolicy::RetryFailed | FailurePolicy::Leave) => {
                Selection::Fresh(window)
            }
            (Source::Failures, FailurePolicy::RetryFailed) => Selection::SetAside { max_attempts, run },
            // Released by hand, or another row by now: its id may have been given anew.
            (Source::Failures, FailurePolicy::RetryAll | FailurePolicy::Leave) => {
                Selection::SetAside { max_attempts: 1, run }
            }
        }
    }

    /// What is still to be worked off when all lanes are done: what came meanwhile, and was not set
    /// aside. `None` for a dry run, which changes nothing that could be counted.
    pub(super) fn left(self) -> Option<Selection> {
        match (self.kind, self.mode) {
            (RunKind::Backfill, Mode::DryRun) => None,
            (RunKind::Backfill, Mode::Write) => Some(self.outdated(Again::Released)),
            _ => Some(Selection::Fresh(self.window)),
        }
    }

    fn outdated(self, again: Again) -> Selection {
        let Self { run, window, means, .. } = self;
        let (version, classes) = (means.model.version(), means.model.classes().len());
        Selection::Outdated(Outdated { window, version, run, classes, again })
    }
}
