//! The model that a hop works with: the one that its job uses.

use super::error::HopError;
use super::means::Means;
use crate::event::Trigger;
use crate::model::{ModelVersion, SharedModel};
use crate::store::session::Session;
use crate::store::stored;

/// Who decides which model scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decides {
    /// The job, if it uses one that is stored.
    Job,
    /// Whoever asks for the hop, with the model that it brings along.
    Caller,
}

/// The stored model of a version, if it is another one than the program brings along. Who only looks needs none.
pub(super) async fn model_of(
    session: &mut Session,
    means: Means<'_>,
    version: Option<ModelVersion>,
    trigger: &Trigger,
) -> Result<Option<SharedModel>, HopError> {
    match version.filter(|version| *version != means.model.version() && !matches!(trigger, Trigger::Status(_))) {
        Some(version) => Ok(Some(session.run(async |conn| stored::shared(conn, version).await).await?)),
        None => Ok(None),
    }
}
