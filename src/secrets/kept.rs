//! A secret that Secrets Manager keeps, for whoever wants something of it.

use std::time::Duration;

use super::error::SecretError;
use super::manager::SecretsManager;
use super::understood::{Found, understood};
use super::wanted::Wanted;
use crate::config::SecretRef;

/// Such a secret. Nothing of it is kept here.
#[derive(Debug)]
pub(crate) struct KeptSecret {
    named: SecretRef,
    wanted: Wanted,
    manager: SecretsManager,
}

impl KeptSecret {
    /// One of which something is `wanted`. Reading it may take `limit` with all tries; it takes a fraction of a second.
    pub(crate) fn new(named: &SecretRef, wanted: Wanted, limit: Duration) -> Self {
        Self { named: named.clone(), wanted, manager: SecretsManager::new(named.region(), limit) }
    }

    /// Which one it is.
    pub(crate) fn named(&self) -> &SecretRef {
        &self.named
    }

    /// What it holds now: its current version, unless another one is named.
    ///
    /// # Errors
    /// Secrets Manager cannot be reached, refuses it, or has nothing there that could be used.
    pub(crate) async fn read(&self) -> Result<Found, SecretError> {
        let text = self.manager.text(&self.named, self.wanted).await?;
        understood(&text, &self.named, self.wanted)
    }
}
