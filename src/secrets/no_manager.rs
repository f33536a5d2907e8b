//! What there is of Secrets Manager in a rowscore that was built without AWS: the reason why there is none.

use std::time::Duration;

use super::error::SecretError;
use super::wanted::Wanted;
use crate::config::SecretRef;

/// Reads nothing.
#[derive(Debug)]
pub(super) struct SecretsManager;

impl SecretsManager {
    pub(super) fn new(_: &str, _: Duration) -> Self {
        Self
    }

    pub(super) async fn text(
        &self,
        secret: &SecretRef,
        Wanted { name, variable }: Wanted,
    ) -> Result<String, SecretError> {
        Err(SecretError::of(
            secret,
            "this rowscore was built without the feature `aws`",
            format!("build it with `cargo build --release`, or give the {name} itself instead of {variable}"),
        ))
    }
}
