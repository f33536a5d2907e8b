//! How AWS's services are reached.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;

/// How long one try of a call may take. They take a fraction of a second; without a limit, a service
/// that takes a call and says nothing would cost the hop all of its time.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(3);

/// How long a call may take with all of its tries, of which the SDK makes up to three: less than the
/// default `HOP_MARGIN_MS`, so that a hop whose continuation nobody takes can still say so.
const CALL_LIMIT: Duration = Duration::from_millis(4500);

/// Credentials, region and endpoints from the environment.
pub(super) async fn from_env() -> SdkConfig {
    let timeouts =
        TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_LIMIT).operation_timeout(CALL_LIMIT).build();
    aws_config::from_env().timeout_config(timeouts).load().await
}
