//! The results over HTTP: JSON for programs, and a status page for people. It only reads.
//!
//! Errors are problems as RFC 9457 has them. Every answer is bounded: pages by a limit and a
//! cursor, statements by a time, connections by their number.

mod about;
mod data;
mod jobs;
mod keys;
mod local;
mod metrics;
mod page;
mod params;
mod problem;
mod quality;
mod runs;
mod server;
mod several;
mod shared;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use local::only_local;
use problem::Problem;
pub use server::serve;
pub use shared::{Api, Present, Unreadable};

/// Every route, and an answer for what is none; and below `/jobs/{job}` the same of each job that was described.
pub fn router(api: Api) -> Router {
    let api = Arc::new(api);
    let of_jobs = Router::new()
        .route("/jobs/{job}", any(jobs::of_one))
        .route("/jobs/{job}/{*rest}", any(jobs::of_one))
        .route("/jobs/{job}/", any(jobs::of_one))
        .layer(map_response(guarded))
        .with_state(jobs::Below { api: Arc::clone(&api), routes: of_one });
    of_jobs.merge(of_one(api))
}

/// The routes of one job.
fn of_one(api: Arc<Api>) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .route("/", get(page::status))
        .route("/run/{id}", get(page::run))
        .route("/items/{id}", get(page::item))
        .fallback(async |request: Request| Problem::not_found(format!("there is no {}", request.uri().path())))
        .method_not_allowed_fallback(async |method: Method| Problem::method_not_allowed(&method))
        .layer(from_fn_with_state(Arc::clone(&api), jobs::whose))
        .layer(map_response(guarded))
        .with_state(api)
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "rowscore results",
        description = "Items with their predictions, and the runs that wrote them. Read-only. Lists come in pages of at most \
                       `limit`; where a page is not the last, its `Link` header names the next one. A page may have fewer \
                       items than `limit`, or none, and still a next one. Parameters that are not listed are refused. Where \
                       several jobs were described, every route is there once more for each of them, below `/jobs/{job}`."
    ),
    tags(
        (name = "data", description = "Items and predictions"),
        (name = "runs", description = "What was done, and how far it is"),
        (name = "about", description = "The service and its model"),
    ),
    components(schemas(problem::Body)),
)]
struct Document;

/// The documented routes.
fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(data::all))
        .routes(routes!(data::predicted))
        .routes(routes!(data::unpredicted))
        .routes(routes!(data::one))
        .routes(routes!(runs::list))
        .routes(routes!(runs::one))
        .routes(routes!(quality::quality))
        .routes(routes!(jobs::list))
        .routes(routes!(about::health))
        .routes(routes!(about::metadata))
        .routes(routes!(metrics::metrics))
        .routes(routes!(openapi))
}

static DOCUMENT: LazyLock<String> =
    LazyLock::new(|| serde_json::to_string(&routes().into_openapi()).unwrap_or_else(|error| error.to_string()));

/// This document
#[utoipa::path(get, operation_id = "get_openapi", path = "/openapi.json", tag = "about", responses(
    (status = 200, description = "An OpenAPI document", body = serde_json::Value),
))]
async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

/// Headers of every answer: it is as of now, it is what it says it is, and nobody may frame it.
async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
