//! Settings that are one of a few names.

use super::columns::PredictionFormat;
use super::setting::{Accepts, Setting, one_of};
use super::source::SourceKind;
use super::target::Keeps;
use crate::run::{FailurePolicy, named};

one_of! { AuthName, FailurePolicy, Keeps, PredictionFormat, SampleModel, SourceKind }

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
