//! Settings that are one of a few names.

use super::columns::PredictionFormat;
use super::setting::{Accepts, Setting, one_of};
use crate::run::{FailurePolicy, named};

one_of! { AuthName, FailurePolicy, PredictionFormat, SampleModel }

named! {
    pub(super) enum AuthName { Password = "password", Iam = "iam", }
}

named! {
    /// Which items a model scores that is a sample: `SAMPLE_MODEL`.
    pub enum SampleModel {
        /// The sample items of `rowscore init --rows`, and nothing else.
        Samples = "samples",
        /// Any.
        Allow = "allow",
    }
}
