//! The items as readers ask for them. Every statement walks the primary key, and looks at so many rows only; a page
//! looks on for as long as its reader waits.

use std::time::Duration;

use chrono::NaiveDateTime;
use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row, Value, from_row_opt, from_value_opt};
use tokio::time::Instant;

use super::by_key;
use super::catalog::Column;
use super::ids::Ids;
use super::key::Key;
use super::keys::Keys;
use super::row::column;
use super::selection::{created, shown_values, whole_values};
use super::statement::Statement;
use super::target::{self, pending};
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
    pub key: Key,
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
            "{}, {values}, {prediction}, {}, {}, {}",
            by_key::shown(table, "i."),
            created(table),
            or_null(updated.as_ref().map(Column::quoted)),
            target::run(table).unwrap_or_else(|| "NULL".to_owned()),
        )
    }
}

/// What the model reads and writes of an item: it bounds what is read of one.
#[derive(Clone, Copy, Debug)]
pub struct Width<'m> {
    /// Names of the numbers in `values`.
    pub features: &'m [Feature],
    /// Names of the numbers in `prediction`.
    pub classes: &'m [String],
}

/// Bytes of the longest texts of an item that are read.
#[derive(Clone, Copy, Debug)]
struct Longest {
    values: usize,
    prediction: usize,
}

impl Longest {
    /// The item without a text that was cut.
    fn fitting(self, item: Listing) -> Listing {
        let fits = |text: &String, longest| text.len() <= longest || text.chars().count() <= longest;
        Listing {
            values: item.values.filter(|text| fits(text, self.values)),
            prediction: item.prediction.filter(|text| fits(text, self.prediction)),
            ..item
        }
    }
}

impl Width<'_> {
    /// Bytes of the longest item that is read.
    #[must_use]
    pub fn longest_item(self) -> usize {
        let Longest { values, prediction } = self.longest();
        values + prediction
    }

    fn longest(self) -> Longest {
        Longest { values: longest_values(self.features), prediction: longest_numbers(self.classes) }
    }

    /// The columns, texts cut one character beyond the longest that is read.
    fn columns(self, seen: &SeenTable) -> String {
        let prediction = format!("LEFT({}, {})", target::prediction(&seen.table), longest_numbers(self.classes) + 1);
        seen.columns(&shown_values(&seen.table, self.features), &prediction)
    }
}

/// What `sql` finds, each item turned by `turn`. What a row holds is moved, not copied.
fn items(
    doing: &'static str,
    sql: &str,
    table: &ItemsTable,
    turn: impl Fn(Listing) -> Listing + Send + 'static,
) -> Statement<Vec<Listing>> {
    let own = table.clone();
    Statement::new(doing, sql, Params::Empty, move |rows| {
        rows.into_iter().map(|row| item(row, &own).map(&turn)).collect()
    })
}

fn item(row: Row, table: &ItemsTable) -> Result<Listing, StoreError> {
    type Columns = (String, Option<Vec<u8>>, Option<Vec<u8>>, Value, Value, Option<u64>);
    let unexpected = || StoreError::Unexpected("an item's column is of another type; run `rowscore init`".into());
    let (key, values, prediction, arrived, updated, run): Columns = from_row_opt(row).map_err(|_| unexpected())?;
    let key = by_key::key_of(table, &key).ok_or_else(unexpected)?;
    // Bytes may be no text.
    let text = |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let (values, prediction) = (text(values), text(prediction));
    // MySQL stores dates that do not exist, such as 0000-00-00.
    let time = |value| from_value_opt(value).ok().flatten();
    let (created_datetime, updated_datetime) = (time(arrived), time(updated));
    let format = table.format;
    Ok(Listing { key, values, prediction, format, created_datetime, updated_datetime, run: run.map(RunId) })
}

/// Which page of items is asked for.
#[derive(Clone, Debug)]
pub struct Asked<'m> {
    /// Which items.
    pub listed: Listed,
    /// What is read of each.
    pub width: Width<'m>,
    /// Those with greater keys.
    pub after: Key,
    /// At most so many.
    pub limit: u32,
    /// How long is looked for them: no further statement begins after that.
    pub patience: Duration,
}

/// Items in order of their keys, and where the next page begins.
#[derive(Debug)]
pub struct Page {
    /// As many as were asked for; fewer, where no more were found in time.
    pub items: Vec<Listing>,
    /// The next page's items have greater keys; `None`: the table ends here.
    pub next_after: Option<Key>,
}

/// The next items by key. What is looked at next depends on what was found.
///
/// # Errors
/// Those of [`Statement::ask`].
pub async fn page(conn: &mut impl Queryable, seen: &SeenTable, asked: Asked<'_>) -> Result<Page, StoreError> {
    let begun = Instant::now();
    let beginning = match &asked.after {
        Key::Start => counts::ends(&seen.table).ask(conn).await?.map(|ids| ids.after),
        after => Some(after.clone()),
    };
    let Some(mut after) = beginning else { return Ok(Page { items: Vec::new(), next_after: None }) };
    // As if every id were taken: true of most tables, and one statement for most pages.
    let near = match (asked.listed, &after) {
        (Listed::All, _) => Key::End,
        (Listed::Predicted | Listed::Unpredicted, Key::Id(after)) => {
            Key::Id(after.saturating_add(i64::from(LOOK_AHEAD)))
        }
        // Nobody knows where the next texts lie.
        (Listed::Predicted | Listed::Unpredicted, _) => after.clone(),
    };
    let limit = asked.limit as usize;
    let full = |items: &[Listing]| items.last().filter(|_| items.len() == limit).map(|last| last.key.clone());
    let near = Ids { after, upto: near };
    let mut items = if near.is_empty() { Vec::new() } else { between(seen, &asked, &near).ask(conn).await? };
    if full(&items).is_some() || near.upto == Key::End {
        return Ok(Page { next_after: full(&items), items });
    }
    let mut rows = LOOK_AHEAD;
    after = near.upto;
    while begun.elapsed() < asked.patience {
        let looked = Instant::now();
        let nth = nth_statement(&seen.table, &after, rows);
        let far = Statement::first("looking ahead", &nth, Params::Empty, |row| column::<String>(row, "far"));
        let far = far.ask(conn).await?.and_then(|text| by_key::key_of(&seen.table, &text));
        let left = Asked { limit: asked.limit - items.len() as u32, ..asked.clone() };
        let ids = Ids { after, upto: far.clone().unwrap_or(Key::End) };
        items.extend(between(seen, &left, &ids).ask(conn).await?);
        after = ids.upto;
        if far.is_none() || full(&items).is_some() {
            return Ok(Page { next_after: full(&items), items });
        }
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

/// The first of the wanted items with these keys.
fn between(seen: &SeenTable, asked: &Asked<'_>, ids: &Ids) -> Statement<Vec<Listing>> {
    let longest = asked.width.longest();
    items("reading items", &page_statement(seen, asked, ids), &seen.table, move |item| longest.fitting(item))
}

/// The statement that reads the wanted items with these keys.
#[must_use]
pub fn page_statement(seen: &SeenTable, asked: &Asked<'_>, ids: &Ids) -> String {
    let table = &seen.table;
    let wanted = match asked.listed {
        Listed::All => "TRUE".to_owned(),
        Listed::Predicted => format!("NOT ({})", pending(table)),
        Listed::Unpredicted => pending(table),
    };
    let walk = by_key::items(table);
    format!(
        "SELECT {} FROM {}{} WHERE {} AND {wanted} ORDER BY {} LIMIT {}",
        asked.width.columns(seen),
        target::in_order(table),
        target::with_predictions(table),
        walk.condition(ids),
        walk.order(""),
        asked.limit
    )
}

/// The statement that finds the `n`th key after `after`, if there are so many.
#[must_use]
pub fn nth_statement(table: &ItemsTable, after: &Key, n: u32) -> String {
    let walk = by_key::items(table);
    format!(
        "SELECT {} AS `far` FROM {} WHERE {} ORDER BY {} LIMIT 1 OFFSET {}",
        walk.shown(),
        target::in_order(table),
        walk.condition(&Ids { after: after.clone(), upto: Key::End }),
        walk.order(""),
        n.saturating_sub(1)
    )
}

/// The item of a key, if there is one.
pub fn find(seen: &SeenTable, width: Width<'_>, key: &Key) -> Statement<Option<Listing>> {
    let table = &seen.table;
    let which = one(table, key);
    let from = format!("{}{}", target::items(table), target::with_predictions(table));
    let sql = format!("SELECT {} FROM {from} WHERE {which}", width.columns(seen));
    let longest = width.longest();
    let found = items("reading an item", &sql, table, move |item| longest.fitting(item));
    found.map(|items| items.into_iter().next())
}

/// The condition that an item has a key.
fn one(table: &ItemsTable, key: &Key) -> String {
    key.of_item().map_or_else(|| "FALSE".to_owned(), |key| by_key::items(table).one_of([key].into_iter()))
}

/// The items with the greatest keys up to `upto`, the greatest first.
pub fn latest(seen: &SeenTable, width: Width<'_>, upto: &Key, limit: u32) -> Statement<Vec<Listing>> {
    let (table, walk) = (&seen.table, by_key::items(&seen.table));
    let sql = format!(
        "SELECT {} FROM {}{} WHERE {} ORDER BY {} LIMIT {limit}",
        width.columns(seen),
        target::in_order(table),
        target::with_predictions(table),
        walk.condition(&Ids { after: Key::Start, upto: upto.clone() }),
        walk.order("DESC"),
    );
    let longest = width.longest();
    items("reading the latest items", &sql, table, move |item| longest.fitting(item))
}

/// The next items by key after the item `after`, with all of their texts, however long.
pub fn whole(seen: &SeenTable, features: &[Feature], after: &Key, limit: u32) -> Statement<Vec<Listing>> {
    let walk = by_key::items(&seen.table);
    let which = walk.condition(&Ids { after: after.clone(), upto: Key::End });
    all_of(seen, features, &format!("{which} ORDER BY {} LIMIT {limit}", walk.order("")))
}

/// The item of a key, if there is one, with all of its texts.
pub fn whole_one(seen: &SeenTable, features: &[Feature], key: &Key) -> Statement<Option<Listing>> {
    all_of(seen, features, &one(&seen.table, key)).map(|items| items.into_iter().next())
}

fn all_of(seen: &SeenTable, features: &[Feature], which: &str) -> Statement<Vec<Listing>> {
    let table = &seen.table;
    let columns = seen.columns(&whole_values(table, features), &target::prediction(table));
    let from = format!("{}{}", target::in_order(table), target::with_predictions(table));
    let sql = format!("SELECT {columns} FROM {from} WHERE {which}");
    items("reading items", &sql, table, |item| item)
}

/// The beginnings of the `values` of items, `characters` long at most, with their keys.
pub fn excerpts(table: &ItemsTable, width: Width<'_>, keys: &Keys, characters: usize) -> Statement<Vec<(Key, String)>> {
    if keys.is_empty() {
        return Statement::none();
    }
    let (walk, own) = (by_key::items(table), table.clone());
    let sql = format!(
        "SELECT {} AS `key`, LEFT({}, {characters}) AS `excerpt` FROM {} WHERE {}",
        walk.shown(),
        shown_values(table, width.features),
        target::items(table),
        walk.one_of(keys.iter())
    );
    Statement::all("reading what was set aside", &sql, Params::Empty, move |row| {
        // Bytes may be no text, or be cut within a character.
        let excerpt: Vec<u8> = column::<Option<_>>(row, "excerpt")?.unwrap_or_default();
        let key = by_key::key_of(&own, &column::<String>(row, "key")?).unwrap_or(Key::Start);
        Ok((key, String::from_utf8_lossy(&excerpt).into_owned()))
    })
}
