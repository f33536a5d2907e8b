//! The steps that every job has of its own.

use super::checkup::{Finding, State, Step};
use super::examination::Examination;
use super::queue::came_back;
use super::remedy::{grant, of_hop, of_store};
use crate::event::{Request, Trigger};
use crate::hop::{self, Decides, Fit, HopError, Job, Runner, Start};
use crate::model::{Model, SharedModel};
use crate::run::{RunId, RunKind};
use crate::standing::{Expected, Facts, Standing, Trouble};
use crate::store::session::Session;
use crate::store::used;

/// Whether the queue is tried with this job. It is the same one for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    Try,
    Leave,
}

/// Tries out a job. After a step that fails, those that build on it are left out.
pub(super) async fn of_job(of: &Examination<'_>, job: &Job, session: &mut Session, queue: Queue) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_ready = match Box::pin(fits(of, job, session)).await {
        Ok((model, of_fit)) => {
            findings.extend(of_fit);
            let written = may_write(of, job, &model, session).await;
            let is_ready = written.state == State::Ok;
            findings.push(written);
            is_ready
        }
        Err(error) => {
            findings.push(Finding::failed(Step::Fit, of_hop(&error, &of.login())));
            false
        }
    };
    if is_ready {
        findings.extend(Box::pin(canary(of, job, session, queue)).await);
    }
    findings.extend(standing(of, job, session).await);
    findings
}

/// The model in use, and what is to be said of how it fits the table.
async fn fits(of: &Examination<'_>, job: &Job, session: &mut Session) -> Result<(SharedModel, Vec<Finding>), HopError> {
    let brought: SharedModel = of.model.into();
    let model = match of.decides {
        Decides::Caller => brought,
        Decides::Job => session.run(async |conn| used::model(conn, &job.database, brought.clone()).await).await?,
    };
    let means = job.means(&model);
    let fit = session.run(async |conn| hop::check_use(conn, means).await).await?;
    // Runs would go on without it, and nobody would miss it.
    session.run(async |conn| hop::check_truth(conn, job.database.items_table()).await).await?;
    hop::check_signs(session, means).await?;
    let Fit { missing_key, local_time, unknown, table } = fit;
    let whence = if model.version() == of.model.version() { "brought along" } else { "stored" };
    let mut said = format!("`{}` {}, {whence}, fits `{}`", model.name(), model.version(), table.as_str());
    said.extend(unknown.iter().map(|unknown| format!("; not checked: {unknown}")));
    job.database.remember_table(table);
    let keyless =
        missing_key.map(|key| ("without a key, windows are found by reading the whole table".to_owned(), key));
    let local = local_time.map(|notice| (notice, "set CREATED_ZONE, if it is local time".to_owned()));
    let odd = keyless.into_iter().chain(local).map(|(said, remedy)| Finding::odd(Step::Fit, said, remedy));
    let findings = std::iter::once(Finding::ok(Step::Fit, said)).chain(odd).collect();
    Ok((model, findings))
}

async fn may_write(of: &Examination<'_>, job: &Job, model: &Model, session: &mut Session) -> Finding {
    match session.run(async |conn| hop::check_writing(conn, job.means(model)).await).await {
        Ok(()) => Finding::ok(Step::Grants, "may read and write what a page does"),
        Err(error) => Finding::failed(Step::Grants, of_store(&error, &of.login())),
    }
}

/// A canary, and its message.
async fn canary(of: &Examination<'_>, job: &Job, session: &mut Session, queue: Queue) -> Vec<Finding> {
    let runner = Runner { means: job.means(of.model), relay: of.relay };
    let trigger = Trigger::Open(Request::by_hand(RunKind::Canary)).of_job(&job.name);
    let tried = match Start::new(&job.database, of.clock).await {
        Ok(start) => runner.hop_as(start, &trigger, of.clock, of.decides).await,
        Err(error) => Err(error.into()),
    };
    let done = |run: Option<RunId>| {
        let table = job.database.items_table().as_str();
        let run = run.map_or_else(String::new, |run| format!(" (run {run})"));
        Finding::ok(
            Step::Page,
            format!("a page over the latest items of `{table}` was written, read back and rolled back{run}"),
        )
    };
    match tried {
        Ok(answer) => {
            let mut findings = vec![done(answer.run_id)];
            match (queue, answer.run_id) {
                (Queue::Leave, _) | (_, None) => {}
                (Queue::Try, Some(_)) if !of.relay.brings_back() => findings.push(Finding::untried(
                    Step::Queue,
                    "this process sends no messages: the deployed function is asked by `scripts/deploy doctor`",
                )),
                (Queue::Try, Some(run)) => findings.push(came_back(session, run, of.clock, &of.login()).await),
            }
            findings
        }
        // All before it went well.
        Err(error @ HopError::Relay(_)) => vec![done(None), Finding::failed(Step::Queue, of_hop(&error, &of.login()))],
        Err(error) => vec![Finding::failed(Step::Page, of_hop(&error, &of.login()))],
    }
}

/// What is wrong with its runs is no failure of what is tried here, but to be known.
async fn standing(of: &Examination<'_>, job: &Job, session: &mut Session) -> Vec<Finding> {
    let (table, expected) = (job.database.items_table(), Expected::from(&job.work));
    let standing = match session.run(async |conn| Facts::read(conn, table, expected).await).await {
        Ok(facts) => Standing::of(facts),
        Err(error) => {
            let found = of_store(&error, &of.login());
            return vec![Finding::odd(Step::Standing, found.said, found.remedy.unwrap_or_else(|| grant(&of.login())))];
        }
    };
    let now = standing.facts.now;
    let odd = |trouble: &Trouble| Finding::odd(Step::Standing, trouble.sentence(now), standing.remedy(trouble));
    let mut findings: Vec<Finding> = standing.troubles.iter().map(odd).collect();
    if findings.is_empty() {
        findings.push(Finding::ok(Step::Standing, standing.waiting()));
    }
    findings
}
