//! Says how long a training may take, before it begins.

use std::time::Duration;

use rowscore::model::TrainOptions;
use rowscore::training::{Dataset, Size, Workload};
use rowscore::words;

use crate::out::say;

/// Says how long a large data set may take, or asks for `--force`.
pub(super) fn announce(data: &Dataset, options: &TrainOptions, candidates: usize, force: bool) -> Result<(), String> {
    // Each candidate is cross-validated, and that is most of a training.
    let workload = Workload::of(data, options).times(1 + candidates);
    if workload.size() == Size::Long && !force {
        return Err(format!(
            "{} {} rows{}: the training may take {}; train on a sample of the rows, or add \
             --force",
            if data.classes().is_empty() { "there are" } else { "the largest two classes have" },
            words::count(workload.largest_pair as u64),
            if data.classes().is_empty() { "" } else { " together" },
            rough(workload.estimate)
        ));
    }
    if workload.estimate > Duration::from_secs(20) {
        say!("{} rows: this may take up to {}", words::count(data.rows().len() as u64), rough(workload.estimate));
    }
    Ok(())
}

fn rough(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}
