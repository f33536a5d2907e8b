//! What must hold before a run is opened: the table's columns are what the configuration says they
//! are, and its rows look like what the model takes. Whatever does not is said at once, and nothing
//! is touched.

mod columns;
mod rows;

use mysql_async::Conn;

use crate::config::ItemsTable;
use crate::model::Model;
use crate::store::items::{self, Extent};
use crate::store::selection::Selection;
use crate::store::{Database, StoreError, catalog};

/// Why no run is opened over a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("table `{table}` cannot be scored: {}", .problems.join("; "))]
pub struct Unfit {
    table: String,
    /// Everything that is wrong.
    pub problems: Vec<String>,
}

impl Unfit {
    fn unless_none(table: &ItemsTable, problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { table: table.as_str().to_owned(), problems }) }
    }
}

/// Whether `FEATURE_COLUMNS` names the model's features.
pub(super) fn check_names(table: &ItemsTable, model: &Model) -> Result<(), Unfit> {
    let mismatch = table.feature_columns(model.features()).err();
    Unfit::unless_none(table, mismatch.into_iter().map(|mismatch| mismatch.to_string()).collect())
}

/// Whether the table's columns and keys are what a run with `model` needs.
///
/// # Errors
/// The database's; within, everything that is wrong with the table.
pub async fn check_columns(
    conn: &mut Conn,
    table: &ItemsTable,
    model: &Model,
) -> Result<Result<(), Unfit>, StoreError> {
    let mut problems = check_names(table, model).map_or_else(|unfit| unfit.problems, |()| Vec::new());
    let catalog = catalog::describe(conn, table).await?;
    problems.extend(columns::problems(table, model, &catalog));
    if problems.is_empty() && columns::may_exceed_signed(table, &catalog) {
        let beyond = items::beyond_signed(conn, table).await?;
        problems
            .extend(beyond.map(|id| format!("ID_COLUMN `{}` has {id}; accepted: ids up to {}", table.id, i64::MAX)));
    }
    if let Some(missing) = columns::missing_key(table, &catalog).filter(|_| problems.is_empty()) {
        tracing::warn!(
            table = table.as_str(),
            "without a key, windows are found by reading the whole table: {missing}"
        );
    }
    Ok(Unfit::unless_none(table, problems))
}

/// As [`check_columns`], until it is so; then never again for this [`Database`].
pub(super) async fn check_once(
    conn: &mut Conn,
    database: &Database,
    model: &Model,
) -> Result<Result<(), Unfit>, StoreError> {
    if database.is_known_to_fit() {
        return Ok(Ok(()));
    }
    let fits = check_columns(conn, database.items_table(), model).await?;
    if fits.is_ok() {
        database.remember_fit();
    }
    Ok(fits)
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
