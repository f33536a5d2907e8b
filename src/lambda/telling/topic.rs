//! Messages to an SNS topic.

use std::error::Error;

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use tokio::sync::OnceCell;

use crate::config::TopicArn;
use crate::hop::Ended;
use crate::lambda::sdk;
use crate::words;

/// The longest subject that SNS takes. <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const LONGEST_SUBJECT: usize = 99;

/// A topic.
#[derive(Debug)]
pub(super) struct Topic {
    client: OnceCell<Client>,
    pub(super) arn: TopicArn,
}

impl Topic {
    pub(super) fn new(arn: TopicArn) -> Self {
        Self { client: OnceCell::new(), arn }
    }

    /// Publishes the message that tells of a run. Its subject is for people; by its attributes subscriptions choose.
    ///
    /// # Errors
    /// The topic could not be reached, or did not take it.
    pub(super) async fn publish(&self, ended: &Ended) -> Result<(), Box<dyn Error + Send + Sync>> {
        let client = self.client.get_or_init(async || Client::new(&sdk::of_region(self.arn.region()).await)).await;
        let message = serde_json::to_string_pretty(ended)?;
        let mut publish = client.publish().topic_arn(self.arn.as_str()).subject(subject(ended)).message(message);
        for (name, value) in [("job", ended.job.as_str()), ("kind", ended.kind.name()), ("state", ended.state.name())] {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build()?;
            publish = publish.message_attributes(name, value);
        }
        if self.arn.keeps_order() {
            publish = publish.message_group_id(ended.job.as_str()).message_deduplication_id(ended.id.as_str());
        }
        publish.send().await?;
        Ok(())
    }
}

/// What a mail is called: `rowscore: run 12 of churn succeeded, 1,204 predicted`. SNS takes letters of ASCII alone, and
/// of these a job's name is.
fn subject(ended: &Ended) -> String {
    let (run, job, state) = (ended.run_id, &ended.job, words::state(ended.state));
    let mut said = format!("rowscore: run {run} of {job} {state}, {} predicted", words::count(ended.predicted));
    if ended.failed > 0 {
        said += &format!(", {} set aside", words::count(ended.failed));
    }
    said.chars().take(LONGEST_SUBJECT).collect()
}
