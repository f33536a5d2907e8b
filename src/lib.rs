#![doc = include_str!("../README.md")]

pub mod answer;
pub mod api;
pub mod config;
pub mod drift;
pub mod event;
pub mod hop;
pub mod lambda;
pub mod model;
pub mod quality;
pub mod run;
pub mod standing;
pub mod store;
pub mod training;
pub mod values;
pub mod window;
pub mod words;
