//! Others are told that a run ended: an event bus, a topic, and whoever collects lineage.

mod bus;
mod datasets;
mod lineage;
mod topic;

use std::error::Error;

use bus::Bus;
use lineage::Collector;
use topic::Topic;

use crate::config::Config;
use crate::hop::{Ended, NotTold};
use crate::run::Channel;

/// Who is told. Clients are made when they are first needed.
#[derive(Debug)]
pub struct Tellers {
    bus: Option<Bus>,
    topic: Option<Topic>,
    lineage: Option<Collector>,
}

/// Why somebody was not told.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// They could not be reached, or did not take it.
    #[error("{to}")]
    Call {
        /// The ARN, or the address.
        to: String,
        /// What they said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Nobody is named who would be told so.
    #[error("nothing is set for `{0}`")]
    Nobody(Channel),
}

impl Tellers {
    /// Those that the configuration names. Opens no connection.
    pub fn new(config: &Config) -> Self {
        let telling = &config.telling;
        Self {
            bus: telling.bus.clone().map(Bus::new),
            topic: telling.topic.clone().map(|topic| Topic::new(topic, &config.mysql)),
            lineage: telling.lineage.clone().map(|lineage| Collector::new(lineage, &config.mysql)),
        }
    }

    /// Tells them, by one of the ways, that a run ended.
    ///
    /// # Errors
    /// They were not told.
    pub async fn tell(&self, by: Channel, ended: &Ended) -> Result<(), NotTold> {
        // Boxed: the client of a service is deep.
        let (to, told) = match (by, self) {
            (Channel::Bus, Self { bus: Some(bus), .. }) => (bus.arn.as_str(), Box::pin(bus.put(ended)).await),
            (Channel::Topic, Self { topic: Some(topic), .. }) => {
                (topic.arn.as_str(), Box::pin(topic.publish(ended)).await)
            }
            (Channel::Lineage, Self { lineage: Some(collector), .. }) => {
                (collector.url(), Box::pin(collector.post(ended)).await)
            }
            (by, _) => return Err(TellError::Nobody(by).into()),
        };
        let named = |source| TellError::Call { to: to.to_owned(), source }.into();
        told.map_err(|why| match why {
            NotTold::Refused(source) => NotTold::Refused(named(source)),
            NotTold::Unreached(source) => NotTold::Unreached(named(source)),
        })
    }
}
