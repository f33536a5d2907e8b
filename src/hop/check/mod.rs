//! What must hold before a run is opened: the table's columns are what the configuration says they
//! are, and its rows look like what the model takes. Whatever does not is said at once, and nothing
//! is touched.

mod columns;
mod rows;

use mysql_async::Conn;

use super::error::HopError;
use super::means::Means;
use super::unfit::Unfit;
use crate::config::{ItemsTable, RunColumn};
use crate::event::Trigger;
use crate::model::Model;
use crate::run::RunKind;
use crate::store::counts::{self, Extent};
use crate::store::session::Session;
use crate::store::wanted::Wanted;
use crate::store::{catalog, items, trial};

/// A table that can be scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The statement that makes the key by which a window is found at once, if it is missing.
    pub missing_key: Option<String>,
}

/// Before anything that touches items: whether `FEATURE_COLUMNS` names the model's features, and a
/// backfill can tell whose a prediction is.
pub(super) fn check_names(means: Means<'_>, trigger: &Trigger) -> Result<(), Unfit> {
    let table = means.table();
    let mut problems = if *trigger == Trigger::Status { Vec::new() } else { names(table, means.model) };
    if matches!(trigger, Trigger::Open(request) if request.kind == RunKind::Backfill) && table.run == RunColumn::None {
        problems.push("a backfill needs RUN_COLUMN, which tells what model a prediction is of; it is none".into());
    }
    Unfit::unless_none(table, problems)
}

/// Before a run is opened: [`check_columns`], until all is well; then never again in this process.
pub(super) async fn check_table(session: &mut Session, means: Means<'_>) -> Result<(), HopError> {
    if means.database.is_known_to_fit() {
        return Ok(());
    }
    let table = means.table();
    let fit = session.run(async |conn| check_columns(conn, table, means.model).await).await?;
    if let Some(missing) = fit.missing_key {
        let table = table.as_str();
        tracing::warn!(table, "without a key, windows are found by reading the whole table: {missing}");
    }
    means.database.remember_fit();
    Ok(())
}

fn names(table: &ItemsTable, model: &Model) -> Vec<String> {
    table.feature_columns(model.features()).err().iter().map(ToString::to_string).collect()
}

/// Whether the table's columns and keys are what a run with `model` needs.
///
/// # Errors
/// [`HopError::Unfit`] with everything that is wrong with the table.
pub async fn check_columns(conn: &mut Conn, table: &ItemsTable, model: &Model) -> Result<Fit, HopError> {
    let mut problems = names(table, model);
    let catalog = catalog::describe(table).ask(conn).await?;
    problems.extend(columns::problems(table, model, &catalog));
    if problems.is_empty() && columns::may_exceed_signed(table, &catalog) {
        let beyond = counts::beyond_signed(table).ask(conn).await?;
        problems
            .extend(beyond.map(|id| format!("ID_COLUMN `{}` has {id}; accepted: ids up to {}", table.id, i64::MAX)));
    }
    Unfit::unless_none(table, problems)?;
    trial::of_a_page(table).ask(conn).await?;
    Ok(Fit { missing_key: columns::missing_key(table, &catalog) })
}

/// Whether the first and the last of a run's pending items look like rows of the model's. Of typed
/// columns that is known already.
pub(super) async fn check_rows(conn: &mut Conn, wanted: Wanted<'_>, extent: Extent) -> Result<(), HopError> {
    let Wanted { table, features, .. } = wanted;
    if table.has_feature_columns() || extent.items.is_some_and(|items| items < rows::ENOUGH as u64) {
        return Ok(());
    }
    let sample = items::sample(conn, wanted, extent.ids, rows::FROM_EACH_END).await?;
    Ok(Unfit::unless_none(table, rows::problem(features, &sample).into_iter().collect())?)
}
