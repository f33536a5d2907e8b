//! Why something could not be made.

use crate::config::ConfigError;
use crate::hop::HopError;
use crate::store::StoreError;
use crate::store::stored::LoadError;

/// Why something could not be made. What was made before stays.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The server refused it, or could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Table and model do not fit each other.
    #[error(transparent)]
    Hop(#[from] HopError),
    /// A job that was described is none any more.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The model that is in use cannot be read.
    #[error(transparent)]
    Model(#[from] LoadError),
    /// It is not there, and nobody wants it made.
    #[error("{0}")]
    Unwanted(String),
}
