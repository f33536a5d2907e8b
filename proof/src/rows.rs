//! Which items a run takes, and how they are laid out in lanes: `scope`, `selection` and `opening` of the code.

use crate::setup::{Guard, Policy, Setup};
use crate::state::{
    ASIDE, Counts, Db, Extents, ITEMS, Item, Items, LANES, LANES_EACH, Lane, MAX_ATTEMPTS, Pass, Run, RunState, WORKERS,
};

/// The window of a tick, where the windows before ended like this: `window_of`.
pub fn window(setup: &Setup, db: &Db, tick: u8) -> (u8, u8) {
    let ended = |run: &&Run| match run.state {
        RunState::Succeeded => true,
        RunState::Failed => setup.policy == Policy::RetryAll || !setup.has(Guard::ChainEnd),
        RunState::Cancelled => !setup.has(Guard::ChainEnd),
        RunState::None | RunState::Running | RunState::Paused => false,
    };
    let last = db.runs.iter().filter(ended).map(|run| run.to).max();
    let back = if setup.has(Guard::LookBack) { setup.look_back } else { 0 };
    let from = last.map_or(0, |end| end.saturating_sub(back)).min(tick);
    let failed = db.runs.iter().filter(|run| run.state == RunState::Failed).map(|run| run.to).max();
    match (setup.policy, failed) {
        (Policy::RetryAll, Some(end)) => (from.max(end.min(tick)), tick),
        _ => (from, tick),
    }
}

/// Whether a lane of a run takes an item, apart from its id. The run is counted from 1; 0: there is none yet.
pub fn takes(setup: &Setup, item: &Item, (from, to): (u8, u8), run: u8, lane: usize) -> bool {
    let is_within = (from..to).contains(&item.window);
    let is_pending = !item.predicted || !setup.has(Guard::PendingOnly);
    let is_wanted = match (setup.policy, lane == ASIDE) {
        (Policy::Leave, false) => is_within && item.aside == 0,
        (Policy::RetryFailed, false) => is_within && item.aside == 0,
        (Policy::RetryFailed, true) => {
            item.aside != 0 && item.aside != run && (item.attempts < MAX_ATTEMPTS || item.released)
        }
        (Policy::Leave, true) => item.aside != 0 && item.aside != run && item.released,
        (Policy::RetryAll, false) => is_within && (item.aside == 0 || item.aside == run || item.released),
        (Policy::RetryAll, true) => false,
    };
    item.present && is_pending && is_wanted
}

/// The ids of what a lane takes: after the first number, up to the second.
fn ids(setup: &Setup, db: &Db, window: (u8, u8), run: u8, lane: usize) -> (u8, u8) {
    let all = |place: &usize| takes(setup, &db.items[*place], window, run, lane);
    let (first, last) = ((0..ITEMS).find(all), (0..ITEMS).rfind(all));
    first.zip(last).map_or((0, 0), |(first, last)| (first as u8, last as u8 + 1))
}

/// What a run that is to be opened would take.
pub fn extents(setup: &Setup, db: &Db, (from, to): (u8, u8)) -> Extents {
    let (low, high) = ids(setup, db, (from, to), 0, 0);
    let (aside_low, aside_high) = ids(setup, db, (from, to), 0, ASIDE);
    Extents { from, to, low, high, aside_low, aside_high }
}

/// The lanes of a new run. Those of the first worker are born claimed by the hop that opens it.
pub fn lanes(setup: &Setup, extents: Extents) -> [Lane; LANES] {
    let Extents { low, high, aside_low, aside_high, .. } = extents;
    let edge = |lane: u8| low + ((high - low) * lane).div_ceil(setup.workers * setup.lanes);
    let new = |lane: usize| {
        let (low, high) = match lane {
            ASIDE => (aside_low, aside_high),
            lane => {
                let (worker, of_worker) = (Run::worker_of(lane), (lane % LANES_EACH) as u8);
                let number = worker * setup.lanes + of_worker;
                if worker < setup.workers && of_worker < setup.lanes {
                    (edge(number), edge(number + 1))
                } else {
                    (0, 0)
                }
            }
        };
        let (hop, claim) = if Run::worker_of(lane) == 0 { (1, 1) } else { (0, 0) };
        let lane = Lane { low, high, cursor: low, hop, claim, finished: low == high, ..Lane::default() };
        // Lanes that there are not are all alike.
        if low == high { Lane { low: 0, high: 0, cursor: 0, ..lane } } else { lane }
    };
    std::array::from_fn(new)
}

/// The next page of a lane behind an id: its items as bits, and where it ends.
pub fn page(setup: &Setup, db: &Db, (run, lane): (u8, usize), after: u8, locked: Items) -> (Items, u8) {
    let row = &db.runs[usize::from(run)];
    let high = row.lanes[lane].high;
    let (mut found, mut count) = (0, 0);
    for id in after + 1..=high {
        let place = usize::from(id - 1);
        let is_taken = takes(setup, &db.items[place], (row.from, row.to), run + 1, lane);
        if is_taken && locked & (1 << place) == 0 {
            found |= 1 << place;
            count += 1;
            if count == setup.page {
                return (found, id);
            }
        }
    }
    (found, high)
}

/// The sums over the lanes of a run, and what it leaves pending.
pub fn counts(setup: &Setup, db: &Db, run: u8) -> Counts {
    let row = &db.runs[usize::from(run)];
    let low = row.lanes.iter().filter(|lane| lane.high > 0).map(|lane| lane.low).min().unwrap_or(0);
    let high = row.lanes.iter().map(|lane| lane.high).max().unwrap_or(0);
    let is_left = |id: &u8| {
        let item = &db.items[usize::from(*id - 1)];
        item.present && !item.predicted && item.aside == 0 && (row.from..row.to).contains(&item.window)
    };
    let _ = setup;
    Counts {
        predicted: row.lanes.iter().map(|lane| lane.predicted).sum(),
        failed: row.lanes.iter().map(|lane| lane.failed).sum(),
        pending: (low + 1..=high).filter(is_left).count() as u8,
    }
}

/// A failed window that is to be tried again by a hop that began at this time.
pub fn to_try_again(setup: &Setup, db: &Db, began: u8) -> Option<usize> {
    let is_to_be = |run: &Run| {
        setup.policy == Policy::RetryAll
            && run.state == RunState::Failed
            && run.attempt < MAX_ATTEMPTS
            && run.attempted < began
    };
    db.runs.iter().position(is_to_be)
}

/// What a run that is tried again takes by now.
pub fn extents_again(setup: &Setup, db: &Db, run: usize) -> Extents {
    let window = (db.runs[run].from, db.runs[run].to);
    let (low, high) = ids(setup, db, window, run as u8 + 1, 0);
    Extents { low, high, ..Extents::default() }
}

/// Lets the first and the last of a run's lanes reach as far as its items do.
pub fn widen(setup: &Setup, run: &mut Run, Extents { low, high, .. }: Extents) {
    if low == high {
        return;
    }
    let top = run.lanes[..ASIDE].iter().map(|lane| lane.high).max().unwrap_or(0);
    run.lanes[0].low = run.lanes[0].low.min(low);
    if high > top {
        let last = usize::from(setup.workers - 1) * LANES_EACH + usize::from(setup.lanes - 1);
        let lane = &mut run.lanes[last];
        // An empty one began where all others ended.
        (lane.low, lane.high) = (if lane.low == lane.high { top } else { lane.low }, high);
    }
}

/// Puts a run's lanes back to their beginning.
pub fn rewind(setup: &Setup, run: &mut Run) {
    for lane in &mut run.lanes {
        let claim = lane.claim + u8::from(setup.has(Guard::RewindClaims));
        let is_empty = lane.low == lane.high;
        *lane = Lane { cursor: lane.low, claim, predicted: 0, failed: 0, finished: is_empty, ..*lane };
    }
}

/// The run that an earlier one or a tick becomes.
pub fn new_run(setup: &Setup, extents: Extents, tick: u8, model: u8, began: u8) -> Run {
    let lanes = lanes(setup, extents);
    let is_empty = lanes.iter().all(|lane| lane.finished);
    Run {
        state: if is_empty { RunState::Succeeded } else { RunState::Running },
        tick,
        from: extents.from,
        to: extents.to,
        model,
        pass: if setup.policy == Policy::RetryAll { Pass::Check } else { Pass::Write },
        attempt: 1,
        attempted: began,
        lanes,
        ..Run::default()
    }
}

/// What is due of a run's workers.
pub fn list(run: &Run) -> [u8; WORKERS] {
    std::array::from_fn(|worker| run.due(worker as u8).unwrap_or(crate::state::NONE))
}
