//! Drift: how far what a run sees is from what the model was trained on.
//!
//! While a page is scored, [`Counter`] counts its rows: for each feature by the bins of the training
//! distribution, and by their most probable class. A lane keeps its counts in a [`Profile`], which is
//! written in the transaction of the page, so no row is counted twice. When a run ends, the counts of its
//! lanes are added up and compared: features with the training rows, classes with the runs before. The
//! result is a [`Report`]; its figures are the population stability index of [`Stability`].

mod profile;
mod report;
mod stability;

pub use profile::{Counter, Profile};
pub use report::{ClassDrift, FeatureDrift, Ratios, Report, Unusual};
pub use stability::{FALSE_ALARMS, SHIFT, Stability};
