//! The stages of a hop, and which may follow which.

use super::brake::Wait;
use crate::answer::Outcome;
use crate::event::{Continuation, Request};
use crate::run::{RunId, named};
use crate::store::lanes::Due;
use crate::store::runs::Run;

/// What a hop does next. Each stage answers one of these; nobody but the loop begins a stage.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// Look how the last run stands.
    LookUp,
    /// Open the run that is asked for, or find the one that comes first.
    Open(Request),
    /// Try out, as a canary, what a run needs.
    TryOut(Request),
    /// Do what a continuation asks for, as far as it still holds.
    GoOn(Continuation),
    /// Replace a run of another model by one of this model.
    Succeed(Run),
    /// Take up an unfinished run, with the workers whose lanes are not finished.
    TakeUp(Run),
    /// Hold the lanes of one of these workers, and send the others off. Each comes with the hop that was
    /// due last.
    SetOff(Run, Vec<Due>),
    /// Work on the lanes of a worker, which this hop holds.
    Work(Run, Due),
    /// Time is up: hand the lanes over to the worker's next hop.
    HandOver(Run, Due),
    /// The database is to be left alone: let the lanes rest, and look again later.
    Rest(Run, Due, Wait),
    /// The worker's lanes are done: end the run, if they were the last.
    Finish(Run),
    /// Answer.
    Over(Option<RunId>, Outcome),
}

named! {
    /// The names of the stages, as [`Next`] explains them.
    pub(super) enum Stage {
        LookUp = "look_up",
        Open = "open",
        TryOut = "try_out",
        GoOn = "go_on",
        Succeed = "succeed",
        TakeUp = "take_up",
        SetOff = "set_off",
        Work = "work",
        HandOver = "hand_over",
        Rest = "rest",
        Finish = "finish",
        Over = "over",
    }
}

impl Next {
    /// The run that this stage works on, if it is not over.
    pub(super) fn run(&self) -> Option<RunId> {
        match self {
            Self::Succeed(run)
            | Self::TakeUp(run)
            | Self::SetOff(run, _)
            | Self::Work(run, _)
            | Self::HandOver(run, _)
            | Self::Rest(run, ..)
            | Self::Finish(run) => Some(run.id),
            Self::LookUp | Self::Open(_) | Self::TryOut(_) | Self::GoOn(_) | Self::Over(..) => None,
        }
    }

    /// The name of this stage.
    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::LookUp => Stage::LookUp,
            Self::Open(_) => Stage::Open,
            Self::TryOut(_) => Stage::TryOut,
            Self::GoOn(_) => Stage::GoOn,
            Self::Succeed(_) => Stage::Succeed,
            Self::TakeUp(_) => Stage::TakeUp,
            Self::SetOff(..) => Stage::SetOff,
            Self::Work(..) => Stage::Work,
            Self::HandOver(..) => Stage::HandOver,
            Self::Rest(..) => Stage::Rest,
            Self::Finish(_) => Stage::Finish,
            Self::Over(..) => Stage::Over,
        }
    }
}

impl Stage {
    /// Whether `next` may come after this stage. The loop of a hop holds every stage to it in builds for
    /// tests.
    pub(super) fn may_lead_to(self, next: Self) -> bool {
        use Stage::{Finish, GoOn, HandOver, LookUp, Open, Over, Rest, SetOff, Succeed, TakeUp, TryOut, Work};
        matches!(
            (self, next),
            (LookUp | TryOut | HandOver | Rest, Over)
                | (Open, Succeed | TakeUp | SetOff | Over)
                | (GoOn, Succeed | Work | Finish | Over)
                | (Succeed, Open | TakeUp | Over)
                | (TakeUp, SetOff | Finish | Over)
                | (SetOff, Work | Over)
                | (Work, HandOver | Rest | Finish | TakeUp | Over)
                // The second pass of the run, or the run that was asked for while this one came first.
                | (Finish, TakeUp | Open | Over)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawn_stages_follow_each_other_as_those_in_the_code() {
        let drawn: Vec<(Stage, Stage)> = include_str!("../../docs/ARCHITECTURE.md")
            .lines()
            .filter_map(|line| line.trim().split_once(" --> "))
            .filter_map(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)))
            .collect();
        for &from in Stage::ALL {
            for &to in Stage::ALL {
                assert_eq!(drawn.contains(&(from, to)), from.may_lead_to(to), "{from} --> {to}");
            }
        }
    }
}
