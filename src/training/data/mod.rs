//! Data from CSV: to train on ([`Dataset`]), or for a model that exists already ([`Rows`]).

mod cell;
mod columns;
mod dataset;
mod error;
mod format;
mod kind;
mod left_out;
mod number;
mod numbered;
mod reading;
mod rows;
mod survey;
mod target;

pub use dataset::Dataset;
pub use error::{BadField, Clash, DataError, Encoding, Remedy};
pub use format::CsvFormat;
pub use number::Decimal;
pub use reading::{Gaps, Reading, Task, Which};
pub use rows::{Labelled, Row, Rows};
pub(super) use target::Target;
