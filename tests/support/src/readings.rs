//! `Readings`, a table of a user's own, with four measurements in typed columns.

use mysql_async::Value;
use mysql_async::prelude::Queryable;
use rowscore::store::key::Key;
use rowscore::store::listing::{self, SeenTable};

use super::items::sample;
use super::private::PASSWORD;
use super::{Server, Setup, TestDb, at, model, tick, unhurried};

/// When every reading arrived.
pub const CREATED: &str = "2024-03-05 09:30:00";

/// Columns by other names than rowscore's, in another order than the model's.
pub const DDL: &str = "CREATE TABLE `Readings` (\
    `Reading No` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, \
    `width` DOUBLE, `sl` DOUBLE, `petal_length` DOUBLE, `sepal width (cm)` DOUBLE, \
    `arrived` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), `scores` JSON, `note` VARCHAR(20) DEFAULT 'mine')";

/// The variables that name it.
pub const SETTINGS: [(&str, &str); 5] = [
    ("ITEMS_TABLE", "Readings"),
    ("ID_COLUMN", "Reading No"),
    ("FEATURE_COLUMNS", "petal_width=width, sepal_length=sl,petal_length , sepal_width=sepal width (cm)"),
    ("PREDICTION_COLUMN", "scores"),
    ("CREATED_COLUMN", "arrived"),
];

/// The table `Readings` and what it takes beside the usual names.
pub async fn readings(server: Server, settings: &[(&str, &str)]) -> Own {
    own(server, DDL, &[&SETTINGS[..], settings].concat()).await
}

/// A table of a user's, and the login that scores it.
pub struct Own {
    /// The table, for somebody who may do anything.
    pub owner: TestDb,
    /// The same table, for the login that scores it.
    pub scorer: Setup,
}

/// A table that is made by `ddl`, and what `init` makes beside it.
pub async fn own(server: Server, ddl: &str, settings: &[(&str, &str)]) -> Own {
    let owner = TestDb::bare(server, settings).await;
    owner.execute(ddl).await;
    owner.migrate().await;
    let login = [("MYSQL_USER", owner.config.mysql.database.as_str()), ("MYSQL_PASSWORD", PASSWORD)];
    let scorer = owner.with(&login).await;
    Own { owner, scorer }
}

/// Adds readings: the four values in the model's order.
pub async fn insert(db: &Setup, rows: &[(u64, [Value; 4])]) {
    let sql = "INSERT INTO `Readings` (`Reading No`, `sl`, `sepal width (cm)`, `petal_length`, `width`, `arrived`) \
               VALUES (?, ?, ?, ?, ?, ?)";
    let rows = rows.iter().map(|(id, [a, b, c, d])| (*id, a.clone(), b.clone(), c.clone(), d.clone(), CREATED));
    db.connect().await.exec_batch(sql, rows).await.unwrap();
}

/// Four values of DOUBLE columns.
pub fn numbers(row: [f64; 4]) -> [Value; 4] {
    row.map(Value::Double)
}

/// The four values of a sample.
pub fn sampled(id: i64) -> [f64; 4] {
    serde_json::from_str(&sample(id)).unwrap()
}

/// Adds the samples with the ids from 1 to `last`.
pub async fn insert_samples(db: &Setup, last: i64) {
    let rows: Vec<(u64, [Value; 4])> = (1..=last).map(|id| (id.cast_unsigned(), numbers(sampled(id)))).collect();
    insert(db, &rows).await;
}

/// Prediction and code of failure of every reading.
pub async fn outcomes(
    db: &Setup,
    table: &str,
    id: &str,
    prediction: &str,
) -> Vec<(i64, Option<String>, Option<String>)> {
    db.rows(&format!(
        "SELECT i.`{id}`, CAST(i.`{prediction}` AS CHAR), f.`code` FROM `{table}` i \
         LEFT JOIN `item_failures` f ON f.`items_table` = '{table}' AND f.`item_id` = i.`{id}` ORDER BY 1"
    ))
    .await
}

/// The values of every item, as rowscore reads them.
pub async fn read(db: &Setup) -> Vec<Vec<f64>> {
    let mut conn = db.database.connect().await.unwrap();
    let table = db.database.items_table();
    let seen = SeenTable { table: table.clone(), updated: None };
    let items = listing::whole(&seen, model().features(), &Key::Start, 1000).ask(&mut conn).await.unwrap();
    items.iter().map(|item| serde_json::from_str(item.values.as_deref().unwrap()).unwrap()).collect()
}

/// Floats as they are, where 0 is not -0.
pub fn bits(row: &[f64]) -> Vec<u64> {
    row.iter().map(|number| number.to_bits()).collect()
}

/// What is said when a tick opens no run.
pub async fn refusal(db: &Setup) -> String {
    let error =
        db.try_hop(&tick("2024-03-05T10:00:00Z"), unhurried(at("2024-03-05T10:00:00Z"))).await.unwrap_err().to_string();
    assert_eq!(db.opened().await, 0, "{error}");
    db.assert_refused(&error).await;
    error
}
