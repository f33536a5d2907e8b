//! What there is of IAM logins in a rowscore that was built without AWS: the reason why there are none.

use super::StoreError;
use crate::config::MysqlConfig;

/// Signs nothing.
#[derive(Clone, Debug)]
pub(super) struct Signer;

impl Signer {
    pub(super) async fn new(_: &MysqlConfig) -> Self {
        Self
    }

    pub(super) async fn token(&self) -> Result<String, StoreError> {
        Err(StoreError::WithoutAws("MYSQL_AUTH is `iam`"))
    }
}
