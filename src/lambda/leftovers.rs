//! What failed for good: messages and events in queues that should be empty, until somebody has seen to them.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesError;
use aws_sdk_sqs::types::QueueAttributeName;

use super::sdk;
use crate::config::Config;
use crate::words;

/// The queues that should be empty. An alarm on each would be paid for every month; a look costs next to nothing.
#[derive(Debug)]
pub(super) struct Leftovers(Vec<String>);

/// Why a queue could not be looked into.
#[derive(Debug, thiserror::Error)]
#[error("looking into {url}")]
struct Unseen {
    url: String,
    source: Box<SdkError<GetQueueAttributesError>>,
}

impl Leftovers {
    /// Those that the configuration names, if it names any.
    pub(super) fn of(config: &Config) -> Option<Self> {
        let urls = config.dead_letter_queue_urls.clone();
        (!urls.is_empty()).then_some(Self(urls))
    }

    /// How many messages are in them, and a line in the log for each queue that has some; `None`: they could not be seen.
    pub(super) async fn look(&self) -> Option<u64> {
        let client = Client::new(&sdk::from_env().await);
        let mut messages = 0;
        for url in &self.0 {
            match waiting(&client, url).await {
                Ok(0) => {}
                Ok(some) => {
                    tracing::error!(queue = url, messages = some, "what failed for good waits for somebody");
                    messages += some;
                }
                Err(error) => {
                    tracing::error!(error = words::chain(&error), "it is not known whether something failed for good");
                    return None;
                }
            }
        }
        Some(messages)
    }
}

async fn waiting(client: &Client, url: &str) -> Result<u64, Unseen> {
    let count = QueueAttributeName::ApproximateNumberOfMessages;
    let asked = client.get_queue_attributes().queue_url(url).attribute_names(count.clone()).send().await;
    let seen = asked.map_err(|error| Unseen { url: url.to_owned(), source: Box::new(error) })?;
    // A queue that does not say it has none.
    Ok(seen.attributes().and_then(|attributes| attributes.get(&count)?.parse().ok()).unwrap_or(0))
}
