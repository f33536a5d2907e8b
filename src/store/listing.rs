//! The items as readers ask for them. Every statement walks the primary key, and looks at so many
//! rows only.

use chrono::NaiveDateTime;
use mysql_async::prelude::Queryable;
use mysql_async::{Row, Value, from_row_opt, from_value_opt, params};

use super::catalog::Column;
use super::selection::{pending, values_text};
use super::{Doing, StoreError, counts};
use crate::config::{ItemsTable, PredictionFormat};
use crate::run::{RunId, named};
use crate::values::longest_text;

/// Rows that one page looks at, at most, for those it wants: a few milliseconds of the server's time.
pub const LOOK_AHEAD: u32 = 10_000;

named! {
    /// Which items a reader asks for.
    pub enum Listed {
        /// Every item.
        All = "all",
        /// Those with a prediction.
        Predicted = "predicted",
        /// Those without.
        Unpredicted = "unpredicted",
    }
}

/// An item as a reader sees it.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Its key.
    pub id: i64,
    /// What is scored, as JSON text; `None`: longer than any row of those features needs.
    pub values: Option<String>,
    /// The class probabilities as JSON text, or the label, if it has any that are not longer than
    /// any such row.
    pub prediction: Option<String>,
    /// Which of both.
    pub format: PredictionFormat,
    /// When it arrived.
    pub created_datetime: Option<NaiveDateTime>,
    /// When it was last changed.
    pub updated_datetime: Option<NaiveDateTime>,
    /// The run that wrote the prediction.
    pub run: Option<RunId>,
}

/// The items' table, and the column beyond those that rowscore works with.
#[derive(Clone, Debug)]
pub struct Source {
    /// The table.
    pub table: ItemsTable,
    /// What says when an item was last changed, if the table knows.
    pub updated: Option<Column>,
}

/// What the model reads and writes of an item: it bounds what is read of one.
#[derive(Clone, Copy, Debug)]
pub struct Width {
    /// Names of the numbers in `values`.
    pub features: &'static [String],
    /// Names of the numbers in `prediction`.
    pub classes: &'static [String],
}

impl Width {
    /// Bytes of the longest item that is read.
    #[must_use]
    pub fn longest_item(self) -> usize {
        longest_text(self.features) + longest_text(self.classes)
    }

    /// The columns, texts cut one character beyond the longest that is read.
    fn columns(self, Source { table, updated }: &Source) -> String {
        let or_null = |column: Option<String>| column.map_or_else(|| "NULL".to_owned(), |column| format!("i.{column}"));
        format!(
            "i.{}, {}, LEFT(i.{}, {}), i.{}, {}, {}",
            table.id.quoted(),
            values_text(table, self.features),
            table.prediction.quoted(),
            longest_text(self.classes) + 1,
            table.created.quoted(),
            or_null(updated.as_ref().map(Column::quoted)),
            or_null(table.run.column().map(|column| column.quoted())),
        )
    }

    /// One of many: what the row holds is moved, not copied.
    fn item(self, source: &Source, row: Row) -> Result<Listing, StoreError> {
        type Columns = (i64, Option<String>, Option<String>, Value, Value, Option<u64>);
        let (id, values, prediction, created, updated, run): Columns = from_row_opt(row)
            .map_err(|_| StoreError::Unexpected("an item's column is of another type; run `rowscore init`".into()))?;
        let fits = |text: &String, longest| text.len() <= longest || text.chars().count() <= longest;
        // MySQL knows dates that are none, like 0000-00-00.
        let time = |value| from_value_opt(value).ok().flatten();
        Ok(Listing {
            id,
            values: values.filter(|text| fits(text, longest_text(self.features))),
            prediction: prediction.filter(|text| fits(text, longest_text(self.classes))),
            format: source.table.format,
            created_datetime: time(created),
            updated_datetime: time(updated),
            run: run.map(RunId),
        })
    }
}

/// Items in order of their ids, and where the next page begins.
#[derive(Debug)]
pub struct Page {
    /// As many as were asked for; fewer, where few of the next [`LOOK_AHEAD`] rows are wanted ones.
    pub items: Vec<Listing>,
    /// The next page's items have greater ids; `None`: the table ends here.
    pub next_after: Option<i64>,
}

/// The next items by id: after `after`, or from the table's beginning.
///
/// # Errors
/// The database's.
pub async fn page(
    conn: &mut impl Queryable,
    source: &Source,
    listed: Listed,
    width: Width,
    after: Option<i64>,
    limit: u32,
) -> Result<Page, StoreError> {
    let beginning = match after {
        Some(after) => Some(after),
        None => counts::ends(&source.table).ask(conn).await?.map(|ids| ids.after),
    };
    let Some(after) = beginning else { return Ok(Page { items: Vec::new(), next_after: None }) };
    // As if every id were taken: true of most tables, and one statement for most pages.
    let near = match listed {
        Listed::All => i64::MAX,
        Listed::Predicted | Listed::Unpredicted => after.saturating_add(i64::from(LOOK_AHEAD)),
    };
    let items = between(conn, source, listed, width, (after, near), limit).await?;
    if let full @ Some(_) = end_of_full(&items, limit) {
        return Ok(Page { items, next_after: full });
    }
    if near == i64::MAX {
        return Ok(Page { items, next_after: None });
    }
    let far = nth_after(conn, &source.table, after, LOOK_AHEAD).await?;
    if far.is_some_and(|far| far <= near) {
        return Ok(Page { items, next_after: far });
    }
    // There are gaps, or the table ends.
    let items = between(conn, source, listed, width, (after, far.unwrap_or(i64::MAX)), limit).await?;
    Ok(Page { next_after: end_of_full(&items, limit).or(far), items })
}

fn end_of_full(items: &[Listing], limit: u32) -> Option<i64> {
    items.last().filter(|_| items.len() == limit as usize).map(|last| last.id)
}

/// The first items with ids in `(after, upto]`.
async fn between(
    conn: &mut impl Queryable,
    source: &Source,
    listed: Listed,
    width: Width,
    (after, upto): (i64, i64),
    limit: u32,
) -> Result<Vec<Listing>, StoreError> {
    let params = params! { "after" => after, "upto" => upto, "limit" => limit };
    let rows: Vec<Row> = conn.exec(page_statement(source, listed, width), params).await.doing("reading items")?;
    rows.into_iter().map(|row| width.item(source, row)).collect()
}

/// The statement that reads a page, with the parameters `after`, `upto` and `limit`.
#[must_use]
pub fn page_statement(source: &Source, listed: Listed, width: Width) -> String {
    let table = &source.table;
    let wanted = match listed {
        Listed::All => "TRUE".to_owned(),
        Listed::Predicted => format!("NOT ({})", pending(table)),
        Listed::Unpredicted => pending(table),
    };
    let id = table.id.quoted();
    format!(
        "SELECT {} FROM {} i FORCE INDEX (PRIMARY) WHERE i.{id} > :after AND i.{id} <= :upto AND {wanted} \
         ORDER BY i.{id} LIMIT :limit",
        width.columns(source),
        table.quoted()
    )
}

/// The `n`th id after `after`, if there are so many.
async fn nth_after(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    after: i64,
    n: u32,
) -> Result<Option<i64>, StoreError> {
    let params = params! { "after" => after, "skipped" => n.saturating_sub(1) };
    conn.exec_first(nth_statement(table), params).await.doing("looking ahead")
}

/// The statement that finds the end of a look ahead, with the parameters `after` and `skipped`.
#[must_use]
pub fn nth_statement(table: &ItemsTable) -> String {
    let (id, items) = (table.id.quoted(), table.quoted());
    format!(
        "SELECT {id} FROM {items} FORCE INDEX (PRIMARY) WHERE {id} > :after AND {id} <= {} ORDER BY {id} LIMIT 1 OFFSET :skipped",
        i64::MAX
    )
}

/// The item `id`, if there is one.
///
/// # Errors
/// The database's.
pub async fn find(
    conn: &mut impl Queryable,
    source: &Source,
    width: Width,
    id: i64,
) -> Result<Option<Listing>, StoreError> {
    let table = &source.table;
    let sql = format!("SELECT {} FROM {} i WHERE i.{} = :id", width.columns(source), table.quoted(), table.id.quoted());
    let row: Option<Row> = conn.exec_first(sql, params! { "id" => id }).await.doing("reading an item")?;
    row.map(|row| width.item(source, row)).transpose()
}

/// The items with the greatest ids, the greatest first.
///
/// # Errors
/// The database's.
pub async fn latest(
    conn: &mut impl Queryable,
    source: &Source,
    width: Width,
    limit: u32,
) -> Result<Vec<Listing>, StoreError> {
    let (id, items) = (source.table.id.quoted(), source.table.quoted());
    let sql = format!(
        "SELECT {} FROM {items} i FORCE INDEX (PRIMARY) WHERE i.{id} <= {} ORDER BY i.{id} DESC LIMIT :limit",
        width.columns(source),
        i64::MAX
    );
    let rows: Vec<Row> = conn.exec(sql, params! { "limit" => limit }).await.doing("reading the latest items")?;
    rows.into_iter().map(|row| width.item(source, row)).collect()
}

/// The beginnings of the `values` of items, `characters` long at most, with their ids.
///
/// # Errors
/// The database's.
pub async fn excerpts(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    width: Width,
    ids: &[i64],
    characters: usize,
) -> Result<Vec<(i64, String)>, StoreError> {
    let list = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let (id, items) = (table.id.quoted(), table.quoted());
    let sql = format!(
        "SELECT i.{id}, LEFT({}, {characters}) FROM {items} i WHERE i.{id} IN ({list})",
        values_text(table, width.features)
    );
    conn.query(sql).await.doing("reading what was set aside")
}
