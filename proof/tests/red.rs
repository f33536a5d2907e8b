//! Each guard is needed: without it the checker finds what goes wrong, and after how many steps. These must stay red.

use rowscore_proof::calm::{ENDS, ENDS_BY_ITSELF};
use rowscore_proof::setup::{Guard, Setup};
use rowscore_proof::setups::{BAD_PIECE, CHAIN, FAILOVER, MODELS, OPERATOR, TICKS};
use rowscore_proof::shortest::{shortest, steps};

/// Without the guard the promise is broken, at the earliest after so many steps.
fn breaks(setup: Setup, guard: Guard, promise: &'static str, earliest: usize) {
    let way = shortest(&setup.without(guard), promise);
    assert_eq!(way.as_ref().map(steps), Some(earliest), "without {guard:?}");
}

macro_rules! red {
    ($($name:ident: $setup:ident, $guard:ident, $promise:expr, $steps:literal;)+) => {
        $(#[test]
        fn $name() {
            breaks($setup, Guard::$guard, $promise, $steps);
        })+
    };
}

red! {
    without_the_key_of_unfinished_runs: TICKS, UnfinishedKey, "of a kind one run is unfinished", 7;
    without_the_key_of_ticks: CHAIN, TickKey, "a tick has one run", 19;
    without_the_hold: CHAIN, Hold, "who holds its lanes is not taken over", 13;
    without_one_commit: CHAIN, OneCommit, "the counts are what was written", 8;
    without_pending_rows_only: MODELS, PendingOnly, "no row is predicted twice", 18;
    without_the_state_at_each_page: OPERATOR, StateAtPage, "no page begins of a run that is held or over", 8;
    without_the_lock_on_the_run: CHAIN, RunLock, "a run ends once", 21;
    without_the_state_under_that_lock: CHAIN, StateUnderLock, "a run ends once", 21;
    without_the_locks_on_the_lanes_at_an_early_end: OPERATOR, LanesLocked, "the counts are what was written", 9;
    without_both_or_neither: MODELS, BothOrNeither, "a run that is replaced has a successor", 7;
    without_the_same_model: MODELS, SameModel, "a run has the predictions of one model", 12;
    without_sending_again: CHAIN, SendAgain, ENDS_BY_ITSELF, 22;
    without_the_lanes_own_number: CHAIN, OwnNumber, ENDS_BY_ITSELF, 22;
    without_the_greatest_number: CHAIN, Greatest, ENDS_BY_ITSELF, 23;
    without_the_number_after_the_hold: CHAIN, NumberAfterHold, ENDS_BY_ITSELF, 11;
    without_letting_go_before_sending: CHAIN, ReleaseFirst, ENDS_BY_ITSELF, 1;
    without_due_before_sent: CHAIN, DueFirst, ENDS_BY_ITSELF, 1;
    without_message_groups: CHAIN, Group, ENDS_BY_ITSELF, 25;
    without_the_look_back: TICKS, LookBack, ENDS, 0;
    without_the_lock_on_the_lane: FAILOVER, LaneLock, "the counts are what was written", 17;
    without_the_cursor_under_that_lock: OPERATOR, Cursor, ENDS, 9;
    without_letting_go_before_looking: BAD_PIECE, ReleaseThenLook, ENDS, 4;
    without_deleting_last: CHAIN, DeleteLast, ENDS_BY_ITSELF, 14;
    without_the_chain_of_good_ends: OPERATOR, ChainEnd, ENDS, 5;
}
