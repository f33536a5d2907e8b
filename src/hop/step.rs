//! The named steps of a hop, and the faults that can be injected into them.
//!
//! With the feature `faults`, which only tests switch on, each step is a failpoint of the crate
//! `fail`, by the step's name: `return(error)`, `return(lost)`, `return(kill)` and
//! `return(repeat)` do what [`Fault`] says, `sleep(ms)` delays, `2*off->1*return(kill)` strikes the
//! third time. Without the feature nothing of it is compiled.

use crate::run::named;
use crate::store::StoreError;

named! {
    /// A step of a hop.
    pub enum Step {
        /// The run is looked up or opened.
        OpenRun = "open_run",
        /// A worker's lanes are taken over.
        ClaimLanes = "claim_lanes",
        /// A page is read and locked.
        ReadPage = "read_page",
        /// The page is scored.
        ScorePage = "score_page",
        /// Predictions and failures are written.
        WritePage = "write_page",
        /// Cursor and page are committed.
        CommitPage = "commit_page",
        /// The next hop is made due and its continuation sent.
        SendContinuation = "send_continuation",
        /// The run is ended.
        FinishRun = "finish_run",
        /// The answer is put together.
        Respond = "respond",
    }
}

named! {
    /// What an injected fault does to a step.
    pub enum Fault {
        /// The database refuses the step for good; the hop fails.
        Error = "error",
        /// The connection is lost; the hop tries again.
        Lost = "lost",
        /// The process is gone, as by SIGKILL.
        Kill = "kill",
        /// The step is done twice; of a commit, the answer is lost, so that it is tried twice.
        Repeat = "repeat",
    }
}

impl Step {
    /// Does the step: `body`, once if no fault was injected.
    pub(super) async fn perform<T, E: From<StoreError>>(
        self,
        mut body: impl AsyncFnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        if injected::strike(self)? == Some(Fault::Repeat) {
            body().await?;
        }
        body().await
    }

    /// Does the step that ends a transaction: `commit`, and loses its answer if that was injected.
    pub(super) async fn commit<T>(self, commit: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let fault = injected::strike(self)?;
        let committed = commit.await?;
        if fault == Some(Fault::Repeat) { Err(injected::lost()) } else { Ok(committed) }
    }
}

/// Lets the environment variable `FAILPOINTS` inject faults into this process, as long as it lives.
#[cfg(feature = "faults")]
pub fn arm() {
    // The end of the scenario would take the faults back.
    std::mem::forget(fail::FailScenario::setup());
}

mod injected {
    use std::io;

    use mysql_async::IoError;

    use super::{Fault, Step};
    use crate::store::StoreError;

    /// None ever strikes.
    #[cfg(not(feature = "faults"))]
    pub(super) const fn strike(_: Step) -> Result<Option<Fault>, StoreError> {
        Ok(None)
    }

    /// Lets the configured fault strike; what the step itself must do is returned.
    #[cfg(feature = "faults")]
    pub(super) fn strike(step: Step) -> Result<Option<Fault>, StoreError> {
        let reached = std::time::Instant::now();
        let fault = configured(step);
        let waited_ms = reached.elapsed().as_millis() as u64;
        // By this line a test knows that its fault did strike.
        tracing::debug!(%step, fault = fault.map(Fault::name), waited_ms, "failpoint");
        match fault {
            Some(Fault::Error) => Err(StoreError::Unexpected(format!("injected into {step}"))),
            Some(Fault::Lost) => Err(lost()),
            Some(Fault::Kill) => std::process::abort(),
            Some(Fault::Repeat) | None => Ok(fault),
        }
    }

    #[cfg(feature = "faults")]
    fn configured(step: Step) -> Option<Fault> {
        fail::fail_point!(step.name(), |fault| match fault.as_deref().map(str::parse) {
            Some(Ok(fault)) => Some(fault),
            None | Some(Err(_)) => panic!("failpoint {step}: return(error), (lost), (kill) or (repeat)"),
        });
        None
    }

    pub(super) fn lost() -> StoreError {
        let error = io::Error::new(io::ErrorKind::ConnectionReset, "injected");
        StoreError::Mysql { doing: "injected fault", source: mysql_async::Error::Io(IoError::Io(error)) }
    }
}
