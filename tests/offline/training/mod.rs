//! Data that models are trained on and judged by.

mod dataset;
mod rows;
