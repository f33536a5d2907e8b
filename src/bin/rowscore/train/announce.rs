//! Says how long a training may take, before it begins.

use std::time::Duration;

use rowscore::training::{Dataset, Size, Workload};
use rowscore::words;

use crate::out::say;

/// Says how long a large data set may take, or refuses it.
pub(super) fn announce(data: &Dataset, candidates: usize, force: bool) -> Result<(), String> {
    let workload = Workload::of(data);
    let rows = words::count(workload.largest_pair as u64);
    let hint = "train on a sample of the rows";
    match (workload.size(), force) {
        (Size::Reasonable, _) | (Size::Long, true) => {}
        (Size::Long, false) => {
            return Err(format!(
                "the largest two classes have {rows} rows together, more than {}: the training may take {}; {hint}, \
                 or add --force",
                words::count(Workload::REASONABLE_ROWS as u64),
                rough(workload.estimate)
            ));
        }
        (Size::TooLarge, _) => {
            return Err(format!(
                "the largest two classes have {rows} rows together; the solver takes at most {}; {hint}",
                words::count(Workload::MOST_ROWS as u64)
            ));
        }
    }
    // Each candidate is cross-validated, and that is most of a training.
    let estimate = workload.estimate * (1 + candidates as u32);
    if estimate > Duration::from_secs(20) {
        say!("{} rows: this may take up to {}", words::count(data.rows().len() as u64), rough(estimate));
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
