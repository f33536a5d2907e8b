//! Why a secret is of no use.

use crate::config::SecretRef;

/// A secret that could not be read, or that holds nothing which could be used. Nothing of its text is in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("reading the secret {secret}: {said}; {remedy}")]
pub struct SecretError {
    /// Its ARN.
    secret: String,
    /// What was found; never what is in it.
    said: String,
    /// What to do about it, for a person.
    remedy: String,
}

impl SecretError {
    /// About `secret`.
    pub(crate) fn of(secret: &SecretRef, said: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { secret: secret.to_string(), said: said.into(), remedy: remedy.into() }
    }

    /// What to do about it, for a person.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}
