//! Data from CSV: to train on ([`Dataset`]), or for a model that exists already ([`Rows`]).

mod columns;
mod dataset;
mod error;
mod rows;

pub use dataset::Dataset;
pub use error::DataError;
pub use rows::{Labelled, Row, Rows};
