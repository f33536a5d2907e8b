//! Settings that are one of a few names.

use super::columns::PredictionFormat;
use super::setting::{Accepts, Setting, one_of};
use crate::run::{FailurePolicy, named};

one_of! { AuthName, FailurePolicy, PredictionFormat }

named! {
    pub(super) enum AuthName { Password = "password", Iam = "iam", }
}
