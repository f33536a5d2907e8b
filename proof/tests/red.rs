//! Each guard is needed: without it the checker finds what goes wrong, and after how many steps. These must stay red.

use rowscore_proof::calm::{ENDS, ENDS_BY_ITSELF};
use rowscore_proof::setup::{Guard, Setup};
use rowscore_proof::setups::{CHAIN, MODELS, OPERATOR, TICKS};
use stateright::{Checker, HasDiscoveries, Model};

/// Without the guard the promise is broken, at the earliest after so many steps.
fn breaks(setup: Setup, guard: Guard, promise: &'static str, steps: usize) {
    let model = setup.without(guard);
    let checker = model.checker().threads(1).finish_when(HasDiscoveries::Any).spawn_bfs().join();
    let found = checker.discovery(promise).map(|path| path.into_actions().len());
    assert_eq!(found, Some(steps), "without {guard:?}");
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
    without_the_key_of_unfinished_runs: TICKS, UnfinishedKey, "of a kind one run is unfinished", 11;
    without_the_key_of_ticks: CHAIN, TickKey, "a tick has one run", 21;
    without_the_hold: CHAIN, Hold, "who holds its lanes is not taken over", 17;
    without_one_commit: CHAIN, OneCommit, "the counts are what was written", 19;
    without_pending_rows_only: MODELS, PendingOnly, "no row is predicted twice", 18;
    without_the_state_at_each_page: OPERATOR, StateAtPage, "no page begins of a run that is held or over", 10;
    without_the_lock_on_the_run: CHAIN, RunLock, "a run ends once", 22;
    without_the_state_under_that_lock: CHAIN, StateUnderLock, "a run ends once", 22;
    without_the_locks_on_the_lanes_at_an_early_end: OPERATOR, LanesLocked, "the counts are what was written", 10;
    without_both_or_neither: MODELS, BothOrNeither, "a run that is replaced has a successor", 12;
    without_the_same_model: MODELS, SameModel, "a run has the predictions of one model", 14;
    without_sending_again: CHAIN, SendAgain, ENDS_BY_ITSELF, 22;
    without_the_lanes_own_number: CHAIN, OwnNumber, ENDS_BY_ITSELF, 22;
    without_the_greatest_number: CHAIN, Greatest, ENDS_BY_ITSELF, 23;
    without_the_number_after_the_hold: CHAIN, NumberAfterHold, ENDS_BY_ITSELF, 18;
    without_letting_go_before_sending: CHAIN, ReleaseFirst, ENDS_BY_ITSELF, 18;
    without_due_before_sent: CHAIN, DueFirst, ENDS_BY_ITSELF, 18;
    without_message_groups: CHAIN, Group, ENDS_BY_ITSELF, 25;
    without_the_look_back: TICKS, LookBack, ENDS, 11;
    without_the_chain_of_good_ends: OPERATOR, ChainEnd, ENDS, 10;
}
