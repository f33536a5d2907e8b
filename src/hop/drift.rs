//! Drift of a run: what its lanes counted, added up, compared and kept.

use mysql_async::prelude::Queryable;

use crate::config::ItemsTable;
use crate::drift::{Profile, Report};
use crate::model::Model;
use crate::run::{RunId, RunKind};
use crate::store::runs::Run;
use crate::store::{StoreError, lanes, record};

/// Adds up what the lanes of a run counted, and keeps it. `None`: nothing was counted.
pub(super) async fn settle(
    tx: &mut impl Queryable,
    table: &ItemsTable,
    run: &Run,
    model: &Model,
) -> Result<Option<Report>, StoreError> {
    let mut sum = Profile::empty(model);
    for lane in lanes::profiles(tx, run.id).await? {
        sum.add(&Profile::read(Some(&lane), model));
    }
    keep(tx, table, (run.id, run.kind), model, sum).await
}

/// Compares what a run saw with the training rows and with earlier runs, and keeps it.
pub(super) async fn keep(
    tx: &mut impl Queryable,
    table: &ItemsTable,
    (id, kind): (RunId, RunKind),
    model: &Model,
    profile: Profile,
) -> Result<Option<Report>, StoreError> {
    let earlier = match kind {
        // Its items are old: that they are others than of late tells nothing.
        RunKind::Backfill => Vec::new(),
        _ => record::earlier_profiles(tx, table, &model.version().to_string(), id).await?,
    };
    // What is not understood was written by another version of rowscore.
    let earlier: Vec<Report> = earlier.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
    let Some(report) = Report::of(profile, model, &earlier) else { return Ok(None) };
    let text = serde_json::to_string(&report).map_err(|error| StoreError::Unexpected(format!("a profile: {error}")))?;
    record::keep_profile(tx, id, &text).await?;
    Ok(Some(report))
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
