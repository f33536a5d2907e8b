//! One hop: a loop over its next stage (`runner`, `next`). Each stage is a file that does its part and says
//! what comes next; `respond` alone answers.
//!
//! Within the stages are named steps: `open_run` → `claim_lanes` → per lane, { `read_page` → `score_page` →
//! `write_page` → `commit_page` } → `send_continuation` or `finish_run` → `respond`.
//!
//! This is the core. It knows the database and the model, and of the world outside only a
//! [`Trigger`](crate::event::Trigger), a [`Clock`] and a [`Relay`] for continuations: nothing of Lambda or
//! SQS.

mod at_work;
mod brake;
mod canary;
mod census;
mod challenger;
mod check;
mod clock;
mod compare;
mod cutting;
mod drift;
mod end;
mod ended;
mod error;
mod finish;
mod forecast;
mod go_on;
mod going;
mod hand_over;
mod horizon;
mod in_use;
mod jobs;
mod judging;
mod lane;
mod lane_sessions;
mod look_up;
mod looks;
mod means;
mod neighbour;
mod next;
mod open;
mod opening;
mod order;
mod pace;
mod page;
mod plan;
mod reading;
mod refusal;
mod relay;
mod respond;
mod rest;
mod runner;
mod scope;
mod set_off;
mod side_by_side;
mod start;
pub mod step;
mod succession;
mod telling;
mod terms;
mod too_many;
mod under_way;
mod unfit;
mod work;
mod writing;

pub use challenger::challenger;
pub use check::{
    Fit, check_before_making, check_columns, check_scores_before_making, check_signs, check_truth, check_use,
    check_writing,
};
pub use clock::Clock;
pub use end::{Steered, steer, stop};
pub use ended::{Ended, Tally};
pub use error::HopError;
pub use forecast::Late;
pub use in_use::Decides;
pub use jobs::{Chosen, Job, Jobs, NoJob, has_jobs, unknown};
pub use judging::{Judgement, Round, judge_runs};
pub use means::Means;
pub use plan::{Basis, Plan, plan};
pub use relay::{InAnswer, NotTold, Reached, Relay, Told};
pub use rest::seconds_until;
pub use runner::Runner;
pub use start::Start;
pub use unfit::Unfit;

#[cfg(test)]
#[path = "../../tests/stages/mod.rs"]
mod stages;

#[cfg(test)]
#[path = "../../tests/stages/between.rs"]
mod between;

#[cfg(test)]
#[path = "../../tests/stages/lanes.rs"]
mod lanes_of_many;

#[cfg(test)]
#[path = "../../tests/stages/history.rs"]
mod history;

#[cfg(test)]
#[path = "../../tests/stages/present.rs"]
mod present;
