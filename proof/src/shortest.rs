//! The shortest way to what breaks a promise.

use stateright::{Checker, HasDiscoveries, Model};

use crate::model::Action;
use crate::setup::Setup;
use crate::state::State;

/// A way: each state, and the action that leads to the next one.
pub type Way = Vec<(State, Option<Action>)>;

/// The shortest way to a state in which `promise` is broken, if there is one.
///
/// The checker goes through the nearest states first, but notes the last one of a block of some thousand: so it looks
/// again, not so far, until it finds none.
pub fn shortest(setup: &Setup, promise: &'static str) -> Option<Way> {
    let mut way = within(setup, promise, None)?;
    while let Some(shorter) = steps(&way).checked_sub(1).and_then(|steps| within(setup, promise, Some(steps))) {
        way = shorter;
    }
    Some(way)
}

/// How many steps it has.
pub fn steps(way: &Way) -> usize {
    way.len() - 1
}

/// A way of so many steps at most, or of any length.
fn within(setup: &Setup, promise: &'static str, steps: Option<usize>) -> Option<Way> {
    let mut checker = setup.clone().checker().finish_when(HasDiscoveries::AnyOf([promise].into()));
    if let Some(steps) = steps {
        // It counts states, and does not look at those at the bound.
        checker = checker.target_max_depth(steps + 2);
    }
    checker.spawn_bfs().join().discovery(promise).map(|path| path.into_vec())
}
