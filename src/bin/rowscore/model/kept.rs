//! `rowscore model push`, `list` and `remove`: the models that are stored.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use rowscore::config::{Config, JobName};
use rowscore::hop::Jobs;
use rowscore::model::{self, Model, SharedModel};
use rowscore::store::jobs::{self, JobState};
use rowscore::store::model_uses::{self, Use};
use rowscore::store::models::{self, LISTED, Pushed, Stored};
use rowscore::store::packed::LONGEST_FILE;
use rowscore::words;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::files;
use crate::opened::Opened;
use crate::out::{Out, say};

/// Digits of a version that people see.
const SHOWN: usize = 12;

/// What people see of a version.
pub(super) fn shown(version: &str) -> &str {
    version.get(..SHOWN).unwrap_or(version)
}

pub(super) async fn push(path: &Path, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::from_env().await?;
    let file = files::artifact(path)?;
    if file.len() > LONGEST_FILE {
        let (found, most) = (words::count(file.len() as u64), words::count(LONGEST_FILE as u64));
        return Err(files::of(path)(format!("it has {found} bytes; at most {most} are stored")).into());
    }
    let model = Model::from_json(&file).map_err(files::of(path))?;
    model.check_golden_rows().map_err(files::of(path))?;
    let pushed = opened.ask(async |conn| models::push(conn, &model, &file).await).await?;
    let (version, name, job) = (model.version(), model.name(), &opened.table().job);
    let use_it = format!("`rowscore model use {job} {version}` lets the job `{job}` use it");
    let done = match pushed {
        Pushed::Anew => format!("Stored model {version} (`{name}`); {use_it}."),
        Pushed::Before => format!("Model {version} (`{name}`) is stored already; {use_it}."),
        Pushed::Mended => format!("Model {version} (`{name}`) was damaged, and is whole again."),
    };
    let digits = version.digest().to_string();
    out.tell(&json!({"version": digits, "name": name, "bytes": file.len(), "new": pushed == Pushed::Anew}), [done])?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn list(out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::from_env().await?;
    let (stored, uses) = opened.ask(async |conn| models::list().and(model_uses::latest()).ask(conn).await).await?;
    let built_in: SharedModel = model::embedded()?.into();
    for model in &stored {
        let used = users(&uses, Some(&model.version));
        out.show(&object(model, &used), || [sentence(model, &used)])?;
    }
    let used = users(&uses, None);
    out.show(&object_of_built_in(&built_in, &used), || {
        let also = if used.is_empty() { "; jobs without a use of their own use it" } else { "" };
        [format!("{} `{}`, built in{}{also}", built_in.version(), built_in.name(), told(&used))]
    })?;
    out.flush()?;
    if stored.is_empty() {
        say!("No model is stored; `rowscore model push FILE` stores one.");
    }
    if stored.len() >= LISTED as usize {
        say!("These are the latest {}; any that are older are not shown.", words::count(LISTED.into()));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn remove(version: &str, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::from_env().await?;
    let model = found(&opened, version).await?;
    let version = shown(&model.version);
    if let Some(job) = challenged(&opened, &model.version).await? {
        return Err(format!(
            "model {version} stays: it is the challenger of the job `{job}`; take CHALLENGER out of its settings first"
        )
        .into());
    }
    let in_the_way = opened.ask(async |conn| model_uses::remove(conn, &model.version).await).await?;
    if let Some(used) = in_the_way {
        let Use { job, table, .. } = &used;
        let how = if used.version.as_ref() == Some(&model.version) { "uses it" } else { "could return to it" };
        return Err(format!(
            "model {version} stays: the job `{job}` over table `{table}` {how}; `rowscore model use {job} VERSION` with \
             another one, twice if need be, sets it free"
        )
        .into());
    }
    out.tell(&json!({"removed": model.version}), [format!("Removed model {version} (`{}`).", model.name)])?;
    Ok(ExitCode::SUCCESS)
}

/// The job, as far as it is described or that of the variables, whose challenger is of this version.
async fn challenged(opened: &Opened, version: &str) -> Result<Option<JobName>, Box<dyn Error>> {
    let rows = opened.ask(async |conn| jobs::known(conn).await).await?;
    let all = Jobs::new(Config::from_env()?).await;
    let described = rows.iter().filter(|row| row.state != JobState::Removed).filter_map(|row| all.job(row).ok());
    for job in described.chain([Arc::clone(all.of_variables())]) {
        let Some(name) = &job.work.challenger else { continue };
        let meant = opened.ask(async |conn| models::meant(name.as_str()).ask(conn).await).await?;
        if matches!(meant.as_slice(), [only] if only == version) {
            return Ok(Some(job.name.clone()));
        }
    }
    Ok(None)
}

/// The stored model whose version begins with these digits.
pub(super) async fn found(opened: &Opened, digits: &str) -> Result<Stored, Box<dyn Error>> {
    let lower = digits.to_ascii_lowercase();
    if lower.is_empty() || lower.len() > 64 || !lower.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(format!(
            "`{digits}` is no version; accepted: the first digits of one, 0 to 9 and a to f, as `rowscore model list` \
             shows them"
        )
        .into());
    }
    let mut found = opened.ask(async |conn| models::beginning(&lower).ask(conn).await).await?;
    match (found.pop(), found.pop()) {
        (Some(model), None) => Ok(model),
        (Some(_), Some(_)) => {
            Err(format!("several versions begin with `{digits}`; give more digits: `rowscore model list` shows them").into())
        }
        (None, _) if model::embedded()?.version().digest().to_string().starts_with(&lower) => {
            Err(format!("model {digits} is the one that is built in, and not stored; name it `built-in`").into())
        }
        (None, _) => Err(format!(
            "no stored version begins with `{digits}`; `rowscore model list` shows all, `rowscore model push FILE` stores one"
        )
        .into()),
    }
}

fn users<'u>(uses: &'u [Use], version: Option<&String>) -> Vec<&'u Use> {
    uses.iter().filter(|used| used.version.as_ref() == version).collect()
}

fn objects(uses: &[&Use]) -> Vec<Value> {
    let object = |used: &&Use| json!({"job": used.job, "items_table": used.table, "since": used.since, "by": used.by});
    uses.iter().map(object).collect()
}

fn object(model: &Stored, uses: &[&Use]) -> Value {
    let list = |text: &str| RawValue::from_string(text.to_owned()).ok();
    json!({
        "version": model.version, "name": model.name, "predicts": model.predicts, "features": list(&model.features),
        "classes": list(&model.classes), "bytes": model.bytes, "pushed_at": model.pushed_at,
        "pushed_by": model.pushed_by, "built_in": false, "used_by": objects(uses),
    })
}

fn object_of_built_in(model: &Model, uses: &[&Use]) -> Value {
    json!({
        "version": model.version().digest().to_string(), "name": model.name(),
        "predicts": model.outputs().kind.name(), "features": model.features(), "classes": model.classes(),
        "built_in": true, "used_by": objects(uses),
    })
}

fn sentence(model: &Stored, uses: &[&Use]) -> String {
    let Stored { version, name, predicts, bytes, pushed_at, pushed_by, .. } = model;
    let (version, bytes, at) = (shown(version), words::count(*bytes), words::minute(*pushed_at));
    format!("{version} `{name}`, {predicts}, {bytes} bytes, stored {at} by {pushed_by}{}", told(uses))
}

/// Like `; used by default over items since 2026-11-22 15:19`.
fn told(uses: &[&Use]) -> String {
    let each = |used: &&Use| format!("{} over {} since {}", used.job, used.table, words::minute(used.since));
    let all: Vec<String> = uses.iter().map(each).collect();
    if all.is_empty() { String::new() } else { format!("; used by {}", all.join(", ")) }
}
