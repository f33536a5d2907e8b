//! What was made, in words.

use std::fmt::Display;
use std::time::Duration;

use chrono::TimeDelta;

use crate::config::{ItemsTable, JobName, Rows, by_keys};
use crate::store::inventory::Made;
use crate::store::logins::{IAM_PLUGIN, LoginMade, Proof};
use crate::words;

/// Like ``Added column `run_id` and key `items_window` to table `readings` in 2.3 s.``
pub(super) fn made(made: &Made, time: Duration) -> String {
    let took = took(time);
    match made {
        Made::Table(name) => format!("Created table `{name}` in {took}."),
        Made::View(name) => format!("Created view `{name}` in {took}."),
        Made::Parts { table, columns, keys } => {
            let named = |what: &str, names: &[String]| {
                let many = if names.len() == 1 { "" } else { "s" };
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                (!names.is_empty()).then(|| format!("{what}{many} {}", names.join(", ")))
            };
            let parts: Vec<String> = named("column", columns).into_iter().chain(named("key", keys)).collect();
            format!("Added {} to table `{table}` in {took}.", parts.join(" and "))
        }
    }
}

/// That a login is there. One that was there before stays as it is; if it cannot do with what rowscore has, that is said.
pub(super) fn login(login: &str, made: &LoginMade, proof: Proof<'_>) -> String {
    match (made, proof) {
        (LoginMade::Made, _) => format!("Created login `{login}`."),
        (LoginMade::Kept(Some(plugin)), Proof::Iam) if plugin != IAM_PLUGIN => format!(
            "Login `{login}` was there, and logs in by {plugin}; to let it log in with IAM, call ALTER USER '{login}' IDENTIFIED \
             WITH {IAM_PLUGIN} AS 'RDS' REQUIRE SSL."
        ),
        (LoginMade::Kept(_), _) => format!("Login `{login}` was there."),
    }
}

/// Of which tables, where there are jobs.
pub(super) fn also(of_jobs: &[ItemsTable]) -> String {
    match of_jobs.len() {
        0 => String::new(),
        1 => ", also of the table of 1 job".to_owned(),
        jobs => format!(", also of the tables of {jobs} jobs"),
    }
}

/// That a job was left out, and why.
pub(super) fn not_granted(job: &JobName, why: &dyn Display) -> String {
    let why = by_keys(&why.to_string());
    format!("Job `{job}` was not granted: {why}; correct its table or its description, then call this again.")
}

/// What only its owner knows of a query.
pub(super) fn by_hand(table: &ItemsTable) -> &'static str {
    match table.source.rows {
        Rows::Query(_) => " Grant it SELECT on the tables that SOURCE_QUERY reads.",
        Rows::Table | Rows::View => "",
    }
}

pub(super) fn took(time: Duration) -> String {
    words::took(TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX))
}
