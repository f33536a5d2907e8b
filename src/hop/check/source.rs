//! Whether a source that is no table as it is can be walked by pages: its key tells rows apart, and a page does not read
//! all of it. What cannot be told is said.

use mysql_async::Conn;

use crate::config::{ItemsTable, Rows};
use crate::model::Model;
use crate::store::StoreError;
use crate::store::catalog::Catalog;
use crate::store::counts;
use crate::store::ids::Ids;
use crate::store::reading::{self, Step};

/// Rows that the server may read at once for a page, without that being a problem.
const FEW: u64 = 20_000;

/// Rows of the page that is asked about.
const PAGE: u32 = 1000;

/// What is wrong with a source, and what cannot be told of it.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub problems: Vec<String>,
    pub unknown: Vec<String>,
}

/// Whether `ITEMS_TABLE` is what `SOURCE_KIND` says it is.
pub(super) fn kind_problem(table: &ItemsTable, catalog: &Catalog) -> Option<String> {
    let name = table.quoted();
    match (&table.source.rows, catalog.is_view) {
        (Rows::Table, true) => Some(format!("{name} is a view; set SOURCE_KIND=view and SCORE_TABLE")),
        (Rows::View, false) => Some(format!("SOURCE_KIND is `view`, but {name} is a table; unset SOURCE_KIND")),
        _ => None,
    }
}

/// Looks at a source whose columns are well.
pub(super) async fn look(conn: &mut Conn, table: &ItemsTable, model: &Model) -> Result<Looked, StoreError> {
    let mut looked = Looked::default();
    if table.source.is_table() {
        return Ok(looked);
    }
    if table.source.rows != Rows::Table {
        look_at_key(conn, table, &mut looked).await?;
    }
    look_at_plan(conn, table, model, &mut looked).await?;
    Ok(looked)
}

async fn look_at_key(conn: &mut Conn, table: &ItemsTable, looked: &mut Looked) -> Result<(), StoreError> {
    let id = &table.key;
    match reading::twice(table).ask(conn).await {
        Ok(Some(key)) if key == "NULL" => {
            looked.problems.push(format!("ID_COLUMN `{id}` is NULL in some row; accepted: a column that never is"));
        }
        Ok(Some(key)) => looked.problems.push(format!(
            "ID_COLUMN `{id}` has {key} more than once; accepted: a column that tells the rows of the source apart"
        )),
        Ok(None) => looked.unknown.push(format!(
            "no key of the server keeps `{id}` unique: a run fails at a page that has one of them twice"
        )),
        Err(error) if error.took_too_long() => looked.unknown.push(format!(
            "whether `{id}` tells the rows apart could not be found out in 2 s: a run fails at a page that has one of them \
             twice, and leaves out rows that have none"
        )),
        Err(error) => return Err(error),
    }
    looked.unknown.push(format!(
        "whether a key finds the rows of a window by `{}` at once depends on the tables behind the source",
        table.created
    ));
    Ok(())
}

async fn look_at_plan(
    conn: &mut Conn,
    table: &ItemsTable,
    model: &Model,
    looked: &mut Looked,
) -> Result<(), StoreError> {
    let Some(ids) = counts::ends(table).ask(conn).await? else {
        looked.unknown.push("the source has no rows yet, and how the server reads a page of it is not known".into());
        return Ok(());
    };
    let upper = match ids.halves() {
        Some([_, upper]) => upper,
        None => Ids { after: reading::far(table, FEW).ask_in_time(conn).await?.flatten().unwrap_or(ids.after), ..ids },
    };
    match reading::plan(table, model.features(), &upper, PAGE).ask(conn).await {
        Ok(steps) => looked.problems.extend(steps.iter().filter(|step| reads_all(step)).map(problem)),
        // To see the plan of a view takes more rights than to read it.
        Err(error) => looked.unknown.push(format!("how the server reads a page could not be asked: {error}")),
    }
    Ok(())
}

fn reads_all(step: &Step) -> bool {
    step.rows > FEW && (step.is_kept || matches!(step.access.as_str(), "ALL" | "index"))
}

fn problem(Step { table, access, rows, .. }: &Step) -> String {
    format!(
        "for each page the server would read about {rows} rows of `{table}` (EXPLAIN: {access}); accepted: a source that it \
         reads by a key that begins with ID_COLUMN, so without GROUP BY, DISTINCT and UNION, and with keys for its joins"
    )
}
