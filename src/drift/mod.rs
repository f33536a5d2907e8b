//! Drift: how far what a run sees is from what the model was trained on.
//!
//! While a page is scored its rows are counted, per feature by the bins of the training
//! distribution, and by their most probable class ([`Counter`]). The counts are a lane's, written
//! with the page, so that they are exactly-once like everything else ([`Profile`]). When a run ends
//! they are added up and compared: features with the training rows, classes with the runs before
//! ([`Report`], by the population stability index of [`Stability`]).

mod profile;
mod report;
mod stability;

pub use profile::{Counter, Profile};
pub use report::{ClassDrift, FeatureDrift, Ratios, Report};
pub use stability::{FALSE_ALARMS, SHIFT, Stability};
