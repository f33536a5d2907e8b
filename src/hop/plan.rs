//! What a run would be, reckoned without opening it: only reading.

use std::time::Duration;

use chrono::TimeDelta;
use mysql_async::Conn;

use super::census;
use super::check::check_use;
use super::error::HopError;
use super::lane_sessions::LaneSessions;
use super::means::Means;
use super::scope::Scope;
use super::terms::new_run;
use crate::config::WorkConfig;
use crate::event::Request;
use crate::run::{FailurePolicy, RunId};
use crate::store::earlier::{earlier, ends};
use crate::store::{clock, measures};
use crate::window::{self, Window};

/// Items a second where no run has measured it: a modest database's.
const ASSUMED_RATE: f64 = 20_000.0;
/// Memory where no function has run yet, in MB: the template's default.
const ASSUMED_MEMORY_MB: u32 = 512;
/// Runs of fewer items measure how long a run takes to open and end, not its rate.
const MEASURING_ITEMS: u64 = 1000;
/// Dollars for a request, Lambda's list price of 2026-11-23 in every region but a few.
const REQUEST: f64 = 0.20 / 1e6;

/// A run, as it would be opened now.
#[derive(Clone, Debug)]
pub struct Plan {
    /// A run of the kind that is unfinished, and would be resumed first.
    pub unfinished: Option<RunId>,
    /// The span that it would be answerable for.
    pub window: Window,
    /// What would become of items that cannot be scored.
    pub policy: FailurePolicy,
    /// Pending items; `None`: too many to count in time.
    pub new_items: Option<u64>,
    /// Items that earlier runs set aside and that would be tried again; `None`: as above.
    pub set_aside_items: Option<u64>,
    /// What time and price are reckoned from.
    pub basis: Basis,
    /// What it would take; `None` where its items are not counted.
    pub takes: Option<Takes>,
}

/// What a plan's time and price are reckoned from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Basis {
    /// Items a second.
    pub rows_per_second: f64,
    /// Runs that measured it; 0: it is assumed.
    pub measured_runs: u64,
    /// Memory of the function, in MB.
    pub memory_mb: u32,
}

/// What a run would take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Takes {
    /// Seconds from its begin to its end.
    pub seconds: f64,
    /// Hops of all workers.
    pub hops: u64,
    /// Dollars of Lambda.
    pub dollars: f64,
    /// Seconds from its end to its deadline; negative: too late. `None`: no deadline.
    pub spare_seconds: Option<i64>,
}

/// Reckons what the run that `request` asks for would be, if it was opened now.
///
/// # Errors
/// [`HopError::Unfit`] where no run would be opened.
pub async fn plan(conn: &mut Conn, means: Means<'_>, request: &Request) -> Result<Plan, HopError> {
    let (table, work) = (means.table(), means.work);
    let now = clock::present().ask(conn).await?;
    check_use(conn, means).await?;
    let earlier = earlier(table, request.kind, None, work.max_attempts, now);
    let (earlier, (ends, ground)) = earlier.and(ends(table, now).and(census::ground(table))).ask(conn).await?;
    let new = new_run(means, request, ends, now);
    let lanes = LaneSessions::new(means.database, 1);
    let extents = census::extents(conn, &lanes, Scope::new(means, &new), &ground).await;
    lanes.close().await;
    let extents = extents?;
    let items_from = |is_window: bool| match extents.iter().find(|(source, _)| source.is_window() == is_window) {
        Some((_, extent)) => extent.items,
        None => Some(0),
    };
    let (new_items, set_aside_items) = (items_from(true), items_from(false));
    let basis = Basis::of(&measures::measured(table, MEASURING_ITEMS).ask(conn).await?, new.policy);
    let items = new_items.zip(set_aside_items).map(|(new, set_aside)| new + set_aside);
    let takes = items.map(|items| {
        let Takes { seconds, hops, dollars, .. } = basis.takes(items, work);
        let takes = Duration::try_from_secs_f64(seconds.ceil()).ok().and_then(|takes| TimeDelta::from_std(takes).ok());
        let end = takes.and_then(|takes| window::after(now, takes));
        let spare_seconds = new.deadline.zip(end).map(|(deadline, end)| (deadline - end).num_seconds());
        Takes { seconds, hops, dollars, spare_seconds }
    });
    let unfinished = earlier.unfinished.map(|run| run.id);
    let (window, policy) = (new.window, new.policy);
    Ok(Plan { unfinished, window, policy, new_items, set_aside_items, basis, takes })
}

impl Basis {
    fn of(measured: &measures::Measured, policy: FailurePolicy) -> Self {
        let passes = if policy == FailurePolicy::RetryAll { 2.0 } else { 1.0 };
        let rate = if measured.runs > 0 && measured.seconds > 0.0 {
            measured.items as f64 / measured.seconds
        } else {
            ASSUMED_RATE / passes
        };
        let memory_mb = measured.memory_mb.unwrap_or(ASSUMED_MEMORY_MB);
        Self { rows_per_second: rate, measured_runs: measured.runs, memory_mb }
    }

    fn takes(self, items: u64, work: &WorkConfig) -> Takes {
        let seconds = items as f64 / self.rows_per_second;
        let workers = if items == 0 { 1 } else { u64::from(work.workers) };
        // Each worker needs as long as the run does.
        let hops = workers * ((seconds / work.hop_budget.as_secs_f64()).ceil() as u64).max(1);
        let billed_ms = (seconds * 1e3).ceil() as u64 * workers;
        let dollars = work.price.dollars(billed_ms, self.memory_mb) + hops as f64 * REQUEST;
        Takes { seconds, hops, dollars, spare_seconds: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn work(settings: &[(&str, &str)]) -> WorkConfig {
        let login = [("MYSQL_DATABASE", "shop"), ("MYSQL_USER", "scorer"), ("MYSQL_PASSWORD", "s3cret")];
        let lookup = |name: &str| settings.iter().chain(&login).find(|(known, _)| *known == name);
        Config::read(|name| lookup(name).map(|(_, value)| (*value).to_owned())).unwrap().work
    }

    #[test]
    fn a_million_items_take_hops_and_dollars_by_their_rate() {
        let basis = Basis { rows_per_second: 1000.0, measured_runs: 3, memory_mb: 1024 };
        let settings = [("HOP_BUDGET_MS", "240000"), ("PRICE_PER_GB_SECOND", "0.00001"), ("WORKERS", "2")];
        let takes = basis.takes(1_000_000, &work(&settings));
        // 1000 s, twice five hops of 240 s, two gigabytes for 1000 s.
        assert_eq!((takes.seconds, takes.hops), (1000.0, 10));
        assert!((takes.dollars - (0.02 + 10.0 * REQUEST)).abs() < 1e-12, "{takes:?}");
        assert_eq!(basis.takes(0, &work(&settings)).hops, 1);
    }

    #[test]
    fn where_no_run_measured_a_rate_one_is_assumed_and_halved_for_two_passes() {
        let nothing = measures::Measured::default();
        let one = Basis::of(&nothing, FailurePolicy::RetryFailed);
        assert_eq!((one.rows_per_second, one.measured_runs, one.memory_mb), (ASSUMED_RATE, 0, 512));
        assert_eq!(Basis::of(&nothing, FailurePolicy::RetryAll).rows_per_second, ASSUMED_RATE / 2.0);
        let measured = measures::Measured { runs: 2, items: 10_000, seconds: 4.0, ..nothing };
        assert_eq!(Basis::of(&measured, FailurePolicy::RetryAll).rows_per_second, 2500.0);
    }
}
