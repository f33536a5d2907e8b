//! Who is told when a run ends.

use super::listeners::{BusArn, LineageUrl, Token, TopicArn};
use super::setting::Setting;
use super::variables;
use super::vars::Vars;
use crate::run::{Channel, Channels};

/// The group of its variables. No job inherits of it: what is told is the process's.
pub(super) const GROUP: &str = "Telling others";

/// `EVENT_BUS`, `EVENT_TOPIC`, `LINEAGE_URL` and `LINEAGE_TOKEN`. Unset: nobody is told.
#[derive(Clone, Debug, Default)]
pub struct Telling {
    /// The event bus that gets an event.
    pub bus: Option<BusArn>,
    /// The topic that gets the same as a message.
    pub topic: Option<TopicArn>,
    /// Who gets an OpenLineage event.
    pub lineage: Option<Lineage>,
}

/// Where OpenLineage events go.
#[derive(Clone, Debug)]
pub struct Lineage {
    /// The server.
    pub url: LineageUrl,
    /// What proves to it who we are.
    pub token: Option<Token>,
}

impl Telling {
    pub(super) fn read(vars: &mut Vars<'_>) -> Self {
        let (bus, topic) = (vars.get(variables::EVENT_BUS), vars.get(variables::EVENT_TOPIC));
        let (url, token) = (vars.get(variables::LINEAGE_URL), vars.given(variables::LINEAGE_TOKEN));
        // What is wrong with a secret is told without it.
        let token = token.and_then(|text| {
            let token = Token::read(&text);
            if token.is_none() {
                vars.problem(format!("LINEAGE_TOKEN cannot be sent as it is; accepted: {}", Token::ACCEPTS));
            }
            token
        });
        if token.is_some() && url.as_ref().is_some_and(|url| !url.is_encrypted()) {
            vars.problem(
                "LINEAGE_URL begins with http://; LINEAGE_TOKEN accepts https:// only, because it would go out in clear"
                    .into(),
            );
        }
        Self { bus, topic, lineage: url.map(|url| Lineage { url, token }) }
    }

    /// By which ways others are told.
    pub fn channels(&self) -> Channels {
        Channel::ALL.iter().copied().filter(|channel| self.has(*channel)).collect()
    }

    fn has(&self, channel: Channel) -> bool {
        match channel {
            Channel::Bus => self.bus.is_some(),
            Channel::Topic => self.topic.is_some(),
            Channel::Lineage => self.lineage.is_some(),
        }
    }
}
