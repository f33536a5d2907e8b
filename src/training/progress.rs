//! How far a training is.

use super::data::Dataset;
use super::folds::FOLDS;
use crate::model::{Method, TrainOptions};

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
    /// Of fits to `data` of this number.
    pub(super) fn of(data: &Dataset, options: &TrainOptions, fits: usize, report: &'a mut dyn FnMut(Progress)) -> Self {
        let classes = data.classes().len();
        let machines = match options.method {
            // A pair is trained once and once for each fold of its calibration.
            Method::Svc => classes * classes.saturating_sub(1) / 2 * (1 + FOLDS),
            _ => 1,
        };
        Self { progress: Progress { done: 0, total: fits * machines }, report }
    }

    pub(super) fn tick(&mut self) {
        self.progress.done += 1;
        (self.report)(self.progress);
    }
}
