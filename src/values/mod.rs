//! Reading the `values` of a row: numbers in feature order, or the reason why not.

mod element;
mod features;
mod json;
mod plain;
mod reader;
mod reason;
mod shape;

pub use reader::{Reader, longest_category, longest_numbers, longest_text, longest_values};
pub use reason::{Reason, ReasonCode, StoredCode};
pub use shape::Shape;
