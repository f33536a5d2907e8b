//! What an examination is made with.

use crate::config::JobName;
use crate::hop::{Clock, Decides, Jobs, Relay};
use crate::model::Model;

/// Who is examined, and with what.
pub struct Examination<'a> {
    /// The jobs, and the database that holds them.
    pub jobs: &'a Jobs,
    /// The job that is meant; `None`: each that is active.
    pub job: Option<&'a JobName>,
    /// The model that the program brings along.
    pub model: &'static Model,
    /// Whether it scores, or the one that the job uses.
    pub decides: Decides,
    /// Where the canary's message goes.
    pub relay: &'a dyn Relay,
    /// When there must be an end.
    pub clock: Clock,
}

impl Examination<'_> {
    /// The login's name, as it is configured or as the secret has it.
    pub(super) fn login(&self) -> String {
        self.jobs.of_variables().database.user()
    }
}
