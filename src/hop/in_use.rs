//! The model that a hop works with: the one that its job uses.

use super::clock::{Began, Clock};
use super::error::HopError;
use super::means::Means;
use crate::event::Trigger;
use crate::model::{ModelVersion, SharedModel};
use crate::store::session::Session;
use crate::store::statement::Statement;
use crate::store::{StoreError, clock, stored, used};

/// Who decides which model scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decides {
    /// The job, if it uses one that is stored.
    Job,
    /// Whoever asks for the hop, with the model that it brings along.
    Caller,
}

/// When the hop began, by the clock that decides: the database's, unless the hop is told. Connects. In the same round
/// trip, the version of the model that the job uses.
pub(super) async fn began(
    session: &mut Session,
    means: Means<'_>,
    clock: Clock,
    decides: Decides,
) -> Result<(Began, Option<ModelVersion>), StoreError> {
    let present = || match clock.told() {
        Some(began) => Statement::nothing().map(move |()| began),
        None => clock::present().map(Began::now),
    };
    let asked = session.run(async |conn| match decides {
        Decides::Job => used::version_beside(conn, means.database, present).await,
        Decides::Caller => Ok((present().ask(conn).await?, None)),
    });
    asked.await
}

/// The stored model of a version, if it is another one than the program brings along. Who only looks needs none.
pub(super) async fn model_of(
    session: &mut Session,
    means: Means<'_>,
    version: Option<ModelVersion>,
    trigger: &Trigger,
) -> Result<Option<SharedModel>, HopError> {
    match version.filter(|version| *version != means.model.version() && *trigger != Trigger::Status) {
        Some(version) => Ok(Some(session.run(async |conn| stored::shared(conn, version).await).await?)),
        None => Ok(None),
    }
}
