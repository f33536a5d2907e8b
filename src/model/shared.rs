//! A model for as long as somebody uses it.

use std::ops::Deref;
use std::sync::Arc;

use super::loaded::Model;

/// A model that outlives whoever uses it: one that lasts as long as the process, like the one that is built in, or one
/// that was read while the process ran and is let go of when nobody uses it any more.
#[derive(Clone, Debug)]
pub enum SharedModel {
    /// For the life of the process.
    Lasting(&'static Model),
    /// For as long as somebody has it.
    Counted(Arc<Model>),
}

impl Deref for SharedModel {
    type Target = Model;

    fn deref(&self) -> &Model {
        match self {
            Self::Lasting(model) => model,
            Self::Counted(model) => model,
        }
    }
}

impl From<&'static Model> for SharedModel {
    fn from(model: &'static Model) -> Self {
        Self::Lasting(model)
    }
}

impl From<Arc<Model>> for SharedModel {
    fn from(model: Arc<Model>) -> Self {
        Self::Counted(model)
    }
}
