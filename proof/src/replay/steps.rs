//! One observed step as a step of the model: whether it may be made, and whether it sees the same.

use serde_json::Value;

use super::config::{Config, Verdict};
use super::ground::Ground;
use super::pages;
use super::trace::Op;
use crate::rows;
use crate::state::{Hop, LANES, Message, NONE, Pass, Run, RunState, Stage, Trigger};

/// What a step is made with.
pub(super) struct Making<'m> {
    pub ground: &'m Ground,
    pub op: &'m Op,
    /// What its hop was started by.
    pub cause: &'m Value,
    /// Whether its hop lost a connection or a transaction before.
    pub has_lost: bool,
    /// Whether any hop did: one that has lost its hold may take over from another one that has it since.
    pub has_any_lost: bool,
}

/// The observation and the model's part.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, observed: T, model: T) -> Verdict {
    if observed == model { Ok(()) } else { Err(format!("{what}: observed {observed:?}, in the model {model:?}")) }
}

/// A state's name, as the database has it. Whether rows failed is seen from the counts.
pub(super) fn state_of(name: &Value) -> Option<RunState> {
    Some(match name.as_str()? {
        "running" => RunState::Running,
        "paused" => RunState::Paused,
        "succeeded" | "succeeded_with_failures" => RunState::Succeeded,
        "failed" => RunState::Failed,
        "cancelled" => RunState::Cancelled,
        _ => return None,
    })
}

fn pass_of(name: &Value) -> Option<Pass> {
    match name.as_str()? {
        "write" => Some(Pass::Write),
        "check" => Some(Pass::Check),
        _ => None,
    }
}

impl Making<'_> {
    /// Makes the step.
    ///
    /// # Errors
    /// Why the model cannot.
    pub(super) fn make(&self, config: &mut Config) -> Verdict {
        let is_operator = !config.seats.contains_key(&self.op.hop);
        match self.op.act.as_str() {
            "stop_run" if is_operator => self.steer(config),
            "open" => self.open(config),
            "lay_out" => self.lay_out(config),
            "open_run" => self.open_run(config),
            "try_again" => self.try_again(config),
            "take_up" => self.take_up(config),
            "set_off" => self.set_off(config),
            "set_off_due" => self.number(config, Stage::SetOffDue),
            "set_off_send" => self.number(config, Stage::SetOffSend),
            "go_on" => self.look(config, Stage::GoOn),
            "go_on_hold" => self.go_on_hold(config),
            "send_again_release" => self.plain(config, Stage::SendAgainRelease),
            "send_again" => self.number(config, Stage::SendAgain),
            "claim_lanes" => self.claim_lanes(config),
            "read_page" => pages::read(self, config),
            "commit_page" => pages::commit(self, config),
            "hand_over_release" => self.plain(config, Stage::HandOverRelease),
            "hand_over_due" => self.number(config, Stage::HandOverDue),
            "send_continuation" => self.number(config, Stage::SendContinuation),
            "stop_run" => self.plain(config, Stage::StopRun),
            "ended" => self.plain(config, Stage::Ended),
            "finish" => self.finish(config),
            "finish_run" => self.finish_run(config),
            "leave_check_release" => self.plain(config, Stage::LeaveCheckRelease),
            "leave_check_look" => self.look(config, Stage::LeaveCheckLook),
            other => Err(format!("the model has no action {other}")),
        }
    }

    /// Whether something that was seen is what the model says; what nobody saw is.
    fn sees<T: PartialEq + std::fmt::Debug>(
        &self,
        what: &str,
        read: impl FnOnce(&Value) -> Option<T>,
        model: T,
    ) -> Verdict {
        let observed = self.op.saw.as_ref().and_then(|saw| read(&saw[what]));
        observed.map_or(Ok(()), |observed| same(what, observed, model))
    }

    /// The hop's slot, at a stage. What costs no round trip is done on the way.
    fn at(&self, config: &mut Config, stage: Stage) -> Verdict<usize> {
        let (setup, slot) = (&self.ground.setup, config.main(self.op.hop)?);
        if config.seats[&self.op.hop].is_at_work {
            config.join(setup, self.op.hop, slot)?;
        }
        let Hop { stage: now, turn, list, .. } = *config.hop(slot);
        let is_any_left = list[usize::from(turn).min(list.len())..].iter().any(|due| *due != NONE);
        if now == Stage::SetOff && stage != now && !is_any_left {
            config.step(setup, slot)?;
        }
        if self.has_lost && config.hop(slot).stage != stage {
            restart(config, slot, stage);
        }
        let Hop { stage: now, .. } = *config.hop(slot);
        if now == stage { Ok(slot) } else { Err(format!("the model would do {now:?} next, the code did {stage:?}")) }
    }

    /// A step of which nothing more is seen than that it was made.
    fn plain(&self, config: &mut Config, stage: Stage) -> Verdict {
        let slot = self.at(config, stage)?;
        config.step(&self.ground.setup, slot)
    }

    fn open(&self, config: &mut Config) -> Verdict {
        let setup = &self.ground.setup;
        let slot = self.at(config, Stage::Open)?;
        let (hop, db) = (*config.hop(slot), config.state.db);
        let first = db.of_tick(hop.asked).or(db.unfinished()).or(rows::to_try_again(setup, &db, hop.began));
        if let Some(saw) = &self.op.saw {
            match (first, saw["run"].as_u64()) {
                (None, None) => {}
                (Some(place), Some(run)) if config.is_run(place, run) => {
                    self.sees("state", state_of, db.runs[place].state)?;
                }
                (first, run) => {
                    let first = first.map(|place| config.runs[place]);
                    return Err(format!("which comes first: observed run {run:?}, in the model {first:?}"));
                }
            }
        }
        config.step(setup, slot)
    }

    /// The model looks at the items at the same moment as at the runs, the code afterwards.
    fn lay_out(&self, config: &mut Config) -> Verdict {
        let (setup, db) = (&self.ground.setup, config.state.db);
        let Hop { stage, run, .. } = *config.hop(config.main(self.op.hop)?);
        if stage == Stage::TryAgain {
            let slot = self.at(config, stage)?;
            config.state.hops[slot].extents = rows::extents_again(setup, &db, usize::from(run));
            return Ok(());
        }
        let slot = self.at(config, Stage::OpenRun)?;
        let extents = config.hop(slot).extents;
        let now = rows::extents(setup, &db, (extents.from, extents.to));
        config.state.hops[slot].extents = now;
        Ok(())
    }

    fn open_run(&self, config: &mut Config) -> Verdict {
        let slot = self.at(config, Stage::OpenRun)?;
        let room = config.state.db.room();
        config.step(&self.ground.setup, slot)?;
        let is_duplicate = config.hop(slot).stage == Stage::Open;
        let Some(saw) = &self.op.saw else {
            if !is_duplicate {
                config.runs.push(0);
            }
            return Ok(());
        };
        same("is_duplicate", saw["is_duplicate"].as_bool().unwrap_or(false), is_duplicate)?;
        let (Some(room), false) = (room, is_duplicate) else { return Ok(()) };
        config.runs.push(saw["run"].as_u64().unwrap_or(0));
        let (run, unit) = (config.state.db.runs[room], |at: &Value| at.as_i64().map(|at| self.ground.unit(at)));
        same("from", unit(&saw["window"]["from"]).unwrap_or(0), run.from)?;
        same("to", unit(&saw["window"]["to"]), Some(run.to))?;
        let number = |lane: &Value, name: &str| lane[name].as_u64().unwrap_or(0) as u8;
        let observed = saw["lanes"].as_array().into_iter().flatten().map(|lane| {
            (number(lane, "worker"), lane["source"] == "failures", number(lane, "low"), number(lane, "high"))
        });
        let observed = observed.filter(|(.., low, high): &(u8, bool, u8, u8)| low < high).collect();
        let lanes = run.lanes.iter().enumerate().filter(|(_, lane)| lane.high > 0);
        let model = lanes.map(|(at, lane)| (Run::worker_of(at), at == LANES - 1, lane.low, lane.high)).collect();
        same::<Vec<_>>("lanes", observed, model)
    }

    fn try_again(&self, config: &mut Config) -> Verdict {
        let slot = self.at(config, Stage::TryAgain)?;
        let place = usize::from(config.hop(slot).run);
        config.step(&self.ground.setup, slot)?;
        let is_duplicate = config.hop(slot).stage == Stage::Open;
        self.sees("is_duplicate", Value::as_bool, is_duplicate)?;
        self.sees("state", state_of, config.state_of(place))
    }

    fn take_up(&self, config: &mut Config) -> Verdict {
        let slot = self.at(config, Stage::TakeUp)?;
        config.step(&self.ground.setup, slot)?;
        let hop = *config.hop(slot);
        let due = hop.list.iter().enumerate().filter(|(_, due)| **due != NONE);
        let model: Vec<(u64, u64)> = due.map(|(worker, due)| (worker as u64, u64::from(*due))).collect();
        self.sees("due", pairs, model)
    }

    fn set_off(&self, config: &mut Config) -> Verdict {
        let slot = self.at(config, Stage::SetOff)?;
        let before = *config.hop(slot);
        config.step(&self.ground.setup, slot)?;
        let after = *config.hop(slot);
        if after.trigger == Trigger::Nobody {
            return Err("the model has nobody left to ask for".to_owned());
        }
        let is_asking = before.mine;
        let worker = if after.stage == Stage::SetOffDue { after.turn } else { after.turn - 1 };
        self.sees("worker", Value::as_u64, u64::from(worker))?;
        if is_asking {
            return self.sees("is_held", Value::as_bool, after.stage == Stage::SetOff);
        }
        self.sees("is_mine", Value::as_bool, after.mine)?;
        let run = &config.state.db.runs[usize::from(after.run)];
        let lanes = || Run::lanes_of(worker).map(|lane| run.lanes[lane]).filter(|lane| lane.high > 0);
        self.sees("number", Value::as_u64, u64::from(lanes().map(|lane| lane.hop).max().unwrap_or(0)))
    }

    /// A hop is made due, or sent.
    fn number(&self, config: &mut Config, stage: Stage) -> Verdict {
        let slot = self.at(config, stage)?;
        let hop = *config.hop(slot);
        let (worker, number) = match stage {
            Stage::SetOffDue | Stage::SetOffSend => (hop.turn, hop.list[usize::from(hop.turn)] + 1),
            Stage::SendAgain => (hop.worker, hop.due),
            _ => (hop.worker, hop.due + 1),
        };
        self.sees("worker", Value::as_u64, u64::from(worker))?;
        self.sees("number", Value::as_u64, u64::from(number))?;
        config.step(&self.ground.setup, slot)
    }

    /// A look at the run.
    fn look(&self, config: &mut Config, stage: Stage) -> Verdict {
        let slot = self.at(config, stage)?;
        let run = config.state.db.runs[usize::from(config.hop(slot).run)];
        self.sees("state", state_of, run.state)?;
        self.sees("pass", pass_of, run.pass)?;
        config.step(&self.ground.setup, slot)
    }

    fn go_on_hold(&self, config: &mut Config) -> Verdict {
        let slot = self.at(config, Stage::GoOnHold)?;
        let hop = *config.hop(slot);
        let Trigger::Message(Message { worker, .. }, _) = hop.trigger else { return Err("no message".to_owned()) };
        let is_held = config.state.is_held(hop.run, worker);
        let due = config.state.db.runs[usize::from(hop.run)].due(worker);
        self.sees("is_mine", Value::as_bool, !is_held)?;
        self.sees("number", |number| Some(number.as_u64()), due.map(u64::from))?;
        config.step(&self.ground.setup, slot)
    }

    fn claim_lanes(&self, config: &mut Config) -> Verdict {
        let slot = self.at(config, Stage::ClaimLanes)?;
        let hop = *config.hop(slot);
        self.sees("worker", Value::as_u64, u64::from(hop.worker))?;
        self.sees("number", Value::as_u64, u64::from(hop.due))?;
        config.step(&self.ground.setup, slot)?;
        let run = config.state.db.runs[usize::from(hop.run)];
        let observed = self.op.saw.as_ref().and_then(|saw| pairs(&saw["lanes"]));
        if let Some(observed) = observed {
            let mut observed: Vec<(usize, u64)> = observed
                .into_iter()
                .map(|(number, claim)| (pages::place_of(&self.ground.setup, &run, number), claim))
                .collect();
            observed.sort_unstable();
            let lanes = Run::lanes_of(hop.worker).filter(|lane| !run.lanes[*lane].finished);
            same("lanes", observed, lanes.map(|lane| (lane, u64::from(run.lanes[lane].claim))).collect())?;
        }
        config.fork(self.op.hop, slot)
    }

    fn finish(&self, config: &mut Config) -> Verdict {
        let slot = self.at(config, Stage::Finish)?;
        let before = *config.hop(slot);
        config.step(&self.ground.setup, slot)?;
        self.sees("is_last", Value::as_bool, config.hop(slot).stage == Stage::FinishRun)?;
        if config.hop(slot).trigger == Trigger::Nobody {
            // Its transaction is still to be rolled back; if that is lost, it looks again.
            config.stay(self.op.hop, slot, before);
        }
        Ok(())
    }

    fn finish_run(&self, config: &mut Config) -> Verdict {
        let slot = self.at(config, Stage::FinishRun)?;
        let (place, now) = (usize::from(config.hop(slot).run), config.hop(slot).run);
        let pending = rows::counts(&self.ground.setup, &config.state.db, now).pending;
        if self.op.saw.as_ref().is_some_and(|saw| saw["pending"].as_u64() == Some(pending.into())) {
            // What is pending is counted between the two.
            config.state.hops[slot].counts.pending = pending;
        }
        config.step(&self.ground.setup, slot)?;
        let run = config.state.db.runs[place];
        self.sees("pass", pass_of, run.pass)?;
        self.sees("state", state_of, run.state)?;
        self.sees("predicted", Value::as_u64, u64::from(run.settled.predicted))?;
        self.sees("failed", Value::as_u64, u64::from(run.settled.failed))?;
        self.sees("pending", Value::as_u64, u64::from(run.settled.pending))
    }

    /// An operator's command.
    fn steer(&self, config: &mut Config) -> Verdict {
        let place = config.place(self.cause["run"].as_u64().unwrap_or(0))?;
        let (now, to) = (config.state_of(place), state_of(&self.cause["to"]).ok_or("a state that the model has not")?);
        let may = matches!(
            (now, to),
            (RunState::Running, RunState::Paused | RunState::Cancelled)
                | (RunState::Paused, RunState::Running | RunState::Cancelled)
                // It is to be tried again as a whole, and now it is not.
                | (RunState::Failed, RunState::Cancelled)
        );
        self.sees("is_done", Value::as_bool, may)?;
        let run = place as u8;
        let is_blocked = to == RunState::Cancelled && config.state.is_any_lane_locked(run);
        if config.state.is_run_locked(run) || is_blocked && may {
            return Err("in the model it has to wait for a lock".to_owned());
        }
        match (may, to) {
            (false, _) => {}
            (true, RunState::Cancelled) => crate::hop::end_early(&self.ground.setup, &mut config.state, run, to),
            (true, _) => config.state.db.runs[place].state = to,
        }
        Ok(())
    }
}

/// Pairs of numbers.
fn pairs(value: &Value) -> Option<Vec<(u64, u64)>> {
    let pair = |pair: &Value| Some((pair[0].as_u64()?, pair[1].as_u64()?));
    value.as_array()?.iter().map(pair).collect()
}

/// The work is tried again, from where its session's part began, to come to this stage.
fn restart(config: &mut Config, slot: usize, to: Stage) {
    let hop = &mut config.state.hops[slot];
    match hop.stage {
        // It had seen that it is not the last, which changes nothing.
        Stage::Respond | Stage::LeaveCheckRelease if to == Stage::Finish => hop.stage = to,
        Stage::OpenRun | Stage::TryAgain => {
            if let (Trigger::Tick(tick), 0) = (hop.trigger, hop.asked) {
                hop.asked = tick;
            }
            hop.stage = Stage::Open;
        }
        Stage::FinishRun => (hop.stage, hop.locks_run) = (Stage::Finish, false),
        _ => {}
    }
}
