//! One lane: page after page, each read, scored and committed in one transaction.

use std::mem::take;
use std::time::{Duration, Instant};

use mysql_async::Conn;

use super::compare::compare;
use super::forecast::Forecast;
use super::pace::Pace;
use super::page::{ScoredPage, score_page};
use super::scope::Scope;
use super::step::Step;
use super::{Deadline, Relay};
use crate::answer::HopWork;
use crate::config::{ItemsTable, WorkConfig};
use crate::drift::Profile;
use crate::model::Model;
use crate::run::{FailurePolicy, Pass, RunKind};
use crate::store::items::{self, PageBounds};
use crate::store::lanes::{Advance, Lane, Position, Source};
use crate::store::pages::{Begun, Page};
use crate::store::pending::PendingItems;
use crate::store::predictions::Predictions;
use crate::store::runs::Run;
use crate::store::selection::Selection;
use crate::store::session::Session;
use crate::store::statement::{commit, rollback};
use crate::store::{Database, StoreError, failures, pages};

/// Everything a page needs that does not change from page to page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'a> {
    pub run: &'a Run,
    pub database: &'a Database,
    pub model: &'a Model,
    pub work: &'a WorkConfig,
}

impl<'a> Job<'a> {
    /// The items table.
    pub fn table(self) -> &'a ItemsTable {
        self.database.items_table()
    }

    fn page(self, lane: Lane, bounds: PageBounds) -> Page<'a> {
        Page { table: self.table(), run: self.run, lane: lane.number, bounds, features: self.model.features() }
    }
}

/// How the work on a lane ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LaneEnd {
    /// Its last id is worked off.
    Finished,
    /// The deadline came first.
    OutOfTime,
    /// Another invocation took it over; it commits from now on.
    TakenOver,
    /// The run is held or over.
    Stopped,
    /// More than `MAX_FAILED_PERCENT` of its items could not be scored.
    TooManyFailures,
}

/// What one hop did on one lane.
#[derive(Clone, Copy, Debug)]
pub(super) struct LaneWork {
    pub end: LaneEnd,
    pub hop: HopWork,
}

/// What a lane shares with the others of its hop.
pub(super) struct Watch<'w, R> {
    /// Absent where nothing can be forecast.
    pub forecast: Option<&'w Forecast>,
    /// Who is told that the run will be late.
    pub relay: &'w R,
}

impl<R: Relay> Watch<'_, R> {
    fn page(&self, rows: u64) {
        if let Some(late) = self.forecast.and_then(|forecast| forecast.page(rows)) {
            self.relay.will_be_late(&late);
        }
    }
}

/// What became of one page.
enum PageEnd {
    Committed(Advance),
    /// The lane was found elsewhere than expected.
    Again,
    TakenOver,
    Stopped,
    TooManyFailures,
}

/// Items of a lane that are looked at before their share of failures can stop the run.
const SAMPLE: u64 = 1000;

/// Works on a claimed lane until it is finished or the deadline comes. However late it is, one
/// page is done, so that a hop always makes progress.
pub(super) async fn work_lane<R: Relay>(
    session: &mut Session,
    job: Job<'_>,
    lane: Lane,
    deadline: Deadline,
    watch: &Watch<'_, R>,
) -> Result<LaneWork, StoreError> {
    let mut work = LaneWork { end: LaneEnd::OutOfTime, hop: HopWork::default() };
    let mut going = Going::new(job, lane);
    let mut cursor = lane.cursor;
    while work.hop.pages == 0 || deadline.allows(work.hop.longest_page) {
        let begun = Instant::now();
        let goes_on = || deadline.allows(work.hop.longest_page.max(begun.elapsed()));
        let page = match session.run(async |conn| page(conn, job, lane, &mut going, &goes_on).await).await? {
            PageEnd::Committed(page) => page,
            PageEnd::Again => continue,
            PageEnd::TakenOver => return Ok(LaneWork { end: LaneEnd::TakenOver, ..work }),
            PageEnd::Stopped => return Ok(LaneWork { end: LaneEnd::Stopped, ..work }),
            PageEnd::TooManyFailures => return Ok(LaneWork { end: LaneEnd::TooManyFailures, ..work }),
        };
        let took = begun.elapsed();
        work.hop.add(HopWork { predicted: page.predicted, failed: page.failed, pages: 1, longest_page: took });
        watch.page(page.predicted + page.failed);
        tracing::debug!(
            run = %job.run.id, lane = lane.number, after = cursor, upto = page.cursor, predicted = page.predicted,
            failed = page.failed, page_ms = took.as_millis() as u64, "page committed"
        );
        cursor = page.cursor;
        if cursor >= lane.high {
            work.end = LaneEnd::Finished;
            return Ok(work);
        }
    }
    if going.ahead.take().is_some() {
        // Time ran out while the page was begun: its rows are free before the next hop comes.
        session.ask(rollback).await?;
    }
    Ok(work)
}

/// One page in one transaction. Where it begins is read from the lane row under its lock, so that
/// a page that was committed without our knowing is not done again. If the lane then `goes_on`, its next
/// page begins in the round trip of the commit.
async fn page(
    conn: &mut Conn,
    job: Job<'_>,
    lane: Lane,
    going: &mut Going,
    goes_on: &impl Fn() -> bool,
) -> Result<PageEnd, StoreError> {
    let (bounds, mut ahead) = match going.ahead.take() {
        Some((bounds, begun)) => (bounds, Some(begun)),
        None => (going.bounds(job, lane), None),
    };
    let this = job.page(lane, bounds);
    let read = async || match ahead.take() {
        Some(begun) => begun,
        None => pages::begin(conn, this, take(&mut going.memory)).await,
    };
    let Begun { position, profile: counted, found, since } = Step::ReadPage.perform(read).await?;
    going.pace.found(found.len(), since.elapsed());
    if let Some(end) = not_now(job, lane, position) {
        rollback().ask(conn).await?;
        return Ok(end);
    }
    if !going.expected.fits(position) {
        rollback().ask(conn).await?;
        going.expected = Expected::at(position);
        going.pace.again();
        return Ok(PageEnd::Again);
    }
    let PageBounds { upto, limit, .. } = bounds;
    let cursor = match found.last_id() {
        Some(last) if found.len() >= limit as usize => last,
        Some(_) => upto,
        None => skip_gap(conn, job.table(), upto, lane.high).await?,
    };

    let score = async || Ok::<_, StoreError>(score_page(job.model, job.table().decimals, &found));
    let scored = Step::ScorePage.perform(score).await?;
    // The lane's own counts, read under its lock: a page is counted once, as it is written once.
    let mut profile = Profile::read(counted.as_deref(), job.model);
    profile.add(&scored.profile);
    let profile = profile.to_text();
    let advance = Advance {
        cursor,
        predicted: if job.run.pass == Pass::Check { 0 } else { scored.predictions.ids.len() as u64 },
        failed: scored.failures.len() as u64,
        changes: (job.run.kind == RunKind::Backfill).then(|| compare(&found, &scored.predictions)),
        page_size: limit,
    };
    let statement = &mut going.statement;
    let write = async || write_page(conn, job, this, position, &scored, (advance, &profile), statement).await;
    let advance = Step::WritePage.perform(write).await?;
    // Most of a page's time is the writing, and the commit takes about as long as the last one.
    going.pace.committed(found.len(), since.elapsed() + going.commit);
    // Or two pages would be in memory.
    drop(scored);
    going.memory = found;
    going.expected = Expected::at(Position { cursor, ..position });
    let committing = Instant::now();
    if cursor < lane.high && goes_on() {
        let (bounds, memory) = (going.bounds(job, lane), take(&mut going.memory));
        let next = Step::CommitPage.commit(pages::commit_and_begin(conn, job.page(lane, bounds), memory)).await?;
        if let Ok(begun) = &next {
            going.commit = begun.since - committing;
        }
        going.ahead = Some((bounds, next));
    } else {
        Step::CommitPage.commit(commit().ask(conn)).await?;
    }
    Ok(PageEnd::Committed(advance))
}

/// How a lane goes on from page to page.
#[derive(Debug)]
struct Going {
    expected: Expected,
    pace: Pace,
    /// What the last commit took.
    commit: Duration,
    /// The memory of the last page, for the items of the next.
    memory: PendingItems,
    /// And of the statement that wrote it.
    statement: Vec<u8>,
    /// The next page, if it was begun, on the connection of the last.
    ahead: Option<(PageBounds, Result<Begun, StoreError>)>,
}

impl Going {
    fn new(job: Job<'_>, lane: Lane) -> Self {
        let pace = Pace::new(lane.page_size, job.work.page_size);
        let expected = Expected { cursor: lane.cursor, failures_ahead: true };
        Self {
            expected,
            pace,
            commit: Duration::ZERO,
            memory: PendingItems::default(),
            statement: Vec::new(),
            ahead: None,
        }
    }

    /// The items of the next page, as far as is known.
    fn bounds(&mut self, job: Job<'_>, lane: Lane) -> PageBounds {
        let (limit, upto) = self.pace.begin(self.expected.cursor, lane.high);
        let selection = self.expected.selection(job, lane);
        PageBounds { selection, after: self.expected.cursor, upto, limit, mode: job.run.mode }
    }
}

/// What the next page of a lane is expected to find, so that one round trip locks and reads. The
/// lane row, under its lock, has the last word.
#[derive(Clone, Copy, Debug)]
struct Expected {
    cursor: i64,
    /// Whether items ahead may have been set aside, which are passed by.
    failures_ahead: bool,
}

impl Expected {
    fn at(position: Position) -> Self {
        Self { cursor: position.cursor, failures_ahead: position.failures_ahead }
    }

    fn fits(self, position: Position) -> bool {
        self.cursor == position.cursor && (self.failures_ahead || !position.failures_ahead)
    }

    /// Where nothing was set aside, not even the question costs anything.
    fn selection(self, job: Job<'_>, lane: Lane) -> Selection {
        let selection = Scope::of(job).selection(lane.source);
        if self.failures_ahead { selection } else { selection.where_none_is_set_aside() }
    }
}

/// Why a page is not to be worked on, after all.
fn not_now(job: Job<'_>, lane: Lane, position: Position) -> Option<PageEnd> {
    if position.claim != lane.claim {
        Some(PageEnd::TakenOver)
    } else if !position.running {
        Some(PageEnd::Stopped)
    } else if too_many_failures(job, lane, position) {
        Some(PageEnd::TooManyFailures)
    } else if position.cursor >= lane.high {
        Some(PageEnd::Committed(Advance {
            cursor: position.cursor,
            predicted: 0,
            failed: 0,
            changes: None,
            page_size: lane.page_size,
        }))
    } else {
        None
    }
}

/// Whether a lane's share of failures stops the run. Items that earlier runs set aside tell
/// nothing new, and a first pass ends by itself.
fn too_many_failures(job: Job<'_>, lane: Lane, position: Position) -> bool {
    let done = position.predicted + position.failed;
    lane.source == Source::Items
        && job.run.pass == Pass::Write
        && done >= SAMPLE
        && job.work.has_too_many(position.failed, done)
}

/// Writes what a page came to: each of its items gets a prediction or is set aside, and the lane
/// advances. In a run's first pass nothing is predicted, and a dry run has but its counts.
async fn write_page(
    conn: &mut Conn,
    job: Job<'_>,
    page: Page<'_>,
    position: Position,
    scored: &ScoredPage<'_>,
    (advance, profile): (Advance, &str),
    statement: &mut Vec<u8>,
) -> Result<Advance, StoreError> {
    let nothing = Predictions::default();
    let writes = job.run.mode.writes();
    let predictions = if writes && job.run.pass == Pass::Write { &scored.predictions } else { &nothing };
    if writes {
        failures::set_aside(conn, job.table(), job.run.id, &scored.failures).await?;
    }
    if page.bounds.selection.has_set_aside() || job.run.policy == FailurePolicy::RetryAll {
        failures::forget(conn, job.table(), &predictions.ids).await?;
    }
    let predicted = predictions.ids.len() as u64;
    let changed = pages::write(conn, page, position, predictions, (advance, profile), statement).await?;
    if changed != predicted {
        // The rows are locked and were pending or another run's, so each of them changes.
        return Err(StoreError::Unexpected(format!("{predicted} predictions changed {changed} rows; page undone")));
    }
    Ok(advance)
}

/// The cursor after a page that found nothing up to `upto`: just before the next existing id.
async fn skip_gap(conn: &mut Conn, table: &ItemsTable, upto: i64, high: i64) -> Result<i64, StoreError> {
    if upto >= high {
        return Ok(high);
    }
    Ok(items::next_id(conn, table, upto, high).await?.map_or(high, |id| id - 1))
}
