//! What needs no server: the model against its references, drift, and whatever comes in from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod configuration;
mod drift;
mod model;
mod properties;
