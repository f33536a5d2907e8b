//! `claim_lanes`, and the work on them: one worker's lanes at a time, each on a connection of its own.

use std::iter::repeat_with;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, join, join_all, select};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, TxOpts};

use super::forecast::Forecast;
use super::lane::{LaneWork, Watch, work_lane};
use super::step::Step;
use super::{Deadline, Relay, Runner, Turn};
use crate::run::RunId;
use crate::store::lanes::Lane;
use crate::store::runs::Run;
use crate::store::session::Session;
use crate::store::{Doing, StoreError, lanes};

/// How often an otherwise silent connection says something, so that the server keeps it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

impl<R: Relay> Runner<'_, R> {
    /// Claims the lanes that this session holds, and works on them until they are done or time is up.
    pub(super) async fn work_lanes(
        &self,
        session: &mut Session<'_>,
        run: &Run,
        turn: Turn,
        deadline: Deadline,
        forecast: Option<&Forecast>,
    ) -> Result<Vec<LaneWork>, StoreError> {
        let claim = session.run(async |conn| claim_lanes(conn, run.id, turn).await);
        let (claimed, ready) = join(claim, self.ready_sessions()).await;
        let job = self.job(run);
        let watch = &Watch { forecast, relay: self.relay };
        let sessions = ready.into_iter().chain(repeat_with(|| Session::new(self.database)));
        let work = join_all(claimed?.into_iter().zip(sessions).map(|(lane, mut session)| async move {
            let done = work_lane(&mut session, job, lane, deadline, watch).await;
            session.close().await;
            done
        }));
        // The session that holds the lanes would be silent for the length of the hop.
        match select(pin!(work), pin!(keep_alive(session))).await {
            Either::Left((done, _)) => done.into_iter().collect(),
            Either::Right((never, _)) => match never {},
        }
    }

    /// A session for each lane, which connects while the lanes are claimed.
    async fn ready_sessions(&self) -> Vec<Session<'_>> {
        let ready = (0..self.work.lanes).map(|_| async {
            let mut session = Session::new(self.database);
            session.get_ready().await;
            session
        });
        join_all(ready).await
    }
}

/// `claim_lanes`: from here on, nobody who had the lanes before can commit a page of them.
async fn claim_lanes(conn: &mut Conn, run: RunId, turn: Turn) -> Result<Vec<Lane>, StoreError> {
    let mut tx = conn.start_transaction(TxOpts::default()).await.doing("claiming the lanes")?;
    lanes::claim(&mut tx, run, turn.worker, turn.hop).await?;
    let claimed = lanes::unfinished(&mut tx, run, turn.worker).await?;
    Step::ClaimLanes.commit(async { tx.commit().await.doing("claiming the lanes") }).await?;
    Ok(claimed)
}

/// Pings the session's connection for ever. A lost connection loses the hold on the lanes, which
/// is a courtesy; the claim on them is in the lane rows.
async fn keep_alive(session: &mut Session<'_>) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(KEEP_ALIVE).await;
        if let Err(error) = session.run(async |conn| conn.ping().await.doing("keeping the connection")).await {
            tracing::warn!(%error, "the connection that holds the lanes is gone");
        }
    }
}
