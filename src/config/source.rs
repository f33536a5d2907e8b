//! Where the rows come from that are scored: a table as it is, or what can only be read.

use super::setting::{Accepts, Setting};

/// Where the rows come from. Without a word about it: the table `ITEMS_TABLE`, all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// `SOURCE_KIND` and `SOURCE_QUERY`: what has the rows.
    pub rows: Rows,
    /// `SOURCE_WHERE`: which of them are meant.
    pub condition: Option<Sql>,
}

/// What has the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Rows {
    /// The table `ITEMS_TABLE`.
    #[default]
    Table,
    /// The view `ITEMS_TABLE`.
    View,
    /// This query, which `ITEMS_TABLE` gives a name.
    Query(Sql),
}

crate::run::named! {
    /// `SOURCE_KIND`: what `ITEMS_TABLE` names.
    pub(super) enum SourceKind {
        /// A table.
        Table = "table",
        /// A view.
        View = "view",
    }
}

/// A piece of SQL that a user wrote: a condition, or a query. It may do what the login may, and no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sql(String);

impl Sql {
    /// It, between parentheses. What is behind it stands in a line of its own: it may end with a comment.
    pub fn enclosed(&self) -> String {
        format!("({}\n)", self.0)
    }
}

impl Setting for Sql {
    const ACCEPTS: Accepts = Accepts::Text("SQL as the server has it, without a semicolon");

    fn read(text: &str) -> Option<Self> {
        (!text.contains([';', '\0'])).then(|| Self(text.to_owned()))
    }
}

impl Source {
    /// Whether it is a table as it is, which has a primary key and can be written.
    pub fn is_table(&self) -> bool {
        *self == Self::default()
    }
}
