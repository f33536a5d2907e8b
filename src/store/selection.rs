//! Which items a lane takes, as SQL over the items `i` and the failures `f`.

use crate::config::ItemsTable;
use crate::run::RunId;
use crate::values::longest_text;
use crate::window::{Time, Window};

/// An item without a prediction: SQL NULL, or a JSON `null`.
const PENDING: &str = "(i.`prediction` IS NULL OR JSON_TYPE(i.`prediction`) = 'NULL')";

/// An item that is not set aside.
const NOT_SET_ASIDE: &str =
    "NOT EXISTS (SELECT 1 FROM `item_failures` f WHERE f.`items_table` = {table} AND f.`item_id` = i.`id`)";

/// An item set aside whose values are others than those that failed.
const CHANGED: &str = "f.`values_sha256` <> UNHEX(SHA2({values}, 256))";

/// Which items a lane takes. Pending they are in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Those created in the window that were never set aside.
    Fresh(Window),
    /// Those created in the window, set aside or not.
    Whole(Window),
    /// Those set aside that have attempts left, or other values than those that failed.
    SetAside {
        /// Attempts in all.
        max_attempts: u32,
        /// The run that takes them, once there is one: what it set aside itself is for later runs.
        run: Option<RunId>,
    },
    /// Those set aside that were released by hand.
    Released,
}

impl Selection {
    /// Whether it reaches over the whole table.
    pub fn is_unbounded(self) -> bool {
        matches!(self, Self::Fresh(Window { from: None, .. }) | Self::Whole(Window { from: None, .. }))
    }

    /// The tables, the alias of the items being `i`. A hint keeps the items in order of their key:
    /// a window's condition could lure the optimiser to its own key, and to a sort per page.
    pub(super) fn tables(self, table: &ItemsTable) -> String {
        let items = table.quoted();
        match self {
            Self::Fresh(_) | Self::Whole(_) => format!("{items} i FORCE INDEX (PRIMARY)"),
            Self::SetAside { .. } | Self::Released => {
                format!("`item_failures` f STRAIGHT_JOIN {items} i FORCE INDEX (PRIMARY) ON i.`id` = f.`item_id`")
            }
        }
    }

    /// The condition; `values` as SQL text. Nothing in it is a user's text but the table's name,
    /// which holds no quotes.
    pub(super) fn condition(self, table: &ItemsTable, values: &str) -> String {
        let table = table.literal();
        let rest = match self {
            Self::Fresh(window) => format!("{} AND {}", within(&window), NOT_SET_ASIDE.replace("{table}", &table)),
            Self::Whole(window) => within(&window),
            Self::SetAside { max_attempts, run } => {
                let changed = CHANGED.replace("{values}", values);
                let earlier = run.map_or_else(|| "TRUE".to_owned(), |run| format!("f.`run_id` <> {run}"));
                format!("f.`items_table` = {table} AND {earlier} AND (f.`attempts` < {max_attempts} OR {changed})")
            }
            Self::Released => format!("f.`items_table` = {table} AND f.`attempts` = 0"),
        };
        format!("{PENDING} AND {rest}")
    }

    /// The column that ids are compared by: that of the table which is walked.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Fresh(_) | Self::Whole(_) => "i.`id`",
            Self::SetAside { .. } | Self::Released => "f.`item_id`",
        }
    }
}

/// The condition that an item was created within `window`.
fn within(window: &Window) -> String {
    let moment = |time: Time| format!("'{}'", time.naive_utc().format("%Y-%m-%d %H:%M:%S%.6f"));
    let to = moment(window.to);
    match window.from {
        Some(from) => format!("i.`created_datetime` >= {} AND i.`created_datetime` < {to}", moment(from)),
        // A row without a timestamp belongs to the beginning.
        None => format!("(i.`created_datetime` < {to} OR i.`created_datetime` IS NULL)"),
    }
}

/// The `values` as text, cut one character beyond the longest text that is read.
pub(super) fn values_text(features: usize) -> String {
    format!("LEFT(i.`values`, {})", longest_text(features) + 1)
}
