//! An event bus and a topic of the test's own, and what is told to them.

use aws_sdk_eventbridge::types::Target;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use super::environment;
use super::private::unique_name;

/// A queue at the other end, which keeps what it hears.
struct Ear {
    client: aws_sdk_sqs::Client,
    url: String,
    arn: String,
}

impl Ear {
    async fn new() -> Self {
        let client = aws_sdk_sqs::Client::new(&local().await);
        let queue = client.create_queue().queue_name(unique_name("ear", '-')).send().await.unwrap();
        let url = queue.queue_url.unwrap();
        let asked = client.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn);
        let arn = asked.send().await.unwrap().attributes.unwrap()[&QueueAttributeName::QueueArn].clone();
        Self { client, url, arn }
    }

    /// What it heard since it was asked last, in the order of the runs.
    async fn heard(&self) -> Vec<Value> {
        let mut heard = Vec::new();
        loop {
            let receive = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
            let messages = receive.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return heard;
            }
            for message in messages {
                heard.push(serde_json::from_str(message.body().unwrap()).unwrap());
                let handle = message.receipt_handle().unwrap();
                self.client.delete_message().queue_url(&self.url).receipt_handle(handle).send().await.unwrap();
            }
        }
    }
}

/// How the local AWS is reached.
async fn local() -> aws_config::SdkConfig {
    aws_config::from_env().endpoint_url(environment("ROWSCORE_TEST_SQS")).load().await
}

/// The environment by which a program of its own reaches the local AWS, or whoever is at `endpoint`.
pub fn variables(endpoint: Option<&str>) -> [(&'static str, String); 5] {
    [
        ("AWS_ENDPOINT_URL", endpoint.map_or_else(|| environment("ROWSCORE_TEST_SQS"), str::to_owned)),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
}

/// A bus with a rule for what rowscore puts there.
pub struct Bus {
    /// Its ARN, as `EVENT_BUS` takes it.
    pub arn: String,
    ear: Ear,
}

impl Bus {
    /// Makes it.
    pub async fn new() -> Self {
        Self::with_rule(r#"{"source": ["rowscore"], "detail-type": ["Run ended"]}"#).await
    }

    /// The same, with a rule of one's own.
    pub async fn with_rule(pattern: &str) -> Self {
        let (client, name, ear) =
            (aws_sdk_eventbridge::Client::new(&local().await), unique_name("it", '-'), Ear::new().await);
        let bus = client.create_event_bus().name(&name).send().await.unwrap();
        client.put_rule().name("ends").event_bus_name(&name).event_pattern(pattern).send().await.unwrap();
        let target = Target::builder().id("ear").arn(&ear.arn).build().unwrap();
        client.put_targets().rule("ends").event_bus_name(&name).targets(target).send().await.unwrap();
        Self { arn: bus.event_bus_arn.unwrap(), ear }
    }

    /// The events that came since it was asked last, whole.
    pub async fn heard(&self) -> Vec<Value> {
        self.ear.heard().await
    }

    /// The ids of what it heard, in order.
    pub async fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.heard().await.iter().map(|event| text(&event["detail"]["id"])).collect();
        ids.sort_unstable();
        ids
    }
}

/// A topic that somebody has subscribed to.
pub struct Topic {
    /// Its ARN, as `EVENT_TOPIC` takes it.
    pub arn: String,
    ear: Ear,
}

impl Topic {
    /// The ARN of a topic that is not there.
    pub fn missing() -> String {
        format!("arn:aws:sns:eu-central-1:000000000000:{}", unique_name("it", '-'))
    }

    /// Makes one of a name of its own.
    pub async fn new() -> Self {
        Self::at(&Self::missing()).await
    }

    /// Makes the one with this ARN.
    pub async fn at(arn: &str) -> Self {
        let (client, ear) = (aws_sdk_sns::Client::new(&local().await), Ear::new().await);
        let made = client.create_topic().name(arn.rsplit(':').next().unwrap()).send().await.unwrap();
        assert_eq!(made.topic_arn.as_deref(), Some(arn));
        client.subscribe().topic_arn(arn).protocol("sqs").endpoint(&ear.arn).send().await.unwrap();
        Self { arn: arn.to_owned(), ear }
    }

    /// The notifications that came since it was asked last, as SNS delivers them.
    pub async fn heard(&self) -> Vec<Value> {
        self.ear.heard().await
    }

    /// The ids of what it heard, in order.
    pub async fn ids(&self) -> Vec<String> {
        let told =
            |notification: &Value| serde_json::from_str::<Value>(notification["Message"].as_str().unwrap()).unwrap();
        let mut ids: Vec<String> = self.heard().await.iter().map(|heard| text(&told(heard)["id"])).collect();
        ids.sort_unstable();
        ids
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
