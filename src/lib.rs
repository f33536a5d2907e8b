//! rowscore fills in the predictions of a MySQL table, on a schedule, with nothing running in
//! between. The crate documentation is being written along with the README.

pub mod answer;
pub mod config;
pub mod event;
pub mod hop;
pub mod lambda;
pub mod model;
pub mod run;
pub mod store;
pub mod values;
pub mod window;
