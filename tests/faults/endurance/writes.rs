//! The ledger, read as it grows, and what must hold of every prediction that was ever written:
//!
//! 1. It is exactly what the model of its run says of values that the row had.
//! 2. It was written where none was, or by a backfill over another run's. So no run wrote one twice.
//! 3. What was there before is what the ledger says was written there last.

use std::collections::{BTreeSet, HashMap, VecDeque};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::runs::Run;
use super::troubles::OTHER_MODEL;
use crate::support::items::score_by;
use crate::support::{environment, model};
use rowscore::model::Model;

/// Entries whose transaction may not have been committed when a later one was read.
const SETTLES_AFTER_S: u64 = 180;

/// Values that a row had, at most as many as are remembered.
const REMEMBERED: usize = 40;

/// What is wrong with a row or a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// A row that can be scored is not.
    Lost,
    /// A run wrote what was written.
    Twice,
    /// A run does not end.
    Hanging,
    /// Anything else.
    Different,
}

/// A change of a prediction, as the server noted it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    entry: u64,
    job: String,
    pub item: i64,
    run: Option<u64>,
    version: String,
    before_run: Option<u64>,
    after: Option<String>,
    values: Option<String>,
}

/// Where a prediction stands: the job, the row, and in a history the model's version.
type Place = (String, i64, String);

/// What the ledger came to so far.
pub(super) struct Writes {
    models: Vec<Model>,
    /// Everything up to this entry was read.
    settled: u64,
    read: BTreeSet<u64>,
    /// The run whose prediction stands at a place.
    standing: HashMap<Place, u64>,
    /// Predictions that each run wrote.
    pub written: HashMap<u64, u64>,
    /// The values that rows had which are read without locks.
    seen: HashMap<i64, VecDeque<String>>,
    seen_settled: u64,
    seen_read: BTreeSet<u64>,
    /// Entries that were judged.
    pub judged: u64,
}

impl Writes {
    pub(super) fn new() -> Self {
        let other = std::fs::read(environment(OTHER_MODEL)).unwrap();
        let models = vec![Model::from_json(&model().artifact().to_json()).unwrap(), Model::from_json(&other).unwrap()];
        Self {
            models,
            settled: 0,
            read: BTreeSet::new(),
            standing: HashMap::new(),
            written: HashMap::new(),
            seen: HashMap::new(),
            seen_settled: 0,
            seen_read: BTreeSet::new(),
            judged: 0,
        }
    }

    /// Whether a model can score these values.
    pub(super) fn is_scorable(values: &str) -> bool {
        serde_json::from_str::<Vec<f64>>(values).is_ok_and(|values| values.len() == 4)
    }

    /// Reads what is new, in the snapshot of the connection's transaction. Answers what is wrong with it.
    pub(super) async fn read(
        &mut self,
        conn: &mut Conn,
        runs: &HashMap<u64, Run>,
    ) -> mysql_async::Result<Vec<(Wrong, Entry, String)>> {
        self.read_seen(conn).await?;
        type Row = (u64, String, i64, Option<u64>, String, Option<u64>, Option<String>, Option<String>, bool);
        let rows: Vec<Row> = conn
            .query(format!(
                "SELECT `entry`, `job`, `item`, `run`, `version`, `before_run`, `after`, `values_then`, \
                   `at` < NOW(3) - INTERVAL {SETTLES_AFTER_S} SECOND \
                 FROM `ledger` WHERE `entry` > {} ORDER BY `entry`",
                self.settled
            ))
            .await?;
        let mut wrong = Vec::new();
        for (entry, job, item, run, version, before_run, after, values, is_old) in rows {
            let is_new = self.read.insert(entry);
            if is_old {
                self.settled = entry;
            }
            if is_new {
                let entry = Entry { entry, job, item, run, version, before_run, after, values };
                wrong.extend(self.judge(&entry, runs).into_iter().map(|(kind, text)| (kind, entry.clone(), text)));
            }
        }
        self.read = self.read.split_off(&(self.settled + 1));
        Ok(wrong)
    }

    async fn read_seen(&mut self, conn: &mut Conn) -> mysql_async::Result<()> {
        let rows: Vec<(u64, i64, String, bool)> = conn
            .query(format!(
                "SELECT `entry`, `item`, `values_then`, `at` < NOW(3) - INTERVAL {SETTLES_AFTER_S} SECOND \
                 FROM `seen` WHERE `entry` > {} ORDER BY `entry`",
                self.seen_settled
            ))
            .await?;
        for (entry, item, values, is_old) in rows {
            if is_old {
                self.seen_settled = entry;
            }
            if self.seen_read.insert(entry) {
                let had = self.seen.entry(item).or_default();
                had.push_front(values);
                had.truncate(REMEMBERED);
            }
        }
        self.seen_read = self.seen_read.split_off(&(self.seen_settled + 1));
        Ok(())
    }

    fn judge(&mut self, entry: &Entry, runs: &HashMap<u64, Run>) -> Vec<(Wrong, String)> {
        self.judged += 1;
        let mut wrong = Vec::new();
        let place = (entry.job.clone(), entry.item, entry.version.clone());
        let stood = self.standing.get(&place).copied();
        if stood != entry.before_run {
            let text = format!("the prediction of run {:?} was there, and {stood:?} was noted", entry.before_run);
            wrong.push((Wrong::Different, text));
        }
        let (Some(after), Some(run)) = (&entry.after, entry.run) else {
            self.standing.remove(&place);
            if entry.after.is_some() {
                wrong.push((Wrong::Different, "a prediction of no run was written".to_owned()));
            }
            return wrong;
        };
        self.standing.insert(place, run);
        *self.written.entry(run).or_default() += 1;
        let Some(known) = runs.get(&run) else {
            wrong.push((Wrong::Different, format!("there is no run {run}")));
            return wrong;
        };
        if entry.before_run == Some(run) {
            wrong.push((Wrong::Twice, format!("run {run} wrote it again")));
        } else if entry.before_run.is_some() && known.kind != "backfill" {
            let text = format!("a {} wrote over the prediction of run {:?}", known.kind, entry.before_run);
            wrong.push((Wrong::Twice, text));
        }
        if !self.is_of_model(entry, &known.version, after) {
            let values = entry.values.clone().unwrap_or_else(|| format!("{:?}", self.seen.get(&entry.item)));
            wrong.push((Wrong::Different, format!("{after} is not what model {} says of {values}", known.version)));
        }
        wrong
    }

    /// Whether a prediction is that of the model for the values of the row, or for some that it had.
    fn is_of_model(&self, entry: &Entry, version: &str, prediction: &str) -> bool {
        let Some(model) = self.models.iter().find(|model| model.version().to_string() == version) else { return false };
        let written: Vec<f64> = serde_json::from_str(prediction).unwrap_or_default();
        let is_of = |values: &String| Self::is_scorable(values) && score_by(model, values) == written;
        match &entry.values {
            Some(values) => is_of(values),
            None => self.seen.get(&entry.item).is_some_and(|seen| seen.iter().any(is_of)),
        }
    }

    /// The places of all predictions that stand, with their runs.
    pub(super) fn standing(&self, job: &str) -> usize {
        self.standing.keys().filter(|(name, _, _)| name == job).count()
    }
}

/// The row, and the last things that were written there.
pub(super) async fn history_of(conn: &mut Conn, entry: &Entry) -> String {
    let sql = format!(
        "SELECT CONCAT_WS(' ', `at`, 'entry', `entry`, 'run', COALESCE(`run`, '-'), `version`, 'over', \
           COALESCE(`before_run`, '-'), COALESCE(LEFT(`after`, 80), '-'), COALESCE(`values_then`, '')) \
         FROM `ledger` WHERE `job` = '{}' AND `item` = {} ORDER BY `entry` DESC LIMIT 8",
        entry.job, entry.item
    );
    let lines: Vec<String> = conn.query(sql).await.unwrap_or_default();
    format!("job {}, row {}, entry {}:\n    {}", entry.job, entry.item, entry.entry, lines.join("\n    "))
}
