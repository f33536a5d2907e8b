//! Who is told that a run ended.

use std::fmt;
use std::str::FromStr;

use super::{UnknownName, named};

named! {
    /// A way by which others learn that a run ended.
    pub enum Channel {
        /// An EventBridge event bus: `EVENT_BUS`.
        Bus = "bus",
        /// An SNS topic: `EVENT_TOPIC`.
        Topic = "topic",
        /// Whoever collects OpenLineage events: `LINEAGE_URL`.
        Lineage = "lineage",
    }
}

/// Some of the [`Channel`]s, or none. In SQL and in logs their names stand in order, with commas between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Channels([bool; Channel::ALL.len()]);

impl Channels {
    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Whether this one is among them.
    pub fn has(self, channel: Channel) -> bool {
        self.0[channel as usize]
    }

    /// The same with one more.
    #[must_use]
    pub fn with(mut self, channel: Channel) -> Self {
        self.0[channel as usize] = true;
        self
    }

    /// The same but for one.
    #[must_use]
    pub fn without(mut self, channel: Channel) -> Self {
        self.0[channel as usize] = false;
        self
    }

    /// Each of them, in order.
    pub fn iter(self) -> impl Iterator<Item = Channel> {
        Channel::ALL.iter().copied().filter(move |channel| self.has(*channel))
    }
}

impl FromIterator<Channel> for Channels {
    fn from_iter<I: IntoIterator<Item = Channel>>(channels: I) -> Self {
        channels.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Display for Channels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(Channel::name).collect();
        f.pad(&names.join(","))
    }
}

impl FromStr for Channels {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        text.split(',').filter(|name| !name.is_empty()).map(str::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_read_as_they_are_written() {
        let both: Channels = [Channel::Lineage, Channel::Bus].into_iter().collect();
        for (channels, text) in
            [(both, "bus,lineage"), (both.without(Channel::Bus), "lineage"), (Channels::default(), "")]
        {
            assert_eq!((channels.to_string().as_str(), text.parse::<Channels>().unwrap()), (text, channels));
        }
        assert!("bus,pigeon".parse::<Channels>().is_err());
    }
}
