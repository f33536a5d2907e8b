//! A FIFO queue of the test's own, and its messages as Lambda delivers them.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use serde_json::{Value, json};

use super::environment;
use super::private::unique_name;

/// The test's own queue.
pub struct Queue {
    client: Client,
    /// Its address, as `CONTINUATION_QUEUE_URL` takes it.
    pub url: String,
}

impl Queue {
    /// Makes an empty one.
    pub async fn new() -> Self {
        let config = aws_config::from_env().endpoint_url(environment("ROWSCORE_TEST_SQS")).load().await;
        let client = Client::new(&config);
        let name = unique_name("it", '-') + ".fifo";
        let queue = client.create_queue().queue_name(name).attributes(QueueAttributeName::FifoQueue, "true");
        let url = queue.send().await.expect("the queue is made").queue_url.expect("the queue has a URL");
        Self { client, url }
    }

    /// From here on, a message that was delivered is hidden for so many seconds.
    pub async fn hide_for(&self, seconds: u32) {
        let change = self.client.set_queue_attributes().queue_url(&self.url);
        change.attributes(QueueAttributeName::VisibilityTimeout, seconds.to_string()).send().await.unwrap();
    }

    /// Somebody else sends something.
    pub async fn send(&self, body: &str) {
        let message = self.client.send_message().queue_url(&self.url).message_body(body);
        message.message_group_id("somebody").message_deduplication_id(body).send().await.unwrap();
    }

    /// The next message that may be delivered now, and hidden from then on.
    pub async fn receive(&self) -> Option<Message> {
        let received = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(1)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .send()
            .await
            .expect("the queue answers");
        received.messages.unwrap_or_default().pop()
    }

    /// The message was handled.
    pub async fn delete(&self, message: &Message) {
        let handle = message.receipt_handle.as_deref().unwrap();
        self.client.delete_message().queue_url(&self.url).receipt_handle(handle).send().await.unwrap();
    }

    /// The message was not handled, and may be delivered again.
    pub async fn put_back(&self, message: &Message) {
        let handle = message.receipt_handle.as_deref().unwrap();
        let change = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(handle);
        change.visibility_timeout(0).send().await.unwrap();
    }

    /// Deletes the queue.
    pub async fn remove(self) {
        self.client.delete_queue().queue_url(&self.url).send().await.unwrap();
    }
}

/// An attribute that SQS itself gives a message.
pub fn attribute(message: &Message, name: MessageSystemAttributeName) -> &str {
    message.attributes.as_ref().and_then(|all| all.get(&name)).map(String::as_str).unwrap_or_default()
}

/// The message as Lambda's event source mapping delivers it.
pub fn delivery(message: &Message) -> Value {
    let attributes: serde_json::Map<String, Value> = message
        .attributes
        .iter()
        .flatten()
        .map(|(name, value)| (name.as_str().to_owned(), Value::from(value.as_str())))
        .collect();
    json!({"Records": [{
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": message.md5_of_body,
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:rowscore-continuations.fifo",
        "awsRegion": "eu-central-1",
    }]})
}
