//! `/health` and `/metadata`: the service and its model.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Problem, Unread};
use super::several::{OfJob, Several, Wrong, standings};
use super::shared::{InUse, Shared};
use crate::model::{Artifact, Feature, FeatureDistribution, Kernel, ModelVersion, Origin, PredictionKind};
use crate::standing::{Mood, Standing, Trouble};
use crate::words;

/// How the service is, and how things stand
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// `ok`, or `bad` where something has to be done about the runs. That this is answered says that service and
    /// database work
    #[schema(example = "ok")]
    health: &'static str,
    /// How things stand: `calm`; `busy`: to wait; `odd`: to have a look; `bad`: to do something
    #[schema(example = "calm")]
    standing: &'static str,
    /// What is wrong, the worst first
    troubles: Vec<TroubleLine>,
    /// Items that wait, at most 100,000 of a table; null: too large a table to look through in time, or not all jobs were
    /// looked at
    waiting: Option<u64>,
    /// When the oldest of them arrived
    oldest_waiting: Option<DateTime<Utc>>,
    /// When the schedule fired last
    last_tick: Option<DateTime<Utc>>,
    /// The run at work, or else the latest that did something; null: there is none, or this is about several jobs
    run_id: Option<u64>,
    /// The version of rowscore
    version: &'static str,
    /// The version of the model; null: this is about several jobs
    model_version: Option<String>,
    /// How each job stands, where the service's own table is that of none of them; else empty
    jobs: Vec<JobStanding>,
}

/// How a job stands
#[derive(Serialize, ToSchema)]
pub(super) struct JobStanding {
    /// Its name
    #[schema(example = "churn")]
    job: String,
    /// How it stands
    #[schema(example = "calm")]
    standing: &'static str,
}

/// Something that is wrong
#[derive(Serialize, ToSchema)]
#[schema(as = Trouble)]
pub(super) struct TroubleLine {
    /// Whose it is, where this is about several jobs
    job: Option<String>,
    /// Its kind
    #[schema(example = "silent")]
    name: &'static str,
    /// What is the matter
    sentence: String,
    /// What to do about it
    remedy: String,
}

/// Whether service and database work, and how things stand
#[utoipa::path(get, operation_id = "get_health", path = "/health", tag = "about", responses(
    (status = 200, description = "Both work", body = Health),
    Unread,
))]
pub(super) async fn health(State(api): Shared) -> Result<Json<Health>, Problem> {
    if let Some(several) = standings(&api).await? {
        return Ok(Json(Health::of_several(&several)));
    }
    let (standing, version) = api.standing().await?;
    Ok(Json(Health::of_one(&standing, version)))
}

impl Health {
    fn of_one(standing: &Standing, version: ModelVersion) -> Self {
        let facts = &standing.facts;
        let trouble = |trouble: &Trouble| TroubleLine {
            job: None,
            name: trouble.name(),
            sentence: trouble.sentence(facts.now),
            remedy: words::of_job(&standing.remedy(trouble), facts.job.as_str()),
        };
        Self {
            health: health_in(standing.mood),
            standing: standing.mood.name(),
            troubles: standing.troubles.iter().map(trouble).collect(),
            waiting: facts.backlog.map(|backlog| backlog.items),
            oldest_waiting: facts.backlog.and_then(|backlog| backlog.oldest),
            last_tick: facts.ticks.first().copied(),
            run_id: standing.current.as_ref().map(|run| run.id.0),
            version: env!("CARGO_PKG_VERSION"),
            model_version: Some(version.to_string()),
            jobs: Vec::new(),
        }
    }

    fn of_several(several: &Several<Standing>) -> Self {
        let facts = || several.jobs.iter().filter_map(|job| Some(&job.read.as_ref().ok()?.facts));
        let backlogs = || facts().map(|facts| facts.backlog);
        let is_all = several.unseen == 0 && facts().count() == several.jobs.len();
        let waiting: Option<u64> = backlogs().map(|backlog| Some(backlog?.items)).sum();
        let trouble = |Wrong { job, name, sentence, remedy, .. }| TroubleLine {
            job: job.map(|job| job.to_string()),
            name,
            sentence,
            remedy,
        };
        let stands = |job: &OfJob<Standing>| JobStanding { job: job.name.to_string(), standing: job.mood().name() };
        Self {
            health: health_in(several.mood()),
            standing: several.mood().name(),
            troubles: several.wrong().into_iter().map(trouble).collect(),
            waiting: waiting.filter(|_| is_all),
            oldest_waiting: backlogs().filter_map(|backlog| backlog?.oldest).min(),
            last_tick: facts().filter_map(|facts| facts.ticks.first().copied()).max(),
            run_id: None,
            version: env!("CARGO_PKG_VERSION"),
            model_version: None,
            jobs: several.jobs.iter().map(stands).collect(),
        }
    }
}

/// In a word, for who asks no more than whether something is to be done.
fn health_in(mood: Mood) -> &'static str {
    if mood == Mood::Bad { "bad" } else { "ok" }
}

/// The model
#[derive(Serialize, ToSchema)]
pub(super) struct Metadata<'m> {
    /// The beginning of the SHA-256 of the model's content, as runs name it
    model_version: String,
    /// What is predicted
    #[schema(example = "species")]
    label: &'m str,
    /// What a prediction is: probabilities or margins of the classes, a value, or a score
    #[schema(value_type = String)]
    predicts: PredictionKind,
    /// What the values of an item are, in their order: a name stands for a number that may not be missing
    #[schema(value_type = Vec<serde_json::Value>)]
    features: &'m [Feature],
    /// Names of the classes, in the order of their numbers in `prediction`
    classes: &'m [String],
    /// The kernel of the support vector machines, if there is one for each class pair
    #[schema(value_type = serde_json::Value)]
    kernel: Option<&'m Kernel>,
    /// How many support vectors these have
    support_vectors: Option<usize>,
    /// How it was trained and how good it is on rows that it has not seen, or where it was imported from
    #[schema(value_type = serde_json::Value)]
    training: &'m Origin,
    /// The training rows' distribution, feature by feature; empty for a model that was imported without rows
    #[schema(value_type = Vec<serde_json::Value>)]
    distribution: &'m [FeatureDistribution],
}

/// What the model reads and writes, and how good it is
#[utoipa::path(get, operation_id = "get_metadata", path = "/metadata", tag = "about", responses(
    (status = 200, description = "The model", body = Metadata),
    Unread,
))]
pub(super) async fn metadata(State(api): Shared) -> Result<Response, Problem> {
    let reading = api.reading();
    let read = api.readers.read(move |conn, _| {
        let reading = reading.clone();
        Box::pin(async move { reading.in_use(conn).await })
    });
    let InUse { model, trouble, .. } = read.await?;
    match trouble {
        Some(trouble) => Err(Problem::unusable(trouble)),
        None => Ok(Json(described(model.artifact())).into_response()),
    }
}

fn described(artifact: &Artifact) -> Metadata<'_> {
    let content = &artifact.content;
    Metadata {
        model_version: artifact.version.to_string(),
        label: &content.label,
        predicts: content.predictor.kind(),
        features: &content.features,
        classes: &content.classes,
        kernel: content.predictor.svm().map(|svm| &svm.kernel),
        support_vectors: content.predictor.svm().map(|svm| svm.support_vectors.len()),
        training: &content.origin,
        distribution: &content.distribution,
    }
}
