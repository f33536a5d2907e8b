//! `/quality`: what predictions came to, as far as their truth is known.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Problem, Unread};
use super::shared::{Api, Shared};
use crate::quality::{Figures, Sums};
use crate::store::pool::ReadError;
use crate::store::qualities::{Qualities, Quality};

/// What predictions came to. It is as of the function's last look, or that of `rowscore quality`: this only reads
#[derive(Serialize, ToSchema)]
#[schema(as = Quality)]
pub(super) struct Judgement {
    /// The column in which the truth arrives; null: none is named, and nothing is judged
    #[schema(example = "churned")]
    truth_column: Option<String>,
    /// How good the predictions of the model in use have to be; null: no matter how good
    #[schema(example = "accuracy>=0.85")]
    quality_bound: Option<String>,
    /// Whether they are worse; null: there is no bound, or too few are judged to tell
    is_quality_missed: Option<bool>,
    /// The version of the model in use
    model_version: String,
    /// Those of each model, of all runs within `TRUTH_WITHIN` together
    models: Vec<OfModel>,
    /// Those of each of these runs, the latest first, by model
    runs: Vec<OfRun>,
}

/// What the predictions of a model came to
#[derive(Serialize, ToSchema)]
pub(super) struct OfModel {
    /// The version of the model
    model_version: String,
    /// Predictions whose truth is known
    judged: u64,
    /// How good they were
    figures: Measured,
}

/// What the predictions of a run came to
#[derive(Serialize, ToSchema)]
pub(super) struct OfRun {
    /// Its number
    run_id: u64,
    /// The version of the model: the run's own, or a challenger's
    model_version: String,
    /// Predictions whose truth is known
    judged: u64,
    /// Predictions whose truth is no class of the model, or no number
    strange: u64,
    /// How good they were
    figures: Measured,
    /// When the last of them was judged
    judged_at: Option<DateTime<Utc>>,
}

/// Figures as scikit-learn computes them; null: it has no meaning here
#[derive(Serialize, ToSchema)]
#[schema(as = Figures)]
pub(super) struct Measured {
    /// The share of right classes
    #[schema(example = 0.91)]
    accuracy: Option<f64>,
    /// The logarithmic loss
    log_loss: Option<f64>,
    /// The area under the curve; of several runs together their mean, weighted by rows
    auc: Option<f64>,
    /// The Brier score
    brier: Option<f64>,
    /// The expected calibration error, of ten bins
    calibration_error: Option<f64>,
    /// The mean absolute error
    mae: Option<f64>,
    /// The root of the mean squared error
    rmse: Option<f64>,
}

impl From<Figures> for Measured {
    fn from(figures: Figures) -> Self {
        let Figures { accuracy, log_loss, auc, brier, calibration_error, mae, rmse } = figures;
        Self { accuracy, log_loss, auc, brier, calibration_error, mae, rmse }
    }
}

/// How good predictions were, as their truth comes in
#[utoipa::path(get, operation_id = "get_quality", path = "/quality", tag = "runs", responses(
    (status = 200, description = "By model, and by run", body = Judgement),
    Unread,
))]
pub(super) async fn quality(State(api): Shared) -> Result<Json<Judgement>, Problem> {
    Ok(Json(judged(&api).await?))
}

async fn judged(api: &Api) -> Result<Judgement, ReadError> {
    let (reading, bound) = (api.reading(), api.expected().quality_bound);
    let read = api.readers.read(move |conn, seen| {
        let reading = reading.clone();
        Box::pin(async move { Ok((reading.qualities(conn, &seen.table).await?, reading.version(conn).await?)) })
    });
    let (found, version) = read.await?;
    let model_version = version.to_string();
    let missed = bound.and_then(|bound| Some(bound.is_missed_by(found.figure(&model_version, bound)?)));
    Ok(Judgement {
        truth_column: api.table.truth.as_ref().map(|column| column.as_str().to_owned()),
        quality_bound: bound.map(|bound| bound.to_string()),
        is_quality_missed: missed,
        model_version,
        models: found.models().into_iter().map(|model| OfModel::of(&found, model)).collect(),
        runs: of_runs(&found),
    })
}

impl OfModel {
    fn of(found: &Qualities, model: &str) -> Self {
        let (Sums { rows: judged, .. }, figures) = found.of_model(model);
        Self { model_version: model.to_owned(), judged, figures: figures.into() }
    }
}

fn of_runs(found: &Qualities) -> Vec<OfRun> {
    let one = |of: &Quality| OfRun {
        run_id: of.run.0,
        model_version: of.model.clone(),
        judged: of.sums.rows,
        strange: of.strange,
        figures: of.figures().into(),
        judged_at: of.judged_at,
    };
    found.iter().map(one).collect()
}
