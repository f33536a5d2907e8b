//! The items as readers ask for them. Every statement walks the primary key, and looks at so many rows only; a page
//! looks on for as long as its reader waits.

use std::time::Duration;

use chrono::NaiveDateTime;
use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row, Value, from_row_opt, from_value_opt};
use tokio::time::Instant;

use super::catalog::Column;
use super::places::joined;
use super::row::column;
use super::selection::{created, shown_values, whole_values};
use super::statement::Statement;
use super::target::{self, pending};
use super::wanted::Ids;
use super::{StoreError, counts};
use crate::config::{ItemsTable, PredictionFormat};
use crate::model::Feature;
use crate::run::{RunId, named};
use crate::values::{longest_numbers, longest_values};

/// Rows that one statement looks at first, at most, for those that are wanted: a few milliseconds of the server's time.
pub const LOOK_AHEAD: u32 = 10_000;
/// A statement that took less is followed by one that looks at twice as many rows; one that took four times as long,
/// by one that looks at half as many.
const QUICK: Duration = Duration::from_millis(50);

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
    /// What is scored, as JSON text; `None`: SQL NULL, no text, or longer than any array of those features needs.
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

/// The items table as readers see it.
#[derive(Clone, Debug)]
pub struct SeenTable {
    /// The table.
    pub table: ItemsTable,
    /// What says when an item was last changed, if the table knows.
    pub updated: Option<Column>,
}

impl SeenTable {
    /// The columns of an item, its `values` and its prediction as SQL.
    fn columns(&self, values: &str, prediction: &str) -> String {
        let Self { table, updated } = self;
        let or_null = |column: Option<String>| column.map_or_else(|| "NULL".to_owned(), |column| format!("i.{column}"));
        format!(
            "i.{}, {values}, {prediction}, {}, {}, {}",
            table.id.quoted(),
            created(table),
            or_null(updated.as_ref().map(Column::quoted)),
            target::run(table).unwrap_or_else(|| "NULL".to_owned()),
        )
    }
}

/// What the model reads and writes of an item: it bounds what is read of one.
#[derive(Clone, Copy, Debug)]
pub struct Width {
    /// Names of the numbers in `values`.
    pub features: &'static [Feature],
    /// Names of the numbers in `prediction`.
    pub classes: &'static [String],
}

impl Width {
    /// Bytes of the longest item that is read.
    #[must_use]
    pub fn longest_item(self) -> usize {
        longest_values(self.features) + longest_numbers(self.classes)
    }

    /// The columns, texts cut one character beyond the longest that is read.
    fn columns(self, seen: &SeenTable) -> String {
        let prediction = format!("LEFT({}, {})", target::prediction(&seen.table), longest_numbers(self.classes) + 1);
        seen.columns(&shown_values(&seen.table, self.features), &prediction)
    }

    /// The item without a text that was cut.
    fn fitting(self, item: Listing) -> Listing {
        let fits = |text: &String, longest| text.len() <= longest || text.chars().count() <= longest;
        Listing {
            values: item.values.filter(|text| fits(text, longest_values(self.features))),
            prediction: item.prediction.filter(|text| fits(text, longest_numbers(self.classes))),
            ..item
        }
    }
}

/// What `sql` finds, each item turned by `turn`. What a row holds is moved, not copied.
fn items(
    doing: &'static str,
    sql: &str,
    format: PredictionFormat,
    turn: impl Fn(Listing) -> Listing + Send + 'static,
) -> Statement<Vec<Listing>> {
    Statement::new(doing, sql, Params::Empty, move |rows| {
        rows.into_iter().map(|row| item(row, format).map(&turn)).collect()
    })
}

fn item(row: Row, format: PredictionFormat) -> Result<Listing, StoreError> {
    type Columns = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Value, Value, Option<u64>);
    let (id, values, prediction, arrived, updated, run): Columns = from_row_opt(row)
        .map_err(|_| StoreError::Unexpected("an item's column is of another type; run `rowscore init`".into()))?;
    // Bytes may be no text.
    let text = |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let (values, prediction) = (text(values), text(prediction));
    // MySQL stores dates that do not exist, such as 0000-00-00.
    let time = |value| from_value_opt(value).ok().flatten();
    let (created_datetime, updated_datetime) = (time(arrived), time(updated));
    Ok(Listing { id, values, prediction, format, created_datetime, updated_datetime, run: run.map(RunId) })
}

/// Which page of items is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Which items.
    pub listed: Listed,
    /// What is read of each.
    pub width: Width,
    /// Those with greater ids; `None`: from the table's beginning.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: u32,
    /// How long is looked for them: no further statement begins after that.
    pub patience: Duration,
}

/// Items in order of their ids, and where the next page begins.
#[derive(Debug)]
pub struct Page {
    /// As many as were asked for; fewer, where no more were found in time.
    pub items: Vec<Listing>,
    /// The next page's items have greater ids; `None`: the table ends here.
    pub next_after: Option<i64>,
}

/// The next items by id. What is looked at next depends on what was found.
///
/// # Errors
/// Those of [`Statement::ask`].
pub async fn page(conn: &mut impl Queryable, seen: &SeenTable, asked: Asked) -> Result<Page, StoreError> {
    let begun = Instant::now();
    let beginning = match asked.after {
        Some(after) => Some(after),
        None => counts::ends(&seen.table).ask(conn).await?.map(|ids| ids.after),
    };
    let Some(mut after) = beginning else { return Ok(Page { items: Vec::new(), next_after: None }) };
    // As if every id were taken: true of most tables, and one statement for most pages.
    let near = match asked.listed {
        Listed::All => i64::MAX,
        Listed::Predicted | Listed::Unpredicted => after.saturating_add(i64::from(LOOK_AHEAD)),
    };
    let full = |items: &[Listing]| items.last().filter(|_| items.len() == asked.limit as usize).map(|last| last.id);
    let mut items = between(seen, asked, Ids { after, upto: near }).ask(conn).await?;
    if full(&items).is_some() || near == i64::MAX {
        return Ok(Page { next_after: full(&items), items });
    }
    let mut rows = LOOK_AHEAD;
    after = near;
    while begun.elapsed() < asked.patience {
        let looked = Instant::now();
        let nth = nth_statement(&seen.table, after, rows);
        let far = Statement::first("looking ahead", &nth, Params::Empty, |row| column(row, "far")).ask(conn).await?;
        let left = Asked { limit: asked.limit - items.len() as u32, ..asked };
        items.extend(between(seen, left, Ids { after, upto: far.unwrap_or(i64::MAX) }).ask(conn).await?);
        let Some(far) = far.filter(|_| full(&items).is_none()) else {
            return Ok(Page { next_after: full(&items), items });
        };
        after = far;
        rows = paced(rows, looked.elapsed());
    }
    Ok(Page { next_after: Some(after), items })
}

/// How many rows the next statement looks at, where one over `rows` took that long.
fn paced(rows: u32, took: Duration) -> u32 {
    match took {
        _ if took < QUICK => rows.saturating_mul(2),
        _ if took > 4 * QUICK => (rows / 2).max(LOOK_AHEAD),
        _ => rows,
    }
}

/// The first of the wanted items with these ids.
fn between(seen: &SeenTable, asked: Asked, ids: Ids) -> Statement<Vec<Listing>> {
    let fitting = move |item| asked.width.fitting(item);
    items("reading items", &page_statement(seen, asked, ids), seen.table.format, fitting)
}

/// The statement that reads the wanted items with these ids.
#[must_use]
pub fn page_statement(seen: &SeenTable, asked: Asked, ids: Ids) -> String {
    let table = &seen.table;
    let wanted = match asked.listed {
        Listed::All => "TRUE".to_owned(),
        Listed::Predicted => format!("NOT ({})", pending(table)),
        Listed::Unpredicted => pending(table),
    };
    let id = format!("i.{}", table.id.quoted());
    format!(
        "SELECT {} FROM {}{} WHERE {} AND {wanted} ORDER BY {id} LIMIT {}",
        asked.width.columns(seen),
        target::in_order(table),
        target::with_predictions(table),
        ids.condition(&id),
        asked.limit
    )
}

/// The statement that finds the `n`th id after `after`, if there are so many.
#[must_use]
pub fn nth_statement(table: &ItemsTable, after: i64, n: u32) -> String {
    let (id, items) = (table.id.quoted(), target::in_order(table));
    format!(
        "SELECT {id} AS `far` FROM {items} WHERE {} ORDER BY {id} LIMIT 1 OFFSET {}",
        Ids { after, upto: i64::MAX }.condition(&id),
        n.saturating_sub(1)
    )
}

/// The item `id`, if there is one.
pub fn find(seen: &SeenTable, width: Width, id: i64) -> Statement<Option<Listing>> {
    let table = &seen.table;
    let (from, with_predictions) = (target::items(table), target::with_predictions(table));
    let columns = width.columns(seen);
    let sql = format!("SELECT {columns} FROM {from}{with_predictions} WHERE i.{} = {id}", table.id.quoted());
    let found = items("reading an item", &sql, table.format, move |item| width.fitting(item));
    found.map(|items| items.into_iter().next())
}

/// The items with the greatest ids up to `upto`, the greatest first.
pub fn latest(seen: &SeenTable, width: Width, upto: i64, limit: u32) -> Statement<Vec<Listing>> {
    let (id, table) = (seen.table.id.quoted(), &seen.table);
    let sql = format!(
        "SELECT {} FROM {}{} WHERE i.{id} <= {upto} ORDER BY i.{id} DESC LIMIT {limit}",
        width.columns(seen),
        target::in_order(table),
        target::with_predictions(table),
    );
    items("reading the latest items", &sql, seen.table.format, move |item| width.fitting(item))
}

/// The next items by id after the item `after`, with all of their texts, however long.
pub fn whole(seen: &SeenTable, features: &[Feature], after: i64, limit: u32) -> Statement<Vec<Listing>> {
    let table = &seen.table;
    let id = format!("i.{}", table.id.quoted());
    let values = whole_values(table, features);
    let sql = format!(
        "SELECT {} FROM {}{} WHERE {} ORDER BY {id} LIMIT {limit}",
        seen.columns(&values, &target::prediction(table)),
        target::items(table),
        target::with_predictions(table),
        Ids { after, upto: i64::MAX }.condition(&id)
    );
    items("reading items", &sql, table.format, |item| item)
}

/// The beginnings of the `values` of items, `characters` long at most, with their ids.
pub fn excerpts(table: &ItemsTable, width: Width, ids: &[i64], characters: usize) -> Statement<Vec<(i64, String)>> {
    if ids.is_empty() {
        return Statement::none();
    }
    let id = format!("i.{}", table.id.quoted());
    let sql = format!(
        "SELECT {id} AS `id`, LEFT({}, {characters}) AS `excerpt` FROM {} WHERE {id} IN ({})",
        shown_values(table, width.features),
        target::items(table),
        joined(ids, ",")
    );
    Statement::all("reading what was set aside", &sql, Params::Empty, |row| {
        // Bytes may be no text, or be cut within a character.
        let excerpt: Vec<u8> = column::<Option<_>>(row, "excerpt")?.unwrap_or_default();
        Ok((column(row, "id")?, String::from_utf8_lossy(&excerpt).into_owned()))
    })
}
