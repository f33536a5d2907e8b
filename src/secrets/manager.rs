//! The texts of secrets, as AWS Secrets Manager gives them.

use std::time::Duration;

use aws_config::Region;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use tokio::sync::OnceCell;

use super::credentials::credentials;
use super::error::SecretError;
use super::wanted::Wanted;
use crate::config::SecretRef;
use crate::words;

/// Secrets Manager in one region.
#[derive(Debug)]
pub(super) struct SecretsManager {
    region: Region,
    limit: Duration,
    client: OnceCell<Client>,
}

impl SecretsManager {
    /// A call may take `limit` with all of its tries.
    pub(super) fn new(region: &str, limit: Duration) -> Self {
        Self { region: Region::new(region.to_owned()), limit, client: OnceCell::new() }
    }

    /// The text of a secret: of the version that is current, unless `secret` names another.
    ///
    /// # Errors
    /// Secrets Manager cannot be reached, refuses it, or has no such text.
    pub(super) async fn text(&self, secret: &SecretRef, Wanted { name, .. }: Wanted) -> Result<String, SecretError> {
        // Boxed: the client of a service is deep.
        let client = self.client.get_or_init(|| Box::pin(self.connect())).await;
        let call = client.get_secret_value().secret_id(&secret.arn).set_version_id(secret.version.clone());
        let failed = |(said, remedy): (String, String)| SecretError::of(secret, said, remedy);
        let output = Box::pin(call.send()).await.map_err(|error| failed(told(&error, secret, self.limit)))?;
        let is_binary = || ("it is binary".into(), format!("put the {name} in as text (`--secret-string`)"));
        output.secret_string.ok_or_else(|| failed(is_binary()))
    }

    async fn connect(&self) -> Client {
        // Who has no way there hears nothing: there is time for a second try.
        let timeouts =
            TimeoutConfig::builder().operation_attempt_timeout(self.limit / 2).operation_timeout(self.limit).build();
        let config = Builder::from(&credentials().await).region(self.region.clone()).timeout_config(timeouts);
        Client::from_conf(config.build())
    }
}

/// What went wrong, and what to do about it.
fn told(error: &SdkError<GetSecretValueError>, secret: &SecretRef, limit: Duration) -> (String, String) {
    let region = secret.region();
    let lacks_way = match error {
        SdkError::TimeoutError(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_timeout() || failure.is_io(),
        _ => false,
    };
    if lacks_way {
        return (
            format!("Secrets Manager in {region} did not answer within {} s", limit.as_secs()),
            format!(
                "from a VPC the way there is a NAT gateway, IPv6 with an egress-only gateway, or an interface endpoint for \
                 com.amazonaws.{region}.secretsmanager that lets the function in (docs/DEPLOY.md)"
            ),
        );
    }
    let (code, message) = (error.code().unwrap_or_default(), error.message().unwrap_or_default());
    let remedy = match code {
        "ResourceNotFoundException" if secret.version.is_some() => format!(
            "see which versions there are: `aws secretsmanager list-secret-version-ids --region {region} --secret-id {secret}`, \
             or leave the version out"
        ),
        "ResourceNotFoundException" => {
            format!("see which there are: `aws secretsmanager list-secrets --region {region}`")
        }
        "DecryptionFailure" => of_the_key(),
        "AccessDeniedException" if message.contains("KMS") || message.contains("kms:") => of_the_key(),
        "AccessDeniedException" => format!("allow the role in use secretsmanager:GetSecretValue on {secret}"),
        "InvalidRequestException" => {
            format!("see how it stands: `aws secretsmanager describe-secret --region {region} --secret-id {secret}`")
        }
        _ => "check the AWS credentials and AWS_REGION".into(),
    };
    let said = if message.is_empty() { words::chain(error) } else { format!("{message} ({code})") };
    (said, remedy)
}

fn of_the_key() -> String {
    "allow the role in use kms:Decrypt on the key that the secret is encrypted with, by the key's policy (docs/DEPLOY.md)".into()
}
