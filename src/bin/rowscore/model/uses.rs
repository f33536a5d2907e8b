//! `rowscore model use` and `rollback`: which model a job uses.

use std::error::Error;
use std::process::ExitCode;

use rowscore::config::JobName;
use rowscore::hop::{self, Means};
use rowscore::model::{self, ModelVersion, SharedModel};
use rowscore::store::model_uses::{self, Noted, Return};
use rowscore::store::stored;
use serde_json::json;

use super::kept::{found, shown};
use crate::opened::Opened;
use crate::out::Out;

/// How the model that is built in is named.
const BUILT_IN: &str = "built-in";

pub(super) async fn begin(job: &JobName, version: &str, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::of(Some(job)).await?;
    let version = match version {
        BUILT_IN => None,
        digits => Some(found(&opened, digits).await?.version),
    };
    check(&opened, version.as_deref()).await?;
    let table = opened.table();
    let noted = opened.ask(async |conn| model_uses::note(conn, table, version.as_deref()).await).await?;
    let now = match noted {
        Noted::Done => "uses from its next hop on",
        Noted::Before => "uses already",
        Noted::Gone => {
            return Err("somebody has removed it meanwhile; `rowscore model list` shows what is there".into());
        }
    };
    let done = format!("The job `{job}` {now}: {}.", named(version.as_deref()));
    out.tell(&json!({"job": job, "items_table": table.as_str(), "version": version}), [done])?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn rollback(job: &JobName, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::of(Some(job)).await?;
    let table = opened.table();
    let to: Return = opened.ask(async |conn| model_uses::to_return_to(conn, table).await).await?.ok_or_else(|| {
        format!(
            "the job `{job}` uses the model that is built in, and has used no other one before; `rowscore model use {job} \
             VERSION` lets it use a stored one"
        )
    })?;
    check(&opened, to.version.as_deref()).await?;
    if opened.ask(async |conn| model_uses::go_back(conn, table, &to).await).await? != Noted::Done {
        return Err("somebody has changed it meanwhile; look with `rowscore model list`, and call this again".into());
    }
    let done = format!("The job `{job}` returns, from its next hop on, to: {}.", named(to.version.as_deref()));
    out.tell(&json!({"job": job, "items_table": table.as_str(), "version": to.version}), [done])?;
    Ok(ExitCode::SUCCESS)
}

/// Whether the model of a version can be used for the job's table.
async fn check(opened: &Opened, version: Option<&str>) -> Result<(), Box<dyn Error>> {
    let model: SharedModel = match version.and_then(ModelVersion::from_digits) {
        Some(version) => opened.ask(async |conn| stored::shared(conn, version).await).await?,
        None => model::embedded()?.into(),
    };
    let means = Means { database: &opened.database, work: &opened.config.work, model: &model, challenger: None };
    opened.ask(async |conn| hop::check_use(conn, means).await).await?;
    // Or no run would be opened with it.
    opened.ask(async |conn| hop::challenger(conn, means).await).await?;
    Ok(())
}

fn named(version: Option<&str>) -> String {
    version.map_or_else(|| "the model that is built in".to_owned(), |version| format!("model {}", shown(version)))
}
