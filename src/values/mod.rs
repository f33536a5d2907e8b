//! Reading the `values` of a row: numbers in feature order, or the reason why not.

mod features;
mod json;
mod plain;
mod reader;
mod reason;
mod shape;

pub use reader::{Reader, longest_numbers, longest_text};
pub use reason::{Reason, ReasonCode, StoredCode};
pub use shape::Shape;
