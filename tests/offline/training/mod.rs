//! Data that models are trained on and judged by.

mod any_file;
mod dataset;
mod families;
mod rows;
