//! `/runs`: what was done, and how far it is.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::data::{SetAside, next_page};
use super::keys::ItemKey;
use super::params::{Number, Paging};
use super::problem::{BadRequest, NotFound, Problem, Unread};
use super::shared::Shared;
use crate::config::KeyColumns;
use crate::run::{Backfill, RunId};
use crate::store::failures::{self, Reasoned};
use crate::store::lane_lines::{self, LaneLine};
use crate::store::runs::{self, Record};
use crate::store::status::{self, StatusLine};
use crate::store::waits::RunWaits;
use crate::words;

/// Items set aside that are shown of each kind.
const EXAMPLES: u32 = 3;

/// A run
#[derive(Serialize, ToSchema)]
pub(super) struct Run {
    /// Its number
    run_id: u64,
    /// What it works off
    #[schema(example = "window")]
    kind: String,
    /// How far it has come
    #[schema(example = "succeeded")]
    state: String,
    /// The window's begin, inclusive; null: from the beginning
    window_from: Option<DateTime<Utc>>,
    /// The window's end, exclusive
    window_to: DateTime<Utc>,
    /// The version of the model that it scores with
    model_version: String,
    /// Items worked off: predicted or set aside
    done: u64,
    /// Items to work off; null: too many to count in time
    total: Option<u64>,
    /// Items set aside
    failed: u64,
    /// What it changes, if it is a backfill
    backfill: Option<Changes>,
    /// Items worked off per second
    rows_per_second: Option<u64>,
    /// Seconds to the finish at that rate, while it is running
    eta_seconds: Option<u64>,
    /// Seconds between the finish and the deadline; negative: too late. Where the finish of a run that is not over is not
    /// known, those since its deadline. Null: there is no deadline, or it is still to come and the finish is not known
    spare_seconds: Option<i64>,
    /// What it waits for, if it leaves the database alone for a while
    waiting: Option<Waiting>,
    /// When it was opened
    started_at: DateTime<Utc>,
    /// When it was over
    finished_at: Option<DateTime<Utc>>,
    /// Why a hop of it failed last
    last_error: Option<String>,
}

/// What a run waits for
#[derive(Serialize, ToSchema)]
pub(super) struct Waiting {
    /// Why, in words
    #[schema(example = "threads_running is 60, more than 40")]
    why: String,
    /// Since when
    since: DateTime<Utc>,
    /// When is looked again
    next_look: DateTime<Utc>,
}

impl From<RunWaits> for Waiting {
    fn from(RunWaits { why, since, until }: RunWaits) -> Self {
        Self { why, since, next_look: until }
    }
}

/// What a backfill changes
#[derive(Serialize, ToSchema)]
pub(super) struct Changes {
    /// Whether no item was touched
    dry_run: bool,
    /// Items whose old prediction was compared with the new one
    compared: u64,
    /// Items whose old prediction could not be compared
    incomparable: u64,
    /// Compared items of which another class is the most probable now
    changed_class: u64,
    /// The mean over compared items and classes of |new − old| probability
    mean_absolute_change: Option<f64>,
}

impl From<Backfill> for Changes {
    fn from(backfill: Backfill) -> Self {
        let Backfill { dry_run, compared, incomparable, changed_class, mean_absolute_change } = backfill;
        Self { dry_run, compared, incomparable, changed_class, mean_absolute_change }
    }
}

/// A run in detail
#[derive(Serialize, ToSchema)]
pub(super) struct RunDetail {
    /// The same as in the list
    run: Run,
    /// The schedule's time; null: opened by hand
    tick: Option<DateTime<Utc>>,
    /// What becomes of items that cannot be scored
    #[schema(example = "retry_failed")]
    policy: String,
    /// Which pass over its window it is in: only `retry_all` has two
    #[schema(example = "write")]
    pass: String,
    /// Attempts at the whole window
    attempt: u32,
    /// When its predictions are due
    deadline: Option<DateTime<Utc>>,
    /// What became of its items; null until it is over
    counts: Option<Counts>,
    /// The id ranges that are worked on side by side
    lanes: Vec<Lane>,
    /// The items that it set aside and that still are, by reason: of the 10,000 greatest ids
    failures: Vec<ReasonGroup>,
}

/// What became of a run's items
#[derive(Serialize, ToSchema)]
pub(super) struct Counts {
    predicted: u64,
    failed: u64,
    pending: u64,
}

/// An id range of a run
#[derive(Serialize, ToSchema)]
pub(super) struct Lane {
    /// Counted from 0
    lane: u16,
    /// Whose
    worker: u16,
    /// Where its items come from: `items`, or `failures` of earlier runs
    #[schema(example = "items")]
    source: String,
    /// Keys are greater than this
    low_id: ItemKey,
    /// Keys are at most this
    high_id: ItemKey,
    /// Every item up to this key is worked off
    cursor_id: ItemKey,
    /// The hop that is due or at work; 0: none yet
    hop: u32,
    /// Pages committed
    pages: u64,
    /// Items predicted
    predicted: u64,
    /// Items set aside
    failed: u64,
    /// When a page was committed last
    updated_at: Option<DateTime<Utc>>,
    /// When it was worked off
    finished_at: Option<DateTime<Utc>>,
}

/// Items set aside for one kind of reason
#[derive(Serialize, ToSchema)]
pub(super) struct ReasonGroup {
    /// The kind
    #[schema(example = "wrong_length")]
    code: String,
    /// How many
    items: u64,
    /// Those with the greatest keys
    examples: Vec<SetAside>,
}

/// The runs, the latest first
#[utoipa::path(get, operation_id = "list_runs", path = "/runs", tag = "runs", params(
    ("limit" = Option<u32>, Query, description = "At most so many entries", minimum = 1, maximum = 1000),
    ("after" = Option<i64>, Query, description = "Those that follow the run of this number, from the `Link` of the page before"),
), responses(
    (status = 200, description = "A page of runs", body = [Run],
     headers(("Link" = String, description = "The next page: `<URL>; rel=\"next\"`; without it this is the last"))),
    BadRequest, Unread,
))]
pub(super) async fn list(State(api): Shared, paging: Paging) -> Result<(HeaderMap, Json<Vec<Run>>), Problem> {
    let before = paging.after_number()?.map(|after| RunId(u64::try_from(after).unwrap_or(0)));
    let limit = paging.limit;
    let lines = api.readers.read(move |conn, seen| Box::pin(status::latest(conn, &seen.table, before, limit))).await?;
    let full = lines.last().filter(|_| lines.len() == limit as usize);
    let next = full.map(|last| format!("{}/runs?limit={limit}&after={}", api.base, last.id));
    Ok((next_page(next.as_deref()), Json(lines.into_iter().map(Run::from).collect())))
}

/// One run, with its lanes and what it set aside
#[utoipa::path(
    get, operation_id = "get_run", path = "/runs/{id}", tag = "runs",
    params(("id" = i64, Path, description = "The run's number")),
    responses((status = 200, description = "The run", body = RunDetail), BadRequest, NotFound, Unread)
)]
pub(super) async fn one(State(api): Shared, Number(id): Number) -> Result<Json<RunDetail>, Problem> {
    let missing = || Problem::not_found(format!("there is no run {id}"));
    let run = RunId(u64::try_from(id).map_err(|_| missing())?);
    let found = api.readers.read(move |conn, seen| {
        Box::pin(async move {
            let table = &seen.table;
            let Some(line) = status::find(table, run).ask(conn).await? else { return Ok(None) };
            let Some(record) = runs::record(table, run).ask(conn).await? else { return Ok(None) };
            let rest = lane_lines::all(run).and(failures::by_reason(table, Some(run), EXAMPLES));
            let (lanes, reasons) = rest.ask(conn).await?;
            let lanes: Vec<Lane> = lanes.into_iter().map(|lane| Lane::of(&table.key, lane)).collect();
            let reasons: Vec<_> = reasons.into_iter().map(|reason| ReasonGroup::of(&table.key, reason)).collect();
            Ok(Some((line, record, lanes, reasons)))
        })
    });
    let (line, record, lanes, failures) = found.await?.ok_or_else(missing)?;
    let Record { tick, policy, pass, attempt, deadline, settled } = record;
    Ok(Json(RunDetail {
        run: line.into(),
        tick,
        policy: policy.to_string(),
        pass: pass.to_string(),
        attempt,
        deadline,
        counts: settled.map(|(predicted, failed, pending)| Counts { predicted, failed, pending }),
        lanes,
        failures,
    }))
}

impl Run {
    /// In a few words.
    pub(super) fn brief(&self) -> String {
        let of = self.total.map_or_else(|| "?".to_owned(), words::count);
        let state = self.state.replace('_', " ");
        format!("run {}, {} {state}: {} of {of} items", self.run_id, self.kind, words::count(self.done))
    }
}

impl From<StatusLine> for Run {
    fn from(line: StatusLine) -> Self {
        Self {
            run_id: line.id.0,
            kind: line.kind.to_string(),
            state: line.state.to_string(),
            window_from: line.window.from,
            window_to: line.window.to,
            model_version: line.model_version,
            done: line.done,
            total: line.total,
            failed: line.failed,
            backfill: line.backfill.map(Changes::from),
            rows_per_second: line.rows_per_second,
            eta_seconds: line.eta_seconds,
            spare_seconds: line.spare_seconds,
            waiting: line.waits.map(Waiting::from),
            started_at: line.started_at,
            finished_at: line.finished_at,
            last_error: line.last_error,
        }
    }
}

impl Lane {
    fn of(key: &KeyColumns, lane: LaneLine) -> Self {
        Self {
            lane: lane.number,
            worker: lane.worker,
            source: lane.source.to_string(),
            low_id: ItemKey::of(key, &lane.ids.after),
            high_id: ItemKey::of(key, &lane.ids.upto),
            cursor_id: ItemKey::of(key, &lane.cursor),
            hop: lane.hop,
            pages: lane.pages,
            predicted: lane.predicted,
            failed: lane.failed,
            updated_at: lane.updated_at,
            finished_at: lane.finished_at,
        }
    }
}

impl ReasonGroup {
    fn of(key: &KeyColumns, reason: Reasoned) -> Self {
        Self {
            code: reason.code.to_string(),
            items: reason.items,
            examples: reason.examples.into_iter().map(|failure| SetAside::of(key, failure)).collect(),
        }
    }
}
