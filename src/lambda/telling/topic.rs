//! Messages to an SNS topic.

use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::config::Builder;
use aws_sdk_sns::types::MessageAttributeValue;
use tokio::sync::OnceCell;

use super::datasets::Datasets;
use crate::config::{MysqlConfig, TopicArn};
use crate::hop::{Ended, NotTold};
use crate::lambda::sdk;
use crate::words;

/// The longest subject that SNS takes. <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const LONGEST_SUBJECT: usize = 99;

/// A topic.
#[derive(Debug)]
pub(super) struct Topic {
    client: OnceCell<Client>,
    pub(super) arn: TopicArn,
    datasets: Datasets,
}

impl Topic {
    pub(super) fn new(arn: TopicArn, mysql: &MysqlConfig) -> Self {
        Self { client: OnceCell::new(), arn, datasets: Datasets::of(mysql) }
    }

    /// Publishes the message that tells of a run. Its subject is for people; by its attributes subscriptions choose.
    ///
    /// # Errors
    /// The topic could not be reached, or did not take it.
    pub(super) async fn publish(&self, ended: &Ended) -> Result<(), NotTold> {
        let client = async || Client::from_conf(by_its_usual_name(&sdk::of_region(self.arn.region()).await).build());
        let client = self.client.get_or_init(client).await;
        let message = serde_json::to_string_pretty(ended)?;
        let mut publish = client.publish().topic_arn(self.arn.as_str()).subject(subject(ended)).message(message);
        for (name, value) in [("job", ended.job.as_str()), ("kind", ended.kind.name()), ("state", ended.state.name())] {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build()?;
            publish = publish.message_attributes(name, value);
        }
        if self.arn.keeps_order() {
            // Other databases may tell the same topic, and have a job of this name and a run of this number, too.
            let own = |name: &str| hex(self.datasets.hashed(name));
            publish = publish.message_group_id(own(ended.job.as_str())).message_deduplication_id(own(&ended.id));
        }
        publish.send().await.map_err(sdk::not_told)?;
        Ok(())
    }
}

/// SNS has addresses of both families under its usual name, and under no other, where its client looks for them with
/// `AWS_USE_DUALSTACK_ENDPOINT`. <https://docs.aws.amazon.com/sns/latest/dg/sns-dual-stack.html>
fn by_its_usual_name(config: &SdkConfig) -> Builder {
    Builder::from(config).use_dual_stack(false)
}

fn hex(hash: [u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_sdk_sns::config::SharedCredentialsProvider;
    use aws_sdk_sns::config::interceptors::BeforeTransmitInterceptorContextRef;
    use aws_sdk_sns::config::{BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents};
    use aws_sdk_sns::error::BoxError;

    use super::*;

    /// Notes where a call goes, and lets none go.
    #[derive(Clone, Debug, Default)]
    struct Noted(Arc<Mutex<String>>);

    impl Intercept for Noted {
        fn name(&self) -> &'static str {
            "noted"
        }

        fn read_before_transmit(
            &self,
            context: &BeforeTransmitInterceptorContextRef<'_>,
            _: &RuntimeComponents,
            _: &mut ConfigBag,
        ) -> Result<(), BoxError> {
            *self.0.lock().map_err(|_| "poisoned")? = context.request().uri().to_owned();
            Err("it is not sent".into())
        }
    }

    #[tokio::test]
    async fn in_a_network_of_ipv6_a_topic_is_reached_in_its_own_region_by_the_usual_name() {
        for (region, host) in [("eu-west-1", "amazonaws.com"), ("cn-north-1", "amazonaws.com.cn")] {
            let config = SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(region))
                .credentials_provider(SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "test")))
                .use_dual_stack(true)
                .build();
            let noted = Noted::default();
            let client = Client::from_conf(by_its_usual_name(&config).interceptor(noted.clone()).build());
            let topic = format!("arn:aws:sns:{region}:1:runs");
            let refused = client.publish().topic_arn(topic).message("m").send().await.unwrap_err();
            let said = words::chain(&refused);
            assert!(said.contains("it is not sent"), "{said}");
            assert_eq!(*noted.0.lock().unwrap(), format!("https://sns.{region}.{host}/"));
        }
    }
}
