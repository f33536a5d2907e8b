//! How far a training is.

use super::folds::FOLDS;

/// How far a training is, in machines trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Machines trained so far.
    pub done: usize,
    /// Machines to train in all.
    pub total: usize,
}

/// Counts the machines trained.
pub(super) struct Meter<'a> {
    progress: Progress,
    report: &'a mut dyn FnMut(Progress),
}

impl<'a> Meter<'a> {
    pub(super) fn new(classes: usize, pipelines: usize, report: &'a mut dyn FnMut(Progress)) -> Self {
        let pairs = classes * (classes - 1) / 2;
        // A pair is trained once and once for each fold of its calibration.
        let total = pipelines * pairs * (1 + FOLDS);
        Self { progress: Progress { done: 0, total }, report }
    }

    pub(super) fn tick(&mut self) {
        self.progress.done += 1;
        (self.report)(self.progress);
    }
}
