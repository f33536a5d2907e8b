//! `/`: the state of things, for people. It is rendered here and needs no JavaScript; with JavaScript
//! the page renews what changed of it by itself.

mod charts;
mod details;
mod headline;
mod history;
mod jobs;
mod parts;
mod quality;
mod runs;
mod view;

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::data;
use super::jobs::{has_own, lines as job_lines};
use super::params::{Named, Number};
use super::problem::Problem;
use super::several::standings;
use super::shared::{Api, Shared, Unreadable};
use crate::config::{ItemsTable, ValuesIn};
use crate::model::{Model, ModelVersion};
use crate::run::RunId;
use crate::standing::Mood;
use crate::store::pool::ReadError;
use crate::store::{failures, lane_lines, status};
use crate::window::Time;
use crate::words;
use headline::Headline;
use view::View;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The mark in the browser's tab: a row and what was filled in.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' \
                    height='16' rx='4' fill='%230f766e'/%3E%3Crect x='3' y='6' width='4' height='4' fill='%23fff'/%3E%3Crect \
                    x='9' y='6' width='4' height='4' fill='%2399f6e4'/%3E%3C/svg%3E";

/// Seconds between two renewals while something is at work.
const MOVING_S: u32 = 2;
/// The same where the table is too large to look through in time: each look costs the database all of that time.
const LARGE_S: u32 = 6;
/// Seconds between two renewals at other times.
const RESTING_S: u32 = 15;

/// Items set aside that are shown of each kind.
const EXAMPLES: u32 = 3;

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
        let reading = self.reading();
        let read = match self.described().await {
            // Nobody asks for the table of the variables then.
            Ok(rows) if !has_own(&rows) => return Ok(()),
            _ => self.readers.read(move |conn, source| Box::pin(View::read(conn, source, reading.clone()))).await,
        };
        match read {
            // A column in which a feature of the model is to be found must have its name.
            Ok(view) => match self.table.feature_columns(view.in_use.model.features()) {
                Ok(_) => Ok(()),
                Err(mismatch) => Err(Unreadable::AtAll(mismatch.to_string())),
            },
            Err(error) if error.is_passing() => Err(Unreadable::Now(words::chain(&error))),
            Err(error) => Err(Unreadable::AtAll(words::chain(&error))),
        }
    }
}

/// A page's title, how often it is renewed, and what is on it.
struct Sheet {
    now: Time,
    /// The version of the model that scores, if that could be read.
    model: Option<ModelVersion>,
    title: String,
    every: u32,
    content: Markup,
    about: About,
}

/// What a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    /// The service's own table, or that of a job.
    Table,
    /// All jobs: none of them scores the service's own table.
    Jobs,
}

/// The status page. It comes without the database, too, and says so.
pub(super) async fn status(State(api): Shared) -> Response {
    let described = match of_jobs(&api).await {
        Ok(Shown::Alone(sheet)) => return respond(StatusCode::OK, &api, &sheet),
        Ok(Shown::Beside(markup)) => markup,
        Err(error) => return unread(&api, &Problem::from(error)),
    };
    let reading = api.reading();
    let read = api.readers.read(move |conn, source| Box::pin(View::read(conn, source, reading.clone())));
    match read.await {
        Ok(view) => respond(StatusCode::OK, &api, &standing(&api, &view, &described)),
        Err(error) => unread(&api, &Problem::from(error)),
    }
}

/// Where the list of the jobs stands.
enum Shown {
    /// Below the state of the service's own table; nothing where there are none.
    Beside(Markup),
    /// On a page of its own: none of them is about that table.
    Alone(Sheet),
}

/// The jobs, on the page that is none of theirs.
async fn of_jobs(api: &Api) -> Result<Shown, ReadError> {
    if !api.base.is_empty() || api.jobs.is_none() {
        return Ok(Shown::Beside(html! {}));
    }
    let lines = job_lines(api).await?;
    if lines.is_empty() {
        return Ok(Shown::Beside(html! {}));
    }
    let list = jobs::jobs(&lines);
    if lines.iter().any(|line| line.job == api.table.job.as_str()) {
        return Ok(Shown::Beside(list));
    }
    // Unless they were described otherwise since.
    let Some(several) = standings(api).await? else { return Ok(Shown::Beside(list)) };
    let headline = jobs::headline(lines.len(), &several);
    let content = html! { (top(&headline)) (list) };
    Ok(Shown::Alone(Sheet {
        now: api.clock(),
        model: None,
        title: headline.sentence,
        every: RESTING_S,
        content,
        about: About::Jobs,
    }))
}

fn standing(api: &Api, view: &View, jobs: &Markup) -> Sheet {
    let headline = Headline::of(view).of_job(api.table.job.as_str());
    let every = match (view.is_moving(), view.standing.facts.is_whole) {
        (true, true) => MOVING_S,
        (true, false) => LARGE_S,
        (false, _) => RESTING_S,
    };
    let model: &Model = &view.in_use.model;
    let content = html! {
        (top(&headline))
        (parts::figures(view))
        div class="pair" {
            @if !model.classes().is_empty() { (parts::classes(model, view)) }
            (parts::drift(view))
        }
        (quality::quality(&api.table, view))
        (jobs)
        (runs::runs(view))
        (parts::aside(view))
        (parts::latest(model, &api.table, view))
    };
    let (now, version) = (view.standing.facts.now, view.in_use.version);
    Sheet { now, model: Some(version), title: headline.sentence, every, content, about: About::Table }
}

/// A run's own page.
pub(super) async fn run(State(api): Shared, number: Result<Number, Problem>) -> Response {
    let id = match number.map(|Number(id)| u64::try_from(id)) {
        Ok(Ok(id)) => RunId(id),
        Ok(Err(_)) => return unread(&api, &Problem::not_found("there is no such run".into())),
        Err(problem) => return unread(&api, &problem),
    };
    let reading = api.reading();
    let found = api.readers.read(move |conn, seen| {
        let reading = reading.clone();
        Box::pin(async move {
            let Some(line) = status::find(&seen.table, id).ask(conn).await? else { return Ok(None) };
            let rest = lane_lines::all(id).and(failures::by_reason(&seen.table, Some(id), EXAMPLES));
            let (lanes, reasons) = rest.ask(conn).await?;
            Ok(Some((line, lanes, reasons, reading.version(conn).await?)))
        })
    });
    match found.await {
        Ok(Some((line, lanes, reasons, version))) => {
            let now = api.clock();
            let every = if line.state.is_over() { RESTING_S } else { MOVING_S };
            let content = details::run(&line, &lanes, &reasons, now);
            let (title, model) = (format!("Run {id}"), Some(version));
            respond(StatusCode::OK, &api, &Sheet { now, model, title, every, content, about: About::Table })
        }
        Ok(None) => unread(&api, &Problem::not_found(format!("there is no run {id}"))),
        Err(error) => unread(&api, &Problem::from(error)),
    }
}

/// An item's own page.
pub(super) async fn item(State(api): Shared, named: Result<Named, Problem>) -> Response {
    let found = match named {
        Ok(Named(key)) => data::detail(&api, &key).await,
        Err(problem) => Err(problem),
    };
    match found {
        Ok(item) => {
            let title = format!("Item {}", item.key);
            let content = details::item(&item);
            let sheet = Sheet {
                now: api.clock(),
                model: Some(item.used),
                title,
                every: RESTING_S,
                content,
                about: About::Table,
            };
            respond(StatusCode::OK, &api, &sheet)
        }
        Err(problem) => unread(&api, &problem),
    }
}

/// A page that says why there is nothing to be seen.
fn unread(api: &Api, problem: &Problem) -> Response {
    let is_there = problem.status().is_client_error();
    let sentence = if is_there { "There is nothing here." } else { "The database cannot be read." };
    let headline = Headline {
        mood: if is_there { Mood::Odd } else { Mood::Bad },
        sentence: sentence.into(),
        details: vec![match is_there {
            true => format!("The service says: {}.", problem.detail()),
            false => format!("So the state of the runs is not known: {}.", problem.detail()),
        }],
        others: Vec::new(),
    };
    let content = top(&headline);
    let (now, title) = (api.clock(), headline.sentence);
    respond(problem.status(), api, &Sheet { now, model: None, title, every: RESTING_S, content, about: About::Table })
}

fn respond(status: StatusCode, api: &Api, sheet: &Sheet) -> Response {
    let markup = document(api, sheet);
    let mut response = (status, axum::response::Html(markup.into_string())).into_response();
    if let Some(policy) = &*POLICY {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    }
    response
}

fn top(headline: &Headline) -> Markup {
    html! {
        section id="state" class=(headline.mood.name()) {
            // Told when it changes; what is behind it changes all the time.
            div role="status" { h1 { (with_code(&headline.sentence)) } }
            @for detail in &headline.details { p class="detail" { (with_code(detail)) } }
            @if !headline.others.is_empty() {
                ul class="others" {
                    @for (mood, other) in &headline.others { li class=(mood.name()) { (with_code(other)) } }
                }
            }
        }
    }
}

/// A sentence whose commands stand between backticks.
fn with_code(text: &str) -> Markup {
    html! {
        @for (number, part) in text.split('`').enumerate() {
            @if number % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn document(api: &Api, sheet: &Sheet) -> Markup {
    let Sheet { now, model, title, every, content, about } = sheet;
    let whose = if *about == About::Table { api.table.as_str() } else { "all jobs" };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="description" content={ "How the predictions of " (whose) " stand" };
                title { (title) " · " (whose) " · rowscore" }
                link rel="icon" href=(PreEscaped(ICON));
                style { (PreEscaped(STYLE)) }
                noscript { meta http-equiv="refresh" content=(every); }
            }
            body {
                header {
                    a class="mark" href="/" { "rowscore" }
                    @if !api.base.is_empty() { a class="table" href={ (api.base) "/" } { (api.table.job.as_str()) } }
                    span class="table" { (whose) }
                    span class="as-of" id="as-of" {
                        "as of " time datetime=(words::rfc3339(*now)) { (now.format("%Y-%m-%d %H:%M:%S")) } " UTC"
                    }
                }
                main id="page" data-every=(every) {
                    p id="stale" class="stale" hidden { "This is old: the page could not be renewed. It keeps trying." }
                    (within(&api.base, content))
                }
                (within(&api.base, &footer(api, *model, *about)))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn footer(api: &Api, model: Option<ModelVersion>, about: About) -> Markup {
    let is_of_table = about == About::Table;
    html! {
        footer {
            @if is_of_table { p { (columns(&api.table)) } }
            p {
                @if let Some(model) = model { "Model " code { (model) } ", " }
                "rowscore " (env!("CARGO_PKG_VERSION")) ". As JSON: "
                a href="/health" { "/health" } ", "
                @if is_of_table {
                    a href="/runs" { "/runs" } ", "
                    @if api.table.truth.is_some() { a href="/quality" { "/quality" } ", " }
                    a href="/data/predicted" { "/data/predicted" } ", "
                    a href="/data/unpredicted" { "/data/unpredicted" } ", "
                    a href="/metadata" { "/metadata" } ", "
                } @else {
                    a href="/jobs" { "/jobs" } ", "
                }
                a href="/openapi.json" { "/openapi.json" } ". For Prometheus: " a href="/metrics" { "/metrics" } "."
            }
        }
    }
}

/// Links as they are below `base`: all begin at the root. In texts, quotation marks are escaped.
fn within(base: &str, markup: &Markup) -> Markup {
    PreEscaped(markup.0.replace("href=\"/", &format!("href=\"{base}/")))
}

/// What the columns are called.
fn columns(table: &ItemsTable) -> Markup {
    html! {
        "Table " code { (table.as_str()) } ": key " code { (table.key) } ", values in "
        @match &table.values {
            ValuesIn::Json(column) => code { (column.as_str()) },
            ValuesIn::Columns(_) => "columns of their own",
        }
        ", arrival in " code { (table.created.as_str()) } ", prediction in " code { (table.prediction.as_str()) }
        @if let Some(run) = table.run.column() { ", its run in " code { (run.as_str()) } }
        "."
    }
}
