//! What a hop works with.

use mysql_async::Conn;

use crate::config::{ItemsTable, WorkConfig};
use crate::model::Model;
use crate::store::order::Order;
use crate::store::selection::Selection;
use crate::store::wanted::Wanted;
use crate::store::{Database, StoreError, counts};
use crate::window::{Time, Window};

/// What every hop of a process works with.
#[derive(Clone, Copy, Debug)]
pub struct Means<'a> {
    /// The database that holds the items.
    pub database: &'a Database,
    /// How runs are worked off.
    pub work: &'a WorkConfig,
    /// What scores the items.
    pub model: &'a Model,
    /// What scores them, too, into the history only: [`super::challenger`] finds it for each hop.
    pub challenger: Option<&'a Model>,
}

impl<'a> Means<'a> {
    /// The items table.
    pub(super) fn table(self) -> &'a ItemsTable {
        self.database.items_table()
    }

    /// Items of the table, as the model reads them.
    pub(super) fn wanted(self, which: Selection) -> Wanted<'a> {
        Wanted { table: self.table(), features: self.model.features(), which, by: Order::Key }
    }

    /// Age in seconds of the oldest pending item of a window; `None`: not found in time.
    pub(super) async fn oldest_pending(self, conn: &mut Conn, of: Window, at: Time) -> Result<Option<u64>, StoreError> {
        counts::oldest_pending(conn, self.table(), of, self.model.features(), at).await
    }
}
