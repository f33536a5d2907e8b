//! One of the moments that the model may be in, after what was observed so far.

use std::collections::{BTreeMap, BTreeSet};

use super::trace::Op;
use crate::hop::{Step, give_up_page};
use crate::setup::Setup;
use crate::state::{HOPS, Hop, Pass, RunState, Stage, State, Trigger};
use crate::working::out_of_time;

/// How a lane's work ended, in a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum End {
    Finished,
    TakenOver,
    Stopped,
}

/// A hop of the trace: where it is in the model. The model works on a hop's lanes one after the other; the code does so
/// side by side, so each lane under way is a hop of its own here, between the claim and the end of the work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Seat {
    pub main: Option<usize>,
    pub lanes: BTreeMap<usize, usize>,
    pub ends: BTreeMap<usize, End>,
    pub is_at_work: bool,
}

/// One of the moments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Config {
    pub state: State,
    pub seats: BTreeMap<u64, Seat>,
    /// The number of the run at each place; 0: it is not known yet.
    pub runs: Vec<u64>,
    /// Steps that were made, and whose answer is still to come.
    pub done: BTreeSet<usize>,
}

/// What the model has to say against a step.
pub(super) type Verdict<T = ()> = Result<T, String>;

impl Config {
    /// Before anything has happened.
    pub(super) fn first(setup: &Setup) -> Self {
        let mut state = State::first(setup);
        for (item, new) in state.db.items.iter_mut().zip(setup.items) {
            item.present = new.nature != crate::setup::Nature::Late;
        }
        Self { state, seats: BTreeMap::new(), runs: Vec::new(), done: BTreeSet::new() }
    }

    /// The place of a run.
    pub(super) fn place(&mut self, run: u64) -> Verdict<usize> {
        if let Some(place) = self.runs.iter().position(|known| *known == run) {
            return Ok(place);
        }
        let Some(place) = self.runs.iter().position(|known| *known == 0) else {
            return Err(format!("the model has no run {run}"));
        };
        self.runs[place] = run;
        Ok(place)
    }

    /// Whether the model's run at a place is this one of the trace.
    pub(super) fn is_run(&mut self, place: usize, run: u64) -> bool {
        self.place(run).is_ok_and(|known| known == place)
    }

    pub(super) fn hop(&self, slot: usize) -> &Hop {
        &self.state.hops[slot]
    }

    /// The slot of a hop, if it is not over in the model.
    pub(super) fn main(&self, hop: u64) -> Verdict<usize> {
        let slot = self.seats.get(&hop).and_then(|seat| seat.main);
        slot.filter(|slot| self.state.hops[*slot].trigger != Trigger::Nobody)
            .ok_or_else(|| "the model says that this hop is over".to_owned())
    }

    /// Makes a model's step.
    pub(super) fn step(&mut self, setup: &Setup, slot: usize) -> Verdict {
        let stage = self.hop(slot).stage;
        let is_made = crate::hop::step(setup, &mut self.state, slot);
        self.leave_seat(slot);
        if is_made { Ok(()) } else { Err(format!("in the model {stage:?} has to wait for a lock")) }
    }

    /// Begins the work on lanes that are claimed.
    pub(super) fn fork(&mut self, hop: u64, slot: usize) -> Verdict {
        let claimed = *self.hop(slot);
        let run = self.state.db.runs[usize::from(claimed.run)];
        let mut lanes = BTreeMap::new();
        for lane in crate::state::Run::lanes_of(claimed.worker).filter(|lane| !run.lanes[*lane].finished) {
            let free = self.state.hops.iter().position(|hop| hop.trigger == Trigger::Nobody);
            let free = free.ok_or("no room for another lane")?;
            self.state.hops[free] = Hop {
                lane: lane as u8,
                expected: crate::state::NONE,
                has_done: false,
                stage: Stage::ReadPage,
                holds: false,
                comes_again: false,
                ..claimed
            };
            lanes.insert(lane, free);
        }
        let seat = self.seats.entry(hop).or_default();
        (seat.is_at_work, seat.lanes, seat.ends) = (true, lanes, BTreeMap::new());
        self.state.hops[slot].stage = Stage::ReadPage;
        Ok(())
    }

    /// A lane's work has ended.
    pub(super) fn end_lane(&mut self, hop: u64, lane: usize, end: End) {
        let Some(seat) = self.seats.get_mut(&hop) else { return };
        if let Some(slot) = seat.lanes.remove(&lane) {
            self.state.hops[slot] = Hop::default();
        }
        seat.ends.insert(lane, end);
    }

    /// Ends the work on a hop's lanes: time is up for those that are not done. What comes next is the model's.
    pub(super) fn join(&mut self, setup: &Setup, hop: u64, slot: usize) -> Verdict {
        let seat = self.seats.get(&hop).cloned().unwrap_or_default();
        let any = |end: End| seat.ends.values().any(|other| *other == end);
        for (lane, at) in &seat.lanes {
            let Hop { stage, has_done, .. } = *self.hop(*at);
            if stage != Stage::ReadPage || !has_done {
                return Err(format!("lane {lane} would do {stage:?} next, and may not be left"));
            }
        }
        seat.lanes.values().for_each(|at| self.state.hops[*at] = Hop::default());
        let is_out_of_time = !seat.lanes.is_empty();
        let seat = self.seats.entry(hop).or_default();
        (seat.is_at_work, seat.lanes) = (false, BTreeMap::new());
        let main = &mut self.state.hops[slot];
        if any(End::TakenOver) {
            return self.leave(setup, slot);
        }
        if any(End::Stopped) {
            if main.pass == Pass::Check {
                main.stage = Stage::LeaveCheckRelease;
                return Ok(());
            }
            return self.leave(setup, slot);
        }
        if !is_out_of_time {
            main.stage = Stage::Finish;
            return Ok(());
        }
        (main.stage, main.has_done) = (Stage::ReadPage, true);
        match out_of_time(&mut Step { setup, state: &mut self.state, at: slot }) {
            true => Ok(()),
            false => Err("time may not be up here".to_owned()),
        }
    }

    /// The hop has but to answer.
    pub(super) fn leave(&mut self, setup: &Setup, slot: usize) -> Verdict {
        crate::hop::leave(&mut Step { setup, state: &mut self.state, at: slot });
        self.leave_seat(slot);
        Ok(())
    }

    /// A hop that is over in the model has still to answer.
    pub(super) fn stay(&mut self, hop: u64, slot: usize, before: Hop) {
        self.state.hops[slot] = Hop { stage: Stage::Respond, ..before };
        self.seats.entry(hop).or_default().main = Some(slot);
    }

    /// Whoever is over in the model leaves its slot to others.
    fn leave_seat(&mut self, slot: usize) {
        if self.hop(slot).trigger == Trigger::Nobody {
            self.seats.values_mut().filter(|seat| seat.main == Some(slot)).for_each(|seat| seat.main = None);
        }
    }

    /// Everything that a hop has of the server is gone, and it is gone itself.
    pub(super) fn vanish(&mut self, hop: u64) -> bool {
        let Some(seat) = self.seats.remove(&hop) else { return false };
        let slots = seat.main.into_iter().chain(seat.lanes.into_values());
        slots.for_each(|slot| self.state.hops[slot] = Hop::default());
        true
    }

    /// Whether a hop has nothing more to do.
    pub(super) fn has_but_to_answer(&self, hop: u64) -> bool {
        self.main(hop).is_err() || self.main(hop).is_ok_and(|slot| self.hop(slot).stage == Stage::Respond)
    }

    /// Its hold is gone.
    pub(super) fn lose_hold(&mut self, hop: u64) -> bool {
        let Some(slot) = self.seats.get(&hop).and_then(|seat| seat.main) else { return false };
        let main = &mut self.state.hops[slot];
        let had = main.holds || main.locks_run;
        if main.stage == Stage::FinishRun {
            main.stage = Stage::Finish;
        }
        (main.holds, main.locks_run) = (false, false);
        had
    }

    /// A page of its is gone.
    pub(super) fn lose_page(&mut self, hop: u64, lane: usize) -> bool {
        let slot = self.seats.get(&hop).and_then(|seat| seat.lanes.get(&lane).copied());
        let Some(page) = slot.map(|slot| &mut self.state.hops[slot]).filter(|page| page.in_page) else { return false };
        give_up_page(page);
        true
    }

    /// A step was made and its hop does not know: the database and the queue have it, the hop stands where it stood.
    pub(super) fn forget(&mut self, op: &Op, hops: [Hop; HOPS], seats: BTreeMap<u64, Seat>) {
        (self.state.hops, self.seats) = (hops, seats);
        let Some(seat) = self.seats.get(&op.hop).cloned() else { return };
        match op.act.as_str() {
            "commit_page" => {
                let run = seat.main.map(|main| self.state.db.runs[usize::from(self.hop(main).run)]);
                // Of its pages that one whose place the lane has reached.
                let is_committed = |slot: &usize| {
                    let page = self.hop(*slot);
                    page.in_page && run.is_some_and(|run| run.lanes[usize::from(page.lane)].cursor == page.to)
                };
                if let Some(slot) = seat.lanes.into_values().find(is_committed) {
                    give_up_page(&mut self.state.hops[slot]);
                }
            }
            "hand_over_release" | "leave_check_release" | "send_again_release" => _ = self.lose_hold(op.hop),
            _ => {}
        }
    }

    /// The state of a run.
    pub(super) fn state_of(&self, place: usize) -> RunState {
        self.state.db.runs[place].state
    }
}
