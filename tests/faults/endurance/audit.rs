//! The audit: ledger, runs and rows in one snapshot, again and again.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::time::{sleep, timeout};

use super::diary::{Diary, time};
use super::gauges::Gauges;
use super::ground::{JOBS, Job, is_pending, is_set_aside, values};
use super::runs::{self, Run};
use super::writes::{Writes, Wrong, history_of};
use crate::aws::{Aws, Record};
use crate::ledger::Verdict;
use crate::support::Setup;

/// A row that can be scored is scored after this time: a sweep has come by several times.
const STALE_AFTER_S: u64 = 360;

/// Problems that are told in full.
const TOLD: usize = 40;

/// How long the server may be away for the last audit.
const PATIENCE: Duration = Duration::from_secs(120);

type Failure = Box<dyn std::error::Error>;

/// What the audits came to so far.
pub(super) struct Audit {
    begun: Instant,
    writes: Writes,
    runs: HashMap<u64, Run>,
    gauges: Gauges,
    /// What was told, so that it is told once.
    told: HashSet<String>,
    problems: Vec<String>,
    verdict: Verdict,
    /// Whether what is wrong is told at once.
    tells: bool,
    audits: u64,
    missed: u64,
    /// Rows of each job without a prediction.
    pending: [u64; JOBS.len()],
}

impl Audit {
    pub(super) fn new(server: &Path) -> Self {
        Self {
            begun: Instant::now(),
            writes: Writes::new(),
            runs: HashMap::new(),
            gauges: Gauges::new(server),
            told: HashSet::new(),
            problems: Vec::new(),
            verdict: Verdict::default(),
            tells: true,
            audits: 0,
            missed: 0,
            pending: [0; JOBS.len()],
        }
    }

    /// Of what was planted, to see whether it is found.
    pub(super) fn of_planted(server: &Path) -> Self {
        Self { tells: false, ..Self::new(server) }
    }

    /// Looks at everything, with nobody to disturb it.
    pub(super) async fn look_once(&mut self, owner: &Setup, diary: &Diary) {
        self.try_look(owner, &[], diary, STALE_AFTER_S).await.unwrap();
    }

    /// Looks at everything. The server may be away, and a table renamed: then it is looked the next time.
    pub(super) async fn look(&mut self, owner: &Setup, aws: &Aws, diary: &Diary) {
        let looked = timeout(PATIENCE, self.try_look(owner, &aws.processes(), diary, STALE_AFTER_S)).await;
        if matches!(looked, Ok(Ok(()))) {
            self.audits += 1;
        } else {
            self.missed += 1;
        }
    }

    /// Looks at everything once it is quiet: nothing may be left.
    pub(super) async fn last(&mut self, owner: &Setup, diary: &Diary) {
        let begun = Instant::now();
        loop {
            match self.try_look(owner, &[], diary, 0).await {
                Ok(()) => break,
                Err(error) if begun.elapsed() > PATIENCE => {
                    return self.wrong(Wrong::Different, "the last audit".to_owned(), error.to_string(), diary);
                }
                Err(_) => sleep(Duration::from_secs(1)).await,
            }
        }
        let unfinished = self.runs.values().filter(|run| !run.is_over()).count();
        if unfinished > 0 {
            self.wrong(Wrong::Hanging, "runs".to_owned(), format!("{unfinished} are not over"), diary);
        }
    }

    async fn try_look(
        &mut self,
        owner: &Setup,
        functions: &[u32],
        diary: &Diary,
        stale_after_s: u64,
    ) -> Result<(), Failure> {
        let mut conn = owner.database.connect().await?;
        conn.query_drop("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT")
            .await?;
        let runs = runs::read(&mut conn).await?;
        for (kind, entry, text) in self.writes.read(&mut conn, &runs).await? {
            let history = history_of(&mut conn, &entry).await;
            self.wrong(kind, history, text, diary);
        }
        for (id, run) in &runs {
            let written = self.writes.written.get(id).copied().unwrap_or(0);
            if let Some((kind, text)) = runs::judge(run, written) {
                self.wrong(kind, format!("run {id}"), text, diary);
            }
        }
        self.runs = runs;
        for (number, job) in JOBS.into_iter().enumerate() {
            self.pending[number] = self.judge_rows(&mut conn, job, diary, stale_after_s).await?;
        }
        conn.query_drop("COMMIT").await?;
        if let Some(text) = self.gauges.sample(&mut conn, functions).await? {
            self.wrong(Wrong::Hanging, "gauges".to_owned(), text, diary);
        }
        Ok(())
    }

    /// Rows without a prediction, which must not stay so. Answers how many there are.
    async fn judge_rows(
        &mut self,
        conn: &mut Conn,
        job: Job,
        diary: &Diary,
        stale_after_s: u64,
    ) -> Result<u64, Failure> {
        let Job { name, table, leaves, .. } = job;
        let (pending, aside, values) = (is_pending(job), is_set_aside(job), values(table, "i"));
        let rows: Vec<(i64, String, bool, bool, String)> = conn
            .query(format!(
                "SELECT i.`id`, {values}, {aside}, i.`touched` <= NOW(3) - INTERVAL {stale_after_s} SECOND, \
                   CAST(i.`touched` AS CHAR) FROM `{table}` i WHERE {pending}"
            ))
            .await?;
        for (id, values, is_aside, is_old, touched) in &rows {
            if !is_old || (*is_aside && (leaves || !Writes::is_scorable(values))) {
                continue;
            }
            let state = if *is_aside { "set aside" } else { "neither predicted nor set aside" };
            let text = format!("{state} since {touched} although it has {values}");
            self.wrong(Wrong::Lost, format!("job {name}, row {id}"), text, diary);
        }
        Ok(rows.len() as u64)
    }

    /// Notes what is wrong, once, with the last steps.
    fn wrong(&mut self, kind: Wrong, whose: String, text: String, diary: &Diary) {
        if !self.told.insert(format!("{kind:?} {}", whose.lines().next().unwrap_or_default())) {
            return;
        }
        super::add(&mut self.verdict, kind);
        if self.problems.len() < TOLD {
            if self.tells {
                let (kind, steps) = (diary.kind(), diary.last_steps());
                println!("WRONG: {} {kind:?}: {whose}\n  {text}\n  the last steps:{steps}", time());
            }
            self.problems.push(format!("{whose}: {text}"));
        }
    }

    /// How it stands.
    pub(super) fn line(&self, diary: &Diary, record: &Record) -> String {
        let Verdict { lost, twice, hanging, different } = self.verdict;
        let standing = JOBS
            .iter()
            .zip(self.pending)
            .map(|(job, pending)| format!("{} {} predicted, {pending} not", job.name, self.writes.standing(job.name)));
        format!(
            "{} {:?} after {:.0} min: {} audits ({} while the server or a table was away); {} entries in the ledger; \
             lost {lost}, twice {twice}, hanging {hanging}, different {different}\n  {}\n  {}\n  {}\n  {} invocations: {} \
             killed, {} failed, {} too late, {} delivered twice\n  {}",
            time(),
            diary.kind(),
            self.begun.elapsed().as_secs_f64() / 60.0,
            self.audits,
            self.missed,
            self.writes.judged,
            standing.collect::<Vec<_>>().join("; "),
            runs::summary(&self.runs),
            diary.counts(),
            record.invocations,
            record.deaths,
            record.failures,
            record.timeouts,
            record.doubles,
            self.gauges.line(),
        )
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.verdict
    }

    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }
}

/// Whether no run is unfinished, and every row that can be scored is.
pub(super) async fn nothing_left(owner: &Setup) -> Result<bool, Failure> {
    let mut conn = owner.database.connect().await?;
    let unfinished: Option<u64> = conn.query_first("SELECT COUNT(*) FROM `batch_runs` WHERE `unfinished` = 1").await?;
    if unfinished != Some(0) {
        return Ok(false);
    }
    for job in JOBS {
        let Job { table, leaves, .. } = job;
        let (pending, aside, values) = (is_pending(job), is_set_aside(job), values(table, "i"));
        let rows: Vec<(String, bool)> =
            conn.query(format!("SELECT {values}, {aside} FROM `{table}` i WHERE {pending}")).await?;
        let is_left = |(values, is_aside): &(String, bool)| !is_aside || (!leaves && Writes::is_scorable(values));
        if rows.iter().any(is_left) {
            return Ok(false);
        }
    }
    Ok(true)
}
