//! What must hold before a run is opened: the table's columns are what the configuration says they
//! are, and its rows look like what the model takes. Whatever does not is said at once, and nothing
//! is touched.

mod columns;
mod rows;

use mysql_async::Conn;

use super::{Hop, HopError};
use crate::config::{ItemsTable, RunColumn};
use crate::event::Trigger;
use crate::model::Model;
use crate::run::RunKind;
use crate::store::counts::{self, Extent};
use crate::store::items;
use crate::store::selection::Selection;
use crate::store::session::Session;
use crate::store::{StoreError, catalog};

/// Why no run is opened over a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("table `{table}` cannot be scored: {}", .problems.join("; "))]
pub struct Unfit {
    table: String,
    /// Everything that is wrong.
    pub problems: Vec<String>,
}

/// A table that can be scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// The statement that makes the key by which a window is found at once, if it is missing.
    pub missing_key: Option<String>,
}

impl Unfit {
    fn unless_none(table: &ItemsTable, problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { table: table.as_str().to_owned(), problems }) }
    }
}

impl<R> Hop<'_, R> {
    /// Before anything that touches items: whether `FEATURE_COLUMNS` names the model's features, and
    /// a backfill can tell whose a prediction is.
    pub(super) fn check_names(&self, trigger: &Trigger) -> Result<(), Unfit> {
        let table = self.database.items_table();
        let mut problems = if *trigger == Trigger::Status { Vec::new() } else { names(table, self.model) };
        if matches!(trigger, Trigger::Open(request) if request.kind == RunKind::Backfill)
            && table.run == RunColumn::None
        {
            problems.push("a backfill needs RUN_COLUMN, which tells what model a prediction is of; it is none".into());
        }
        Unfit::unless_none(table, problems)
    }

    /// Before a run is opened: [`check_columns`], until it is so; then never again in this process.
    pub(super) async fn check_table(&self, session: &mut Session) -> Result<(), HopError> {
        let Self { database, model, .. } = *self;
        if !database.is_known_to_fit() {
            let table = database.items_table();
            let fit = session.run(async |conn| check_columns(conn, table, model).await).await??;
            if let Some(missing) = fit.missing_key {
                let table = table.as_str();
                tracing::warn!(table, "without a key, windows are found by reading the whole table: {missing}");
            }
            database.remember_fit();
        }
        Ok(())
    }
}

fn names(table: &ItemsTable, model: &Model) -> Vec<String> {
    table.feature_columns(model.features()).err().iter().map(ToString::to_string).collect()
}

/// Whether the table's columns and keys are what a run with `model` needs.
///
/// # Errors
/// The database's; within, everything that is wrong with the table.
pub async fn check_columns(
    conn: &mut Conn,
    table: &ItemsTable,
    model: &Model,
) -> Result<Result<Fit, Unfit>, StoreError> {
    let mut problems = names(table, model);
    let catalog = catalog::describe(conn, table).await?;
    problems.extend(columns::problems(table, model, &catalog));
    if problems.is_empty() && columns::may_exceed_signed(table, &catalog) {
        let beyond = counts::beyond_signed(conn, table).await?;
        problems
            .extend(beyond.map(|id| format!("ID_COLUMN `{}` has {id}; accepted: ids up to {}", table.id, i64::MAX)));
    }
    let missing_key = columns::missing_key(table, &catalog);
    Ok(Unfit::unless_none(table, problems).map(|()| Fit { missing_key }))
}

/// Whether the first and the last of a run's pending items look like rows of the model's. Of typed
/// columns that is known already.
pub(super) async fn check_rows(
    conn: &mut Conn,
    table: &ItemsTable,
    model: &Model,
    selection: Selection,
    extent: Extent,
) -> Result<Result<(), Unfit>, StoreError> {
    if table.has_feature_columns() || extent.items.is_some_and(|items| items < rows::ENOUGH as u64) {
        return Ok(Ok(()));
    }
    let limit = rows::FROM_EACH_END;
    let sample = items::sample(conn, table, selection, model.features(), (extent, limit)).await?;
    Ok(Unfit::unless_none(table, rows::problem(model.features(), &sample).into_iter().collect()))
}
