//! A good neighbour: looks whether the database is in trouble, before a hop's pages and beside them.

use std::convert::Infallible;
use std::future::pending;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::brake::{Brake, Wait};
use super::means::Means;
use crate::config::{Bound, Place, Sign, WaitConfig};
use crate::store::session::Session;
use crate::store::waits::{QUIET, UNSEEN};
use crate::store::{Fault, StoreError, signs};
use crate::window::Time;
use crate::words;

/// How often it looks while lanes are at work, on a connection of its own.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long a look may take. A server that does not answer in time is in trouble.
const LOOK_LIMIT: Duration = Duration::from_secs(4);

/// Looks after the database that a job works on.
#[derive(Debug)]
pub(super) struct Neighbour<'a> {
    wait: &'a WaitConfig,
    own: Session,
    replicas: Vec<(&'a Place, Session)>,
}

impl<'a> Neighbour<'a> {
    /// `None`: the job never waits, so there is nothing to look after.
    async fn of(means: Means<'a>) -> Option<Self> {
        let wait = &means.work.wait;
        if wait.is_never() {
            return None;
        }
        let mut replicas = Vec::with_capacity(wait.replicas.len());
        for place in &wait.replicas {
            replicas.push((place, Session::at_once(&means.database.at(place).await)));
        }
        Some(Self { wait, own: Session::at_once(means.database), replicas })
    }

    /// One that looks after the database beside the lanes, or why no lane is to begin `now`.
    pub(super) async fn before_work(means: Means<'a>, session: &mut Session, now: Time) -> Result<Option<Self>, Wait> {
        let Some(mut neighbour) = Self::of(means).await else { return Ok(None) };
        match neighbour.look(Some(session), now).await {
            Some(wait) => {
                neighbour.close().await;
                Err(wait)
            }
            None => Ok(Some(neighbour)),
        }
    }

    /// Why no page is to be begun now, if so. The database is asked on `session`, or on a connection of its own.
    async fn look(&mut self, session: Option<&mut Session>, now: Time) -> Option<Wait> {
        if let Some(quiet) = self.quiet(now) {
            return Some(quiet);
        }
        let is_beside = session.is_none();
        let mut why = match look_at_database(session.unwrap_or(&mut self.own), self.wait).await {
            // The lanes have all connections that the login may have: the next hop looks before its first page.
            Err(error) if is_beside && error.is_for_want_of_room() => None,
            seen => seen.unwrap_or_else(|error| Some(unseen(&error))),
        };
        if why.is_none() {
            let seen = self.look_at_replicas().await;
            why = seen.into_iter().find_map(|seen| seen.unwrap_or_else(|(why, _)| Some(why)));
        }
        why.map(|why| Wait { why, until: None })
    }

    /// The brake of a hop whose lanes begin `now`: on when the next quiet hours begin.
    pub(super) fn brake(&self, now: Time) -> Brake {
        let at = || {
            let next = self.wait.quiet.as_ref()?.next(now)?;
            Some((Instant::now() + (next - now).to_std().ok()?, self.quiet(next)?))
        };
        Brake::on_at(at())
    }

    /// Looks again and again, until there is a reason to put `brake` on.
    pub(super) async fn watch(&mut self, brake: &Brake, now: impl Fn() -> Time) -> Infallible {
        if self.wait.bounds.is_empty() {
            return pending().await;
        }
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let seen = tokio::time::timeout(LOOK_LIMIT, self.look(None, now())).await;
            let late = || format!("the database did not say in {} s how it is", LOOK_LIMIT.as_secs());
            let seen = seen.unwrap_or_else(|_| Some(Wait { why: late(), until: None }));
            if let Some(why) = seen {
                brake.pull(why);
                return pending().await;
            }
        }
    }

    fn quiet(&self, now: Time) -> Option<Wait> {
        let quiet = self.wait.quiet.as_ref()?;
        let until = quiet.end(now)?;
        Some(Wait { why: format!("{QUIET} {quiet}"), until: Some(until) })
    }

    /// What each replica tells, where its lag has a bound: why to wait, if so; or why nothing can be told, and whether
    /// that is for good.
    async fn look_at_replicas(&mut self) -> Vec<Result<Option<String>, (String, Fault)>> {
        let bound = self.wait.bounds.iter().find(|bound| bound.sign == Sign::ReplicaLag).copied();
        let Some(bound) = bound else { return Vec::new() };
        join_all(self.replicas.iter_mut().map(async |(place, session)| {
            match tokio::time::timeout(LOOK_LIMIT, session.ask(signs::replica_lag)).await {
                Ok(Ok(seconds)) => Ok(told(bound, seconds).map(|told| format!("{told}, of {place}"))),
                Ok(Err(error)) => {
                    let fault = error.fault();
                    Err((format!("{}, of {place}", unseen(&error)), fault))
                }
                Err(_) => Err((
                    format!("{UNSEEN}: {place} did not say in {} s how far it is behind", LOOK_LIMIT.as_secs()),
                    Fault::Reconnect,
                )),
            }
        }))
        .await
    }

    /// Ends the connections.
    pub(super) async fn close(mut self) {
        self.own.close().await;
        join_all(self.replicas.iter_mut().map(|(_, session)| session.close())).await;
    }
}

/// Before a run is opened: what can never be looked at, as for want of a grant. Only what may pass by itself is waited
/// for.
pub(super) async fn problems(session: &mut Session, means: Means<'_>) -> Vec<String> {
    let Some(mut neighbour) = Neighbour::of(means).await else { return Vec::new() };
    let mut problems = Vec::new();
    if let Err(error) = look_at_database(session, neighbour.wait).await
        && error.fault() == Fault::Permanent
        && !error.took_too_long()
    {
        problems.push(unseen(&error));
    }
    for seen in neighbour.look_at_replicas().await {
        if let Err((why, Fault::Permanent)) = seen {
            problems.push(why);
        }
    }
    neighbour.close().await;
    let advice = "; infra/grants-wait.sql has the grants for it, and without WAIT_IF nothing is looked at";
    problems.into_iter().map(|problem| problem + advice).collect()
}

async fn look_at_database(session: &mut Session, wait: &WaitConfig) -> Result<Option<String>, StoreError> {
    let seen = session.ask(|| signs::look(wait)).await?;
    Ok(seen.into_iter().find_map(|(bound, value)| told(bound, value)))
}

/// Why to wait, if a sign stands so; `None`: it cannot be told.
fn told(Bound { sign, most }: Bound, value: Option<f64>) -> Option<String> {
    match value {
        None if sign == Sign::Query => Some(format!("{UNSEEN}: WAIT_QUERY answers NULL, and no number")),
        None => Some(format!("{UNSEEN}: {sign} cannot be told")),
        Some(value) => (value > most).then(|| format!("{sign} is {value}, more than {most}")),
    }
}

/// What cannot be looked at may be in trouble.
fn unseen(error: &StoreError) -> String {
    format!("{UNSEEN}: {}", words::chain(error))
}
