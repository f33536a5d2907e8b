//! RDS IAM tokens: passwords that are signed with AWS credentials, without asking anybody.

use std::error::Error;

use aws_config::{Region, SdkConfig};
use aws_sdk_rds::auth_token::{AuthTokenGenerator, Config as TokenConfig};

use super::{StoreError, tls};
use crate::config::MysqlConfig;
use crate::secrets::credentials;

/// Signs tokens for one login.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    sdk: Box<SdkConfig>,
    region: Option<Region>,
    server: String,
    port: u16,
    user: String,
}

impl Signer {
    pub(super) async fn new(config: &MysqlConfig) -> Self {
        Self {
            sdk: Box::new(credentials().await),
            region: tls::region(&config.server).map(|region| Region::new(region.to_owned())),
            server: config.server.clone(),
            port: config.port,
            user: config.user.clone(),
        }
    }

    /// A token that is valid for 15 minutes.
    pub(super) async fn token(&self) -> Result<String, StoreError> {
        let Self { sdk, region, server, port, user } = self;
        // The server's own region; for a name that has none, that of the surroundings.
        let region = region.as_ref().or(sdk.region()).ok_or_else(|| unsigned("no region is set".into()))?;
        let config = TokenConfig::builder().hostname(server).port(u64::from(*port)).username(user);
        let config = config.region(region.clone()).build().map_err(unsigned)?;
        let token = AuthTokenGenerator::new(config).auth_token(sdk).await.map_err(unsigned)?;
        Ok(token.as_str().to_owned())
    }
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
