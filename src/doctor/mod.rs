//! Whether all that a run needs is there, step by step, each with what was found and what to do about it: the login, the
//! server, rowscore's tables, how table and model fit each other, the grants, a page, and the way through the queue.
//!
//! It is the canary's trial, told in a table: `rowscore doctor` makes it by hand, and the deployed function for whoever
//! deployed it. It keeps nothing but the canary's row in `batch_runs`.

mod checkup;
mod examination;
mod examine;
mod of_job;
mod queue;
mod remedy;
mod server;

pub use checkup::{Checkup, Finding, State, Step, Verdict};
pub use examination::Examination;
pub use examine::examine;
