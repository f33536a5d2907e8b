//! Drift of a run: what its lanes counted, added up, compared and kept.

use crate::config::ItemsTable;
use crate::drift::{Profile, Report};
use crate::model::Model;
use crate::run::{RunId, RunKind};
use crate::store::statement::Statement;
use crate::store::{StoreError, measures};

/// What runs before this one saw that its classes are compared with, as it was kept.
pub(super) fn earlier(table: &ItemsTable, id: RunId, kind: RunKind, model: &Model) -> Statement<Vec<String>> {
    match kind {
        // Its items are old: that they are others than of late tells nothing.
        RunKind::Backfill => Statement::nothing().map(|()| Vec::new()),
        _ => measures::earlier_profiles(table, &model.version().shown(), id),
    }
}

/// Adds up what the lanes of a run counted.
pub(super) fn sum(lanes: &[String], model: &Model) -> Profile {
    let mut sum = Profile::empty(model);
    lanes.iter().for_each(|lane| sum.add(&Profile::read(Some(lane), model)));
    sum
}

/// Compares what a run saw with the training rows and with earlier runs. `None`: nothing was counted.
pub(super) fn report(profile: Profile, model: &Model, earlier: &[String]) -> Option<Report> {
    // What is not understood was written by another version of rowscore.
    let earlier: Vec<Report> = earlier.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
    Report::of(profile, model, &earlier)
}

/// Keeps what a run saw.
pub(super) fn keep(id: RunId, seen: Option<&Report>) -> Result<Statement<()>, StoreError> {
    let Some(seen) = seen else { return Ok(Statement::nothing()) };
    let text = serde_json::to_string(seen).map_err(|error| StoreError::Unexpected(format!("a profile: {error}")))?;
    Ok(measures::keep_profile(id, &text))
}

/// Says so where something drifted.
pub(super) fn warn(id: RunId, report: &Report) {
    for feature in report.drift.iter().filter(|feature| feature.ratio() >= 1.0) {
        let (psi, threshold, rows) = (feature.psi, feature.threshold, report.rows);
        tracing::warn!(run = %id, feature = feature.feature, psi, threshold, rows, "a feature drifted from the training rows");
    }
    if let Some(classes) = report.class_drift.as_ref().filter(|classes| classes.ratio() >= 1.0) {
        let (psi, threshold, rows) = (classes.psi, classes.threshold, report.rows);
        tracing::warn!(run = %id, psi, threshold, rows, earlier_runs = classes.runs, "the classes drifted from earlier runs'");
    }
}
