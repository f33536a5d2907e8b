//! Where an item's prediction stands, as SQL: in the item `i` itself, or in its current score `s`, a row of the score
//! table. The table that is scored is `i` in any case.

use super::by_key::{self, Walk};
use super::ids::Ids;
use super::places::joined;
use super::row::named;
use crate::config::{
    ColumnName, ItemsTable, Keeps, MODEL_VERSION, PredictionFormat, RUN, Rows, ScoreTable, Sql, Target,
};
use crate::model::ModelVersion;
use crate::run::RunId;

/// The version of the model that a run's predictions are of. A scalar subquery: a lookup by key for
/// each row, which neither server turns into a join over all runs.
const VERSION_OF: &str = "COALESCE((SELECT r.`model_version` FROM `batch_runs` r WHERE r.`id` = {run}), '')";

/// The items, in order of their key: a window's condition could lure the optimiser to its own key, and to a sort
/// per page.
pub(super) fn in_order(table: &ItemsTable) -> String {
    source(table, &format!(" {}", by_key::hint(table)))
}

/// The items, in order of their arrival.
pub(super) fn in_order_of_arrival(table: &ItemsTable) -> String {
    source(table, &by_key::arrival_hint(table))
}

/// The items, by whatever key the server likes.
pub(super) fn items(table: &ItemsTable) -> String {
    source(table, "")
}

/// Where the items come from, with a hint for a table's keys. A view and a query have none.
fn source(table: &ItemsTable, hint: &str) -> String {
    let name = table.quoted();
    let Some(condition) = table.source.condition.as_ref().map(Sql::enclosed) else {
        return match &table.source.rows {
            Rows::Table => format!("{name} i{hint}"),
            Rows::View => format!("{name} i"),
            Rows::Query(query) => format!("{} i", query.enclosed()),
        };
    };
    // Both servers merge it into what is around it.
    let rows = match &table.source.rows {
        Rows::Table => format!("{name}{hint}"),
        Rows::View => name,
        Rows::Query(query) => format!("{} q", query.enclosed()),
    };
    let hidden = joined(table.hidden.iter().map(|column| format!(", {}", column.quoted())), "");
    format!("(SELECT *{hidden} FROM {rows} WHERE {condition}) i")
}

/// The first whole number in this order of items for which `condition` holds: the end of what is no table, of which no
/// server knows MIN and MAX without reading all of it. NULL comes before every number, and is none.
pub(super) fn first(table: &ItemsTable, order: &str, condition: &str) -> String {
    let id = format!("i.{}", table.key.quoted());
    let (items, is_known) = (in_order(table), by_key::items(table).is_known());
    format!("(SELECT {id} FROM {items} WHERE {condition} AND {is_known} ORDER BY {id} {order} LIMIT 1)")
}

/// The condition that rows of two aliases are about the same item.
fn same(table: &ItemsTable, one: &str, other: &str) -> String {
    joined(table.key.columns().map(|column| format!("{one}.{0} = {other}.{0}", column.quoted())), " AND ")
}

/// The current score of the item `i` is `s`.
fn is_current(table: &ItemsTable, scores: &ScoreTable) -> String {
    let same_item = same(table, "s", "i");
    match scores.keeps {
        Keeps::Latest => same_item,
        // Of the latest run, and of its own model: a challenger's has the same run. Lookups by key, and few rows.
        Keeps::History => format!(
            "{same_item} AND s.{run} = (SELECT MAX(h.{run}) FROM {} h WHERE {}) AND s.{version} = \
             COALESCE((SELECT r.`model_version` FROM `batch_runs` r WHERE r.`id` = s.{run}), s.{version})",
            scores.name.quoted(),
            same(table, "h", "i"),
            run = named(RUN),
            version = named(MODEL_VERSION),
        ),
    }
}

/// What stands behind the items in FROM, so that their predictions can be read.
pub(super) fn with_predictions(table: &ItemsTable) -> String {
    match &table.target {
        Target::Columns => String::new(),
        Target::Scores(scores) => format!(" LEFT JOIN {} s ON {}", scores.name.quoted(), is_current(table, scores)),
    }
}

/// The same, where only items with a prediction are wanted.
pub(super) fn with_predictions_only(table: &ItemsTable) -> String {
    match &table.target {
        Target::Columns => String::new(),
        // The items stay in order of their key.
        Target::Scores(scores) => {
            format!(" STRAIGHT_JOIN {} s ON {}", scores.name.quoted(), is_current(table, scores))
        }
    }
}

/// What stands behind the items in FROM, so that every prediction of them can be read, those of other models in a history,
/// too.
pub(super) fn with_every_prediction(table: &ItemsTable) -> String {
    match &table.target {
        Target::Columns => String::new(),
        Target::Scores(scores) => {
            format!(" STRAIGHT_JOIN {} s ON {}", scores.name.quoted(), same(table, "s", "i"))
        }
    }
}

/// The version of the model that made a prediction, where that stands beside it: see [`with_every_prediction`].
pub(super) fn model_beside(table: &ItemsTable) -> Option<String> {
    table.target.scores().map(|_| format!("s.{}", named(MODEL_VERSION)))
}

/// A column that is written.
fn written(table: &ItemsTable, column: &ColumnName) -> String {
    let alias = if table.target.scores().is_some() { "s" } else { "i" };
    format!("{alias}.{}", column.quoted())
}

/// An item's prediction, see [`with_predictions`].
pub(super) fn prediction(table: &ItemsTable) -> String {
    written(table, &table.prediction)
}

/// The run that wrote it, if there is a column that says so.
pub(super) fn run(table: &ItemsTable) -> Option<String> {
    table.run.column().map(|column| written(table, column))
}

/// The condition that an item has no prediction. In a column of its own: SQL NULL, or in a JSON column a JSON `null`.
/// MariaDB, which keeps JSON as text, need not parse what is longer than any `null`.
pub(super) fn pending(table: &ItemsTable) -> String {
    let prediction = match &table.target {
        Target::Columns => prediction(table),
        // A scalar subquery: a lookup by key for each row, which neither server turns into a join that would
        // read all scores for a page. Of a history, no score of any model.
        Target::Scores(scores) => {
            let (name, same_item) = (scores.name.quoted(), same(table, "p", "i"));
            return format!("(SELECT 1 FROM {name} p WHERE {same_item} LIMIT 1) IS NULL");
        }
    };
    match table.format {
        // A name could end the comment.
        PredictionFormat::Probabilities if prediction.contains("*/") => {
            format!("({prediction} IS NULL OR JSON_TYPE({prediction}) = 'NULL')")
        }
        PredictionFormat::Probabilities => {
            format!("({prediction} IS NULL OR /*M! LENGTH({prediction}) < 32 AND */ JSON_TYPE({prediction}) = 'NULL')")
        }
        PredictionFormat::Label | PredictionFormat::Value => format!("{prediction} IS NULL"),
    }
}

/// The same of an item with one of these keys: where none of them has a score, one look tells, and no item is looked up.
/// So it is in a table that is scored for the first time, and ahead of each lane there.
pub(super) fn pending_of(table: &ItemsTable, ids: &Ids) -> String {
    let Some(scores) = table.target.scores() else { return pending(table) };
    let (name, bounds) = (scores.name.quoted(), Walk::Items(table, "e.").condition(ids));
    format!("((SELECT 1 FROM {name} e WHERE {bounds} LIMIT 1) IS NULL OR {})", pending(table))
}

/// The condition that an item within some bounds has a prediction and no run of `version` wrote it, see
/// [`with_predictions_only`]. What runs after the run `before` have scored is theirs. `None`: nobody knows whose a
/// prediction is.
pub(super) fn is_of_another(
    table: &ItemsTable,
    within: &str,
    version: ModelVersion,
    before: Option<RunId>,
) -> Option<String> {
    let (run, prediction) = (run(table)?, prediction(table));
    let predicted = match (&table.target, table.format) {
        (Target::Scores(_), _) => {
            let earlier = before.map_or_else(String::new, |before| format!(" AND {run} < {before}"));
            return Some(format!("{within} AND s.{} <> '{version}'{earlier}", named(MODEL_VERSION)));
        }
        (Target::Columns, PredictionFormat::Probabilities) => {
            format!("{prediction} IS NOT NULL AND COALESCE(JSON_TYPE({prediction}), '') <> 'NULL'")
        }
        // What no run wrote is somebody's own.
        (Target::Columns, PredictionFormat::Label | PredictionFormat::Value) => {
            format!("{prediction} IS NOT NULL AND {run} IS NOT NULL")
        }
    };
    Some(format!("{predicted} AND {within} AND NOT {}", is_of(version, &run)))
}

/// The condition that `run` is of a model version.
pub(super) fn is_of(version: ModelVersion, run: &str) -> String {
    format!("{} = '{version}'", VERSION_OF.replace("{run}", run))
}
