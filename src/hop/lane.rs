//! One lane: page after page, each read, scored and committed in one transaction.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, TxOpts};

use super::Deadline;
use super::page::{ScoredPage, score_page};
use super::step::Step;
use crate::config::{TableName, WorkConfig};
use crate::model::Model;
use crate::run::{FailurePolicy, Pass, RunId};
use crate::store::items::{self, PageBounds};
use crate::store::lanes::{self, Advance, Lane, Position, Source};
use crate::store::runs::Run;
use crate::store::selection::Selection;
use crate::store::session::Session;
use crate::store::{Doing, StoreError, failures};
use crate::window::Window;

/// Everything a page needs that does not change from page to page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'a> {
    pub run: &'a Run,
    pub table: &'a TableName,
    pub model: &'a Model,
    pub work: &'a WorkConfig,
}

/// Which items a lane takes. `run` is `None` before there is one.
pub(super) fn selection(
    run: Option<RunId>,
    policy: FailurePolicy,
    source: Source,
    window: Window,
    max_attempts: u32,
) -> Selection {
    match (source, policy) {
        (Source::Items, FailurePolicy::RetryAll) => Selection::Whole(window),
        (Source::Items, FailurePolicy::RetryFailed | FailurePolicy::Leave) => Selection::Fresh(window),
        (Source::Failures, FailurePolicy::RetryFailed) => Selection::SetAside { max_attempts, run },
        (Source::Failures, FailurePolicy::RetryAll | FailurePolicy::Leave) => Selection::Released,
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
    pub pages: u64,
    pub rows: u64,
}

/// What became of one page.
enum PageEnd {
    Committed(Advance),
    TakenOver,
    Stopped,
    TooManyFailures,
}

/// Items of a lane that are looked at before their share of failures can stop the run.
const SAMPLE: u64 = 1000;

/// Works on a claimed lane until it is finished or the deadline comes. However late it is, one
/// page is done, so that a hop always makes progress.
pub(super) async fn work_lane(
    session: &mut Session<'_>,
    job: Job<'_>,
    lane: Lane,
    deadline: Deadline,
) -> Result<LaneWork, StoreError> {
    let mut work = LaneWork { end: LaneEnd::OutOfTime, pages: 0, rows: 0 };
    let mut reach = Reach::new(lane.page_size);
    let mut cursor = lane.cursor;
    let mut longest_page = Duration::ZERO;
    while work.pages == 0 || deadline.allows(longest_page) {
        let begun = Instant::now();
        let page = match session.run(async |conn| page(conn, job, lane, &mut reach).await).await? {
            PageEnd::Committed(page) => page,
            PageEnd::TakenOver => return Ok(LaneWork { end: LaneEnd::TakenOver, ..work }),
            PageEnd::Stopped => return Ok(LaneWork { end: LaneEnd::Stopped, ..work }),
            PageEnd::TooManyFailures => return Ok(LaneWork { end: LaneEnd::TooManyFailures, ..work }),
        };
        let took = begun.elapsed();
        longest_page = longest_page.max(took);
        work.pages += 1;
        work.rows += page.predicted + page.failed;
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
    Ok(work)
}

/// One page in one transaction. Where it begins is read from the lane row under its lock, so that
/// a page that was committed without our knowing is not done again.
async fn page(conn: &mut Conn, job: Job<'_>, lane: Lane, reach: &mut Reach) -> Result<PageEnd, StoreError> {
    let mut tx = conn.start_transaction(TxOpts::default()).await.doing("beginning a page")?;
    let position = lanes::lock(&mut tx, job.run.id, job.run.pass, lane.number).await?;
    if position.claim != lane.claim {
        return Ok(PageEnd::TakenOver);
    }
    if !position.running {
        return Ok(PageEnd::Stopped);
    }
    if too_many_failures(job, lane, position) {
        return Ok(PageEnd::TooManyFailures);
    }
    if position.cursor >= lane.high {
        let nothing = Advance { cursor: position.cursor, predicted: 0, failed: 0 };
        return Ok(PageEnd::Committed(nothing));
    }

    let upto = reach.upto(position.cursor, lane.high);
    let selection = selection(Some(job.run.id), job.run.policy, lane.source, job.run.window, job.work.max_attempts);
    let bounds = PageBounds { selection, after: position.cursor, upto, limit: lane.page_size };
    let begun = Instant::now();
    let features = job.model.features().len();
    let found = Step::ReadPage.perform(async || items::read_page(&mut tx, job.table, bounds, features).await).await?;
    reach.learn(found.len(), begun.elapsed());
    let cursor = match found.last() {
        Some(last) if found.len() >= lane.page_size as usize => last.id,
        Some(_) => upto,
        None => skip_gap(&mut tx, job.table, upto, lane.high).await?,
    };

    let scored = Step::ScorePage.perform(async || Ok::<_, StoreError>(score_page(job.model, &found))).await?;
    let predicted = Step::WritePage.perform(async || write_page(&mut tx, job, selection, &scored).await).await?;

    let advance = Advance { cursor, predicted, failed: scored.failures.len() as u64 };
    lanes::advance(&mut tx, job.run.id, lane.number, advance).await?;
    Step::CommitPage.commit(async { tx.commit().await.doing("committing a page") }).await?;
    Ok(PageEnd::Committed(advance))
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

/// Writes what a page came to: each of its items gets a prediction or is set aside. Answers how
/// many predictions were written: in a run's first pass none is.
async fn write_page(
    tx: &mut impl Queryable,
    job: Job<'_>,
    selection: Selection,
    scored: &ScoredPage<'_>,
) -> Result<u64, StoreError> {
    failures::set_aside(tx, job.table, job.run.id, &scored.failures).await?;
    if job.run.pass == Pass::Check {
        return Ok(0);
    }
    let changed = items::write_page(tx, job.table, job.run.id, &scored.predictions).await?;
    let predicted = scored.predictions.ids.len() as u64;
    if changed != predicted {
        // The rows are locked and were pending, so each of them changes.
        return Err(StoreError::Unexpected(format!("{predicted} predictions changed {changed} rows; page undone")));
    }
    if !matches!(selection, Selection::Fresh(_)) {
        failures::forget(tx, job.table, &scored.predictions.ids).await?;
    }
    Ok(predicted)
}

/// The cursor after a page that found nothing up to `upto`: just before the next existing id.
async fn skip_gap(tx: &mut impl Queryable, table: &TableName, upto: i64, high: i64) -> Result<i64, StoreError> {
    if upto >= high {
        return Ok(high);
    }
    Ok(items::next_id(tx, table, upto, high).await?.map_or(high, |id| id - 1))
}

/// How far ahead of the cursor a page looks for pending items, in ids.
///
/// Without a limit, a page over a stretch with nothing pending would scan all of it in one
/// statement, longer than any deadline on a large table. The reach doubles while reading is quick
/// and finds little, and halves when it is slow.
#[derive(Clone, Copy, Debug)]
struct Reach {
    page_size: u32,
    ids: i64,
}

impl Reach {
    /// The first reach in pages: a window's rows mostly lie close together.
    const FIRST_PAGES: i64 = 16;
    /// A read that took less leaves room to look further.
    const QUICK: Duration = Duration::from_millis(50);
    /// A read that took longer looked too far.
    const SLOW: Duration = Duration::from_millis(250);

    fn new(page_size: u32) -> Self {
        Self { page_size, ids: Self::FIRST_PAGES * i64::from(page_size) }
    }

    fn upto(&self, cursor: i64, high: i64) -> i64 {
        cursor.saturating_add(self.ids).min(high)
    }

    fn learn(&mut self, found: usize, took: Duration) {
        if took > Self::SLOW {
            self.ids = (self.ids / 2).max(i64::from(self.page_size));
        } else if took < Self::QUICK && found < self.page_size as usize {
            self.ids = self.ids.saturating_mul(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reach_grows_over_a_stretch_without_pending_items_and_stays_over_full_pages() {
        let mut reach = Reach::new(100);
        let first = reach.upto(0, i64::MAX);
        reach.learn(100, Duration::from_millis(1));
        assert_eq!(reach.upto(0, i64::MAX), first);
        reach.learn(0, Duration::from_millis(1));
        assert_eq!(reach.upto(0, i64::MAX), 2 * first);
    }

    #[test]
    fn a_slow_read_halves_the_reach_down_to_a_page() {
        let mut reach = Reach::new(100);
        for _ in 0..50 {
            reach.learn(3, Duration::from_secs(1));
        }
        assert_eq!(reach.upto(0, i64::MAX), 100);
    }

    #[test]
    fn the_reach_ends_at_the_lane() {
        let mut reach = Reach::new(100);
        for _ in 0..100 {
            reach.learn(0, Duration::ZERO);
        }
        assert_eq!(reach.upto(i64::MAX - 5, i64::MAX - 1), i64::MAX - 1);
    }
}
