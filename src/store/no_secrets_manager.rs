//! What there is of Secrets Manager in a rowscore that was built without AWS: the reason why there is none.

use super::StoreError;
use crate::config::SecretRef;

/// Reads nothing.
#[derive(Debug)]
pub(super) struct SecretsManager;

impl SecretsManager {
    pub(super) fn new(_: &str) -> Self {
        Self
    }

    pub(super) async fn text(&self, _: &SecretRef) -> Result<String, StoreError> {
        Err(StoreError::WithoutAws("MYSQL_PASSWORD_SECRET is set"))
    }
}
