//! The orders to RDS.
//!
//! Who started the database is written where it survives every crash: in a tag of the instance or cluster.

use std::error::Error;
use std::time::Duration;

use aws_sdk_rds::Client;
use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_rds::types::Tag;
use backon::{BackoffBuilder, ExponentialBuilder};

use super::super::sdk;
use super::{Asleep, Rest, Standing, WakeError};
use crate::config::{Config, DatabaseResource};
use crate::hop::Clock;
use crate::words;

#[cfg(test)]
mod simulated;

/// The tag of what we started. Without it the database is somebody else's to stop.
const TAG: &str = "rowscore:woken";

/// The first wait before looking again; a start takes minutes, an Aurora's the least.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// The longest wait between two looks: a twentieth of a start's time, and well below the API's limits.
const LONGEST_LOOK: Duration = Duration::from_secs(15);

/// What starts and stops the database.
#[derive(Clone, Debug)]
pub(in super::super) struct Waker {
    client: Client,
    resource: DatabaseResource,
    /// The first and the longest wait between two looks.
    waits: (Duration, Duration),
}

/// Whether RDS follows an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Followed,
    /// Not in the status that it is in.
    NotNow,
}

/// What RDS says of the database.
struct Found {
    status: String,
    asleep: Option<Asleep>,
    arn: String,
    tagged: bool,
}

impl Found {
    /// From RDS's answer, if it says that much.
    fn new(status: Option<&str>, arn: Option<&str>, tags: &[Tag]) -> Option<Self> {
        let tagged = tags.iter().any(|tag| tag.key() == Some(TAG));
        let status = status?;
        Some(Self { status: status.to_owned(), asleep: status.parse().ok(), arn: arn?.to_owned(), tagged })
    }
}

impl Waker {
    /// What wakes the database that the configuration names, if it names one, with credentials and region from the
    /// environment.
    pub(in super::super) async fn of(config: &Config) -> Option<Self> {
        let resource = config.wake.clone()?;
        Some(Self { client: Client::new(&sdk::from_env().await), resource, waits: (FIRST_LOOK, LONGEST_LOOK) })
    }

    pub(in super::super) fn resource(&self) -> &DatabaseResource {
        &self.resource
    }

    /// Starts the database if it is stopped, and waits for it for as long as `clock` allows.
    pub(in super::super) async fn rouse(&self, clock: Clock) -> Result<Standing, WakeError> {
        for wait in self.looks() {
            let found = self.look().await?;
            let Some(asleep) = found.asleep else { return Ok(Standing::Awake { ours: found.tagged }) };
            if asleep == Asleep::Stopped {
                // The tag first: a crash after it leaves a database that sleeps on.
                self.tag(&found.arn).await?;
                // Where it cannot be started now, the next look tells why.
                self.start().await?;
                tracing::info!(resource = %self.resource, "the database is stopped; starting it");
            }
            if !clock.allows(wait) {
                return Ok(Standing::Waking(asleep));
            }
            tokio::time::sleep(wait).await;
        }
        unreachable!("the looks have no end")
    }

    /// Stops the database, which we started, as soon as its status allows it, and for as long as `clock` does.
    ///
    /// The tag stays until RDS has taken the order: without it nobody would stop the database any more. One that is
    /// being started is left to whoever waits for it.
    pub(in super::super) async fn lay_to_rest(&self, clock: Clock) -> Result<Rest, WakeError> {
        for wait in self.looks() {
            let found = self.look().await?;
            if matches!(found.asleep, Some(Asleep::Starting | Asleep::Creating)) {
                return Ok(Rest::Laid);
            }
            // Stopped by somebody else, or that it is not to be stopped.
            let over = matches!(found.asleep, Some(Asleep::Stopping | Asleep::Stopped)) || !found.tagged;
            if over || self.stop().await? == Order::Followed {
                if !over {
                    tracing::info!(resource = %self.resource, "nothing is left to do; stopping the database that was started for it");
                }
                if found.tagged {
                    self.let_go(&found.arn).await;
                }
                return Ok(Rest::Laid);
            }
            if !clock.allows(wait) {
                return Ok(Rest::Refused(found.status));
            }
            tokio::time::sleep(wait).await;
        }
        unreachable!("the looks have no end")
    }

    /// Removes the tag of a database that is being stopped. Where that fails, the invocation does not: it would come
    /// again, and start the database again.
    async fn let_go(&self, arn: &str) {
        if let Err(error) = self.untag(arn).await {
            let error = words::chain(&error);
            tracing::error!(
                resource = %self.resource, error,
                "the tag {TAG} stays: whoever starts the database removes it, or it is stopped again"
            );
        }
    }

    fn looks(&self) -> impl Iterator<Item = Duration> {
        let (first, longest) = self.waits;
        ExponentialBuilder::default().with_min_delay(first).with_max_delay(longest).without_max_times().build()
    }

    /// How far the database is from taking connections; `None`: it takes them. Starts nothing.
    pub(in super::super) async fn asleep(&self) -> Result<Option<Asleep>, WakeError> {
        Ok(self.look().await?.asleep)
    }

    async fn look(&self) -> Result<Found, WakeError> {
        let doing = "looking at";
        let found = match &self.resource {
            DatabaseResource::Instance(name) => {
                let answer = self.client.describe_db_instances().db_instance_identifier(name).send().await;
                let instances = self.answer(doing, answer)?.db_instances.unwrap_or_default();
                instances
                    .first()
                    .and_then(|found| Found::new(found.db_instance_status(), found.db_instance_arn(), found.tag_list()))
            }
            DatabaseResource::Cluster(name) => {
                let answer = self.client.describe_db_clusters().db_cluster_identifier(name).send().await;
                let clusters = self.answer(doing, answer)?.db_clusters.unwrap_or_default();
                clusters.first().and_then(|found| Found::new(found.status(), found.db_cluster_arn(), found.tag_list()))
            }
        };
        found.ok_or_else(|| self.problem(doing, "RDS does not say its status".into()))
    }

    async fn start(&self) -> Result<Order, WakeError> {
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

    async fn stop(&self) -> Result<Order, WakeError> {
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

    /// The answer to an order. That it cannot be followed in this status means that somebody else
    /// gave it a moment ago, or that something is done to the database.
    fn order<T, E>(&self, doing: &'static str, answer: Result<T, SdkError<E>>) -> Result<Order, WakeError>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        match answer {
            Err(error) if error.code().is_some_and(|code| code.starts_with("InvalidDB")) => {
                tracing::warn!(resource = %self.resource, error = words::chain(&error), "{doing} is not possible now");
                Ok(Order::NotNow)
            }
            answer => self.answer(doing, answer).map(|_| Order::Followed),
        }
    }

    fn answer<T, E>(&self, doing: &'static str, answer: Result<T, SdkError<E>>) -> Result<T, WakeError>
    where
        E: Error + Send + Sync + 'static,
    {
        answer.map_err(|error| self.problem(doing, error.into()))
    }

    fn problem(&self, doing: &'static str, source: Box<dyn Error + Send + Sync>) -> WakeError {
        WakeError::Api { doing, resource: self.resource.clone(), source }
    }
}
