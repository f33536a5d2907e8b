//! What went wrong, as RFC 9457 ("Problem Details for HTTP APIs") has it.

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::store::pool::ReadError;

/// An answer that is none.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
}

/// A problem's JSON.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Body {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[schema(example = "about:blank")]
    r#type: &'static str,
    /// The status in words.
    #[schema(example = "Bad Request")]
    title: &'static str,
    /// The status.
    #[schema(example = 400)]
    status: u16,
    /// What is wrong, and what is accepted.
    #[schema(example = "`limit` is `0`; accepted: a whole number from 1 to 1000")]
    detail: String,
}

/// The client's mistake.
#[derive(IntoResponses)]
#[response(
    status = 400,
    description = "A parameter is not what it should be",
    content_type = "application/problem+json"
)]
#[expect(dead_code, reason = "it documents")]
pub(super) struct BadRequest(Body);

/// There is no such thing.
#[derive(IntoResponses)]
#[response(status = 404, description = "There is none of that number", content_type = "application/problem+json")]
#[expect(dead_code, reason = "it documents")]
pub(super) struct NotFound(Body);

/// What every reading of the database may come to.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it documents")]
pub(super) enum Unread {
    /// Something is wrong with the database; the log says what.
    #[response(
        status = 500,
        description = "The database refused; the log says why",
        content_type = "application/problem+json"
    )]
    Failed(Body),
    /// Too busy, or not there.
    #[response(
        status = 503,
        description = "The database is busy or away; try again after the seconds in `Retry-After`",
        content_type = "application/problem+json",
        headers(("Retry-After" = u32, description = "Seconds"))
    )]
    Busy(Body),
}

/// Seconds after which a client may try again.
const RETRY_AFTER_S: &str = "2";

impl Problem {
    pub(super) fn bad_request(detail: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, detail }
    }

    pub(super) fn not_found(detail: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, detail }
    }

    pub(super) fn method_not_allowed(method: &Method) -> Self {
        let detail = format!("{method} is not possible here: nothing can be changed; `Allow` says what is");
        Self { status: StatusCode::METHOD_NOT_ALLOWED, detail }
    }

    /// The model that scores cannot be shown, since it cannot be used.
    pub(super) fn unusable(detail: String) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, detail }
    }

    pub(super) fn misdirected(detail: String) -> Self {
        Self { status: StatusCode::MISDIRECTED_REQUEST, detail }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    pub(super) fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<ReadError> for Problem {
    /// What the database said is for the log, not for whoever asks.
    fn from(error: ReadError) -> Self {
        tracing::error!(%error, "results could not be read");
        let (status, detail) = match &error {
            ReadError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many readers at once; try again"),
            error if error.is_passing() => (StatusCode::SERVICE_UNAVAILABLE, "the database is busy or away; try again"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "the database refused; the log says why"),
        };
        Self { status, detail: detail.into() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body = Body { r#type: "about:blank", title, status: self.status.as_u16(), detail: self.detail };
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static(RETRY_AFTER_S));
        }
        response
    }
}
