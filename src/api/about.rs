//! `/health` and `/metadata`: the service and its model.

use axum::Json;
use axum::extract::State;
use mysql_async::prelude::Queryable;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Problem, Unread};
use super::shared::Shared;
use crate::model::{FeatureDistribution, Kernel, Origin};
use crate::store::StoreError;

/// How the service is
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`: it works, and so does the database
    #[schema(example = "ok")]
    health: &'static str,
    /// The version of rowscore
    version: &'static str,
    /// The version of the model
    model_version: String,
}

/// Whether service and database work
#[utoipa::path(get, operation_id = "get_health", path = "/health", tag = "about", responses(
    (status = 200, description = "Both work", body = Health),
    Unread,
))]
pub(super) async fn health(State(api): Shared) -> Result<Json<Health>, Problem> {
    let asked = api.readers.read(|conn, _| {
        Box::pin(async move {
            conn.ping().await.map_err(|source| StoreError::Mysql { doing: "asking for the database's health", source })
        })
    });
    asked.await?;
    Ok(Json(Health {
        health: "ok",
        version: env!("CARGO_PKG_VERSION"),
        model_version: api.model.version().to_string(),
    }))
}

/// The model
#[derive(Serialize, ToSchema)]
pub(super) struct Metadata {
    /// The beginning of the SHA-256 of the model's content, as runs name it
    model_version: String,
    /// What is predicted
    #[schema(example = "species")]
    label: &'static str,
    /// Names of the numbers in `values`, in their order
    features: &'static [String],
    /// Names of the numbers in `prediction`, in their order
    classes: &'static [String],
    /// The kernel of the support vector machines
    #[schema(value_type = serde_json::Value)]
    kernel: &'static Kernel,
    /// How many support vectors there are
    support_vectors: usize,
    /// How it was trained and how good it is on rows that it has not seen, or where it was imported from
    #[schema(value_type = serde_json::Value)]
    training: &'static Origin,
    /// The training rows' distribution, feature by feature; empty for a model that was imported without rows
    #[schema(value_type = Vec<serde_json::Value>)]
    distribution: &'static [FeatureDistribution],
}

/// What the model reads and writes, and how good it is
#[utoipa::path(get, operation_id = "get_metadata", path = "/metadata", tag = "about", responses((status = 200, description = "The model", body = Metadata)))]
pub(super) async fn metadata(State(api): Shared) -> Json<Metadata> {
    let artifact = api.model.artifact();
    let content = &artifact.content;
    Json(Metadata {
        model_version: artifact.version.to_string(),
        label: &content.label,
        features: &content.features,
        classes: &content.classes,
        kernel: &content.svm.kernel,
        support_vectors: content.svm.support_vectors.len(),
        training: &content.origin,
        distribution: &content.distribution,
    })
}
