//! How things stand: one judgement of what the tables say, for all who look at it: the status page, `/health`,
//! `/metrics` and `rowscore status`. It only reads, and costs the database little however large the table is.

mod attended;
mod facts;
mod judge;
mod mood;
mod schedule;
mod silence;
mod trouble;

pub use attended::attended;
pub use facts::{Expected, Facts};
pub use judge::Standing;
pub use mood::Mood;
pub use trouble::{Heard, Lateness, Patience, Trouble};
