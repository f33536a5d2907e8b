//! Pages: what a hop's lane reads and commits.

use serde_json::Value;

use super::config::{Config, End, Verdict};
use super::steps::Making;
use crate::rows::takes;
use crate::setup::Setup;
use crate::state::{ASIDE, LANES_EACH, Lane, Pass, Run, RunState, Stage, Trigger};

/// The place of the lane that has this number in the database.
pub(super) fn place_of(setup: &Setup, run: &Run, number: u64) -> usize {
    let (lanes, of_window) = (u64::from(setup.lanes), u64::from(setup.lanes) * u64::from(setup.workers));
    let has_window = run.lanes[..ASIDE].iter().any(|lane| lane.high > 0);
    if !has_window || number >= of_window {
        return ASIDE;
    }
    (number / lanes) as usize * LANES_EACH + (number % lanes) as usize
}

/// Where an observed step stands: the lane's place, and its slot if it is not done.
fn lane_of(making: &Making<'_>, config: &mut Config) -> Verdict<(usize, usize, Option<usize>)> {
    let Making { ground, op, .. } = making;
    let main = config.main(op.hop)?;
    let run = usize::from(config.hop(main).run);
    let place = place_of(&ground.setup, &config.state.db.runs[run], op.lane.unwrap_or(0));
    let seat = &config.seats[&op.hop];
    if !seat.is_at_work {
        return Err(format!("in the model this hop is not at work: {:?} is next", config.hop(main).stage));
    }
    Ok((run, place, seat.lanes.get(&place).copied()))
}

/// `read_page`.
pub(super) fn read(making: &Making<'_>, config: &mut Config) -> Verdict {
    let Some(saw) = &making.op.saw else { return Err("a page of which nobody saw anything".to_owned()) };
    if saw["fate"] == "left" {
        return Ok(());
    }
    let setup = &making.ground.setup;
    let (place, lane, slot) = lane_of(making, config)?;
    let run = config.state.db.runs[place];
    found_at(saw, &run.lanes[lane])?;
    let Some(slot) = slot else {
        let is_finished =
            saw["finished"] == true && config.seats[&making.op.hop].ends.get(&lane) == Some(&End::Finished);
        // After a lost answer it looks again, and finds the same.
        let is_over_again =
            making.has_lost && saw["fate"] == "over" && config.seats[&making.op.hop].ends.contains_key(&lane);
        let is_seen = is_finished || is_over_again;
        return if is_seen { Ok(()) } else { Err(format!("in the model lane {lane} is done with")) };
    };
    let hop = *config.hop(slot);
    if hop.stage != Stage::ReadPage {
        return Err(format!("the model would do {:?} next, the code did ReadPage", hop.stage));
    }
    if saw["fate"] == "again" {
        return Ok(());
    }
    let is_running = run.state == RunState::Running && run.pass == hop.pass;
    agrees("running", saw["running"].as_bool(), Some(is_running))?;
    let (is_mine, is_finished) = (run.lanes[lane].claim == hop.claims[lane], run.lanes[lane].finished);
    let main = config.main(making.op.hop)?;
    if !is_mine && config.hop(main).holds && !making.has_any_lost {
        return Err("broken: who holds its lanes is not taken over".to_owned());
    }
    config.step(setup, slot)?;
    let is_page = config.hop(slot).trigger != Trigger::Nobody && config.hop(slot).stage == Stage::CommitPage;
    agrees("fate", saw["fate"].as_str(), Some(if is_page { "page" } else { "over" }))?;
    if !is_page {
        let end = match (is_mine, is_running) {
            (false, _) => End::TakenOver,
            (true, false) => End::Stopped,
            (true, true) if is_finished => End::Finished,
            (true, true) => return Err("the model goes on with this lane".to_owned()),
        };
        config.end_lane(making.op.hop, lane, end);
        return Ok(());
    }
    take(making, config, (place, lane, slot), saw)
}

/// Whether a lane was found where it stands.
fn found_at(saw: &Value, lane: &Lane) -> Verdict {
    let number = |name: &str| saw[name].as_u64();
    agrees("cursor", number("cursor"), Some(lane.cursor.into()))?;
    agrees("claim", number("claim"), Some(lane.claim.into()))?;
    agrees("finished", saw["finished"].as_bool(), Some(lane.finished))?;
    agrees("predicted", number("predicted"), Some(lane.predicted.into()))?;
    agrees("failed", number("failed"), Some(lane.failed.into()))
}

/// The page is what the lane takes, up to where the code says that it ends: how large pages are is no part of the model.
fn take(making: &Making<'_>, config: &mut Config, (place, lane, slot): (usize, usize, usize), saw: &Value) -> Verdict {
    let run = config.state.db.runs[place];
    let (after, to) = (run.lanes[lane].cursor, saw["to"].as_u64().unwrap_or(0) as u8);
    if to < after || to > run.lanes[lane].high {
        return Err(format!("the page ends at {to}, the lane goes from {after} to {}", run.lanes[lane].high));
    }
    if saw["skipped"].as_u64() > Some(0) {
        return Err("rows that others had locked are not in the model".to_owned());
    }
    let window = (run.from, run.to);
    let is_taken = |id: &u8| {
        let item = &config.state.db.items[usize::from(*id - 1)];
        takes(&making.ground.setup, item, window, place as u8 + 1, lane)
    };
    let model: Vec<u8> = (after + 1..=to).filter(is_taken).collect();
    let ids = saw["found"].as_array().into_iter().flatten();
    let mut observed: Vec<u8> = ids.filter_map(|id| id.as_str()?.parse().ok()).collect();
    observed.sort_unstable();
    let bits = model.iter().fold(0, |all, id| all | 1 << (id - 1));
    agrees("found", Some(observed), Some(model))?;
    let page = &mut config.state.hops[slot];
    (page.found, page.to) = (bits, to);
    if page.pass == Pass::Write
        && config
            .state
            .hops
            .iter()
            .enumerate()
            .any(|(at, other)| at != slot && other.in_page && other.pass == Pass::Write && other.found & bits != 0)
    {
        return Err("in the model another page has locked a row of this one".to_owned());
    }
    Ok(())
}

/// `commit_page`.
pub(super) fn commit(making: &Making<'_>, config: &mut Config) -> Verdict {
    let setup = &making.ground.setup;
    let (place, lane, slot) = lane_of(making, config)?;
    let Some(slot) = slot.filter(|slot| config.hop(*slot).stage == Stage::CommitPage) else {
        return Err(format!("in the model there is no page of lane {lane} under way"));
    };
    let before = config.state.db.runs[place].lanes[lane];
    config.step(setup, slot)?;
    let after = config.state.db.runs[place].lanes[lane];
    if let Some(saw) = &making.op.saw {
        let number = |name: &str| saw[name].as_u64();
        agrees("cursor", number("cursor"), Some(after.cursor.into()))?;
        agrees("finished", saw["finished"].as_bool(), Some(after.finished))?;
        agrees("predicted", number("predicted"), Some((after.predicted - before.predicted).into()))?;
        agrees("failed", number("failed"), Some((after.failed - before.failed).into()))?;
    }
    if after.finished {
        config.end_lane(making.op.hop, lane, End::Finished);
        return Ok(());
    }
    let page = &mut config.state.hops[slot];
    (page.lane, page.stage) = (lane as u8, Stage::ReadPage);
    Ok(())
}

fn agrees<T: PartialEq + std::fmt::Debug>(what: &str, observed: Option<T>, model: Option<T>) -> Verdict {
    if observed == model { Ok(()) } else { Err(format!("{what}: observed {observed:?}, in the model {model:?}")) }
}
