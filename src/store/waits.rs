//! The SQL of runs that wait: for what, since when, and when is looked again.

use mysql_async::params;

use super::row::column;
use super::runs::utc;
use super::statement::Statement;
use crate::run::RunId;
use crate::window::Time;

/// What a run waits for, as readers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunWaits {
    /// Why, in words.
    pub why: String,
    /// Since when.
    pub since: Time,
    /// When is looked again.
    pub until: Time,
}

/// How the reasons of quiet hours begin.
pub const QUIET: &str = "the quiet hours";

/// How the reasons begin where nobody can look.
pub const UNSEEN: &str = "what WAIT_IF names cannot be looked at";

/// What a reason is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Hours that end by themselves.
    Quiet,
    /// What is to be looked at cannot be: it may be back at any time, or never.
    Unseen,
    /// A sign of trouble.
    Sign,
}

impl RunWaits {
    /// What the reason is of.
    pub fn cause(&self) -> Cause {
        match &self.why {
            why if why.starts_with(QUIET) => Cause::Quiet,
            why if why.starts_with(UNSEEN) => Cause::Unseen,
            _ => Cause::Sign,
        }
    }
}

/// Since when a run has been waiting, if it is, and when the message comes by which a worker of it looks again, if one
/// was sent.
pub fn standing(run: RunId, worker: u16) -> Statement<(Option<Time>, Option<Time>)> {
    let sql = "SELECT `waiting_since`, \
                 (SELECT MAX(`look_at`) FROM `batch_lanes` WHERE `run_id` = :run AND `worker` = :worker) AS `look_at` \
               FROM `batch_runs` WHERE `id` = :run";
    let params = params! { "run" => run.0, "worker" => worker };
    Statement::one("reading since when the run waits", sql, params, |row| {
        let time = |name| Ok(column::<Option<_>>(row, name)?.map(utc));
        Ok((time("waiting_since")?, time("look_at")?))
    })
}

/// Notes what a run waits for.
pub fn begin(run: RunId, why: &str, since: Time, until: Time) -> Statement<()> {
    let sql = "UPDATE `batch_runs` SET `waiting_for` = LEFT(:why, 500), `waiting_since` = :since, `waiting_until` = :until \
               WHERE `id` = :run AND `state` = 'running'";
    let params = params! {
        "why" => why, "since" => since.naive_utc(), "until" => until.naive_utc(), "run" => run.0,
    };
    Statement::change("noting what the run waits for", sql, params)
}

/// Notes that a message is under way by which a worker looks again.
pub fn look_at(run: RunId, worker: u16, at: Time) -> Statement<()> {
    let sql = "UPDATE `batch_lanes` SET `look_at` = :at WHERE `run_id` = :run AND `worker` = :worker";
    let params = params! { "at" => at.naive_utc(), "run" => run.0, "worker" => worker };
    Statement::change("noting when is looked again", sql, params)
}

/// The run goes on.
pub fn end(run: RunId) -> Statement<()> {
    let sql = "UPDATE `batch_runs` SET `waiting_for` = NULL, `waiting_since` = NULL, `waiting_until` = NULL WHERE `id` = :run";
    Statement::change("noting that the run goes on", sql, params! { "run" => run.0 })
}
