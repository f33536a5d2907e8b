//! How AWS's services are reached.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;

/// How long one try of a call may take, of which the SDK makes three. They take a fraction of a second;
/// without a limit, a service that takes a call and says nothing would cost the hop all of its time.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(3);

/// Credentials, region and endpoints from the environment.
pub(super) async fn from_env() -> SdkConfig {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_LIMIT).build();
    aws_config::from_env().timeout_config(timeouts).load().await
}
