//! `/`: the state of things, for people. It is rendered here and needs no JavaScript; with JavaScript
//! the page renews its parts by itself.

mod charts;
mod headline;
mod parts;
mod view;

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::problem::Problem;
use super::shared::{Api, Present, Shared, Unreadable};
use crate::window::Time;
use crate::words;
use headline::{Headline, Mood};
use view::View;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The mark in the browser's tab: a row and what was filled in.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' \
                    height='16' rx='4' fill='%230f766e'/%3E%3Crect x='3' y='6' width='4' height='4' fill='%23fff'/%3E%3Crect \
                    x='9' y='6' width='4' height='4' fill='%2399f6e4'/%3E%3C/svg%3E";

/// Seconds between two renewals while something is at work.
const MOVING_S: u32 = 2;
/// Seconds between two renewals at other times.
const RESTING_S: u32 = 15;

/// The browser may use what is in the page itself, and nothing else: its style, its script, its renewals.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    policy.try_into().ok()
});

impl Api {
    /// Reads once what the page reads.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn try_out(&self) -> Result<(), Unreadable> {
        let width = self.width();
        let read = self.readers.read(move |conn, source| Box::pin(View::read(conn, source, width))).await;
        match read {
            Ok(_) => Ok(()),
            Err(error) if error.is_passing() => Err(Unreadable::Now(words::chain(&error))),
            Err(error) => Err(Unreadable::AtAll(words::chain(&error))),
        }
    }
}

/// The status page. It comes without the database, too, and says so.
pub(super) async fn status(State(api): Shared) -> Response {
    let width = api.width();
    let read = api.readers.read(move |conn, source| Box::pin(View::read(conn, source, width)));
    let (status, markup) = match (read.await, api.present) {
        (Ok(view), Present::Asked(_)) => (StatusCode::OK, page(&api, view.now, &view)),
        (Ok(view), Present::Told(clock)) => (StatusCode::OK, page(&api, clock(), &view)),
        (Err(error), Present::Asked(clock) | Present::Told(clock)) => {
            let problem = Problem::from(error);
            (problem.status(), without_database(&api, clock(), &problem))
        }
    };
    let mut response = (status, axum::response::Html(markup.into_string())).into_response();
    if let Some(policy) = &*POLICY {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    }
    response
}

fn page(api: &Api, now: Time, view: &View) -> Markup {
    let headline = Headline::of(view, now);
    let every = if view.is_moving() { MOVING_S } else { RESTING_S };
    document(
        api,
        now,
        &headline,
        every,
        &html! {
            (parts::figures(view))
            div class="pair" {
                (parts::classes(api.model, view))
                (parts::drift(view))
            }
            (parts::runs(view, now))
            (parts::aside(view))
            (parts::latest(api.model, view))
        },
    )
}

fn without_database(api: &Api, now: Time, problem: &Problem) -> Markup {
    let headline = Headline {
        mood: Mood::Bad,
        sentence: "The database cannot be read.".into(),
        detail: format!("So the state of the runs is not known: {}.", problem.detail()),
    };
    document(api, now, &headline, RESTING_S, &html! {})
}

fn document(api: &Api, now: Time, headline: &Headline, every: u32, rest: &Markup) -> Markup {
    let version = api.model.version();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (headline.sentence) " · " (api.table) " · rowscore" }
                link rel="icon" href=(PreEscaped(ICON));
                style { (PreEscaped(STYLE)) }
                noscript { meta http-equiv="refresh" content=(every); }
            }
            body {
                header {
                    span class="mark" { "rowscore" }
                    span class="table" { (api.table) }
                    span class="as-of" id="as-of" {
                        "as of " time datetime=(now.to_rfc3339()) { (now.format("%H:%M:%S")) } " UTC"
                    }
                }
                main id="page" data-every=(every) {
                    section id="state" class=(headline.mood.name()) {
                        h1 role="status" { (headline.sentence) }
                        p class="detail" { (headline.detail) }
                        p class="stale" hidden { "This is old: the page could not be renewed. It keeps trying." }
                    }
                    (rest)
                }
                footer {
                    p {
                        "Model " code { (version) } ", rowscore " (env!("CARGO_PKG_VERSION")) ". "
                        "As JSON: "
                        a href="/runs" { "/runs" } ", " a href="/data/predicted" { "/data/predicted" } ", "
                        a href="/data/unpredicted" { "/data/unpredicted" } ", " a href="/metadata" { "/metadata" } ", "
                        a href="/openapi.json" { "/openapi.json" } "."
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}
