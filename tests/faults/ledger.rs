//! What a table and its runs came to, to be held against an undisturbed run's.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;
use std::ops::Add;
use std::time::{Duration, Instant};

use crate::support::{Server, TestDb};
use crate::workload::Shape;

/// How long the server may take to notice that nobody is there any more.
const QUIET_WITHIN: Duration = Duration::from_secs(5);

/// The final state of everything that rowscore writes. Runs are named by kind and tick: an attempt
/// that was rolled back uses up a number.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Per item: its values, prediction and run.
    items: BTreeMap<i64, String>,
    /// Items with a prediction, and how often it was written.
    predicted: BTreeMap<i64, u64>,
    /// Items set aside, and how often they were tried.
    attempts: BTreeMap<i64, u64>,
    /// Per item set aside: code, reason and run.
    failures: BTreeMap<i64, String>,
    /// One line per run, and one per lane: windows, states and counts.
    runs: Vec<String>,
    /// Runs that are not over.
    unfinished: u64,
    /// Connections that are still open, with their locks.
    connections: u64,
}

const RUN: &str = "(SELECT CONCAT(r.`kind`, ' ', r.`window_to`) FROM `batch_runs` r WHERE r.`id` = t.`run_id`)";

impl Ledger {
    /// Reads the state of `db`, which [`Setup::audit`](crate::support::Setup::audit) watched from
    /// the beginning, when everybody should be gone.
    pub(crate) async fn read(&Shape { server, table, .. }: &Shape, db: &TestDb) -> Self {
        let connections = connections_left(server, db).await;
        let items: Vec<(i64, String)> = db
            .rows(&format!(
                "SELECT t.`id`, CONCAT_WS(' | ', t.`values`, COALESCE(t.`prediction`, 'NULL'), {RUN}) FROM {}",
                table.items()
            ))
            .await;
        let predicted = db
            .rows(&format!(
                "SELECT t.`id`, CAST((SELECT COUNT(*) FROM `audit` a WHERE a.`item` = t.`id`) AS UNSIGNED) \
                 FROM {} WHERE t.`prediction` IS NOT NULL",
                table.items()
            ))
            .await;
        let failures: Vec<(i64, u64, String)> = db
            .rows(&format!(
                "SELECT {}, CAST(t.`attempts` AS UNSIGNED), CONCAT_WS(' | ', t.`code`, t.`reason`, {RUN}) \
                 FROM `item_failures` t",
                table.item_of_failure()
            ))
            .await;
        Self {
            items: items.into_iter().collect(),
            predicted: predicted.into_iter().collect(),
            attempts: failures.iter().map(|(item, attempts, _)| (*item, *attempts)).collect(),
            failures: failures.into_iter().map(|(item, _, text)| (item, text)).collect(),
            runs: runs(db).await,
            unfinished: db.value("SELECT COUNT(*) FROM `batch_runs` WHERE `unfinished` = 1").await,
            connections,
        }
    }

    /// Items set aside.
    pub(crate) fn set_aside(&self) -> usize {
        self.failures.len()
    }

    /// What is different from `expected`, and how bad that is.
    pub(crate) fn compare(&self, expected: &Self) -> Differences {
        let mut found = Differences::default();
        for (item, line) in &expected.items {
            let now = self.items.get(item).map_or("gone", String::as_str);
            if expected.predicted.contains_key(item) && !self.predicted.contains_key(item) {
                found.add(|verdict| &mut verdict.lost, 1, format!("item {item} has no prediction"));
            } else if now != line {
                found.add(|verdict| &mut verdict.different, 1, format!("item {item}: {now}\n    instead of {line}"));
            }
        }
        for (item, writes) in &self.predicted {
            let more = writes.saturating_sub(1);
            found.add(|verdict| &mut verdict.twice, more, format!("item {item} was scored {writes} times"));
        }
        for (item, attempts) in &expected.attempts {
            match self.attempts.get(item) {
                None => found.add(|verdict| &mut verdict.lost, 1, format!("item {item} is not set aside")),
                Some(now) if now > attempts => {
                    let text = format!("item {item} was tried {now} times instead of {attempts}");
                    found.add(|verdict| &mut verdict.twice, now - attempts, text);
                }
                Some(now) => {
                    let text = format!("item {item} was tried {now} times instead of {attempts}");
                    found.add(|verdict| &mut verdict.different, attempts - now, text);
                }
            }
        }
        if self.failures != expected.failures {
            let text = format!("set aside: {:?}\n    instead of {:?}", self.failures, expected.failures);
            found.add(|verdict| &mut verdict.different, 1, text);
        }
        for (now, then) in self.runs.iter().zip(&expected.runs).filter(|(now, then)| now != then) {
            found.add(|verdict| &mut verdict.different, 1, format!("{now}\n    instead of {then}"));
        }
        let missing = self.runs.len().abs_diff(expected.runs.len()) as u64;
        found.add(|verdict| &mut verdict.different, missing, format!("{missing} runs or lanes more or fewer"));
        let unfinished = self.unfinished;
        found.add(|verdict| &mut verdict.hanging, unfinished, format!("{unfinished} runs are not over"));
        let open = self.connections;
        found.add(|verdict| &mut verdict.hanging, open, format!("{open} connections are still open"));
        found
    }
}

async fn runs(db: &TestDb) -> Vec<String> {
    let mut lines: Vec<String> = db
        .rows(
            "SELECT CONCAT_WS(' ', `kind`, `mode`, `tick`, COALESCE(`window_from`, '-'), `window_to`, `state`, 'attempt', `attempt`, \
               'items', `items`, 'predicted', `predicted`, 'failed', `failed`, 'pending', `pending`, \
               'compared', `compared`, `changed_class`, ROUND(`absolute_change`, 9)) \
             FROM `batch_runs` WHERE NOT (`state` = 'failed' AND `lanes` = 0) ORDER BY `window_to`, `kind`",
        )
        .await;
    let lanes: Vec<String> = db
        .rows(&format!(
            // Pages are left out, and where a last look ended: rows that a dead connection still had locked are
            // looked at again.
            "SELECT CONCAT_WS(' ', {RUN}, 'lane', t.`lane`, t.`worker`, t.`low_id`, t.`high_id`, HEX(t.`low_key`), HEX(t.`high_key`), t.`skipped`, \
               IF(t.`finished_at` IS NULL, COALESCE(HEX(t.`cursor_key`), t.`cursor_id`), 'finished'), t.`predicted`, t.`failed`, \
               t.`compared`, t.`changed_class`, ROUND(t.`absolute_change`, 9)) \
             FROM `batch_lanes` t ORDER BY t.`run_id`, t.`lane`"
        ))
        .await;
    lines.extend(lanes);
    lines
}

/// Connections to the database that stay open. An open one could hold lanes, rows or a run.
async fn connections_left(server: Server, db: &TestDb) -> u64 {
    let connections = match server {
        // MySQL's list of processes cannot be read while one of them sends binary parameters.
        Server::Mysql => "`performance_schema`.`threads` WHERE `processlist_db` = DATABASE() AND `processlist_id`",
        Server::Mariadb | Server::Mariadb11 => "`information_schema`.`processlist` WHERE `db` = DATABASE() AND `id`",
    };
    let sql = format!("SELECT COUNT(*) FROM {connections} <> CONNECTION_ID()");
    let begun = Instant::now();
    loop {
        let open: u64 = db.value(&sql).await;
        if open == 0 || begun.elapsed() > QUIET_WITHIN {
            return open;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What a fault did that it should not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Rows that were neither scored nor set aside.
    pub lost: u64,
    /// Predictions and attempts beyond those of the undisturbed run.
    pub twice: u64,
    /// Runs that are not over, and connections that are not closed.
    pub hanging: u64,
    /// Whatever else differs.
    pub different: u64,
}

impl Add for Verdict {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            lost: self.lost + other.lost,
            twice: self.twice + other.twice,
            hanging: self.hanging + other.hanging,
            different: self.different + other.different,
        }
    }
}

impl Sum for Verdict {
    fn sum<I: Iterator<Item = Self>>(verdicts: I) -> Self {
        verdicts.fold(Self::default(), Add::add)
    }
}

/// A verdict and its reasons.
#[derive(Clone, Debug, Default)]
pub(crate) struct Differences {
    pub verdict: Verdict,
    reasons: Vec<String>,
}

impl Differences {
    /// Adds `count` to one of the verdict's numbers, with the reason. Nothing if it is 0.
    pub(crate) fn add(&mut self, number: impl FnOnce(&mut Verdict) -> &mut u64, count: u64, reason: String) {
        if count > 0 {
            *number(&mut self.verdict) += count;
            self.reasons.push(reason);
        }
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        for reason in self.reasons.iter().take(SHOWN) {
            writeln!(f, "  {reason}")?;
        }
        if self.reasons.len() > SHOWN {
            writeln!(f, "  and {} more", self.reasons.len() - SHOWN)?;
        }
        Ok(())
    }
}
