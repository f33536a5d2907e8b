//! Proving who we are: a password, or a token signed with AWS credentials.

use std::error::Error;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::region::RegionProviderChain;
use aws_config::{Region, SdkConfig};
use aws_sdk_rds::auth_token::{AuthTokenGenerator, Config as TokenConfig};
use aws_sdk_rds::config::ProvideCredentials;
use mysql_async::OptsBuilder;

use super::{StoreError, tls};
use crate::config::{Auth, MysqlConfig};

/// A way to log in.
#[derive(Clone, Debug)]
pub(super) enum Login {
    /// The same password every time.
    Password(Secret),
    /// An RDS IAM token: signed locally, valid for 15 minutes, so a fresh one for every connection.
    Iam { sdk: Box<SdkConfig>, region: Option<Region>, server: String, port: u16, user: String },
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
            Auth::Iam => Self::Iam {
                sdk: Box::new(credentials().await),
                region: tls::region(&config.server).map(|region| Region::new(region.to_owned())),
                server: config.server.clone(),
                port: config.port,
                user: config.user.clone(),
            },
        }
    }

    /// What to check when it is refused.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Password(_) => {
                "check MYSQL_USER and MYSQL_PASSWORD, or MYSQL_TLS if the login requires it: verify, verify-ca or pin:SHA256"
            }
            Self::Iam { .. } => {
                "check that MYSQL_USER was made with AWSAuthenticationPlugin, that the server has IAM authentication on, \
                 and that the AWS role in use is allowed rds-db:connect as that user"
            }
        }
    }

    /// `opts` with the proof in it.
    pub(super) async fn apply(&self, opts: OptsBuilder) -> Result<OptsBuilder, StoreError> {
        match self {
            Self::Password(Secret(password)) => Ok(opts.pass(Some(password))),
            Self::Iam { sdk, region, server, port, user } => {
                // The server's own region; for a name of one's own, that of the surroundings.
                let region = region.as_ref().or(sdk.region()).ok_or_else(|| unsigned("no region is set".into()))?;
                let config = TokenConfig::builder().hostname(server).port(u64::from(*port)).username(user);
                let config = config.region(region.clone()).build().map_err(unsigned)?;
                let token = AuthTokenGenerator::new(config).auth_token(sdk).await.map_err(unsigned)?;
                // The server takes the token through its cleartext plugin; TLS is on (see `Config`).
                Ok(opts.pass(Some(token.as_str())).enable_cleartext_plugin(true))
            }
        }
    }
}

/// Whom AWS knows us as. In Lambda the environment has it all; to look any further makes an HTTP
/// client, whose root certificates take longer to read than logging in.
async fn credentials() -> SdkConfig {
    let environment = EnvironmentVariableCredentialsProvider::new();
    if environment.provide_credentials().await.is_err() {
        return aws_config::load_from_env().await;
    }
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_default_provider();
    aws_config::from_env().credentials_provider(environment).region(region).load().await
}

/// A token that could not be made; credentials that cannot be had are the likely reason.
fn unsigned(error: Box<dyn Error + Send + Sync>) -> StoreError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    StoreError::Token(text)
}
