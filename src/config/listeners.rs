//! Where those are who are told when a run ends, and what proves to them who we are.

use std::fmt;

use super::setting::{Accepts, Setting};

/// The ARN of an event bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusArn(String);

/// The ARN of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicArn(String);

/// The address of a server without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineageUrl(String);

/// A secret, which no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Whether `text` is an ARN of `service` whose resource `is_well`. Of a part that is none it is none.
fn is_arn(text: &str, service: &str, is_well: impl Fn(&str) -> bool) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    matches!(parts[..], ["arn", partition, of, region, account, resource]
        if partition.starts_with("aws") && of == service && !region.is_empty() && plain(region)
            && account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit())
            && plain(resource) && is_well(resource))
}

/// The region in an ARN.
pub(super) fn region(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

impl Setting for BusArn {
    const ACCEPTS: Accepts =
        Accepts::Text("the ARN of an event bus, like arn:aws:events:eu-central-1:123456789012:event-bus/default");

    fn read(text: &str) -> Option<Self> {
        let named = |resource: &str| resource.strip_prefix("event-bus/").is_some_and(|name| !name.is_empty());
        is_arn(text, "events", named).then(|| Self(text.to_owned()))
    }
}

impl Setting for TopicArn {
    const ACCEPTS: Accepts = Accepts::Text("the ARN of an SNS topic, like arn:aws:sns:eu-central-1:123456789012:runs");

    fn read(text: &str) -> Option<Self> {
        let named = |resource: &str| !resource.is_empty() && !resource.contains('/');
        is_arn(text, "sns", named).then(|| Self(text.to_owned()))
    }
}

impl Setting for LineageUrl {
    const ACCEPTS: Accepts = Accepts::Text("the address of a server, like https://marquez.example.com");

    fn read(text: &str) -> Option<Self> {
        let (scheme, place) = text.split_once("://")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/[]~%".contains(c);
        let fits = matches!(scheme, "https" | "http") && !place.starts_with('/') && place.chars().all(plain);
        (fits && !place.is_empty()).then(|| Self(text.trim_end_matches('/').to_owned()))
    }
}

impl Setting for Token {
    const ACCEPTS: Accepts = Accepts::Text("letters, digits and marks of ASCII, without spaces");

    fn read(text: &str) -> Option<Self> {
        text.bytes().all(|byte| byte.is_ascii_graphic()).then(|| Self(text.to_owned()))
    }
}

impl BusArn {
    /// It, as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The region that it is in.
    pub fn region(&self) -> &str {
        region(&self.0)
    }
}

impl TopicArn {
    /// It, as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The region that it is in.
    pub fn region(&self) -> &str {
        region(&self.0)
    }

    /// Whether the topic keeps an order, and so wants to know which.
    pub fn keeps_order(&self) -> bool {
        self.0.ends_with(".fifo")
    }
}

impl LineageUrl {
    /// It, as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl Token {
    /// The secret itself.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}
