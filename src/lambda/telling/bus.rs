//! Events on an EventBridge event bus.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use tokio::sync::OnceCell;

use crate::config::BusArn;
use crate::hop::{Ended, NotTold};
use crate::lambda::sdk;

/// Which program an event is of, and what it says: rules choose by both.
const SOURCE: &str = "rowscore";
const DETAIL_TYPE: &str = "Run ended";

/// An event bus.
#[derive(Debug)]
pub(super) struct Bus {
    client: OnceCell<Client>,
    pub(super) arn: BusArn,
}

impl Bus {
    pub(super) fn new(arn: BusArn) -> Self {
        Self { client: OnceCell::new(), arn }
    }

    /// Puts the event that tells of a run.
    ///
    /// # Errors
    /// The bus could not be reached, or did not take it.
    pub(super) async fn put(&self, ended: &Ended) -> Result<(), NotTold> {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(self.arn.as_str())
            .source(SOURCE)
            .detail_type(DETAIL_TYPE)
            .detail(serde_json::to_string(ended)?)
            .set_time(ended.finished_at.map(|at| DateTime::from_secs(at.timestamp())));
        let client = self.client.get_or_init(async || Client::new(&sdk::of_region(self.arn.region()).await)).await;
        let put = client.put_events().entries(entry.build()).send().await.map_err(sdk::not_told)?;
        // One that is refused comes with an answer that is well otherwise.
        match put.entries().iter().find(|entry| entry.error_code().is_some()) {
            None => Ok(()),
            Some(refused) => {
                let said = [refused.error_code(), refused.error_message()].map(Option::unwrap_or_default);
                let why = format!("the event is refused: {}", said.join(": ")).into();
                // It has too much to do, or something is wrong with itself.
                let passes = ["ThrottlingException", "InternalFailure", "InternalException"].contains(&said[0]);
                Err(if passes { NotTold::Unreached(why) } else { NotTold::Refused(why) })
            }
        }
    }
}
