//! How AWS's services are reached.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{ConfigLoader, Region, SdkConfig};
use aws_sdk_sns::config::http::HttpResponse;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};

use crate::hop::NotTold;

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

/// Why a call told nobody: whether this message is refused, or all may be.
pub(super) fn not_told<E>(error: SdkError<E, HttpResponse>) -> NotTold
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    // Services say with a status of the caller's mistakes, too, that there are too many calls.
    let is_throttled = error.code().is_some_and(|code| code.contains("Throttl") || code.contains("LimitExceeded"));
    let is_refused = matches!(status, Some(400..=407 | 409..=428 | 430..=499)) && !is_throttled;
    if is_refused { NotTold::Refused(error.into()) } else { NotTold::Unreached(error.into()) }
}
