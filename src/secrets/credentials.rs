//! Whom AWS knows us as.

use aws_config::SdkConfig;
use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::region::RegionProviderChain;
use aws_sdk_rds::config::ProvideCredentials;

/// Whom AWS knows us as. In Lambda the environment has it all; to look any further makes an HTTP
/// client, whose root certificates take longer to read than logging in.
pub(crate) async fn credentials() -> SdkConfig {
    let environment = EnvironmentVariableCredentialsProvider::new();
    if environment.provide_credentials().await.is_err() {
        return aws_config::load_from_env().await;
    }
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new()).or_default_provider();
    aws_config::from_env().credentials_provider(environment).region(region).load().await
}
