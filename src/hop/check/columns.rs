//! Whether the columns of the table are what the configuration and the model ask for.

use super::kinds::{Check, Stage, unreadable};
use crate::config::{ItemsTable, Rows, Target, ValuesIn};
use crate::model::{Feature, Model};
use crate::store::catalog::{Catalog, Column, Key, Kind};
use crate::store::notation::LONGEST;

/// Everything that is wrong, each with the variable that names the column.
pub(super) fn problems(table: &ItemsTable, model: &Model, catalog: &Catalog, stage: Stage) -> Vec<String> {
    let (features, of) = (model.features(), model.outputs());
    if catalog.columns.is_empty() {
        let make = if table.has_default_columns() {
            "make it with `rowscore init --create`"
        } else {
            "make it (`rowscore init` makes none with other columns than its own)"
        };
        return vec![format!(
            "the database has no such table, or MYSQL_USER may not see it: {make}, \
             or grant what is needed with infra/grants.sql or `rowscore init --grant`"
        )];
    }
    let mut check = Check::of(catalog, "table", stage);
    check.id(table);
    check.values(table, features);
    if table.target == Target::Columns {
        check.written(table, of);
    }
    check.created(table);
    // Whether predictions can be judged is no run's concern, but that of who describes the table.
    if stage == Stage::BeforeMaking {
        check.truth(table);
    }
    if table.target == Target::Columns {
        check.run(table);
        check.engines();
    }
    check.done()
}

/// What is wrong with the column of the truth. Of a table that is not there, others say so.
pub(super) fn truth_problems(table: &ItemsTable, catalog: &Catalog) -> Vec<String> {
    if catalog.columns.is_empty() {
        return Vec::new();
    }
    let mut check = Check::of(catalog, "table", Stage::Made);
    check.truth(table);
    check.done()
}

/// The column of the times of arrival, if it is one that has no zone and none was given.
pub(super) fn without_zone<'c>(table: &ItemsTable, catalog: &'c Catalog) -> Option<&'c Column> {
    let column = catalog.column(table.created.as_str()).filter(|column| column.kind == Kind::Datetime);
    column.filter(|_| table.created_zone.is_none())
}

/// The statement that makes the key by which a window is found, if it is missing.
pub(super) fn missing_key(table: &ItemsTable, catalog: &Catalog) -> Option<String> {
    // A view and a query have none of their own.
    if table.source.rows != Rows::Table {
        return None;
    }
    let begins = |columns: &[String]| columns.first().is_some_and(|first| table.created.is(first));
    let is_there = catalog.keys.iter().any(|key| begins(&key.columns));
    (!is_there).then(|| {
        let (items, key) = (table.quoted(), table.window_key());
        // Of no name: the server finds one that is free.
        format!("ALTER TABLE {items} ADD KEY ({key}), ALGORITHM=INPLACE, LOCK=NONE")
    })
}

impl Check<'_> {
    fn id(&mut self, table: &ItemsTable) {
        const VARIABLE: &str = "ID_COLUMN";
        let found: Vec<Option<&Column>> = table.key.columns().map(|name| self.find(VARIABLE, name)).collect();
        let Some(columns) = found.into_iter().collect::<Option<Vec<_>>>() else { return };
        // What tells the rows of anything else apart is looked at in the rows.
        let is_of_table = self.catalog.is_of_table(table);
        for column in &columns {
            if column.part_kind().is_none() {
                self.refuse(
                    VARIABLE,
                    column,
                    "an integer, CHAR, VARCHAR, BINARY, VARBINARY, UUID, DATE, DATETIME or TIMESTAMP",
                );
            } else if column.is_nullable && is_of_table {
                self.refuse(VARIABLE, column, "a column that is NOT NULL, as a key's are");
            }
        }
        let unique = |key: &&Key| key.is_unique && table.key.are(&key.columns);
        if is_of_table && !self.catalog.keys.iter().any(|key| unique(&key)) {
            let unique: Vec<&Key> = self.catalog.keys.iter().filter(|key| key.is_unique).collect();
            let known = unique.iter().map(|key| format!("{} ({})", key.name, key.columns.join(", ")));
            let known = known.collect::<Vec<_>>().join(", ");
            self.problems.push(format!(
                "{VARIABLE} `{}` must be the primary key or a unique key that is not hidden from the optimiser, all of its columns \
                 in their order, because pages are walked by it; the table has {}",
                table.key,
                if known.is_empty() { "none" } else { &known }
            ));
        }
        let longest: u64 = columns.iter().map(|column| column.longest_part()).sum();
        if longest > LONGEST as u64 {
            self.problems.push(format!(
                "{VARIABLE} `{}` has room for keys of {longest} bytes in UTF-8; accepted: {LONGEST}",
                table.key
            ));
        }
    }

    fn values(&mut self, table: &ItemsTable, features: &[Feature]) {
        match &table.values {
            ValuesIn::Json(name) => {
                const VARIABLE: &str = "VALUES_COLUMN";
                let Some(column) = self.find(VARIABLE, name) else { return };
                if !matches!(column.kind, Kind::Json | Kind::Bytes) && !column.kind.is_text() {
                    self.refuse(
                        VARIABLE,
                        column,
                        "JSON, or text or a BLOB that holds it; for typed columns set FEATURE_COLUMNS",
                    );
                }
            }
            ValuesIn::Columns(named) => {
                const VARIABLE: &str = "FEATURE_COLUMNS";
                for named in named {
                    let Some(column) = self.find(VARIABLE, &named.column) else { continue };
                    let feature = features.iter().find(|feature| feature.name == named.feature);
                    if let Some(accepted) = feature.and_then(|feature| unreadable(column, feature)) {
                        self.refuse(VARIABLE, column, accepted);
                    }
                }
            }
        }
    }

    fn truth(&mut self, table: &ItemsTable) {
        if let Some(truth) = &table.truth {
            self.find("TRUTH_COLUMN", truth);
        }
    }

    fn created(&mut self, table: &ItemsTable) {
        const VARIABLE: &str = "CREATED_COLUMN";
        let Some(column) = self.find(VARIABLE, &table.created) else { return };
        if !column.kind.is_time() {
            self.refuse(VARIABLE, column, "TIMESTAMP or DATETIME");
        }
        if let Some(zone) = table.created_zone.as_ref().filter(|_| column.kind == Kind::Timestamp) {
            self.problems.push(format!(
                "CREATED_ZONE is `{zone}`, but {VARIABLE} `{}` is a TIMESTAMP, of which the server knows the zone: unset it",
                column.name
            ));
        }
    }
}
