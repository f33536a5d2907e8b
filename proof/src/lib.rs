//! A model of the hop's protocol, explored exhaustively: see `docs/PROOF.md`.

pub mod bounds;
pub mod calm;
pub mod hop;
pub mod leaving;
pub mod model;
pub mod opening;
pub mod promises;
#[cfg(feature = "replay")]
pub mod replay;
pub mod rows;
pub mod setup;
pub mod setups;
pub mod shortest;
pub mod state;
pub mod tables;
pub mod told;
pub mod working;
