#![doc = include_str!("../README.md")]
#![warn(clippy::missing_errors_doc)]

pub mod answer;
pub mod api;
pub mod config;
pub mod doctor;
pub mod drift;
pub mod event;
pub mod hop;
pub mod lambda;
pub mod model;
pub mod quality;
pub mod run;
pub mod secrets;
pub mod setup;
pub mod standing;
pub mod store;
pub mod training;
pub mod values;
pub mod window;
pub mod words;
