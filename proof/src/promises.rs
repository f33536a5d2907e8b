//! What must be true at every moment.

use stateright::Property;

use crate::setup::{Policy, Setup};
use crate::state::{Run, RunState, State, WORKERS};

/// The promises that are seen from one moment alone.
pub fn all() -> Vec<Property<Setup>> {
    vec![
        Property::always("of a kind one run is unfinished", |_, state: &State| {
            state.db.runs.iter().filter(|run| run.is_unfinished()).count() <= 1
        }),
        Property::always("a tick has one run", |_, state: &State| {
            let of = |tick| state.db.runs.iter().filter(|run| run.state != RunState::None && run.tick == tick).count();
            (1..=state.now + 2).all(|tick| of(tick) <= 1)
        }),
        Property::always("no row is predicted twice", |_, state: &State| {
            state.db.items.iter().all(|item| item.writes <= 1)
        }),
        Property::always("the counts are what was written", |_, state: &State| state.db.runs.iter().all(adds_up)),
        Property::always("a run has the predictions of one model", |_, state: &State| !state.wrong.mixed),
        Property::always("no page begins of a run that is held or over", |_, state: &State| {
            !state.wrong.began_while_held
        }),
        Property::always("who holds its lanes is not taken over", |_, state: &State| !state.wrong.disturbed),
        Property::always("a run ends once", |_, state: &State| !state.wrong.ended_twice),
        Property::always("a run that is replaced has a successor", |_, state: &State| {
            let replaced = state.db.runs.iter().enumerate().filter(|(_, run)| run.replaced);
            replaced.into_iter().all(|(place, run)| {
                state.db.runs[place + 1..].iter().any(|later| (later.from, later.to) == (run.from, run.to))
            })
        }),
        Property::always("each hop makes progress", makes_progress),
        Property::always("a window in one piece is written as a whole", is_whole),
    ]
}

/// Whether a run's counts, settled or not, are what it has written.
fn adds_up(run: &Run) -> bool {
    let sum = |of: fn(&crate::state::Lane) -> u8| run.lanes.iter().map(of).sum::<u8>();
    let (predicted, failed) = if run.is_over() {
        (run.settled.predicted, run.settled.failed)
    } else {
        (sum(|lane| lane.predicted), sum(|lane| lane.failed))
    };
    run.state == RunState::None || (predicted, failed) == (run.wrote, run.set_aside)
}

/// No hop's number is higher than pages, ticks and faults explain.
fn makes_progress(setup: &Setup, state: &State) -> bool {
    let passes = if setup.policy == Policy::RetryAll { 2 * u8::from(state.now > 0) * 2 } else { 1 };
    state.db.runs.iter().all(|run| {
        (0..WORKERS as u8).all(|worker| {
            let lanes = Run::lanes_of(worker).map(|lane| &run.lanes[lane]);
            let (pages, hop) = lanes.fold((0, 0), |(pages, hop), lane| {
                let done = if passes == 1 { lane.cursor - lane.low } else { passes * (lane.high - lane.low) };
                (pages + done, hop.max(lane.hop))
            });
            hop <= 1 + pages + state.now + state.excuses
        })
    })
}

/// Under `retry_all` no row has a prediction as long as another one of its window cannot be scored.
fn is_whole(setup: &Setup, state: &State) -> bool {
    let runs =
        || state.db.runs.iter().filter(|run| run.state == RunState::Failed && run.pass == crate::state::Pass::Check);
    setup.policy != Policy::RetryAll || runs().all(|run| run.wrote == 0)
}
