//! What runs saw: `batch_runs.profile`, the classes of their predictions and the drift of their
//! features.

use mysql_async::Row;
use mysql_async::prelude::Queryable;
use serde::Deserialize;

use super::row::column;
use super::{Doing, StoreError};
use crate::run::RunId;

/// What a run saw.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RunProfile {
    /// Items by most probable class, in the model's order of classes.
    pub classes: Vec<u64>,
    /// One entry per feature, in the model's order.
    #[serde(default)]
    pub drift: Vec<FeatureDrift>,
}

/// How far a feature's values are from those that the model was trained on.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct FeatureDrift {
    /// Its name.
    pub feature: String,
    /// Population stability index against the training rows: 0 is none.
    pub psi: f64,
    /// Above it is drift; `None`: the usual limit.
    #[serde(default)]
    pub threshold: Option<f64>,
}

/// The profiles of those of `runs` that have one, by run.
///
/// # Errors
/// The database's.
pub async fn of_runs(conn: &mut impl Queryable, runs: &[RunId]) -> Result<Vec<(RunId, RunProfile)>, StoreError> {
    let list = runs.iter().map(RunId::to_string).collect::<Vec<_>>().join(",");
    if list.is_empty() {
        return Ok(Vec::new());
    }
    // Every column: tables that were made before there were profiles lack this one.
    let sql = format!("SELECT * FROM `batch_runs` WHERE `id` IN ({list}) ORDER BY `id`");
    let rows: Vec<Row> = conn.query(sql).await.doing("reading the profiles of the runs")?;
    rows.iter()
        .filter_map(|row| {
            let text = row.get_opt::<Option<String>, _>("profile")?.ok().flatten()?;
            // One that is not understood was written by a later version.
            let profile = serde_json::from_str(&text).ok()?;
            Some(column(row, "id").map(|id| (RunId(id), profile)))
        })
        .collect()
}
