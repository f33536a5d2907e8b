//! One lane: page after page, each read, scored and committed in one transaction.

use std::time::{Duration, Instant};

use mysql_async::Conn;
use serde_json::json;

use super::at_work::AtWork;
use super::brake::{Brake, Wait};
use super::challenger::challenge;
use super::clock::Clock;
use super::forecast::Forecast;
use super::going::{Ahead, Expected, Going};
use super::looks::{after_page, wait, wait_first};
use super::page::score_page;
use super::reading::{Reached, reached, read_page};
use super::relay::Relay;
use super::step::Step;
use super::too_many::TooMany;
use super::writing::{Writing, Written};
use crate::answer::HopWork;
use crate::drift::Profile;
use crate::run::Pass;
use crate::store::lanes::{Lane, Place, Position};
use crate::store::pages::{Beginning, Begun};
use crate::store::session::Session;
use crate::store::statement::{commit, rollback};
use crate::store::trace::{Act, acting, saw};
use crate::store::turn::{self, pause};
use crate::store::{StoreError, pages, totals};

/// How the work on a lane ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LaneEnd {
    /// Its last id is worked off.
    Finished,
    /// The deadline came first.
    OutOfTime,
    /// Another invocation took it over; it commits from now on.
    TakenOver,
    /// The run is paused or over.
    Stopped,
    /// The database is in trouble, or is to be left alone for a while.
    Waits,
    /// Of the run, more than `MAX_FAILED_PERCENT` cannot be scored.
    TooManyFailures(TooMany),
}

/// What one hop did on one lane.
#[derive(Clone, Copy, Debug)]
pub(super) struct LaneWork {
    pub end: LaneEnd,
    pub hop: HopWork,
}

/// What a lane shares with the others of its hop.
pub(super) struct Watch<'w> {
    /// Absent where nothing can be forecast.
    pub forecast: Option<&'w Forecast>,
    /// Who is told that the run will be late.
    pub relay: &'w dyn Relay,
    /// Whether it is to stop for a while.
    pub brake: &'w Brake,
}

impl Watch<'_> {
    fn page(&self, rows: u64) {
        if let Some(late) = self.forecast.and_then(|forecast| forecast.page(rows)) {
            self.relay.will_be_late(&late);
        }
    }
}

/// What became of one page.
enum PageEnd {
    /// It is committed, and the lane goes on here, perhaps after a wait.
    Committed { to: Place, wait: Option<Duration>, predicted: u64, failed: u64 },
    /// The lane was found elsewhere than expected.
    Again,
    /// The lane's work is over.
    Over(LaneEnd),
}

/// How often a page may begin again. Twice is what it takes: where the lane was found elsewhere, and where the
/// database refuses an item.
const MOST_AGAIN: u32 = 10;

/// How often an otherwise silent connection says something, so that the server keeps it. One for pages is kept
/// for five seconds.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(2);

/// Items of a lane whose share of failures is reason enough to look at the run's.
const SAMPLE: u64 = 1000;

/// Works on a claimed lane until it is finished or time is up. However late it is, one page is done, so
/// that a hop always makes progress.
pub(super) async fn work_lane(
    session: &mut Session,
    at_work: AtWork<'_>,
    lane: Lane,
    clock: Clock,
    watch: &Watch<'_>,
) -> Result<LaneWork, StoreError> {
    let mut hop = HopWork::default();
    if let Some(wait) = wait_first(&lane.look) {
        pause(wait).await;
    }
    let (number, mut going, mut again) = (lane.number, Going::new(at_work, lane), 0);
    let nice = at_work.means.work.nice;
    while !watch.brake.is_on() && (hop.pages == 0 || clock.allows(hop.longest_page)) {
        let begun = Instant::now();
        // Who rests holds nothing meanwhile.
        let goes_on = || !nice.rests() && !watch.brake.is_on() && clock.allows(hop.longest_page.max(begun.elapsed()));
        let end = session.run(async |conn| page(conn, &mut going, &goes_on).await).await?;
        let (to, wait, predicted, failed) = match end {
            PageEnd::Committed { to, wait, predicted, failed } => (to, wait, predicted, failed),
            PageEnd::Again if again < MOST_AGAIN => {
                again += 1;
                continue;
            }
            PageEnd::Again => {
                let text = format!("lane {number} was found elsewhere {MOST_AGAIN} times in a row");
                return Err(StoreError::Unexpected(text));
            }
            PageEnd::Over(end) => {
                if let LaneEnd::TooManyFailures(too_many) = end {
                    // The other lanes need not go on.
                    watch.brake.pull(Wait { why: too_many.why(), until: None });
                }
                return Ok(LaneWork { end, hop });
            }
        };
        again = 0;
        let took = begun.elapsed();
        hop.add(HopWork { predicted, failed, pages: 1, longest_page: took });
        watch.page(predicted + failed);
        tracing::debug!(
            run = %at_work.run.id, lane = number, upto = %to.cursor, predicted, failed,
            page_ms = took.as_millis() as u64, "page committed"
        );
        if to.finished {
            return Ok(LaneWork { end: LaneEnd::Finished, hop });
        }
        let wait = wait.unwrap_or_default() + nice.rest_after(took);
        if !wait.is_zero() {
            if !clock.allows(wait + hop.longest_page) {
                break;
            }
            rest(session, wait).await;
        }
    }
    if going.ahead.take().is_some() {
        // Time ran out while the page was begun: its rows are free before the next hop comes.
        session.ask(rollback).await?;
        saw(Act::ReadPage, Some(number), || json!({ "fate": "left" }));
    }
    let end = if watch.brake.is_on() { LaneEnd::Waits } else { LaneEnd::OutOfTime };
    Ok(LaneWork { end, hop })
}

/// Waits with a connection that the server keeps for a few seconds of silence.
async fn rest(session: &mut Session, mut wait: Duration) {
    while wait > KEEP_ALIVE {
        pause(KEEP_ALIVE).await;
        session.keep_alive().await;
        wait -= KEEP_ALIVE;
    }
    pause(wait).await;
}

/// One page in one transaction. Where it begins is read from the lane row under its lock, so that
/// a page that was committed without our knowing is not done again. If the lane then `goes_on`, its next
/// page begins in the round trip of the commit.
async fn page(conn: &mut Conn, going: &mut Going<'_>, goes_on: &impl Fn() -> bool) -> Result<PageEnd, StoreError> {
    let (means, mut ahead) = (going.at_work.means, going.ahead.take());
    let number = going.lane.number;
    let read = async || {
        let read = read_page(conn, going, ahead.take());
        acting(&[Act::ReadPage], Some(number), read).await
    };
    let (this, begun) = Step::ReadPage.perform(read).await?;
    let Begun { position, profile: counted, found, since } = begun;
    going.pace.found(found.len(), turn::since(since));
    if let Some(end) = not_now(conn, going.at_work, &going.lane, &position).await? {
        saw(Act::ReadPage, Some(number), || seen(&position, "over"));
        rollback().ask(conn).await?;
        return Ok(end);
    }
    if !going.expected.fits(&position) {
        saw(Act::ReadPage, Some(number), || seen(&position, "again"));
        rollback().ask(conn).await?;
        going.expected = Expected::at(&position);
        going.horizon.forget();
        going.pace.again();
        return Ok(PageEnd::Again);
    }
    let Reached { cursor, skipped } = reached(conn, &this, &position, &found).await?;
    saw(Act::ReadPage, Some(number), || {
        let mut seen = seen(&position, "page");
        seen["found"] = found.iter().map(|item| item.key.to_string()).collect();
        seen["to"] = json!(cursor.id());
        seen["skipped"] = json!(skipped);
        seen
    });
    let to = after_page(&position, cursor, skipped);

    let score = async || {
        let scored = score_page(means.model, means.table(), &found);
        Ok::<_, StoreError>((scored, challenge(going.at_work, &found)))
    };
    let (scored, challenge) = Step::ScorePage.perform(score).await?;
    // The lane's own counts, read under its lock: a page is counted once, as it is written once.
    let mut profile = Profile::read(counted.as_deref(), means.model);
    profile.add(&scored.profile);
    let (profile, manner, statement) = (profile.to_text(), going.manner, &mut going.statement);
    let mut writing = Writing { page: &this, from: &position, to: &to, found: &found, profile, challenge, statement };
    let written = Step::WritePage.perform(async || writing.write(conn, &scored, manner).await).await?;
    let Written::Done { predicted, failed } = written else {
        rollback().ask(conn).await?;
        going.in_parts();
        return Ok(PageEnd::Again);
    };
    // Most of a page's time is the writing, and the commit takes about as long as the last one.
    going.pace.committed(found.len(), turn::since(since) + going.commit);
    // Or two pages would be in memory.
    drop(scored);
    going.wrote(found, &position, &to);
    let wait = wait(&position.look, &to.look);
    if !to.finished && wait.is_none() && going.sees_ahead() && goes_on() {
        acting(&[Act::CommitPage, Act::ReadPage], Some(number), commit_and_begin(conn, going)).await?;
    } else {
        acting(&[Act::CommitPage], Some(number), Step::CommitPage.commit(commit().ask(conn))).await?;
    }
    saw(
        Act::CommitPage,
        Some(number),
        || json!({ "cursor": to.cursor.id(), "finished": to.finished, "predicted": predicted, "failed": failed }),
    );
    Ok(PageEnd::Committed { to, wait, predicted, failed })
}

/// Where a lane was found, and what became of the page.
fn seen(position: &Position, fate: &str) -> serde_json::Value {
    let Position { cursor, finished, claim, running, predicted, failed, .. } = position;
    json!({
        "fate": fate, "cursor": cursor.id(), "finished": finished, "claim": claim, "running": running,
        "predicted": predicted, "failed": failed,
    })
}

/// Commits a page, and begins the next one.
async fn commit_and_begin(conn: &mut Conn, going: &mut Going<'_>) -> Result<(), StoreError> {
    let committing = turn::now();
    let (page, memory) = (going.next_page(), going.memory());
    let beginning = Step::CommitPage.commit(pages::commit_and_begin(conn, &page, memory)).await?.next;
    if let Ok(Beginning::Begun(begun)) = &beginning {
        going.commit = begun.since - committing;
    }
    going.ahead = Some(Ahead { page, beginning });
    Ok(())
}

/// Why a page is not to be worked on, after all.
async fn not_now(
    conn: &mut Conn,
    at_work: AtWork<'_>,
    lane: &Lane,
    position: &Position,
) -> Result<Option<PageEnd>, StoreError> {
    Ok(if position.claim != lane.claim {
        Some(PageEnd::Over(LaneEnd::TakenOver))
    } else if !position.running {
        Some(PageEnd::Over(LaneEnd::Stopped))
    } else if position.finished {
        // It was committed without our knowing.
        let Position { cursor, look, finished, .. } = position.clone();
        let to = Place { cursor, look, finished };
        Some(PageEnd::Committed { to, wait: None, predicted: 0, failed: 0 })
    } else {
        too_many_failures(conn, at_work, lane, position).await?.map(LaneEnd::TooManyFailures).map(PageEnd::Over)
    })
}

/// Whether failures stop the run. If they are too many of its items, they are too many of some lane's, which looks. Items
/// that earlier runs set aside tell nothing new, and a first pass ends by itself.
async fn too_many_failures(
    conn: &mut Conn,
    at_work: AtWork<'_>,
    lane: &Lane,
    position: &Position,
) -> Result<Option<TooMany>, StoreError> {
    let done = position.predicted + position.failed;
    let looks = lane.source.is_window()
        && at_work.run.pass == Pass::Write
        && done >= SAMPLE
        && at_work.means.work.has_too_many(position.failed, done);
    if !looks {
        return Ok(None);
    }
    Ok(TooMany::so_far(at_work, &totals::of(at_work.run.id).ask(conn).await?))
}
