//! What must hold of runs: they end, and their counts are what the ledger has of them.

use std::collections::HashMap;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::writes::Wrong;

/// A run that is older is stuck: each tick takes up what is unfinished.
const MOST_MINUTES: i64 = 8;

/// A run as its row and its lanes have it.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub kind: String,
    pub version: String,
    state: String,
    is_over: bool,
    age_s: i64,
    /// In words.
    line: String,
    items: Option<u64>,
    predicted: Option<u64>,
    failed: Option<u64>,
    pending: Option<u64>,
    lanes_predicted: u64,
    lanes_failed: u64,
}

impl Run {
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }
}

/// Every run, by its number.
pub(super) async fn read(conn: &mut Conn) -> mysql_async::Result<HashMap<u64, Run>> {
    type Counts = (Option<u64>, Option<u64>, Option<u64>, Option<u64>);
    type Row = (u64, String, String, String, bool, i64, String, String);
    let rows: Vec<Row> = conn
        .query(
            "SELECT `id`, `kind`, `model_version`, `state`, `unfinished` IS NULL, \
               TIMESTAMPDIFF(SECOND, `started_at`, UTC_TIMESTAMP(3)), \
               CONCAT_WS(' ', 'run', `id`, 'of', `job`, `kind`, `state`, 'model', LEFT(`model_version`, 12), \
                 'started', `started_at`, 'finished', COALESCE(`finished_at`, '-'), COALESCE(LEFT(`last_error`, 200), '')), \
               CONCAT_WS(',', COALESCE(`items`, ''), COALESCE(`predicted`, ''), COALESCE(`failed`, ''), COALESCE(`pending`, '')) \
             FROM `batch_runs` WHERE `kind` <> 'canary'",
        )
        .await?;
    let lanes: Vec<(u64, u64, u64)> = conn
        .query(
            "SELECT `run_id`, CAST(SUM(`predicted`) AS UNSIGNED), CAST(SUM(`failed`) AS UNSIGNED) \
             FROM `batch_lanes` GROUP BY `run_id`",
        )
        .await?;
    let lanes: HashMap<u64, (u64, u64)> = lanes.into_iter().map(|(run, done, failed)| (run, (done, failed))).collect();
    let run = |(id, kind, version, state, is_over, age_s, line, counts): Row| {
        let mut numbers = counts.split(',').map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        let (items, predicted, failed, pending): Counts = (next(), next(), next(), next());
        let (lanes_predicted, lanes_failed) = lanes.get(&id).copied().unwrap_or_default();
        let run = Run {
            kind,
            version,
            state,
            is_over,
            age_s,
            line,
            items,
            predicted,
            failed,
            pending,
            lanes_predicted,
            lanes_failed,
        };
        (id, run)
    };
    Ok(rows.into_iter().map(run).collect())
}

/// What is wrong with a run that wrote so many predictions.
pub(super) fn judge(run: &Run, written: u64) -> Option<(Wrong, String)> {
    let Run { items, predicted, failed, pending, lanes_predicted, lanes_failed, .. } = *run;
    let told = format!(
        "{}: items {items:?}, predicted {predicted:?}, failed {failed:?}, pending {pending:?}; \
         lanes {lanes_predicted} + {lanes_failed}; written {written}",
        run.line
    );
    if lanes_predicted != written {
        return Some((Wrong::Different, format!("its lanes do not count what it wrote: {told}")));
    }
    if !run.is_over {
        let is_stuck = run.age_s > MOST_MINUTES * 60;
        return is_stuck.then(|| (Wrong::Hanging, format!("it does not end: {told}")));
    }
    let is_counted = predicted.is_none_or(|predicted| predicted == written);
    let adds_up = !run.state.starts_with("succeeded")
        || items
            == predicted.zip(failed).zip(pending).map(|((predicted, failed), pending)| predicted + failed + pending);
    (!is_counted || !adds_up).then(|| (Wrong::Different, format!("its counts do not add up: {told}")))
}

/// How many runs there are of each kind and state, in words.
pub(super) fn summary(runs: &HashMap<u64, Run>) -> String {
    let mut counts: Vec<(String, u64)> = Vec::new();
    for run in runs.values() {
        let name = format!("{} {}", run.kind, run.state);
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    counts.sort();
    counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}
