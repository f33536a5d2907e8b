//! All SQL that writes scores: rows of a score table, by the keys of their items. Nothing of the items is locked or
//! written for it.

use std::io::{self, Write as _};

use mysql_async::Params;

use super::StoreError;
use super::bound::{IN_TRANSACTION, text_literal};
use super::by_key;
use super::cells::{Cell, cells};
use super::codes::Meaning;
use super::density::Density;
use super::hashed;
use super::keys::Keys;
use super::places::places;
use super::predictions::Predictions;
use super::reading;
use super::row::named;
use super::statement::Statement;
use crate::config::{self, ColumnName, ItemsTable, Keeps, MODEL_VERSION, PREDICTED_AT, PartKind, RUN, ScoreTable};
use crate::model::Outputs;
use crate::run::RunId;

/// What a page's predictions are written with.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'s> {
    /// The run.
    pub run: RunId,
    /// The version of its model.
    pub model: &'s str,
    /// What the predictions come to lie on.
    pub onto: Onto,
    /// How scores are told apart in their statement.
    pub by: By,
    /// How closely the items lie together.
    pub density: Density,
}

/// How scores are told apart in the statement that writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// By the places of their items on the page, as in a table of which rows are updated: all are one text, of which
    /// each item that is still there gets its part. Twice as fast as rows.
    Place,
    /// Each is a row with its key, whether the item is still there or not.
    Key,
}

/// What predictions come to lie on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onto {
    /// The items are pending. Where one has a score by now, another run was there in between.
    Nothing,
    /// They have a prediction, which is replaced unless a later run wrote it.
    Earlier,
}

/// The columns of a score, quoted: those of the key, the three of every score, and those that are asked for.
fn columns(table: &ItemsTable, cells: &[(&ColumnName, Cell)]) -> Vec<String> {
    let of_key = table.key.columns().map(ColumnName::quoted);
    let own = [RUN, MODEL_VERSION, PREDICTED_AT].map(named);
    of_key.chain(own).chain(cells.iter().map(|(column, _)| column.quoted())).collect()
}

/// Appends the one statement that writes the scores of items, one at least.
pub(super) fn append_insert(
    sql: &mut Vec<u8>,
    (table, scores): (&ItemsTable, &ScoreTable),
    stamp: Stamp<'_>,
    page: &Predictions<'_>,
) -> Result<(), StoreError> {
    if let Some(twice) = page.keys.iter().zip(page.keys.iter().skip(1)).find(|(one, next)| one == next) {
        return Err(reading::is_shared(table, twice.0));
    }
    let cells = cells(table, page.of).map_err(StoreError::Unexpected)?;
    let columns = columns(table, &cells);
    sql.extend_from_slice(format!("INSERT INTO {} ({}) ", scores.name.quoted(), columns.join(",")).as_bytes());
    let unwritable = |error| StoreError::Unexpected(format!("formatting a page: {error}"));
    // A view or a query would be read twice.
    if (stamp.by, stamp.onto) == (By::Place, Onto::Nothing) && table.source.rows == config::Rows::Table {
        return append_by_place(sql, table, (stamp, page), &cells).map_err(unwritable);
    }
    sql.extend_from_slice(b"VALUES ");
    let rows = Rows { table, stamp, of: page.of, labels: labels(page.of), cells: &cells };
    rows.append(sql, page).map_err(unwritable)?;
    if stamp.onto == Onto::Earlier {
        sql.extend_from_slice(replacing(table, scores, &columns).as_bytes());
    }
    Ok(())
}

/// Appends the scores of a page's items that are still there. Nothing of the items is read but the key, without locks.
fn append_by_place(
    sql: &mut Vec<u8>,
    table: &ItemsTable,
    (stamp, page): (Stamp<'_>, &Predictions<'_>),
    cells: &[(&ColumnName, Cell)],
) -> io::Result<()> {
    let (places, sorted) = hashed::of_page(table, page, stamp.density);
    let page = sorted.as_ref().unwrap_or(page);
    write!(sql, "SELECT {},{},'{}',UTC_TIMESTAMP(3)", table.key.quoted(), stamp.run, stamp.model)?;
    for (_, cell) in cells {
        sql.push(b',');
        page.append_cell(sql, *cell, &places.place)?;
    }
    write!(sql, " FROM {} WHERE ({}){IN_TRANSACTION}", table.quoted(), places.which)
}

/// The classes as SQL.
fn labels(of: Outputs<'_>) -> Vec<String> {
    of.classes.iter().map(|class| text_literal(class.as_bytes())).collect()
}

/// Rows to be inserted.
struct Rows<'r> {
    table: &'r ItemsTable,
    stamp: Stamp<'r>,
    of: Outputs<'r>,
    labels: Vec<String>,
    cells: &'r [(&'r ColumnName, Cell)],
}

impl Rows<'_> {
    fn append(&self, sql: &mut Vec<u8>, page: &Predictions<'_>) -> io::Result<()> {
        let Stamp { run, model, .. } = self.stamp;
        // A server of a Galera cluster may have ended the transaction, and would do this statement alone: NULL is refused.
        let mut run_id = format!("/*M! IF(@@in_transaction = 1, */{run}/*M! , NULL) */");
        sql.reserve((21 * self.of.width() + 64) * page.keys.len());
        for (place, (key, row)) in page.keys.iter().zip(page.rows()).enumerate() {
            let separator = if place == 0 { "" } else { "," };
            let key = by_key::parts(self.table, key);
            write!(sql, "{separator}({key},{run_id},'{model}',UTC_TIMESTAMP(3)")?;
            for (_, cell) in self.cells {
                self.append_cell(sql, *cell, row)?;
            }
            sql.push(b')');
            if place == 0 {
                run_id = run.to_string();
            }
        }
        Ok(())
    }

    fn append_cell(&self, sql: &mut Vec<u8>, cell: Cell, row: &[f64]) -> io::Result<()> {
        sql.push(b',');
        match (cell, self.of.label(row)) {
            (Cell::Label, label) => {
                let label = label.and_then(|class| self.labels.get(class)).map_or("NULL", String::as_str);
                sql.extend_from_slice(label.as_bytes());
            }
            (cell, _) => {
                // As text every number is read to the last bit, whatever the column.
                sql.push(b'\'');
                cell.append(sql, self.of, row)?;
                sql.push(b'\'');
            }
        }
        Ok(())
    }
}

/// What becomes of a score that is there already: one of an earlier run is replaced, of a later one it stays. What is
/// compared is replaced last.
fn replacing(table: &ItemsTable, scores: &ScoreTable, columns: &[String]) -> String {
    let (run, version) = (named(RUN), named(MODEL_VERSION));
    // The columns of the key are the same.
    let own = |column: &&String| **column != run && (scores.keeps == Keeps::Latest || **column != version);
    let others = columns.iter().skip(table.key.parts.len()).filter(own);
    let replaced = others.map(|column| format!("{column} = IF({run} < VALUES({run}), VALUES({column}), {column})"));
    let last = format!("{run} = GREATEST({run}, VALUES({run}))");
    // A time of the key may be one that the server would set to the present, as it is in the table of the items.
    let times = table.key.parts.iter().filter(|part| part.kind == PartKind::Datetime).map(|part| part.column.quoted());
    let kept = times.map(|column| format!("{column} = {column}"));
    let all: Vec<String> = replaced.chain(kept).chain([last]).collect();
    format!(" ON DUPLICATE KEY UPDATE {}", all.join(", "))
}

/// Appends the statement that counts which of a page's scores are this run's, behind the one that wrote them. What that one
/// says it changed tells nothing: the servers count a row that is replaced twice, and one that stays not at all.
pub(super) fn append_count(
    sql: &mut Vec<u8>,
    (table, scores): (&ItemsTable, &ScoreTable),
    stamp: Stamp<'_>,
    page: &Predictions<'_>,
) {
    let Stamp { run, model, .. } = stamp;
    let which = match &page.keys {
        Keys::Ids(ids) => places(ids, &table.key.quoted()).which,
        Keys::Texts(..) => by_key::items(table).without_alias().one_of(page.keys.iter()),
    };
    let (name, by, version) = (scores.name.quoted(), named(RUN), named(MODEL_VERSION));
    let count = format!("SELECT COUNT(*) FROM {name} WHERE ({which}) AND {by} = {run} AND {version} = '{model}'");
    sql.extend_from_slice(count.as_bytes());
}

/// What a refusal of a score means: another run has written one meanwhile, or the transaction is over.
pub(super) fn undone(error: StoreError) -> StoreError {
    if error.means(Meaning::Duplicate) {
        return StoreError::Undone("another run has scored an item of the page meanwhile".into());
    }
    if error.means(Meaning::Null) {
        return StoreError::Undone("the server ended the transaction meanwhile".into());
    }
    error
}

/// Writes no score at all, but whoever may not, or cannot, is told so.
pub(super) fn try_writing(table: &ItemsTable, scores: &ScoreTable, cells: &[(&ColumnName, Cell)]) -> Statement<()> {
    let columns = columns(table, cells);
    let nothing = vec!["NULL"; columns.len()].join(", ");
    let sql = format!(
        "INSERT INTO {} ({}) SELECT {nothing} FROM DUAL WHERE FALSE{}",
        scores.name.quoted(),
        columns.join(", "),
        replacing(table, scores, &columns)
    );
    Statement::change("trying to write scores", &sql, Params::Empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(settings: &[(&str, &str)]) -> ItemsTable {
        let find = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        ItemsTable::from_variables(find).unwrap()
    }

    fn written_as(table: &ItemsTable, onto: Onto, ids: &[i64]) -> Result<String, StoreError> {
        let classes = ["pear", "plum"].map(str::to_owned);
        let outputs = ids.iter().flat_map(|_| [0.25, 0.75]).collect();
        let page = Predictions { keys: ids.to_vec().into(), outputs, of: Outputs::probabilities(&classes) };
        let stamp = Stamp { run: RunId(9), model: "abc", onto, by: By::Key, density: Density::Sparse };
        let mut sql = Vec::new();
        append_insert(&mut sql, (table, table.target.scores().unwrap()), stamp, &page)?;
        Ok(String::from_utf8(sql).unwrap())
    }

    #[test]
    fn a_page_of_scores_is_one_statement_with_a_row_for_each() {
        let table = table(&[
            ("SCORE_TABLE", "scores"),
            ("CONFIDENCE_COLUMN", "sure"),
            ("DECISION_COLUMN", "is_plum"),
            ("THRESHOLD", "plum=0.5"),
        ]);
        assert_eq!(
            written_as(&table, Onto::Nothing, &[7, 8]).unwrap(),
            "INSERT INTO `scores` (`id`,`run_id`,`model_version`,`predicted_at`,`prediction`,`sure`,`is_plum`) VALUES \
             (7,/*M! IF(@@in_transaction = 1, */9/*M! , NULL) */,'abc',UTC_TIMESTAMP(3),'[0.25,0.75]','0.75','1'),\
             (8,9,'abc',UTC_TIMESTAMP(3),'[0.25,0.75]','0.75','1')"
        );
    }

    #[test]
    fn where_the_items_are_at_hand_each_gets_its_part_of_one_text() {
        let table = table(&[("SCORE_TABLE", "scores"), ("SOURCE_WHERE", "a = 1")]);
        let classes = ["pear", "plum"].map(str::to_owned);
        let page = Predictions { keys: vec![7, 8].into(), outputs: vec![0.5; 4], of: Outputs::probabilities(&classes) };
        let stamp = Stamp { run: RunId(9), model: "abc", onto: Onto::Nothing, by: By::Place, density: Density::Sparse };
        let mut sql = Vec::new();
        append_insert(&mut sql, (&table, table.target.scores().unwrap()), stamp, &page).unwrap();
        assert_eq!(
            String::from_utf8(sql).unwrap(),
            "INSERT INTO `scores` (`id`,`run_id`,`model_version`,`predicted_at`,`prediction`) \
             SELECT `id`,9,'abc',UTC_TIMESTAMP(3),RTRIM(SUBSTR(_ascii'[0.5,0.5][0.5,0.5]', (`id` - (6)) * 9 - 8, 9)) \
             FROM `items` WHERE (`id` BETWEEN 7 AND 8) /*M! AND @@in_transaction = 1 */"
        );
    }

    #[test]
    fn a_score_of_an_earlier_run_is_replaced_and_in_a_history_only_that_of_the_same_model() {
        let of = |keeps| {
            let sql = written_as(&table(&[("SCORE_TABLE", "scores"), ("SCORES", keeps)]), Onto::Earlier, &[7]).unwrap();
            sql.split_once(" ON DUPLICATE KEY UPDATE ").unwrap().1.to_owned()
        };
        let set =
            |column: &str| format!("`{column}` = IF(`run_id` < VALUES(`run_id`), VALUES(`{column}`), `{column}`), ");
        let (at, prediction) = (set("predicted_at"), set("prediction"));
        let last = "`run_id` = GREATEST(`run_id`, VALUES(`run_id`))";
        assert_eq!(of("latest"), format!("{}{at}{prediction}{last}", set("model_version")));
        assert_eq!(of("history"), format!("{at}{prediction}{last}"));
    }

    #[test]
    fn a_key_that_is_there_twice_is_an_error_that_says_so() {
        let error =
            written_as(&table(&[("SCORE_TABLE", "scores")]), Onto::Nothing, &[3, 7, 7]).unwrap_err().to_string();
        assert!(error.contains("`items` has the key 7 more than once"), "{error}");
    }
}
