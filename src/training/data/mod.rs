//! Data from CSV: to train on ([`Dataset`]), and to score with a model that is there ([`Rows`]).

mod columns;
mod dataset;
mod error;
mod rows;

pub use dataset::Dataset;
pub use error::DataError;
pub use rows::{Labelled, Row, Rows};
