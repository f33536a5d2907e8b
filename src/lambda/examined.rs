//! The function tries itself out, for whoever deployed it.

use super::call::Call;
use super::work::Works;
use super::{WakeError, Waker};
use crate::config::JobName;
use crate::doctor::{Checkup, Examination, State, Verdict, examine};
use crate::hop::Decides;
use crate::store::session::Session;

/// What it finds. A database that sleeps is left asleep.
pub(super) async fn examined(
    works: &Works,
    waker: Option<&Waker>,
    job: Option<&JobName>,
    call: Call<'_>,
) -> Result<Checkup, WakeError> {
    if let Some(waker) = waker
        && let Some(asleep) = waker.asleep().await?
    {
        let why =
            format!("{} is {asleep}, and the next run starts it: try again while one is at work", waker.resource());
        return Ok(Checkup::put_off(&why));
    }
    let (jobs, clock) = (&works.jobs, call.clock);
    let of = Examination { jobs, job, model: works.model, decides: Decides::Job, relay: &call, clock };
    let session = Session::new(&jobs.of_variables().database).until(clock.gives_up_at());
    let checkup = Box::pin(examine(&of, session)).await;
    for failed in checkup.steps.iter().filter(|finding| finding.state == State::Failed) {
        tracing::error!(step = %failed.step, error = failed.said, remedy = failed.remedy, "the trial failed");
    }
    if checkup.verdict == Verdict::Well {
        tracing::info!("the trial went well");
    }
    Ok(checkup)
}
