//! What must hold before a run is opened: the table's columns are what the configuration says they
//! are, and its rows look like what the model takes. Whatever does not is said at once, and nothing
//! is touched.

mod columns;
mod kinds;
mod local_time;
mod rows;
mod score_key;
mod source;
mod written;

use mysql_async::Conn;

use self::kinds::Stage;
use self::source::Looked;
use super::error::HopError;
use super::means::Means;
use super::neighbour;
use super::unfit::Unfit;
use crate::config::{ItemsTable, RunColumn, SampleModel};
use crate::event::Trigger;
use crate::model::{Model, Purpose};
use crate::run::RunKind;
use crate::store::catalog::{Catalog, Column};
use crate::store::cells::cell;
use crate::store::counts::{self, Extent};
use crate::store::session::Session;
use crate::store::wanted::Wanted;
use crate::store::{StoreError, catalog, failures, items, lanes, samples};

/// A table that can be scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The statement that makes the key by which a window is found at once, if it is missing.
    pub missing_key: Option<String>,
    /// The table, with what rowscore's statements need of what the server says of it.
    pub table: ItemsTable,
    /// What speaks for local time in the column of the times of arrival.
    pub local_time: Option<String>,
    /// What could not be told of a source that is no table as it is.
    pub unknown: Vec<String>,
}

/// Before anything that touches items: whether `FEATURE_COLUMNS` names the model's features, and a
/// backfill can tell whose a prediction is.
pub(super) fn check_names(means: Means<'_>, trigger: &Trigger) -> Result<(), Unfit> {
    let table = means.table();
    let mut problems = Vec::new();
    if !matches!(trigger, Trigger::Status(_)) {
        problems.extend(names(table, means.model).into_iter().chain(pinned(means)));
    }
    if matches!(trigger, Trigger::Open(request) if request.kind == RunKind::Backfill) && table.run == RunColumn::None {
        problems.push("a backfill needs RUN_COLUMN, which tells what model a prediction is of; it is none".into());
    }
    Unfit::unless_none(table, problems)
}

/// Before a run is opened: [`check_columns`], and whether what a page writes may be written, until all is well; then not
/// again in this process, with this model, until the table is altered. A canary writes by itself. Each time, whether the
/// server still knows the zone of the times of arrival, and whether a sample meets its own: that changes with every row of
/// the user's.
pub(super) async fn check_table(session: &mut Session, means: Means<'_>, kind: RunKind) -> Result<(), HopError> {
    let is_as_it_was = match means.database.fingerprint_that_fits(means.model.version()) {
        Some(then) => session.ask(|| catalog::fingerprint(means.table())).await? == then,
        None => false,
    };
    if is_as_it_was {
        check_zone(session, means.table()).await?;
    } else {
        look_closely(session, means, kind).await?;
    }
    session.run(async |conn| check_sample(conn, means).await).await
}

/// Before pages are read: whether the server knows the zone of the times of arrival. One that took over, or was restored, may
/// have no tables of zones, and to it every window is empty.
pub(super) async fn check_zone(session: &mut Session, table: &ItemsTable) -> Result<(), HopError> {
    if table.created_zone.as_ref().is_none_or(|zone| zone.is_offset()) {
        return Ok(());
    }
    let problem = session.run(async |conn| zone_problem(conn, table).await).await?;
    Ok(Unfit::unless_none(table, problem.into_iter().collect())?)
}

async fn zone_problem(conn: &mut Conn, table: &ItemsTable) -> Result<Option<String>, StoreError> {
    let Some(zone) = &table.created_zone else { return Ok(None) };
    let is_known = counts::knows_zone(zone).ask(conn).await?;
    Ok((!is_known).then(|| {
        format!(
            "CREATED_ZONE is `{zone}`, which the server does not know; accepted: an offset like +05:30, or a name \
             from its tables of zones, which `mysql_tzinfo_to_sql` fills"
        )
    }))
}

async fn look_closely(session: &mut Session, means: Means<'_>, kind: RunKind) -> Result<(), HopError> {
    let table = means.table();
    let fit = session.run(async |conn| check_columns(conn, table, means.model).await).await?;
    if let Some(missing) = fit.missing_key {
        let table = table.as_str();
        tracing::warn!(table, "without a key, windows are found by reading the whole table: {missing}");
    }
    if let Some(notice) = fit.local_time {
        tracing::warn!(table = table.as_str(), "{notice}");
    }
    for notice in fit.unknown {
        tracing::info!(table = table.as_str(), "{notice}");
    }
    means.database.remember_table(fit.table);
    if kind == RunKind::Canary {
        return Ok(());
    }
    Box::pin(check_signs(session, means)).await?;
    session.run(async |conn| check_writing(conn, means).await).await?;
    means.database.remember_fit(means.model.version());
    Ok(())
}

/// Whether what `WAIT_IF` names can be looked at, as far as time will not tell.
///
/// # Errors
/// Everything that cannot.
pub async fn check_signs(session: &mut Session, means: Means<'_>) -> Result<(), Unfit> {
    Unfit::unless_none(means.table(), Box::pin(neighbour::problems(session, means)).await)
}

/// Whether the login may write what a page writes. Nothing is written.
///
/// # Errors
/// It may not, or the server takes no writes.
pub async fn check_writing(conn: &mut Conn, means: Means<'_>) -> Result<(), StoreError> {
    let tried = items::try_writing(means.table(), means.model.outputs())?;
    tried.then(failures::try_writing()).then(lanes::try_writing()).ask(conn).await
}

/// Before a page of a run that was opened by another process: what the table's key is, and which columns keep their
/// values.
pub(super) async fn look_at_table(session: &mut Session, means: Means<'_>) -> Result<(), StoreError> {
    session.run(async |conn| means.database.look_at_table(conn).await).await
}

/// What of the columns that are named does not fit a model.
pub(super) fn names(table: &ItemsTable, model: &Model) -> Vec<String> {
    let features = table.feature_columns(model.features()).err();
    let beside = table.beside.iter().filter_map(|beside| cell(beside, model.outputs()).err());
    features.iter().map(ToString::to_string).chain(beside).collect()
}

/// As [`check_columns`], before `rowscore init` or `rowscore apply` makes anything: the column of the run, a score table and
/// its columns may be missing, and are as they must be if they are there. The column of the truth has to be there, if one
/// is named.
///
/// # Errors
/// As [`check_columns`].
pub async fn check_before_making(conn: &mut Conn, table: &ItemsTable, model: &Model) -> Result<Fit, HopError> {
    check(conn, (table, model), Stage::BeforeMaking).await
}

/// The same of the score table alone, before the table that is scored is made.
///
/// # Errors
/// As [`check_columns`].
pub async fn check_scores_before_making(conn: &mut Conn, table: &ItemsTable, model: &Model) -> Result<(), HopError> {
    let none = Catalog::default();
    Ok(Unfit::unless_none(table, score_problems(conn, (table, model), (&none, Stage::BeforeMaking)).await?)?)
}

/// The column in which the truth arrives, if one is named. Where the table has none of that name runs go on: no prediction is
/// judged.
///
/// # Errors
/// [`HopError::Unfit`] with its name.
pub async fn check_truth(conn: &mut Conn, table: &ItemsTable) -> Result<Option<Column>, HopError> {
    let Some(name) = &table.truth else { return Ok(None) };
    let catalog = catalog::describe(table).ask(conn).await?;
    Unfit::unless_judged(table, columns::truth_problems(table, &catalog))?;
    let unknown = || Column { name: name.as_str().to_owned(), ..Column::default() };
    Ok(Some(catalog.column(name.as_str()).cloned().unwrap_or_else(unknown)))
}

/// What is wrong with the model, if a job expects another one.
fn pinned(means: Means<'_>) -> Option<String> {
    let (expected, model) = (means.work.model_name.as_ref()?, means.model);
    (expected.as_str() != model.name()).then(|| {
        format!(
            "the model is `{}` ({}), and MODEL_NAME is `{expected}`; `rowscore model list` shows which are stored, and \
             `rowscore model use {} VERSION` lets the job use one of them; or build that one in with MODEL_FILE, or set \
             MODEL_NAME",
            model.name(),
            model.version(),
            means.table().job
        )
    })
}

/// Whether a model that is a sample meets the samples that it is for.
pub(super) async fn check_sample(conn: &mut Conn, means: Means<'_>) -> Result<(), HopError> {
    let (model, table) = (means.model, means.table());
    let may_score_all = model.purpose() == Purpose::Use || means.work.sample_model == SampleModel::Allow;
    if may_score_all || samples::are_all(table).ask(conn).await? {
        return Ok(());
    }
    let problem = format!(
        "the model `{}` ({}) is a sample, which scores the sample items of `rowscore init --rows` and nothing else; \
         train one of your own with `rowscore train`, and use it with `rowscore model push FILE` and `rowscore model use \
         {} VERSION`, or build it in with MODEL_FILE; or set SAMPLE_MODEL=allow, if the sample is to score this table",
        model.name(),
        model.version(),
        table.job
    );
    Ok(Unfit::unless_none(table, vec![problem])?)
}

/// Whether runs would be opened with this model: all that is checked before one, but for the rows.
///
/// # Errors
/// [`HopError::Unfit`] with everything that is wrong.
pub async fn check_use(conn: &mut Conn, means: Means<'_>) -> Result<Fit, HopError> {
    let table = means.table();
    Unfit::unless_none(table, pinned(means).into_iter().collect())?;
    let fit = check_columns(conn, table, means.model).await?;
    check_sample(conn, means).await?;
    Ok(fit)
}

/// Whether the table's columns and keys are what a run with `model` needs.
///
/// # Errors
/// [`HopError::Unfit`] with everything that is wrong with the table.
pub async fn check_columns(conn: &mut Conn, table: &ItemsTable, model: &Model) -> Result<Fit, HopError> {
    check(conn, (table, model), Stage::Made).await
}

/// Everything that is wrong with the score table, if there is to be one, beside these items.
async fn score_problems(
    conn: &mut Conn,
    (table, model): (&ItemsTable, &Model),
    (items, stage): (&Catalog, Stage),
) -> Result<Vec<String>, StoreError> {
    let Some(scores) = table.target.scores() else { return Ok(Vec::new()) };
    let described = catalog::describe_scores(scores).ask(conn).await?;
    let mut problems = written::score_problems(table, scores, model.outputs(), (&described, stage));
    problems.extend(score_key::problems(table, scores, (items, &described)));
    Ok(problems)
}

async fn check(conn: &mut Conn, (table, model): (&ItemsTable, &Model), stage: Stage) -> Result<Fit, HopError> {
    let mut problems = names(table, model);
    let (catalog, seen) = catalog::look(conn, table).await?;
    problems.extend(columns::problems(table, model, &catalog, stage));
    problems.extend(source::kind_problem(table, &catalog));
    problems.extend(score_problems(conn, (table, model), (&catalog, stage)).await?);
    problems.extend(zone_problem(conn, table).await?);
    Unfit::unless_none(table, problems)?;
    let Looked { problems, unknown } = source::look(conn, &seen, model).await?;
    Unfit::unless_none(table, problems)?;
    let local_time = match columns::without_zone(table, &catalog) {
        Some(column) => local_time::notice(column, counts::clocks(&seen).ask(conn).await?),
        None => None,
    };
    Ok(Fit { local_time, unknown, missing_key: columns::missing_key(table, &catalog), table: seen })
}

/// Whether the first and the last of a run's pending items look like rows of the model's. Of typed
/// columns that is known already.
pub(super) async fn check_rows(conn: &mut Conn, wanted: Wanted<'_>, extent: &Extent) -> Result<(), HopError> {
    let Wanted { table, features, .. } = wanted;
    if table.has_feature_columns() || extent.items.is_some_and(|items| items < rows::ENOUGH as u64) {
        return Ok(());
    }
    let sample = items::sample(conn, wanted, &extent.ids, rows::FROM_EACH_END).await?;
    Ok(Unfit::unless_none(table, rows::problem(features, &sample).into_iter().collect())?)
}
