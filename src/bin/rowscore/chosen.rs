//! Which model a command works with.

use std::error::Error;
use std::path::PathBuf;

use clap::ValueHint;
use mysql_async::Conn;
use rowscore::hop::Job;
use rowscore::model::{Model, ModelVersion, SharedModel};
use rowscore::store::stored::{self, LoadError};
use rowscore::store::{Database, models, used};

use crate::files;
use crate::opened::Opened;

/// Of a command about files.
#[derive(clap::Args)]
pub(crate) struct Chosen {
    /// The artifact [default: the model that is built in]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    model: Option<PathBuf>,
}

impl Chosen {
    /// The model, for the life of the process.
    pub(crate) fn model(&self) -> Result<&'static Model, Box<dyn Error>> {
        files::model(self.model.as_deref())
    }
}

/// Of a command about a job.
#[derive(clap::Args)]
pub(crate) struct ForJob {
    /// An artifact [default: the model that the job uses (`rowscore model use`), or else the one that is built in]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    model: Option<PathBuf>,
}

impl ForJob {
    /// Whether an artifact is given.
    pub(crate) fn is_given(&self) -> bool {
        self.model.is_some()
    }

    /// The model that the program brings along: the artifact, or the one that is built in.
    pub(crate) fn brought(&self) -> Result<&'static Model, Box<dyn Error>> {
        files::model(self.model.as_deref())
    }

    /// The model, over a connection of its own if the database has to be asked.
    pub(crate) async fn model(&self, opened: &Opened) -> Result<SharedModel, Box<dyn Error>> {
        let brought = self.brought()?.into();
        if self.is_given() {
            return Ok(brought);
        }
        Ok(in_use(opened, brought).await?)
    }

    /// The model, by a connection.
    pub(crate) async fn over(&self, conn: &mut Conn, database: &Database) -> Result<SharedModel, Box<dyn Error>> {
        let brought = self.brought()?.into();
        Ok(if self.is_given() { brought } else { used::model(conn, database, brought).await? })
    }
}

/// The model of a job that is described.
pub(crate) struct Named {
    pub model: SharedModel,
    pub from_now_on: FromNowOn,
}

/// What becomes of the model that a job uses when its description is applied.
pub(crate) enum FromNowOn {
    /// It stays.
    Same,
    /// The stored one of this version takes its place; `None`: the one that is built in.
    Uses(Option<String>),
}

impl ForJob {
    /// The model of a job that is described: the one that it uses, if that is called as its settings say; or else the one of
    /// that name, as the program brings it along, or as it was stored last.
    pub(crate) async fn of(&self, conn: &mut Conn, job: &Job) -> Result<Named, Box<dyn Error>> {
        let brought: SharedModel = self.brought()?.into();
        let same = |model| Named { model, from_now_on: FromNowOn::Same };
        if self.is_given() {
            return Ok(same(brought));
        }
        let used = used::model(conn, &job.database, brought.clone()).await;
        let Some(name) = &job.work.model_name else { return Ok(same(used?)) };
        match used {
            Ok(model) if model.name() == name.as_str() => return Ok(same(model)),
            // What is named may take the place of one that cannot be used.
            Ok(_) | Err(LoadError::Unusable(_)) => {}
            Err(error) => return Err(error.into()),
        }
        if brought.name() == name.as_str() {
            return Ok(Named { model: brought, from_now_on: FromNowOn::Uses(None) });
        }
        let missing =
            || format!("no stored model is called `{name}` (MODEL_NAME); `rowscore model push FILE` stores one");
        let digits = models::latest_named(name.as_str()).ask(conn).await?.ok_or_else(missing)?;
        let version = ModelVersion::from_digits(&digits).ok_or_else(missing)?;
        Ok(Named { model: stored::shared(conn, version).await?, from_now_on: FromNowOn::Uses(Some(digits)) })
    }
}

/// The model that the job uses, or else the one that is built in.
pub(crate) async fn in_use(opened: &Opened, built_in: SharedModel) -> Result<SharedModel, LoadError> {
    opened.ask(async |conn| used::model(conn, &opened.database, built_in.clone()).await).await
}
