//! Why a hop failed.

use std::error::Error;

use super::jobs::NoJob;
use super::unfit::Unfit;
use crate::store::session::WorkError;
use crate::store::stored::{LoadError, Unusable};
use crate::store::{Fault, StoreError};

/// Why a hop failed. What was committed before stays; a repeated delivery or the next tick goes on.
#[derive(Debug, thiserror::Error)]
pub enum HopError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The table, its rows and the model do not fit each other. Nothing was touched.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The model that the job uses cannot be used. Nothing was touched.
    #[error(transparent)]
    Model(#[from] Unusable),
    /// It is no job's work. Nothing was touched.
    #[error(transparent)]
    Job(#[from] NoJob),
    /// The continuation could not be sent.
    #[error("the continuation could not be sent")]
    Relay(#[source] Box<dyn Error + Send + Sync>),
    /// A canary found something different from what it should be.
    #[error("the canary failed: {0}")]
    Canary(String),
    /// A mistake of rowscore's own.
    #[error("rowscore made a mistake of its own ({0}): please report it, with the log; what was committed stays")]
    Panicked(String),
}

impl HopError {
    /// Whether somebody else inserted the same a moment ago.
    pub(super) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_duplicate())
    }
}

impl From<LoadError> for HopError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Store(error) => Self::Store(error),
            LoadError::Unusable(unusable) => Self::Model(unusable),
        }
    }
}

impl WorkError for HopError {
    fn fault(&self) -> Fault {
        match self {
            Self::Store(error) => error.fault(),
            Self::Unfit(_) | Self::Model(_) | Self::Job(_) | Self::Relay(_) | Self::Canary(_) | Self::Panicked(_) => {
                Fault::Permanent
            }
        }
    }
}
