//! What proves who we are and is never shown: texts that are hidden, those that AWS Secrets Manager keeps, and whom AWS
//! knows us as.

#[cfg(feature = "aws")]
mod credentials;
mod error;
mod hidden;
mod kept;
#[cfg_attr(not(feature = "aws"), path = "no_manager.rs")]
mod manager;
mod understood;
mod wanted;

#[cfg(feature = "aws")]
pub(crate) use credentials::credentials;
pub use error::SecretError;
pub(crate) use hidden::Secret;
pub(crate) use kept::KeptSecret;
pub(crate) use understood::Found;
pub(crate) use wanted::Wanted;
