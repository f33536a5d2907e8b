//! What hops truly do, written down: with the feature `faults`, which only tests switch on, a `Referee` is told when a
//! step's first round trip begins, and what the step saw when it was answered. The names are those of the actions of the
//! model in `proof/`, which replays what is written down. Without the feature nothing of it is compiled.

use serde_json::Value;
#[cfg(feature = "faults")]
use serde_json::json;

#[cfg(feature = "faults")]
use super::turn::{beginning, is_refereed, tell};
use crate::run::named;

named! {
    /// What a hop or an operator does: an action of the model.
    pub enum Act {
        /// Looks for the run that comes first.
        Open = "open",
        /// Looks how far the items of a run that is to be opened reach.
        LayOut = "lay_out",
        /// Opens a run, with its lanes.
        OpenRun = "open_run",
        /// Begins another attempt at a window in one piece.
        TryAgain = "try_again",
        /// Reads what is due of a run.
        TakeUp = "take_up",
        /// Holds a worker's lanes, or asks who does.
        SetOff = "set_off",
        /// Makes another worker's hop due,
        SetOffDue = "set_off_due",
        /// and sends it.
        SetOffSend = "set_off_send",
        /// Looks at the run that a message names.
        GoOn = "go_on",
        /// Holds its lanes, and reads what is due.
        GoOnHold = "go_on_hold",
        /// Lets go of them, since the message is an old one,
        SendAgainRelease = "send_again_release",
        /// and sends the one that is due.
        SendAgain = "send_again",
        /// Claims the lanes.
        ClaimLanes = "claim_lanes",
        /// Reads a page and locks it.
        ReadPage = "read_page",
        /// Commits it.
        CommitPage = "commit_page",
        /// Lets go of the lanes, for time is up,
        HandOverRelease = "hand_over_release",
        /// makes the worker's next hop due,
        HandOverDue = "hand_over_due",
        /// and sends it.
        SendContinuation = "send_continuation",
        /// Ends or holds a run before its lanes are done.
        StopRun = "stop_run",
        /// Locks the run, and looks whether these were its last lanes.
        Finish = "finish",
        /// Ends it, or its first pass.
        FinishRun = "finish_run",
        /// Lets go of the lanes, for the run is over and another one is asked for.
        Ended = "ended",
        /// Lets go of the lanes after the first pass,
        LeaveCheckRelease = "leave_check_release",
        /// and looks whether the second has begun.
        LeaveCheckLook = "leave_check_look",
    }
}

impl Act {
    /// This one, alone.
    pub(crate) fn alone(self) -> &'static [Self] {
        let place = self as usize;
        &Self::ALL[place..=place]
    }
}

/// Does something; each of these steps begins with its first round trip.
#[cfg(not(feature = "faults"))]
pub(crate) fn acting<F: Future>(_: &'static [Act], _: Option<u16>, made: F) -> F {
    made
}

/// Says what a step saw.
#[cfg(not(feature = "faults"))]
pub(crate) fn saw(_: Act, _: Option<u16>, _: impl FnOnce() -> Value) {}

/// Does something; each of these steps begins with its first round trip.
#[cfg(feature = "faults")]
pub(crate) fn acting<F: Future>(acts: &'static [Act], lane: Option<u16>, made: F) -> impl Future<Output = F::Output> {
    beginning(acts.iter().map(|act| json!({ "begins": act, "lane": lane })).collect(), made)
}

/// Says what a step saw.
#[cfg(feature = "faults")]
pub(crate) fn saw(act: Act, lane: Option<u16>, what: impl FnOnce() -> Value) {
    if is_refereed() {
        tell(json!({ "did": act, "lane": lane, "saw": what() }));
    }
}
