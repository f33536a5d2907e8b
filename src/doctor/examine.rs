//! One step after the other, first those of the database, then those of each job.

use std::sync::Arc;

use futures_util::future::LocalBoxFuture;

use super::checkup::{Checkup, Finding, Step};
use super::examination::Examination;
use super::of_job::{Queue, of_job};
use super::remedy::{Found, grant, of_hop, of_store};
use super::server;
use crate::config::JobName;
use crate::hop::{Job, NoJob, has_jobs, unknown};
use crate::store::jobs::{self, JobRow, JobState};
use crate::store::missing::missing;
use crate::store::session::Session;
use crate::store::{StoreError, about};
use crate::words;

/// Missing parts of tables that a sentence names.
const NAMED: usize = 5;

/// What to check where a server says nothing.
const WAY: &str =
    "check MYSQL_SERVER and MYSQL_PORT, and that a firewall or the database's security group lets this machine in";

/// Tries out everything. `session` is one to the database of the jobs: whoever waits tries what fails once, and the
/// function again, as for a database that wakes up.
/// Boxed, so that it is compiled here, and not in every program.
pub fn examine<'e>(of: &'e Examination<'_>, mut session: Session) -> LocalBoxFuture<'e, Checkup> {
    Box::pin(async move {
        let mut findings = Vec::new();
        in_order(of, &mut session, &mut findings).await;
        session.close().await;
        Checkup::of(findings)
    })
}

/// Goes on until a step fails on which all others build.
async fn in_order(of: &Examination<'_>, session: &mut Session, findings: &mut Vec<Finding>) {
    let of_variables = of.jobs.of_variables();
    let about = match session.ask(about::about).await {
        Ok(about) => about,
        Err(error) => {
            let Found { said, remedy } = of_store(&error, &of.login());
            let remedy = remedy.or_else(|| Some(WAY.to_owned()));
            return findings.push(Finding::failed(Step::Login, Found { said, remedy }));
        }
    };
    findings.push(server::login(&about, &of.jobs.config().mysql));
    findings.push(server::server(&about, &of_variables.work));
    let tables = tables(of, session).await;
    let are_there = tables.is_ok();
    findings.push(tables.unwrap_or_else(|found| Finding::failed(Step::Tables, found)));
    if !are_there {
        return;
    }
    let chosen = match session.run(async |conn| jobs::known(conn).await).await {
        Ok(rows) => chosen(of, &rows),
        Err(error) => return findings.push(Finding::failed(Step::Tables, of_store(&error, &of.login()))),
    };
    let are_several = chosen.len() > 1;
    let mut queue = Queue::Try;
    for (name, job) in chosen {
        let of_it = match job {
            Ok(job) => Box::pin(of_job(of, &job, session, queue)).await,
            Err(error) => vec![Finding::failed(Step::Fit, of_hop(&error.into(), &of.login()))],
        };
        if of_it.iter().any(|finding| finding.step == Step::Queue) {
            queue = Queue::Leave;
        }
        findings.extend(of_it.into_iter().map(|finding| {
            let remedy = finding.remedy.as_deref().map(|remedy| words::of_job(remedy, name.as_str()));
            Finding { job: are_several.then(|| name.clone()), remedy, ..finding }
        }));
    }
}

/// Whether rowscore's own tables are as this version needs them.
async fn tables(of: &Examination<'_>, session: &mut Session) -> Result<Finding, Found> {
    let items = of.jobs.of_variables().database.items_table();
    let lacking = session.ask(|| missing(items)).await.map_err(|error: StoreError| of_store(&error, &of.login()))?;
    if lacking.is_empty() {
        return Ok(Finding::ok(Step::Tables, "rowscore's own are those of this version"));
    }
    let shown = lacking.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let more = if lacking.len() > NAMED { format!(" and {} more", lacking.len() - NAMED) } else { String::new() };
    let said = format!("missing, or not to be seen by `{}`: {shown}{more}", &of.login());
    Err(Found { said, remedy: Some(grant(&of.login())) })
}

/// The jobs that are tried out: the one that is meant, or else each that is active.
fn chosen(of: &Examination<'_>, rows: &[JobRow]) -> Vec<(JobName, Result<Arc<Job>, NoJob>)> {
    let of_row = |row: &JobRow| (row.settings.name.clone(), of.jobs.job(row));
    match of.job {
        None if has_jobs(rows) => rows.iter().filter(|row| row.state == JobState::Active).map(of_row).collect(),
        Some(name) if !name.is_default() => match rows.iter().find(|row| row.settings.name == *name) {
            Some(row) => vec![of_row(row)],
            None => vec![(name.clone(), Err(unknown(name, rows)))],
        },
        _ => vec![(JobName::default(), Ok(Arc::clone(of.jobs.of_variables())))],
    }
}
