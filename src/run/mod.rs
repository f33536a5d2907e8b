//! What a run is: its kinds, its states and the way from one state to the next.

mod channels;
mod counts;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use channels::{Channel, Channels};
pub use counts::{Backfill, Changes, Counts};

/// The number of a run: the primary key of its row in `batch_runs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub u64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Gives an enum the names it has in SQL, events, logs and configuration, both ways.
macro_rules! named {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        $vis enum $name { $($(#[$doc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every variant, in the order of declaration.
            $vis const ALL: &[Self] = &[$(Self::$variant),+];

            /// Their names, in the same order.
            $vis const NAMES: &[&str] = &[$($text),+];

            /// The name in SQL, events, logs and configuration.
            $vis const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::run::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().copied().find(|known| known.name() == text);
                found.ok_or_else(|| $crate::run::UnknownName::new(text, Self::NAMES))
            }
        }
    };
}
pub(crate) use named;

/// A name that is none of an enum's.
#[derive(Debug, thiserror::Error)]
#[error("`{given}` is none of: {accepted}")]
pub struct UnknownName {
    given: String,
    accepted: String,
}

impl UnknownName {
    pub(crate) fn new(given: &str, accepted: &[&str]) -> Self {
        Self { given: given.to_owned(), accepted: accepted.join(", ") }
    }
}

named! {
    /// What a run works off.
    pub enum RunKind {
        /// The items created in a span of time; the schedule's own kind.
        Window = "window",
        /// Every pending item, however old: finds what was reset by hand or arrived with an old timestamp.
        Sweep = "sweep",
        /// The items created in a span of time whose prediction is another model version's.
        Backfill = "backfill",
        /// Nothing: golden rows are tried out on the way that the others take.
        Canary = "canary",
    }
}

named! {
    /// What becomes of a run's scores.
    pub enum Mode {
        /// They are the items' predictions from then on.
        Write = "write",
        /// They are counted and compared, and no item is touched. Backfills only.
        DryRun = "dry_run",
    }
}

impl Mode {
    /// Whether scores are written.
    pub fn writes(self) -> bool {
        self == Self::Write
    }

    /// As [`Mode::writes`], in serde's manner.
    pub(crate) fn is_write(&self) -> bool {
        self.writes()
    }

    /// As an event's `dry_run`.
    pub(crate) fn as_dry_run<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(!self.writes())
    }
}

named! {
    /// How far a run has come. See [`RunState::may_become`] for the machine.
    pub enum RunState {
        /// Hops work on it.
        Running = "running",
        /// Paused by an operator; no hop works on it.
        Paused = "paused",
        /// The window is worked off, and none of its items was set aside.
        Succeeded = "succeeded",
        /// The window is worked off, and some of its items were set aside.
        SucceededWithFailures = "succeeded_with_failures",
        /// Stopped by a brake (too many failures or hops), or an item failed under `retry_all`.
        Failed = "failed",
        /// Stopped by an operator, or replaced by a run of another model.
        Cancelled = "cancelled",
    }
}

impl RunState {
    /// Whether a run may go from this state to `next`.
    pub fn may_become(self, next: Self) -> bool {
        use RunState::{Cancelled, Failed, Paused, Running, Succeeded, SucceededWithFailures};
        matches!(
            (self, next),
            (Running, Paused | Succeeded | SucceededWithFailures | Failed | Cancelled)
                | (Paused, Running | Cancelled)
                // Tried again as a whole, by the same model or by another: `retry_all` only.
                | (Failed, Running | Cancelled)
        )
    }

    /// Whether the run is over, as far as hops are concerned.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Running | Self::Paused)
    }
}

named! {
    /// Which pass over its window a run is in. Only `retry_all` has two.
    pub enum Pass {
        /// Items are scored, and nothing of it is written but the failures.
        Check = "check",
        /// Items are scored and written.
        Write = "write",
    }
}

named! {
    /// What becomes of items that cannot be scored.
    pub enum FailurePolicy {
        /// Set aside; tried again by later runs, up to `MAX_ATTEMPTS`, or when their values changed.
        RetryFailed = "retry_failed",
        /// The window is one piece: no prediction is written unless every item can be scored;
        /// otherwise the run fails, and the whole window is tried again, up to `MAX_ATTEMPTS`.
        RetryAll = "retry_all",
        /// Set aside for good, until released by hand.
        Leave = "leave",
    }
}
