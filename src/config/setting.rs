//! A setting: a value that knows what it accepts, and how it is read from a variable's text.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A value that a variable can have.
pub trait Setting: Sized {
    /// What its text may be.
    const ACCEPTS: Accepts;

    /// The value, if its text is accepted.
    fn read(text: &str) -> Option<Self>;
}

/// Makes settings of enums that have names.
macro_rules! one_of {
    ($($name:ty),+) => {$(
        impl Setting for $name {
            const ACCEPTS: Accepts = Accepts::OneOf(Self::NAMES);

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )+};
}
pub(super) use one_of;

/// What a setting accepts. Displayed, it completes the sentence "accepted: …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A whole number from the first to the second.
    Whole(u32, u32),
    /// What the sentence says.
    Text(&'static str),
}

impl fmt::Display for Accepts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneOf([others @ .., last]) if !others.is_empty() => write!(f, "{} or {last}", others.join(", ")),
            Self::OneOf(words) => f.write_str(&words.join(", ")),
            Self::Whole(least, most) => write!(f, "a whole number from {least} to {most}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl Setting for String {
    const ACCEPTS: Accepts = Accepts::Text("text");

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Setting for bool {
    const ACCEPTS: Accepts = Accepts::OneOf(&["true", "false"]);

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole<T, const LEAST: u32, const MOST: u32>(pub T);

impl<T: TryFrom<u32>, const LEAST: u32, const MOST: u32> Setting for Whole<T, LEAST, MOST> {
    const ACCEPTS: Accepts = Accepts::Whole(LEAST, MOST);

    fn read(text: &str) -> Option<Self> {
        let number = text.parse().ok().filter(|number| (LEAST..=MOST).contains(number))?;
        T::try_from(number).ok().map(Self)
    }
}

/// A span of time as people write it: `90s`, `15m`, `1h`, `2d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl Setting for Span {
    const ACCEPTS: Accepts = Accepts::Text("a number and a unit, like 90s, 15m, 1h or 2d");

    fn read(text: &str) -> Option<Self> {
        let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];
        let in_unit = |(unit, seconds): (char, u64)| text.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(seconds);
        // A century bounds the arithmetic on dates.
        let seconds = units.into_iter().find_map(in_unit).filter(|seconds| *seconds <= 100 * 366 * 86_400)?;
        Some(Self(Duration::from_secs(seconds)))
    }
}

/// A file that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PemFile(pub PathBuf);

impl Setting for PemFile {
    const ACCEPTS: Accepts = Accepts::Text("a readable PEM file");

    fn read(text: &str) -> Option<Self> {
        Some(PathBuf::from(text)).filter(|path| path.is_file()).map(Self)
    }
}

/// The address of a queue that keeps its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QueueUrl(pub String);

impl Setting for QueueUrl {
    const ACCEPTS: Accepts = Accepts::Text("the https URL of an SQS FIFO queue, ending in .fifo");

    fn read(text: &str) -> Option<Self> {
        let fits = text.starts_with("http") && text.ends_with(".fifo");
        fits.then(|| Self(text.to_owned()))
    }
}

/// The addresses of queues of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QueueUrls(pub Vec<String>);

impl Setting for QueueUrls {
    const ACCEPTS: Accepts = Accepts::Text("the https URLs of SQS queues, with commas between them");

    fn read(text: &str) -> Option<Self> {
        let urls: Vec<String> = text.split(',').map(|url| url.trim().to_owned()).collect();
        urls.iter().all(|url| url.starts_with("http")).then_some(Self(urls))
    }
}
