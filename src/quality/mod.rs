//! Quality: what predictions came to, once the truth is known.
//!
//! The truth of an item arrives in a column of its own, hours or weeks after the prediction. [`judge`] holds one
//! prediction against it; what it came to is added to the [`Sums`] of its run and model version. [`Figures`] are made
//! of these: those of scikit-learn, by their names there. The area under the curve cannot be added up: [`Ranks`] counts
//! it from all scores, in their order.

mod figures;
mod judged;
mod ranks;
mod sums;

pub use figures::{Figures, of_measure};
pub use judged::{Judged, Output, judge};
pub use ranks::{Ranks, macro_average};
pub use sums::{BINS, Basis, Bin, Sums};
