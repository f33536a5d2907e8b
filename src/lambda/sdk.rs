//! How AWS's services are reached.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{ConfigLoader, Region, SdkConfig};

/// How long one try of a call may take. They take a fraction of a second; without a limit, a service
/// that takes a call and says nothing would cost the hop all of its time.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(3);

/// How long a call may take with all of its tries, of which the SDK makes up to three: less than the
/// default `HOP_MARGIN_MS`, so that a hop whose continuation nobody takes can still say so.
const CALL_LIMIT: Duration = Duration::from_millis(4500);

/// Credentials, region and endpoints from the environment.
pub(super) async fn from_env() -> SdkConfig {
    loader().load().await
}

/// The same of a service that takes calls about what is in its own region alone.
pub(super) async fn of_region(region: &str) -> SdkConfig {
    loader().region(Region::new(region.to_owned())).load().await
}

fn loader() -> ConfigLoader {
    let timeouts =
        TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_LIMIT).operation_timeout(CALL_LIMIT).build();
    aws_config::from_env().timeout_config(timeouts)
}
