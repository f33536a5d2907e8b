//! One lane: page after page, each read, scored and committed in one transaction.

use std::time::Instant;

use mysql_async::Conn;

use super::clock::Clock;
use super::compare::compare;
use super::forecast::Forecast;
use super::going::{Ahead, Expected, Going};
use super::job::Job;
use super::page::{ScoredPage, score_page};
use super::relay::Relay;
use super::step::Step;
use crate::answer::HopWork;
use crate::config::ItemsTable;
use crate::drift::Profile;
use crate::run::{FailurePolicy, Pass, RunKind};
use crate::store::lanes::{Advance, Lane, Position, Source};
use crate::store::pages::{Begun, Page};
use crate::store::predictions::Predictions;
use crate::store::session::Session;
use crate::store::statement::{commit, rollback};
use crate::store::wanted::Ids;
use crate::store::{StoreError, failures, items, pages};

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
    /// It is committed, and the lane goes on behind this id.
    Committed { cursor: i64, predicted: u64, failed: u64 },
    /// The lane was found elsewhere than expected.
    Again,
    /// The lane's work is over.
    Over(LaneEnd),
}

/// Items of a lane that are looked at before their share of failures can stop the run.
const SAMPLE: u64 = 1000;

/// Works on a claimed lane until it is finished or time is up. However late it is, one page is done, so
/// that a hop always makes progress.
pub(super) async fn work_lane<R: Relay>(
    session: &mut Session,
    job: Job<'_>,
    lane: Lane,
    clock: Clock,
    watch: &Watch<'_, R>,
) -> Result<LaneWork, StoreError> {
    let mut hop = HopWork::default();
    let mut going = Going::new(job, lane);
    while hop.pages == 0 || clock.allows(hop.longest_page) {
        let begun = Instant::now();
        let goes_on = || clock.allows(hop.longest_page.max(begun.elapsed()));
        let (cursor, predicted, failed) = match session.run(async |conn| page(conn, &mut going, &goes_on).await).await?
        {
            PageEnd::Committed { cursor, predicted, failed } => (cursor, predicted, failed),
            PageEnd::Again => continue,
            PageEnd::Over(end) => return Ok(LaneWork { end, hop }),
        };
        let took = begun.elapsed();
        hop.add(HopWork { predicted, failed, pages: 1, longest_page: took });
        watch.page(predicted + failed);
        tracing::debug!(
            run = %job.run.id, lane = lane.number, upto = cursor, predicted, failed,
            page_ms = took.as_millis() as u64, "page committed"
        );
        if cursor >= lane.high {
            return Ok(LaneWork { end: LaneEnd::Finished, hop });
        }
    }
    if going.ahead.take().is_some() {
        // Time ran out while the page was begun: its rows are free before the next hop comes.
        session.ask(rollback).await?;
    }
    Ok(LaneWork { end: LaneEnd::OutOfTime, hop })
}

/// One page in one transaction. Where it begins is read from the lane row under its lock, so that
/// a page that was committed without our knowing is not done again. If the lane then `goes_on`, its next
/// page begins in the round trip of the commit.
async fn page(conn: &mut Conn, going: &mut Going<'_>, goes_on: &impl Fn() -> bool) -> Result<PageEnd, StoreError> {
    let (Job { run, means }, high) = (going.job, going.lane.high);
    let (this, mut ahead) = match going.ahead.take() {
        Some(Ahead { page, begun }) => (page, Some(begun)),
        None => (going.next_page(), None),
    };
    let read = async || match ahead.take() {
        Some(begun) => begun,
        None => pages::begin(conn, this, going.memory()).await,
    };
    let Begun { position, profile: counted, found, since } = Step::ReadPage.perform(read).await?;
    going.pace.found(found.len(), since.elapsed());
    if let Some(end) = not_now(going.job, going.lane, position) {
        rollback().ask(conn).await?;
        return Ok(end);
    }
    if !going.expected.fits(position) {
        rollback().ask(conn).await?;
        going.expected = Expected::at(position);
        going.pace.again();
        return Ok(PageEnd::Again);
    }
    let cursor = match found.last_id() {
        Some(last) if found.len() >= this.limit as usize => last,
        Some(_) => this.ids.upto,
        None => skip_gap(conn, means.table(), Ids { after: this.ids.upto, upto: high }).await?,
    };

    let score = async || Ok::<_, StoreError>(score_page(means.model, means.table().decimals, &found));
    let scored = Step::ScorePage.perform(score).await?;
    // The lane's own counts, read under its lock: a page is counted once, as it is written once.
    let mut profile = Profile::read(counted.as_deref(), means.model);
    profile.add(&scored.profile);
    let predicted = if run.pass == Pass::Check { 0 } else { scored.predictions.ids.len() as u64 };
    let failed = scored.failures.len() as u64;
    let changes = (run.kind == RunKind::Backfill).then(|| compare(&found, &scored.predictions));
    let advance = Advance {
        from: position,
        cursor,
        predicted,
        failed,
        changes,
        page_size: this.limit,
        profile: profile.to_text(),
    };
    Step::WritePage.perform(async || write_page(conn, this, &scored, &advance, &mut going.statement).await).await?;
    // Most of a page's time is the writing, and the commit takes about as long as the last one.
    going.pace.committed(found.len(), since.elapsed() + going.commit);
    // Or two pages would be in memory.
    drop(scored);
    going.wrote(found, Position { cursor, ..position });
    if cursor < high && goes_on() {
        commit_and_begin(conn, going).await?;
    } else {
        Step::CommitPage.commit(commit().ask(conn)).await?;
    }
    Ok(PageEnd::Committed { cursor, predicted, failed })
}

/// Commits a page, and begins the next one.
async fn commit_and_begin(conn: &mut Conn, going: &mut Going<'_>) -> Result<(), StoreError> {
    let committing = Instant::now();
    let (page, memory) = (going.next_page(), going.memory());
    let begun = Step::CommitPage.commit(pages::commit_and_begin(conn, page, memory)).await?.next;
    if let Ok(begun) = &begun {
        going.commit = begun.since - committing;
    }
    going.ahead = Some(Ahead { page, begun });
    Ok(())
}

/// Why a page is not to be worked on, after all.
fn not_now(job: Job<'_>, lane: Lane, position: Position) -> Option<PageEnd> {
    if position.claim != lane.claim {
        Some(PageEnd::Over(LaneEnd::TakenOver))
    } else if !position.running {
        Some(PageEnd::Over(LaneEnd::Stopped))
    } else if too_many_failures(job, lane, position) {
        Some(PageEnd::Over(LaneEnd::TooManyFailures))
    } else {
        // It was committed without our knowing.
        let cursor = position.cursor;
        (cursor >= lane.high).then_some(PageEnd::Committed { cursor, predicted: 0, failed: 0 })
    }
}

/// Whether a lane's share of failures stops the run. Items that earlier runs set aside tell
/// nothing new, and a first pass ends by itself.
fn too_many_failures(job: Job<'_>, lane: Lane, position: Position) -> bool {
    let done = position.predicted + position.failed;
    lane.source == Source::Items
        && job.run.pass == Pass::Write
        && done >= SAMPLE
        && job.means.work.has_too_many(position.failed, done)
}

/// Writes what a page came to: each of its items gets a prediction or is set aside, and the lane
/// advances. In a run's first pass nothing is predicted, and a dry run has but its counts.
async fn write_page(
    conn: &mut Conn,
    page: Page<'_>,
    scored: &ScoredPage<'_>,
    advance: &Advance,
    statement: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let (run, table) = (page.run, page.wanted.table);
    let nothing = Predictions::default();
    let writes = run.mode.writes();
    let predictions = if writes && run.pass == Pass::Write { &scored.predictions } else { &nothing };
    if writes {
        failures::set_aside(conn, table, run.id, &scored.failures).await?;
    }
    if page.wanted.which.has_set_aside() || run.policy == FailurePolicy::RetryAll {
        failures::forget(table, &predictions.ids).ask(conn).await?;
    }
    let predicted = predictions.ids.len() as u64;
    let changed = pages::write(conn, page, predictions, advance, statement).await?;
    if changed != predicted {
        // The rows are locked and were pending or another run's, so each of them changes.
        return Err(StoreError::Unexpected(format!("{predicted} predictions changed {changed} rows; page undone")));
    }
    Ok(())
}

/// The cursor after a page that found nothing: just before the next of these ids that there is.
async fn skip_gap(conn: &mut Conn, table: &ItemsTable, ids: Ids) -> Result<i64, StoreError> {
    if ids.is_empty() {
        return Ok(ids.upto);
    }
    Ok(items::next_id(table, ids).ask(conn).await?.map_or(ids.upto, |id| id - 1))
}
