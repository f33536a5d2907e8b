//! `/jobs`: which jobs there are; and below it, the results of each.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Problem, Unread};
use super::runs::Run;
use super::shared::{Api, Shared};
use crate::config::{JobName, Setting};
use crate::hop::{has_jobs, unknown};
use crate::store::jobs::{JobRow, JobState};
use crate::store::pool::ReadError;
use crate::store::status;
use crate::words;

/// A job that `rowscore apply` described
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(super) struct JobLine {
    /// Its name; its results are below `/jobs/{job}/`
    #[schema(example = "churn")]
    pub(super) job: String,
    /// `active`, or `paused`: then ticks pass it by
    #[schema(example = "active")]
    pub(super) state: &'static str,
    /// Counts up with each change of its settings
    version: u32,
    /// Which ticks start it; null: those that name no schedule
    schedule: Option<String>,
    /// The table that it scores
    pub(super) table: Option<String>,
    /// When it was described so
    applied_at: DateTime<Utc>,
    /// Why it cannot be worked on, if it cannot
    pub(super) wrong: Option<String>,
    /// Its latest run; null: there is none yet
    pub(super) run: Option<Run>,
}

/// The jobs by name, with their latest runs; empty where `default` is the only one
#[utoipa::path(get, operation_id = "list_jobs", path = "/jobs", tag = "runs", responses(
    (status = 200, description = "The jobs", body = [JobLine]),
    Unread,
))]
pub(super) async fn list(State(api): Shared) -> Result<Json<Vec<JobLine>>, Problem> {
    Ok(Json(lines(&api).await?))
}

/// The jobs that are described, with their latest runs.
pub(super) async fn lines(api: &Api) -> Result<Vec<JobLine>, ReadError> {
    let Some(jobs) = &api.jobs else { return Ok(Vec::new()) };
    let mut lines = Vec::new();
    for row in api.described().await?.into_iter().filter(|row| row.state != JobState::Removed) {
        let (table, wrong) = match jobs.job(&row) {
            Ok(job) => (Some(job.work.items_table.clone()), None),
            Err(error) => (None, Some(words::chain(&error))),
        };
        let name = table.as_ref().map(|table| table.as_str().to_owned());
        let run = match table {
            Some(table) => {
                let latest = api.readers.read(move |conn, _| {
                    let table = table.clone();
                    Box::pin(async move { status::latest(conn, &table, None, 1).await })
                });
                latest.await?.pop().map(Run::from)
            }
            None => None,
        };
        let JobRow { settings, version, state, applied_at, .. } = row;
        let schedule = settings.schedule().map(|schedule| schedule.as_str().to_owned());
        let job = settings.name.to_string();
        lines.push(JobLine { job, state: state.name(), version, schedule, table: name, applied_at, wrong, run });
    }
    Ok(lines)
}

/// What leads to the results of each job.
#[derive(Clone)]
pub(super) struct Below {
    /// The results of the service's own table, and the jobs beside it.
    pub(super) api: Arc<Api>,
    /// The routes that each job has.
    pub(super) routes: fn(Arc<Api>) -> Router,
}

/// Answers what is asked of one job, as if it were the only one.
pub(super) async fn of_one(State(below): State<Below>, request: Request) -> Response {
    match routed(&below, request).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn routed(Below { api, routes }: &Below, mut request: Request) -> Result<Response, Problem> {
    let path = request.uri().path();
    let path = path.strip_prefix("/jobs/").unwrap_or(path).to_owned();
    let (name, rest) = path.split_once('/').unwrap_or((&path, ""));
    let accepted = || format!("`{name}` is no name of a job; accepted: {}", JobName::ACCEPTS);
    let name = JobName::read(name).ok_or_else(|| Problem::bad_request(accepted()))?;
    let of_job = of_job(api, &name).await?;
    let query = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
    let uri: Result<Uri, _> = format!("/{rest}{query}").parse();
    *request.uri_mut() = uri.map_err(|error| Problem::bad_request(format!("the path cannot be read: {error}")))?;
    // What the way hither found in the path is no part of what is asked of the job.
    request.extensions_mut().clear();
    let answered: Result<Response, Infallible> = TowerToHyperService::new(routes(of_job)).call(request).await;
    answered.map_err(|never| match never {})
}

/// The results of a job, on the connections of all.
async fn of_job(api: &Arc<Api>, name: &JobName) -> Result<Arc<Api>, Problem> {
    if *name == api.table.job {
        return Ok(Arc::clone(api));
    }
    let rows = api.described().await?;
    let missing = || Problem::not_found(words::chain(&unknown(name, &rows)));
    let jobs = api.jobs.as_ref().ok_or_else(missing)?;
    let row = rows.iter().find(|row| row.settings.name == *name).ok_or_else(missing)?;
    let job = jobs.job(row).map_err(|error| Problem::not_found(words::chain(&error)))?;
    Ok(api.of_job(&job))
}

/// What is about a table, and nothing to read where it is that of no job.
const OF_A_TABLE: [&str; 3] = ["/data/", "/runs", "/quality"];

/// Refuses what is asked of the service's own table where nobody scores it any more, and says who is to be asked.
pub(super) async fn whose(State(api): Shared, request: Request, next: Next) -> Response {
    let is_of_table = OF_A_TABLE.iter().any(|route| request.uri().path().starts_with(route));
    if !is_of_table || !api.base.is_empty() || api.jobs.is_none() {
        return next.run(request).await;
    }
    match api.described().await {
        Ok(rows) if !has_own(&rows) => {
            let described = rows.iter().filter(|row| row.state != JobState::Removed);
            let names: Vec<&str> = described.map(|row| row.settings.name.as_str()).collect();
            let path = request.uri().path();
            let detail = format!("the job `default` is none; ask `/jobs/JOB{path}`: the jobs are {}", names.join(", "));
            Problem::not_found(detail).into_response()
        }
        // Where this cannot be read, nothing else can, and that is said.
        _ => next.run(request).await,
    }
}

/// Whether the service's own table is that of a job which is worked on.
pub(super) fn has_own(rows: &[JobRow]) -> bool {
    let is_default = |row: &JobRow| row.settings.name.is_default() && row.state != JobState::Removed;
    !has_jobs(rows) || rows.iter().any(is_default)
}
