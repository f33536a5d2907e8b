//! How things stand: one judgement of what the tables say, for all who look at it: the status page, `/health`,
//! `/metrics` and `rowscore status`. It only reads, and costs the database little however large the table is.

mod facts;
mod judge;
mod mood;
mod schedule;
mod trouble;

pub use facts::{Expected, Facts};
pub use judge::{Standing, attended};
pub use mood::Mood;
pub use trouble::{Lateness, Trouble};
