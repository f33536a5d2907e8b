//! What needs no server: the model against its references, drift, whatever comes in from outside, and how the house
//! is built.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod configuration;
mod drift;
mod events;
mod house;
mod model;
mod properties;
mod run;
mod terminal;
mod training;
mod values;
mod window;
mod words;
