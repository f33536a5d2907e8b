//! `claim_lanes`, and the work on them: one worker's lanes at a time, each on a connection of its own.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;

use futures_util::future::{Either, join, join_all, select};
use mysql_async::Conn;
use serde_json::json;

use super::at_work::AtWork;
use super::brake::Brake;
use super::clock::Clock;
use super::lane::{KEEP_ALIVE, LaneWork, Watch, work_lane};
use super::lane_sessions::LaneSessions;
use super::neighbour::Neighbour;
use super::step::Step;
use super::under_way::Hop;
use crate::run::RunId;
use crate::store::lanes::{Due, FIRST, FIRST_CLAIM, Lane};
use crate::store::session::{Room, Session};
use crate::store::statement::{begin, commit};
use crate::store::trace::{Act, acting, saw};
use crate::store::{StoreError, lanes};

/// Claims the lanes that this hop holds, and works on them until they are done or time is up.
pub(super) async fn work_lanes(
    hop: &mut Hop<'_>,
    at_work: AtWork<'_>,
    due: Due,
    (neighbour, brake): (Option<&mut Neighbour<'_>>, &Brake),
) -> Result<Vec<LaneWork>, StoreError> {
    let Hop { session, done, lanes, clock, relay, began, .. } = hop;
    let work = async {
        let claim = session.run(async |conn| claim_lanes(conn, at_work.run.id, due).await);
        let claimed = claim.await?;
        // Without a single connection for pages the work fails here, once, and not in each lane.
        lanes.first().await.connect().await?;
        let watch = &Watch { forecast: done.forecast.as_ref(), relay: *relay, brake };
        let work = claimed.into_iter().enumerate().map(async |(place, lane)| match lanes.get(place).await {
            Some(mut session) => work_lane(&mut session, at_work, lane, *clock, watch).await,
            None => work_lane_on_its_own(at_work, lane, (*clock, lanes), watch).await,
        });
        // The session that holds the lanes would be silent for the length of the hop.
        let looks = async {
            match neighbour {
                Some(neighbour) => neighbour.watch(brake, || began.present()).await,
                None => pending().await,
            }
        };
        let beside = join(keep_alive(session, lanes), looks);
        match select(pin!(join_all(work)), pin!(beside)).await {
            Either::Left((done, _)) => done.into_iter().collect(),
            Either::Right(((never, _), _)) => match never {},
        }
    };
    lanes.ready_during(work).await
}

/// Works on a lane beyond those that are configured: of a run that was opened before, or of earlier
/// failures.
async fn work_lane_on_its_own(
    at_work: AtWork<'_>,
    lane: Lane,
    (clock, others): (Clock, &LaneSessions),
    watch: &Watch<'_>,
) -> Result<LaneWork, StoreError> {
    let mut session = Session::for_pages(at_work.means.database).until(clock.gives_up_at());
    if session.get_ready().await == Room::None {
        return work_lane(&mut *others.first().await, at_work, lane, clock, watch).await;
    }
    let done = work_lane(&mut session, at_work, lane, clock, watch).await;
    session.close().await;
    done
}

/// Says something now and then on the connections that are not at work. A lost one loses the hold on
/// the lanes, which is a courtesy; the claim on them is in the lane rows.
async fn keep_alive(session: &mut Session, lanes: &LaneSessions) -> Infallible {
    loop {
        tokio::time::sleep(KEEP_ALIVE).await;
        join(session.keep_alive(), lanes.keep_alive()).await;
    }
}

/// `claim_lanes`: from here on, nobody who had the lanes before can commit a page of them. Who opened the run has
/// them from their birth, unless somebody else has claimed them since: then its first page will tell.
async fn claim_lanes(conn: &mut Conn, run: RunId, due: Due) -> Result<Vec<Lane>, StoreError> {
    let said = |lanes: &[Lane]| {
        let lanes = lanes.iter().map(|lane| (lane.number, lane.claim)).collect::<Vec<_>>();
        saw(Act::ClaimLanes, None, || json!({ "worker": due.worker, "number": due.hop, "lanes": lanes }));
    };
    if due == FIRST {
        let born = Step::ClaimLanes.commit(lanes::unfinished(run, due.worker).ask(conn));
        let born = acting(&[Act::ClaimLanes], None, born).await?;
        said(&born);
        return Ok(born.into_iter().map(|lane| Lane { claim: FIRST_CLAIM, ..lane }).collect());
    }
    let claim = begin().then(lanes::claim(run, due)).then(lanes::unfinished(run, due.worker));
    let claimed = Step::ClaimLanes.commit(claim.and(commit()).ask(conn));
    let (claimed, ()) = acting(&[Act::ClaimLanes], None, claimed).await?;
    said(&claimed);
    Ok(claimed)
}
