//! `claim_lanes`, and the work on them: one worker's lanes at a time, each on a connection of its own.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, join, join_all, select};
use mysql_async::Conn;

use super::forecast::Forecast;
use super::lane::{LaneWork, Watch, work_lane};
use super::step::Step;
use super::{Hop, Relay, Turn};
use crate::run::RunId;
use crate::store::lanes::Lane;
use crate::store::runs::Run;
use crate::store::session::Session;
use crate::store::statement::{begin, commit};
use crate::store::{StoreError, lanes};

/// How often an otherwise silent connection says something, so that the server keeps it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

impl<R: Relay> Hop<'_, R> {
    /// Claims the lanes that this session holds, and works on them until they are done or time is up.
    pub(super) async fn work_lanes(
        &self,
        session: &mut Session,
        run: &Run,
        turn: Turn,
        forecast: Option<&Forecast>,
    ) -> Result<Vec<LaneWork>, StoreError> {
        let work = async {
            let claimed = session.run(async |conn| claim_lanes(conn, run.id, turn).await).await?;
            let watch = &Watch { forecast, relay: self.relay };
            let work = claimed.into_iter().enumerate().map(|(place, lane)| self.work_lane(run, (place, lane), watch));
            // The session that holds the lanes would be silent for the length of the hop.
            match select(pin!(join_all(work)), pin!(self.keep_alive(session))).await {
                Either::Left((done, _)) => done.into_iter().collect(),
                Either::Right((never, _)) => match never {},
            }
        };
        self.aside.ready_during(work).await
    }

    async fn work_lane(
        &self,
        run: &Run,
        (place, lane): (usize, Lane),
        watch: &Watch<'_, R>,
    ) -> Result<LaneWork, StoreError> {
        let job = self.job(run);
        if let Some(mut session) = self.aside.get(place).await {
            return work_lane(&mut session, job, lane, self.deadline, watch).await;
        }
        // More lanes than are configured: those of a run that was opened before, or of earlier failures.
        let mut session = Session::new(self.database);
        let done = work_lane(&mut session, job, lane, self.deadline, watch).await;
        session.close().await;
        done
    }

    /// Says something now and then on the connections that are not at work. A lost one loses the hold on
    /// the lanes, which is a courtesy; the claim on them is in the lane rows.
    async fn keep_alive(&self, session: &mut Session) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(KEEP_ALIVE).await;
            join(session.keep_alive(), self.aside.keep_alive()).await;
        }
    }
}

/// `claim_lanes`: from here on, nobody who had the lanes before can commit a page of them.
async fn claim_lanes(conn: &mut Conn, run: RunId, turn: Turn) -> Result<Vec<Lane>, StoreError> {
    let claim = begin().then(lanes::claim(run, turn.worker, turn.hop)).then(lanes::unfinished(run, turn.worker));
    let (claimed, ()) = Step::ClaimLanes.commit(claim.and(commit()).ask(conn)).await?;
    Ok(claimed)
}
