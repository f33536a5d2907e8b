//! Which items a lane takes, as SQL over the items `i`, their scores `s` and the failures `f`.

use super::by_key::{self, Walk};
use super::order::Order;
use super::target::{self, is_of, is_of_another, pending};
use crate::config::{ColumnName, ItemsTable, ValuesIn};
use crate::model::{Feature, FeatureKind, ModelVersion};
use crate::run::RunId;
use crate::values::{longest_category, longest_text, longest_values};
use crate::window::{Time, Window};

/// Characters of an old prediction that are read, for each class and beside them.
const LONGEST_PROBABILITY: usize = 64;
const LONGEST_BRACKETS: usize = 1024;

/// Characters of a category that is a number, however it is written.
const LONGEST_DIGITS: usize = 66;

/// Characters of a moment as text, at least as many as any of it has.
const LONGEST_MOMENT: usize = 64;

/// An item that is not set aside.
const NOT_SET_ASIDE: &str = "NOT EXISTS (SELECT 1 FROM `item_failures` f WHERE {of_item})";

/// An item set aside whose values are others than those that failed. Their hash is that of the text as it was
/// read: in UTF-8, whatever the column's character set, and of bytes as they are. NULL is read as `null`.
const CHANGED: &str = "f.`values_sha256` NOT IN (\
    COALESCE(UNHEX(SHA2(CONVERT({values} USING utf8mb4), 256)), UNHEX(SHA2('null', 256))), \
    COALESCE(UNHEX(SHA2({values}, 256)), UNHEX(SHA2('null', 256))))";

/// Which items a lane takes. Pending they are in any case, but the outdated ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those created in the window that were never set aside.
    Fresh(Window),
    /// Those created in the window, set aside or not.
    Whole(Window),
    /// Those of a window that is one piece. What other runs set aside is for these to try again.
    OnePiece {
        /// When they were created.
        window: Window,
        /// The run that takes them, once there is one.
        run: Option<RunId>,
        /// The version of its model: what another version could not score, it tries.
        version: ModelVersion,
    },
    /// Those set aside that have attempts left, or other values than those that failed.
    SetAside {
        /// Attempts in all; 1: only those that were released by hand.
        max_attempts: u32,
        /// The run that takes them, once there is one: what it set aside itself is for later runs.
        run: Option<RunId>,
    },
    /// Those that another model version predicted.
    Outdated(Outdated),
}

/// Items with a prediction, created in a window, of which no run of a model version wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outdated {
    /// When they were created.
    pub window: Window,
    /// The version that predictions should be of.
    pub version: ModelVersion,
    /// The run that replaces them, once there is one. What a later one has written to a score table stays.
    pub run: Option<RunId>,
    /// Probabilities that a prediction of that version has: an old one is read as far as that needs.
    pub classes: usize,
    /// Which of those come again that this version could not score before. What another version
    /// could not score always does.
    pub again: Again,
}

/// Which items come again that were tried before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// All, or there are none.
    All,
    /// Those with other values than those that failed, or released by hand: the same version fails on
    /// the same values as often as it is asked.
    Changed,
    /// Those that were released by hand.
    Released,
}

impl Selection {
    /// Whether it reaches over the whole table.
    pub fn is_unbounded(self) -> bool {
        self.window().is_some_and(|window| window.from.is_none())
    }

    /// The same items where none is set aside, without looking each of them up among the failures.
    #[must_use]
    pub fn where_none_is_set_aside(self) -> Self {
        match self {
            Self::Fresh(window) | Self::OnePiece { window, .. } => Self::Whole(window),
            Self::Outdated(outdated) => Self::Outdated(Outdated { again: Again::All, ..outdated }),
            selection => selection,
        }
    }

    /// Whether there may be items among them that are set aside.
    pub fn has_set_aside(self) -> bool {
        match self {
            Self::SetAside { .. } | Self::OnePiece { .. } => true,
            Self::Outdated(outdated) => outdated.again != Again::All,
            Self::Fresh(_) | Self::Whole(_) => false,
        }
    }

    /// The tables, the alias of the items being `i`. A hint keeps the items in order of their key:
    /// a window's condition could lure the optimiser to its own key, and to a sort per page.
    pub(super) fn tables(self, table: &ItemsTable, by: Order) -> String {
        let items = match by {
            Order::Key => target::in_order(table),
            Order::Arrival => target::in_order_of_arrival(table),
        };
        match self {
            Self::Fresh(_) | Self::Whole(_) | Self::OnePiece { .. } => items,
            Self::Outdated(_) => format!("{items}{}", target::with_predictions_only(table)),
            Self::SetAside { .. } => {
                format!("`item_failures` f STRAIGHT_JOIN {items} ON {}", by_key::item_of_failure(table))
            }
        }
    }

    /// The condition; `values` as SQL text. Nothing in it is a user's text but names, which hold no
    /// quotes.
    pub(super) fn condition(self, items: &ItemsTable, values: &str) -> String {
        self.condition_of(items, values, &pending(items))
    }

    /// The same where it is known better what is pending.
    pub(super) fn condition_of(self, items: &ItemsTable, values: &str, pending: &str) -> String {
        let rest = match self {
            Self::Fresh(window) => {
                let unknown = NOT_SET_ASIDE.replace("{of_item}", &by_key::failure_of_item(items));
                format!("{} AND {unknown}", within(items, &window))
            }
            Self::Whole(window) => within(items, &window),
            Self::OnePiece { window, run, version } => {
                let others = run.map_or_else(|| "TRUE".to_owned(), |run| format!("f.`run_id` <> {run}"));
                let by_this = is_of(version, "f.`run_id`");
                let tried = format!("{others} AND {} AND {by_this}", in_vain(values));
                format!("{}{}", within(items, &window), but_those(items, &tried))
            }
            Self::SetAside { max_attempts, run } => {
                let (of_job, changed) = (by_key::failures(items), CHANGED.replace("{values}", values));
                let earlier = run.map_or_else(|| "TRUE".to_owned(), |run| format!("f.`run_id` <> {run}"));
                format!("{of_job} AND {earlier} AND (f.`attempts` < {max_attempts} OR {changed})")
            }
            Self::Outdated(outdated) => return outdated.condition(items, values),
        };
        format!("{pending} AND {rest}")
    }

    /// The columns that are walked: those of the items, or of those that are set aside.
    pub(super) fn walk(self, table: &ItemsTable, by: Order) -> Walk<'_> {
        match (self.window(), by) {
            (None, _) => Walk::Failures(table),
            (Some(_), Order::Key) => by_key::items(table),
            (Some(window), Order::Arrival) => Walk::Arrivals(table, within(table, &window)),
        }
    }

    /// When they were created, if that is what they are taken by.
    fn window(self) -> Option<Window> {
        match self {
            Self::Fresh(window)
            | Self::Whole(window)
            | Self::OnePiece { window, .. }
            | Self::Outdated(Outdated { window, .. }) => Some(window),
            Self::SetAside { .. } => None,
        }
    }

    /// What a page reads of an item, but its id: its `values` and, where there is one to compare
    /// with, its prediction.
    pub(super) fn columns(self, table: &ItemsTable, values: &str) -> String {
        match self {
            Self::Outdated(Outdated { classes, .. }) => {
                let longest = LONGEST_BRACKETS + LONGEST_PROBABILITY * classes;
                format!("{values}, LEFT({}, {longest})", target::prediction(table))
            }
            _ => values.to_owned(),
        }
    }
}

impl Outdated {
    fn condition(self, items: &ItemsTable, values: &str) -> String {
        let Self { window, version, run, again, .. } = self;
        // Without the column nobody knows whose a prediction is, and a backfill is refused before.
        let Some(outdated) = is_of_another(items, &within(items, &window), version, run) else {
            return "FALSE".to_owned();
        };
        let tried = match again {
            Again::All => None,
            Again::Changed => Some(in_vain(values)),
            Again::Released => Some("f.`attempts` > 0".to_owned()),
        };
        let by_this = is_of(version, "f.`run_id`");
        let tried = tried.map_or_else(String::new, |tried| but_those(items, &format!("{tried} AND {by_this}")));
        format!("{outdated}{tried}")
    }
}

/// The condition that an item set aside was tried, and has the same values still.
fn in_vain(values: &str) -> String {
    format!("f.`attempts` > 0 AND NOT {}", CHANGED.replace("{values}", values))
}

/// Leaves out the items set aside for which `tried` holds. A scalar subquery: a page must not read the failures
/// of the whole table.
fn but_those(items: &ItemsTable, tried: &str) -> String {
    format!(
        " AND NOT COALESCE((SELECT {tried} FROM `item_failures` f WHERE {}), FALSE)",
        by_key::failure_of_item(items)
    )
}

/// A time as the column of the times of arrival would have it.
pub(super) fn moment(table: &ItemsTable, time: Time) -> String {
    let utc = format!("'{}'", time.naive_utc().format("%Y-%m-%d %H:%M:%S%.6f"));
    // The constant is turned, and not the column, whose key could not be used then.
    match &table.created_zone {
        Some(zone) => format!("CONVERT_TZ({utc}, '+00:00', {})", zone.literal()),
        None => utc,
    }
}

/// The condition that an item was created within `window`.
pub(super) fn within(table: &ItemsTable, window: &Window) -> String {
    let created = table.created.quoted();
    let to = moment(table, window.to);
    match window.from {
        Some(from) => format!("i.{created} >= {} AND i.{created} < {to}", moment(table, from)),
        // A row without a timestamp belongs to the beginning.
        None => format!("(i.{created} < {to} OR i.{created} IS NULL)"),
    }
}

/// When an item arrived, in UTC.
pub(super) fn created(table: &ItemsTable) -> String {
    let created = format!("i.{}", table.created.quoted());
    match &table.created_zone {
        Some(zone) => format!("CONVERT_TZ({created}, {}, '+00:00')", zone.literal()),
        None => created,
    }
}

/// The values of an item as JSON text; of a JSON column, cut one character beyond the longest text
/// that is read.
pub(super) fn values_text(table: &ItemsTable, features: &[Feature]) -> String {
    match &table.values {
        ValuesIn::Json(column) => format!("LEFT(i.{}, {})", column.quoted(), longest_text(features) + 1),
        // Another model's names are refused before; here they make a row too short for the model.
        ValuesIn::Columns(_) => array_text(&table.feature_columns(features).unwrap_or_default(), features),
    }
}

/// The values of an item as JSON text, cut one character beyond the longest that is shown.
pub(super) fn shown_values(table: &ItemsTable, features: &[Feature]) -> String {
    match &table.values {
        ValuesIn::Json(column) => format!("LEFT(i.{}, {})", column.quoted(), longest_values(features) + 1),
        ValuesIn::Columns(_) => values_text(table, features),
    }
}

/// The values of an item as JSON text, however long.
pub(super) fn whole_values(table: &ItemsTable, features: &[Feature]) -> String {
    match &table.values {
        ValuesIn::Json(column) => format!("i.{}", column.quoted()),
        ValuesIn::Columns(_) => values_text(table, features),
    }
}

/// A JSON array of typed columns, `null` where one is NULL.
fn array_text(columns: &[&ColumnName], features: &[Feature]) -> String {
    let values: Vec<String> = columns.iter().zip(features).map(|(column, feature)| value(column, feature)).collect();
    format!("CONCAT(JSON_ARRAY({}))", values.join(", "))
}

/// A typed column as JSON has it.
fn value(column: &ColumnName, feature: &Feature) -> String {
    let column = format!("i.{}", column.quoted());
    match &feature.kind {
        // Multiplied by a float's 1, every number becomes a double, and in JSON the servers write that in
        // the fewest digits that read back as the same one. Left alone, a FLOAT has six digits, and a
        // number with ZEROFILL is no JSON; outside of JSON, MySQL has room for 22 characters of a double
        // that was computed; adding 0 would lose the sign of -0.
        FeatureKind::Number => format!("{column} * 1e0"),
        // As text, whatever the type; cut one character beyond what could be a known one.
        FeatureKind::Category { .. } => {
            format!("LEFT(CONVERT({column} USING utf8mb4), {})", LONGEST_DIGITS.max(longest_category(feature)) + 1)
        }
        FeatureKind::Moment => format!("LEFT(CONVERT({column} USING utf8mb4), {LONGEST_MOMENT})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Category, Rule};

    #[test]
    fn typed_columns_are_read_as_the_array_that_they_stand_for() {
        let names = ["x", "y z", "at"].map(|name| <ColumnName as crate::config::Setting>::read(name).unwrap());
        let categories = vec![Category::Text("pear".into()), Category::Text("x".repeat(100))];
        let kinds =
            [FeatureKind::Number, FeatureKind::Category { categories, unseen: Rule::Refused }, FeatureKind::Moment];
        let features = kinds.map(|kind| Feature { kind, ..Feature::number("any") });
        assert_eq!(
            array_text(&names.iter().collect::<Vec<_>>(), &features),
            "CONCAT(JSON_ARRAY(i.`x` * 1e0, LEFT(CONVERT(i.`y z` USING utf8mb4), 101), \
             LEFT(CONVERT(i.`at` USING utf8mb4), 64)))"
        );
    }
}
