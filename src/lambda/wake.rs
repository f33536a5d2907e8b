//! A database that is stopped when nobody needs it: started for a run, and stopped again after it.
//!
//! Who started it is written where it survives every crash: in a tag of the instance or cluster.

use std::time::Duration;

use aws_sdk_rds::Client;
use aws_sdk_rds::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_rds::types::Tag;
use backon::{BackoffBuilder, ExponentialBuilder};

use super::sdk;
use crate::config::DatabaseResource;
use crate::hop::Clock;

/// The tag of what we started. Without it the database is somebody else's to stop.
const TAG: &str = "rowscore:woken";

/// The first wait before looking again; a start takes minutes, an Aurora's the least.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// The longest wait between two looks: a twentieth of a start's time, and well below the API's limits.
const LONGEST_LOOK: Duration = Duration::from_secs(15);

/// How a database stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It can be connected to. It is ours to stop if we started it.
    Awake { ours: bool },
    /// It is not up yet; RDS's word for its status.
    Waking(String),
}

/// Why a database could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum WakeError {
    /// RDS's API refused or could not be reached.
    #[error("{doing} {resource}: {problem}")]
    Api {
        /// What was asked for.
        doing: &'static str,
        /// The instance or cluster.
        resource: DatabaseResource,
        /// What RDS said.
        problem: String,
    },
    /// It takes too long.
    #[error("{resource} is still `{status}` after {minutes} minutes of waiting")]
    OutOfPatience {
        /// The instance or cluster.
        resource: DatabaseResource,
        /// RDS's word for its status.
        status: String,
        /// How long was waited.
        minutes: i64,
    },
    /// The next wait could not be arranged.
    #[error("sending word to wait on: {0}")]
    Relay(String),
}

/// What starts and stops the database.
#[derive(Clone, Debug)]
pub(super) struct Waker {
    client: Client,
    resource: DatabaseResource,
}

/// What RDS says of the database.
struct Found {
    status: String,
    arn: String,
    tagged: bool,
}

impl Found {
    /// In every other status, maintenance and backups included, it takes connections, or refuses
    /// them with a reason of its own.
    fn sleeps(&self) -> bool {
        ["stopped", "stopping", "starting", "creating"].contains(&self.status.as_str())
    }
}

impl Waker {
    /// What wakes `resource`, with credentials and region from the environment.
    pub async fn new(resource: DatabaseResource) -> Self {
        Self { client: Client::new(&sdk::from_env().await), resource }
    }

    pub fn resource(&self) -> &DatabaseResource {
        &self.resource
    }

    /// Starts the database if it is stopped, and waits for it for as long as `clock` allows.
    pub async fn rouse(&self, clock: Clock) -> Result<Standing, WakeError> {
        let looks = ExponentialBuilder::default().with_min_delay(FIRST_LOOK).with_max_delay(LONGEST_LOOK);
        for wait in looks.without_max_times().build() {
            let found = self.look().await?;
            if !found.sleeps() {
                return Ok(Standing::Awake { ours: found.tagged });
            }
            if found.status == "stopped" {
                // The tag first: a crash after it leaves a database that sleeps on.
                self.tag(&found.arn).await?;
                self.start().await?;
                tracing::info!(resource = %self.resource, "the database is stopped; starting it");
            }
            if !clock.allows(wait) {
                return Ok(Standing::Waking(found.status));
            }
            tokio::time::sleep(wait).await;
        }
        unreachable!("the looks have no end")
    }

    /// Stops the database, which we started.
    pub async fn lay_to_rest(&self) -> Result<(), WakeError> {
        self.stop().await?;
        tracing::info!(resource = %self.resource, "nothing is left to do; stopping the database that was started for it");
        // A crash before this leaves a tag on a database that sleeps, and whose next start is most likely ours.
        self.untag(&self.look().await?.arn).await
    }

    async fn look(&self) -> Result<Found, WakeError> {
        let doing = "looking at";
        let is_ours = |tags: &[Tag]| tags.iter().any(|tag| tag.key() == Some(TAG));
        let found = match &self.resource {
            DatabaseResource::Instance(name) => {
                let answer = self.client.describe_db_instances().db_instance_identifier(name).send().await;
                let instances = self.answer(doing, answer)?.db_instances.unwrap_or_default();
                instances.first().map(|instance| {
                    (
                        instance.db_instance_status.clone(),
                        instance.db_instance_arn.clone(),
                        is_ours(instance.tag_list()),
                    )
                })
            }
            DatabaseResource::Cluster(name) => {
                let answer = self.client.describe_db_clusters().db_cluster_identifier(name).send().await;
                let clusters = self.answer(doing, answer)?.db_clusters.unwrap_or_default();
                clusters.first().map(|cluster| {
                    (cluster.status.clone(), cluster.db_cluster_arn.clone(), is_ours(cluster.tag_list()))
                })
            }
        };
        match found {
            Some((Some(status), Some(arn), tagged)) => Ok(Found { status, arn, tagged }),
            _ => Err(self.problem(doing, "RDS does not say how it stands")),
        }
    }

    async fn start(&self) -> Result<(), WakeError> {
        let doing = "starting";
        match &self.resource {
            DatabaseResource::Instance(name) => {
                self.order(doing, self.client.start_db_instance().db_instance_identifier(name).send().await)
            }
            DatabaseResource::Cluster(name) => {
                self.order(doing, self.client.start_db_cluster().db_cluster_identifier(name).send().await)
            }
        }
    }

    async fn stop(&self) -> Result<(), WakeError> {
        let doing = "stopping";
        match &self.resource {
            DatabaseResource::Instance(name) => {
                self.order(doing, self.client.stop_db_instance().db_instance_identifier(name).send().await)
            }
            DatabaseResource::Cluster(name) => {
                self.order(doing, self.client.stop_db_cluster().db_cluster_identifier(name).send().await)
            }
        }
    }

    async fn tag(&self, arn: &str) -> Result<(), WakeError> {
        let tag = Tag::builder().key(TAG).value("stopped again when the run is over").build();
        let sent = self.client.add_tags_to_resource().resource_name(arn).tags(tag).send().await;
        self.answer("tagging", sent).map(drop)
    }

    async fn untag(&self, arn: &str) -> Result<(), WakeError> {
        let sent = self.client.remove_tags_from_resource().resource_name(arn).tag_keys(TAG).send().await;
        self.answer("removing the tag of", sent).map(drop)
    }

    /// The answer to an order. That it cannot be followed in this state means that somebody else
    /// gave it a moment ago, or that the next look tells why.
    fn order<T, E>(&self, doing: &'static str, answer: Result<T, SdkError<E>>) -> Result<(), WakeError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        match answer {
            Err(error) if error.code().is_some_and(|code| code.starts_with("InvalidDB")) => {
                tracing::warn!(resource = %self.resource, error = %DisplayErrorContext(&error), "{doing} is not possible now");
                Ok(())
            }
            answer => self.answer(doing, answer).map(drop),
        }
    }

    fn answer<T, E>(&self, doing: &'static str, answer: Result<T, SdkError<E>>) -> Result<T, WakeError>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        answer.map_err(|error| self.problem(doing, &DisplayErrorContext(error).to_string()))
    }

    fn problem(&self, doing: &'static str, problem: &str) -> WakeError {
        WakeError::Api { doing, resource: self.resource.clone(), problem: problem.to_owned() }
    }
}
