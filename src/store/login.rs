//! Proving who we are: a password, or a token signed with AWS credentials.

use mysql_async::OptsBuilder;

use super::StoreError;
use super::iam::Signer;
use crate::config::{Auth, MysqlConfig};

/// A way to log in.
#[derive(Clone, Debug)]
pub(super) enum Login {
    /// The same password every time.
    Password(Secret),
    /// An RDS IAM token: signed locally, valid for 15 minutes, so a fresh one for every connection.
    Iam(Signer),
}

/// Text that is never shown.
#[derive(Clone)]
pub(super) struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Login {
    pub(super) async fn new(config: &MysqlConfig) -> Self {
        match &config.auth {
            Auth::Password(password) => Self::Password(Secret(password.clone())),
            Auth::Iam => Self::Iam(Signer::new(config).await),
        }
    }

    /// What to check when it is refused.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Password(_) => {
                "check MYSQL_USER and MYSQL_PASSWORD, or MYSQL_TLS if the login requires it: verify, verify-ca or pin:SHA256"
            }
            Self::Iam(_) => {
                "check that MYSQL_USER was made with AWSAuthenticationPlugin, that the server has IAM authentication on, \
                 and that the AWS role in use is allowed rds-db:connect as that user"
            }
        }
    }

    /// `opts` with the proof in it.
    pub(super) async fn apply(&self, opts: OptsBuilder) -> Result<OptsBuilder, StoreError> {
        match self {
            Self::Password(Secret(password)) => Ok(opts.pass(Some(password))),
            // The server takes the token through its cleartext plugin; TLS is on (see `Config`).
            Self::Iam(signer) => Ok(opts.pass(Some(signer.token().await?)).enable_cleartext_plugin(true)),
        }
    }
}
