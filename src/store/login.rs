//! Proving who we are: a password, what a secret of Secrets Manager holds, or a token signed with AWS credentials.

use std::sync::Arc;

use mysql_async::OptsBuilder;

use super::StoreError;
use super::iam::Signer;
use super::kept::{Kept, KeptLogin};
use crate::config::{Auth, MysqlConfig};
use crate::secrets::Secret;

/// A way to log in.
#[derive(Clone, Debug)]
pub(super) enum Login {
    /// The same password every time.
    Password(Secret),
    /// What Secrets Manager keeps, which may have become another by now.
    Kept(Kept),
    /// An RDS IAM token: signed locally, valid for 15 minutes, so a fresh one for every connection.
    Iam(Signer),
}

/// What one connection proves itself with.
#[derive(Clone, Debug)]
pub(super) enum Proof {
    /// A password of the configured user.
    Password(Secret),
    /// A user and a password of a secret.
    Kept(Arc<KeptLogin>),
    /// A token.
    Token(Secret),
}

impl Login {
    pub(super) async fn new(config: &MysqlConfig) -> Self {
        match &config.auth {
            Auth::Password(password) => Self::Password(Secret(password.clone())),
            Auth::Secret(secret) => Self::Kept(Kept::new(secret, &config.user)),
            Auth::Iam => Self::Iam(Signer::new(config).await),
        }
    }

    /// The same login at another server.
    pub(super) async fn at(&self, config: &MysqlConfig) -> Self {
        match self {
            // A token is for one server, and what a secret holds need not be read again.
            Self::Iam(_) => Self::new(config).await,
            login => login.clone(),
        }
    }

    /// What the next connection proves itself with.
    ///
    /// # Errors
    /// The secret cannot be read, or the token cannot be made.
    pub(super) async fn proof(&self) -> Result<Proof, StoreError> {
        match self {
            Self::Password(password) => Ok(Proof::Password(password.clone())),
            Self::Kept(kept) => Ok(Proof::Kept(kept.login().await?)),
            Self::Iam(signer) => Ok(Proof::Token(Secret(signer.token().await?))),
        }
    }

    /// Another proof than `refused`, if there is one by now, as after a rotation.
    ///
    /// # Errors
    /// The secret cannot be read.
    pub(super) async fn other_than(&self, refused: &Proof) -> Result<Option<Proof>, StoreError> {
        match (self, refused) {
            (Self::Kept(kept), Proof::Kept(refused)) => Ok(kept.other_than(refused).await?.map(Proof::Kept)),
            _ => Ok(None),
        }
    }

    /// Whom it logs in as, where only the secret says it and was read.
    pub(super) fn user(&self) -> Option<String> {
        match self {
            Self::Kept(kept) => kept.user(),
            Self::Password(_) | Self::Iam(_) => None,
        }
    }

    /// What to check when `proof` is refused.
    pub(super) fn advice(&self, proof: &Proof) -> String {
        match (self, proof) {
            (Self::Kept(kept), Proof::Kept(refused)) => kept.advice(refused),
            (Self::Iam(_), _) => "check that MYSQL_USER was made with AWSAuthenticationPlugin, that the server has IAM \
                                  authentication on, and that the AWS role in use is allowed rds-db:connect as that user"
                .into(),
            _ => "check MYSQL_USER and MYSQL_PASSWORD, or MYSQL_TLS if the login requires it: verify, verify-ca or pin:SHA256"
                .into(),
        }
    }
}

impl Proof {
    /// `opts` with the proof in it.
    pub(super) fn apply(&self, opts: OptsBuilder) -> OptsBuilder {
        match self {
            Self::Password(Secret(password)) => opts.pass(Some(password)),
            Self::Kept(login) => opts.user(Some(&login.user)).pass(Some(&login.password.0)),
            // The server takes the token through its cleartext plugin; TLS is on (see `Config`).
            Self::Token(Secret(token)) => opts.pass(Some(token)).enable_cleartext_plugin(true),
        }
    }
}
