//! Who is told when a run ends.

use super::listeners::{BusArn, LineageUrl, Token, TopicArn};
use super::secret::SecretRef;
use super::setting::Setting;
use super::variables::{self, Variable as _};
use super::vars::Vars;
use crate::run::{Channel, Channels};

/// The group of its variables. No job inherits of it: what is told is the process's.
pub(super) const GROUP: &str = "Telling others";

/// `EVENT_BUS`, `EVENT_TOPIC`, `LINEAGE_URL`, `LINEAGE_TOKEN` and `LINEAGE_TOKEN_SECRET`. Unset: nobody is told.
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
    pub token: Option<LineageToken>,
}

/// What proves to a server that collects lineage who we are.
#[derive(Clone, Debug)]
pub enum LineageToken {
    /// `LINEAGE_TOKEN`.
    Given(Token),
    /// What the secret of `LINEAGE_TOKEN_SECRET` holds when a run's end is told.
    Kept(SecretRef),
}

impl Telling {
    pub(super) fn read(vars: &mut Vars<'_>) -> Self {
        let (bus, topic) = (vars.get(variables::EVENT_BUS), vars.get(variables::EVENT_TOPIC));
        let url: Option<LineageUrl> = vars.get(variables::LINEAGE_URL);
        let token = token(vars);
        match (&token, &url) {
            (Some((name, _)), Some(url)) if !url.is_encrypted() => vars.problem(format!(
                "LINEAGE_URL begins with http://; {name} accepts https:// only, because the token would go out in clear"
            )),
            // Nobody would ever be told it.
            (Some((name, _)), None) if vars.given(variables::LINEAGE_URL).is_none() => vars.problem(format!(
                "{name} is set without LINEAGE_URL; give the server that asks for the token, or leave it out"
            )),
            _ => {}
        }
        Self { bus, topic, lineage: url.map(|url| Lineage { url, token: token.map(|(_, token)| token) }) }
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

/// The token, and the variable that gives it. What is wrong with either is told without it: somebody may have put the token
/// itself where the secret's name belongs.
fn token(vars: &mut Vars<'_>) -> Option<(&'static str, LineageToken)> {
    match (vars.given(variables::LINEAGE_TOKEN), vars.given(variables::LINEAGE_TOKEN_SECRET)) {
        (None, None) => return None,
        (Some(_), Some(_)) => vars.problem(
            "LINEAGE_TOKEN and LINEAGE_TOKEN_SECRET are both set; accepted: the token itself, or the secret that holds it"
                .into(),
        ),
        (Some(text), None) => match Token::read(&text) {
            Some(token) => return Some(("LINEAGE_TOKEN", LineageToken::Given(token))),
            None => vars.problem(format!("LINEAGE_TOKEN cannot be sent as it is; accepted: {}", Token::ACCEPTS)),
        },
        (None, Some(text)) => match SecretRef::read(&text) {
            Some(secret) => return Some(("LINEAGE_TOKEN_SECRET", LineageToken::Kept(secret))),
            None => vars.problem(format!(
                "LINEAGE_TOKEN_SECRET names no secret; accepted: {}",
                variables::LINEAGE_TOKEN_SECRET::ENTRY.accepts
            )),
        },
    }
    None
}
