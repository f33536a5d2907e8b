//! What the server's catalogue says of the items table: its columns and keys. A login sees of it
//! what it was granted.

use mysql_async::{Params, Row};

use mysql_async::prelude::Queryable;

use super::StoreError;
pub use super::columns::{Column, Kind};
use super::notation::LONGEST;
use super::places::joined;
use super::query;
use super::row::column;
use super::statement::Statement;
use super::target;
use crate::config::{ColumnName, ItemsTable, KeyColumns, KeyPart, OWN_TABLES, Rows, ScoreTable};

/// The column that is meant to say when a row was changed, where there is one of this name.
pub const UPDATED: &str = "updated_datetime";

/// The items table, as the server describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Its columns in order; none where there is no such table, or nothing of it may be seen.
    pub columns: Vec<Column>,
    /// Its keys.
    pub keys: Vec<Key>,
    /// Those of its columns that the server sets to the present time whenever a row is changed and nothing is
    /// said of them. Also such that may not be read.
    pub renewed: Vec<ColumnName>,
    /// The table that is written, and rowscore's own tables, where an engine without transactions keeps them.
    pub without_transactions: Vec<Kept>,
    /// Whether it is a view.
    pub is_view: bool,
    /// Whether the server is a MariaDB, whose JSON is a LONGTEXT.
    pub is_mariadb: bool,
    /// Whether the server takes two names of tables that differ in case alone for the same one.
    pub ignores_case: bool,
}

/// A table, and what keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub table: String,
    /// Like `MyISAM`.
    pub engine: String,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// `PRIMARY`, or its name.
    pub name: String,
    /// Its columns in order.
    pub columns: Vec<String>,
    /// Whether no two rows have the same in it, NULL aside.
    pub is_unique: bool,
    /// Whether all of its columns ascend.
    pub ascends: bool,
}

impl Kept {
    /// Whether the table is one of rowscore's own.
    pub fn is_own(&self) -> bool {
        OWN_TABLES.contains(&self.table.as_str())
    }

    /// The table's name between backticks.
    pub fn quoted(&self) -> String {
        ColumnName::of(&self.table).quoted()
    }
}

impl Catalog {
    /// The columns that keep their values when a prediction is written: the server would set them to the present
    /// time. `updated_datetime` is there to say when a row was changed, and says it.
    pub fn kept(&self, table: &ItemsTable) -> Vec<ColumnName> {
        if table.target.scores().is_some() {
            return Vec::new();
        }
        let written = table.written();
        let is_meant =
            |column: &ColumnName| column.is(UPDATED) || written.iter().any(|(_, written)| written.is(column.as_str()));
        self.renewed.iter().filter(|column| !is_meant(column)).cloned().collect()
    }

    /// The columns that are read of the table, and that `*` leaves out.
    fn hidden(&self, table: &ItemsTable) -> Vec<ColumnName> {
        if table.source.rows != Rows::Table {
            return Vec::new();
        }
        let is_hidden = |name: &ColumnName| self.column(name.as_str()).is_some_and(|column| column.is_hidden);
        table.columns().into_iter().map(|(_, name)| name).filter(|name| is_hidden(name)).cloned().collect()
    }

    /// The key that tells the items of `table` apart, as the server describes it; `None`: it is not one that does. Of a
    /// view or a query no server knows what tells its rows apart.
    pub fn key(&self, table: &ItemsTable) -> Option<KeyColumns> {
        let (is_table, unique) = (self.is_of_table(table), |key: &&Key| key.is_unique && table.key.are(&key.columns));
        let index = match self.keys.iter().filter(unique).max_by_key(|key| key.name == "PRIMARY") {
            Some(key) => key.name.clone(),
            None if is_table => return None,
            None => table.key.index.clone(),
        };
        let part = |column: &ColumnName| {
            let found = self.column(column.as_str()).filter(|column| !(is_table && column.is_nullable))?;
            Some(KeyPart { column: column.clone(), kind: found.part_kind()? })
        };
        let parts = table.key.columns().map(part).collect::<Option<_>>()?;
        Some(KeyColumns { parts, index, is_wide: false })
    }

    /// The index that has the rows of `table` in order of their arrival and then of their key, if that is no number. The
    /// servers put the primary key behind every other one.
    fn arrivals(&self, table: &ItemsTable) -> Option<ColumnName> {
        let key = &table.key;
        let of_each = key.columns().filter_map(|column| self.column(column.as_str())).map(Column::longest_part);
        let has_room = of_each.sum::<u64>() + LONGEST_TIME <= LONGEST as u64;
        let is_time = self.column(table.created.as_str()).is_some_and(|column| column.kind.is_time());
        // With the time in it, the key is no order behind the time that an index would have.
        let has_time = key.columns().any(|column| table.created.is(column.as_str()));
        if has_time || key.is_number() || !has_room || !is_time || !self.is_of_table(table) {
            return None;
        }
        let begins = |index: &&Key| match index.columns.split_first() {
            Some((first, rest)) if table.created.is(first) => {
                let is_whole = rest.len() == key.parts.len() || (key.is_primary() && rest.len() < key.parts.len());
                is_whole && key.columns().zip(rest).all(|(column, name)| column.is(name))
            }
            _ => false,
        };
        // The primary key behind it ascends, so the time has to.
        self.keys.iter().filter(|index| index.ascends).find(begins).map(|index| ColumnName::of(&index.name))
    }

    /// Whether its rows are those of a table, whose keys are known.
    pub fn is_of_table(&self, table: &ItemsTable) -> bool {
        table.source.rows == Rows::Table && !self.is_view
    }

    /// The column of a name, which the servers know in any case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        let name = name.to_lowercase();
        self.columns.iter().find(|column| column.name.to_lowercase() == name)
    }
}

/// Characters of a time of arrival in front of a key, at most.
const LONGEST_TIME: u64 = 32;

/// What the server says of `table`, and the table with what rowscore's statements need of that.
///
/// # Errors
/// Those of [`Statement::ask`].
pub async fn look(conn: &mut impl Queryable, table: &ItemsTable) -> Result<(Catalog, ItemsTable), StoreError> {
    let (fingerprint, mut catalog) = fingerprint(table).and(describe(table)).ask(conn).await?;
    let is_known = |name: &ColumnName| catalog.column(name.as_str()).is_some();
    if matches!(table.source.rows, Rows::Query(_)) && table.key.columns().all(is_known) {
        query::complete(&mut catalog.columns, query::collations(table).ask(conn).await?);
    }
    let (kept, hidden) = (catalog.kept(table), catalog.hidden(table));
    let mut seen = ItemsTable { kept, hidden, fingerprint: Some(fingerprint), ..table.clone() };
    if let Some(key) = catalog.key(table) {
        let first = key.columns().next().and_then(|column| catalog.column(column.as_str()));
        let may_be_wide = key.is_number() && first.is_some_and(|column| column.kind == Kind::BigInt);
        seen.key = KeyColumns { is_wide: may_be_wide && is_wide(&seen).ask(conn).await?, ..key };
    }
    seen.arrivals = catalog.arrivals(&seen);
    Ok((catalog, seen))
}

/// Whether there is an id that no signed number can hold, or the least of these, before which there is none.
fn is_wide(table: &ItemsTable) -> Statement<bool> {
    let (id, items, most, least) = (table.key.quoted(), table.quoted(), i64::MAX, i64::MIN);
    let sql = if table.source.is_table() {
        format!("SELECT COALESCE(MAX({id}) > {most} OR MIN({id}) = {least}, FALSE) AS `wide` FROM {items}")
    } else {
        let [first, last] = ["ASC", "DESC"].map(|order| target::first(table, order, "TRUE"));
        format!("SELECT COALESCE({last} > {most} OR {first} = {least}, FALSE) AS `wide`")
    };
    Statement::one("looking at the ends of the table", &sql, Params::Empty, |row| column(row, "wide"))
}

/// What the server says of the table that is scored. Of the engines, what it says of the tables that are written.
pub fn describe(table: &ItemsTable) -> Statement<Catalog> {
    let written = table.target.scores().map_or_else(|| table.literal(), |scores| scores.name.literal());
    let described = describe_named(&table.literal(), &written);
    if !matches!(table.source.rows, Rows::Query(_)) {
        return described;
    }
    // Whatever table has the query's name, it is another one.
    let described = described.and(query::columns(table));
    described.map(|(known, columns)| Catalog {
        columns,
        without_transactions: known.without_transactions,
        is_mariadb: known.is_mariadb,
        ignores_case: known.ignores_case,
        ..Catalog::default()
    })
}

/// What it says of a score table.
pub fn describe_scores(scores: &ScoreTable) -> Statement<Catalog> {
    let name = scores.name.literal();
    describe_named(&name, &name)
}

/// A text that is another one once the columns, the keys or the engine of a table or of its score table are.
pub fn fingerprint(table: &ItemsTable) -> Statement<String> {
    let scores = table.target.scores().map(|scores| scores.name.literal());
    let of_each = [
        (
            "columns",
            "`column_name`, `ordinal_position`, `column_type`, COALESCE(`collation_name`, ''), `is_nullable`, \
             COALESCE(`column_default`, ''), `extra`, COALESCE(`generation_expression`, ''), `column_comment`",
        ),
        (
            "statistics",
            "`index_name`, `seq_in_index`, COALESCE(`column_name`, ''), COALESCE(`sub_part`, ''), `non_unique`, \
             COALESCE(`collation`, '') /*!80000 , `is_visible` */ /*M!100600 , `ignored` */",
        ),
        ("tables", "`table_type`, COALESCE(`engine`, '')"),
    ];
    // Each by its one name: for a list of names MariaDB opens every table of the database.
    let sums = [table.literal()].into_iter().chain(scores).flat_map(|name| {
        let which = of_tables(&[name]);
        of_each.map(|(of, what)| {
            let sum = format!("SUM(CRC32(CONCAT_WS('|', `table_name`, {what})))");
            format!("(SELECT CONCAT_WS('-', COUNT(*), {sum}) FROM `information_schema`.`{of}` {which})")
        })
    });
    let sql = format!("SELECT CONCAT_WS(' ', {}) AS `fingerprint`", joined(sums, ", "));
    Statement::one("looking whether the table was altered", &sql, Params::Empty, |row| column(row, "fingerprint"))
}

fn describe_named(table: &str, written: &str) -> Statement<Catalog> {
    let doing = "reading what the items table is like";
    let of_table = of_tables(&[table.to_owned()]);
    let columns = format!(
        "SELECT `column_name` AS `name`, `data_type` AS `type`, `column_type` AS `full_type`, \
           `is_nullable` = 'YES' AS `nullable`, COALESCE(`generation_expression`, '') <> '' AS `generated`, \
           COALESCE(LOWER(`column_default`), '') LIKE 'current_timestamp%' AS `born_now`, \
           LOWER(`extra`) LIKE '%on update%' AS `renewed`, LOWER(`extra`) LIKE '%invisible%' AS `hidden`, \
           FIND_IN_SET('select', `privileges`) > 0 AS `readable`, \
           `character_maximum_length` AS `length`, `character_set_name` AS `charset`, \
           `collation_name` AS `collation`, `column_comment` AS `comment` \
         FROM `information_schema`.`columns` {of_table} ORDER BY `ordinal_position`"
    );
    let parts = format!(
        "SELECT `index_name` AS `name`, IF(`sub_part` IS NULL, `column_name`, NULL) AS `part`, `non_unique` = 0 AS `unique`, \
           COALESCE(`collation`, 'A') = 'A' AS `ascends` \
         FROM `information_schema`.`statistics` {of_table} \
           /*!80000 AND `is_visible` = 'YES' */ /*M!100600 AND `ignored` = 'NO' */ \
         ORDER BY `index_name`, `seq_in_index`"
    );
    let names = OWN_TABLES.iter().map(|name| format!("'{name}'")).chain([written.to_owned()]).collect::<Vec<_>>();
    let kept = format!(
        "SELECT `table_name` AS `name`, `engine` AS `engine` FROM `information_schema`.`tables` {} AND `engine` NOT IN \
           (SELECT `engine` FROM `information_schema`.`engines` WHERE `transactions` = 'YES')",
        of_tables(&names)
    );
    let views = format!("SELECT COUNT(*) AS `views` FROM `information_schema`.`views` {of_table}");
    let views: Statement<u64> = Statement::one(doing, &views, Params::Empty, |row| column(row, "views"));
    let columns = Statement::all(doing, &columns, Params::Empty, |row| {
        Ok((column_of(row)?, column::<bool>(row, "renewed")?, column::<bool>(row, "readable")?))
    });
    // A part that is an expression has no column, and the beginning of a column is not the column. An index that is hidden
    // from the optimiser is none that a statement may name.
    let parts = Statement::all(doing, &parts, Params::Empty, |row| {
        let part: Option<String> = column(row, "part")?;
        Ok((column(row, "name")?, part.unwrap_or_default(), (column(row, "unique")?, column(row, "ascends")?)))
    });
    let kept = Statement::all(doing, &kept, Params::Empty, |row| {
        Ok(Kept { table: column(row, "name")?, engine: column(row, "engine")? })
    });
    let version: Statement<String> =
        Statement::one(doing, "SELECT VERSION() AS `version`", Params::Empty, |row| column(row, "version"));
    columns.and(parts).and(kept).and(version.and(ignores_case()).and(views)).map(
        |(((columns, parts), without_transactions), ((version, ignores_case), views))| Catalog {
            is_view: views > 0,
            renewed: columns
                .iter()
                .filter(|(_, renewed, _)| *renewed)
                .map(|(it, ..)| ColumnName::of(&it.name))
                .collect(),
            columns: columns.into_iter().filter(|(.., readable)| *readable).map(|(it, ..)| it).collect(),
            keys: keys(parts),
            without_transactions,
            is_mariadb: version.contains("MariaDB"),
            ignores_case,
        },
    )
}

/// Whether the server takes two names of tables that differ in case alone for the same one.
pub fn ignores_case() -> Statement<bool> {
    let sql = "SELECT @@lower_case_table_names <> 0 AS `ignores_case`";
    Statement::one("asking how names of tables are told apart", sql, Params::Empty, |row| column(row, "ignores_case"))
}

/// The condition that a row of the catalogue is about one of these tables, whose names are SQL strings. The
/// catalogue does not tell names apart by case and accents, as the server does unless it was told not to.
pub(super) fn of_tables(names: &[String]) -> String {
    let exact = names.iter().map(|name| format!("CAST({name} AS BINARY)")).collect::<Vec<_>>().join(", ");
    format!(
        "WHERE `table_schema` = DATABASE() AND `table_name` IN ({}) \
         AND (@@lower_case_table_names <> 0 OR CAST(`table_name` AS BINARY) IN ({exact}))",
        names.join(", ")
    )
}

/// The keys that these parts, in order, are of.
fn keys(parts: Vec<(String, String, (bool, bool))>) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for (name, part, (is_unique, ascends)) in parts {
        match keys.last_mut().filter(|key| key.name == name) {
            Some(key) => {
                key.columns.push(part);
                key.ascends &= ascends;
            }
            None => keys.push(Key { name, columns: vec![part], is_unique, ascends }),
        }
    }
    keys
}

fn column_of(row: &Row) -> Result<Column, StoreError> {
    Ok(Column {
        name: column(row, "name")?,
        kind: Kind::of(&column::<String>(row, "type")?),
        full_type: column(row, "full_type")?,
        is_nullable: column(row, "nullable")?,
        is_generated: column(row, "generated")?,
        is_born_now: column(row, "born_now")?,
        is_hidden: column(row, "hidden")?,
        length: column(row, "length")?,
        charset: column(row, "charset")?,
        collation: column(row, "collation")?,
        comment: column(row, "comment")?,
    })
}
