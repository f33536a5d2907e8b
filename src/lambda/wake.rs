//! A database that is stopped when nobody needs it: started for a run, and stopped again after it.

use std::error::Error;

use crate::config::DatabaseResource;
use crate::run::named;

#[cfg(feature = "aws")]
mod rds;

#[cfg(feature = "aws")]
pub(super) use rds::Waker;

/// Whether a database takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "without AWS no database sleeps"))]
pub(super) enum Standing {
    /// It does. It is ours to stop if we started it.
    Awake { ours: bool },
    /// It does not, yet.
    Waking(Asleep),
}

named! {
    /// The statuses, in RDS's words, in which a database takes no connections. In every other, maintenance and
    /// backups included, it takes them, or refuses them with a reason of its own.
    pub enum Asleep {
        /// Nobody needs it.
        Stopped = "stopped",
        /// On the way there.
        Stopping = "stopping",
        /// On the way back.
        Starting = "starting",
        /// It is new.
        Creating = "creating",
    }
}

/// Why a database could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum WakeError {
    /// RDS's API refused or could not be reached.
    #[error("{doing} {resource}")]
    Api {
        /// What was asked for.
        doing: &'static str,
        /// The instance or cluster.
        resource: DatabaseResource,
        /// What RDS said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It takes too long.
    #[error("{resource} is still `{status}` after {minutes} minutes of waiting")]
    OutOfPatience {
        /// The instance or cluster.
        resource: DatabaseResource,
        /// How far it is.
        status: Asleep,
        /// How long was waited.
        minutes: i64,
    },
    /// The message that continues the waiting could not be sent.
    #[error("sending the message that waits for the database")]
    Relay(#[source] Box<dyn Error + Send + Sync>),
}

/// What came of stopping a database.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "without AWS no database sleeps"))]
pub(super) enum Rest {
    /// It is being stopped, or somebody else took it over, or waits for it.
    Laid,
    /// It cannot be stopped in this status, in RDS's words, as while it is backed up. It bears the tag on.
    Refused(String),
}
