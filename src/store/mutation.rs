//! The protocol with one thing wrong, by name: with the feature `faults`, which only tests switch on, to see that the
//! replay of what hops do, or the audit of what they leave, finds it. Without the feature nothing is ever wrong.

use crate::run::named;

named! {
    /// What is done wrong.
    pub enum Mutation {
        /// `set_off` goes by the number that was read before the lanes were held.
        NumberBeforeHold = "number_before_hold",
        /// The continuation is sent while the lanes are held.
        SendBeforeRelease = "send_before_release",
        /// The lanes are held until the hop has ended.
        HoldKept = "hold_kept",
        /// They are held when the run has ended and the hop opens another.
        HoldKeptAtEnd = "hold_kept_at_end",
        /// The number that is sent is not noted.
        DueNotNoted = "due_not_noted",
        /// It is noted when it has been sent.
        SendBeforeDue = "send_before_due",
        /// An old message works.
        NumberNotCompared = "number_not_compared",
        /// Who gets an old message, and finds nobody at work, sends nothing.
        NotSentAgain = "not_sent_again",
        /// It sends while it holds the lanes.
        SentAgainHeld = "sent_again_held",
        /// A continuation works although others hold its lanes.
        HoldIgnored = "hold_ignored",
        /// Who sets off works although others hold the lanes.
        HoldIgnoredAtSetOff = "hold_ignored_at_set_off",
        /// Claiming does not change the fencing token.
        ClaimNotRaised = "claim_not_raised",
        /// A page does not compare it.
        ClaimNotCompared = "claim_not_compared",
        /// A page does not look whether its run is running, in the same pass.
        StateNotLookedAt = "state_not_looked_at",
        /// A page does not look whether its run is in the same pass.
        PassNotLookedAt = "pass_not_looked_at",
        /// A page does not lock its lane.
        LaneNotLocked = "lane_not_locked",
        /// A page counts its predictions twice.
        CountedTwice = "counted_twice",
        /// A lane goes on one key too far.
        CursorTooFar = "cursor_too_far",
        /// A run ends while others work on its lanes.
        LanesNotCounted = "lanes_not_counted",
        /// The second pass begins although items cannot be scored.
        FailuresNotLookedAt = "failures_not_looked_at",
        /// Who finishes the first pass does not look whether the second has begun.
        NoLastLook = "no_last_look",
        /// It looks before it lets go.
        LookBeforeRelease = "look_before_release",
        /// The second pass leaves the fencing tokens.
        RewoundUnclaimed = "rewound_unclaimed",
    }
}

#[cfg(not(feature = "faults"))]
mod none {
    /// Whether this is done wrong: never.
    pub(crate) const fn mutated(_: super::Mutation) -> bool {
        false
    }
}

#[cfg(feature = "faults")]
mod one {
    use std::sync::Mutex;

    use super::Mutation;

    static WRONG: Mutex<Option<Mutation>> = Mutex::new(None);

    /// From now on this is done wrong in this process, and nothing else.
    pub fn mutate(mutation: Option<Mutation>) {
        *WRONG.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = mutation;
    }

    /// Whether this is done wrong.
    pub(crate) fn mutated(mutation: Mutation) -> bool {
        *WRONG.lock().unwrap_or_else(std::sync::PoisonError::into_inner) == Some(mutation)
    }
}

#[cfg(not(feature = "faults"))]
pub(crate) use none::mutated;
#[cfg(feature = "faults")]
pub use one::mutate;
#[cfg(feature = "faults")]
pub(crate) use one::mutated;
