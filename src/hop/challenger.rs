//! The challenger: a second stored model that scores the rows that the run's own model scores, into the history only.

use mysql_async::Conn;

use super::at_work::AtWork;
use super::check::{check_sample, names};
use super::error::HopError;
use super::means::Means;
use super::page::score_page;
use super::unfit::Unfit;
use crate::config::NameOfModel;
use crate::event::Trigger;
use crate::model::{Feature, Model, ModelVersion, SharedModel};
use crate::run::{Pass, RunKind};
use crate::store::models;
use crate::store::pages::Challenge;
use crate::store::pending::PendingItems;
use crate::store::session::Session;
use crate::store::stored::{self, LoadError};

/// The challenger of a hop. One that cannot be used lets no run be opened; a run that is under way goes on without it.
/// Where none is named, nothing is asked.
pub(super) async fn challenger_for(
    session: &mut Session,
    means: Means<'_>,
    trigger: &Trigger,
) -> Result<Option<SharedModel>, HopError> {
    let opens = match trigger {
        Trigger::Open(request) if request.kind != RunKind::Backfill => true,
        Trigger::Continue(_) => false,
        _ => return Ok(None),
    };
    if means.work.challenger.is_none() {
        return Ok(None);
    }
    match session.run(async |conn| challenger(conn, means).await).await {
        Err(HopError::Unfit(unfit)) if !opens => {
            tracing::error!(error = %unfit, "the run goes on without its challenger");
            Ok(None)
        }
        found => found,
    }
}

/// The challenger that the job names, if it names one and that is not the model in use.
///
/// # Errors
/// [`HopError::Unfit`]: it is not stored, is damaged, or does not fit the table and the model in use.
pub async fn challenger(conn: &mut Conn, means: Means<'_>) -> Result<Option<SharedModel>, HopError> {
    let (table, Some(name)) = (means.table(), &means.work.challenger) else { return Ok(None) };
    let unfit = |problem: String| Unfit::unless_none(table, vec![format!("CHALLENGER is `{name}`: {problem}")]);
    let found = models::meant(name.as_str()).ask(conn).await?;
    let version = match only(&found) {
        Ok(version) if version == means.model.version() => return Ok(None),
        Ok(version) => version,
        Err(problem) => return unfit(problem).map(|()| None).map_err(HopError::from),
    };
    let model = match stored::shared(conn, version).await {
        Ok(model) => model,
        Err(LoadError::Store(error)) => return Err(error.into()),
        Err(LoadError::Unusable(unusable)) => {
            return unfit(unusable.to_string()).map(|()| None).map_err(HopError::from);
        }
    };
    Unfit::unless_none(table, misfits(means, name, &model))?;
    check_sample(conn, Means { model: &model, ..means }).await?;
    Ok(Some(model))
}

/// The one version that is found.
fn only(found: &[String]) -> Result<ModelVersion, String> {
    match found {
        [version] => ModelVersion::from_digits(version).ok_or_else(|| format!("`{version}` is no version")),
        [] => Err(
            "no stored model is called so, and no version begins so; `rowscore model list` shows all, `rowscore model \
                   push FILE` stores one"
                .to_owned(),
        ),
        _ => Err("several versions begin so; give more digits: `rowscore model list` shows them".to_owned()),
    }
}

/// Why a model cannot score what is read for the model in use, and be written where its predictions go.
fn misfits(means: Means<'_>, name: &NameOfModel, model: &Model) -> Vec<String> {
    let champion = means.model;
    let mut problems: Vec<String> =
        names(means.table(), model).into_iter().map(|problem| format!("CHALLENGER is `{name}`: {problem}")).collect();
    let told =
        |model: &Model| model.features().iter().map(|feature| feature.name.as_str()).collect::<Vec<_>>().join(", ");
    let is_same = |(one, other): (&Feature, &Feature)| {
        one.name == other.name && std::mem::discriminant(&one.kind) == std::mem::discriminant(&other.kind)
    };
    let (own, its) = (champion.features(), model.features());
    if own.len() != its.len() || !own.iter().zip(its).all(is_same) {
        problems.push(format!(
            "CHALLENGER is `{name}` ({}), which takes {}; accepted: a model of the same features in the same order, of the \
             same kinds, as {} in use: {}",
            model.version(),
            told(model),
            champion.version(),
            told(champion)
        ));
    }
    let kinds = (model.outputs().kind, champion.outputs().kind);
    if kinds.0 != kinds.1 {
        problems.push(format!(
            "CHALLENGER is `{name}` ({}), which predicts {}; accepted: a model that predicts {}, as the one in use",
            model.version(),
            kinds.0.name(),
            kinds.1.name()
        ));
    }
    problems
}

/// What the challenger says of a page, where it is asked: of windows and sweeps, while they are written.
pub(super) fn challenge<'i>(at_work: AtWork<'i>, found: &'i PendingItems) -> Option<Challenge<'i>> {
    let (run, means) = (at_work.run, at_work.means);
    let is_asked = run.mode.writes() && run.pass == Pass::Write && matches!(run.kind, RunKind::Window | RunKind::Sweep);
    let model = means.challenger.filter(|_| is_asked)?;
    let scored = score_page(model, means.table(), found);
    if !scored.failures.is_empty() {
        tracing::debug!(run = %run.id, rows = scored.failures.len(), "the challenger cannot score some rows");
    }
    Some(Challenge { model: model.version().to_string(), predictions: scored.predictions })
}
