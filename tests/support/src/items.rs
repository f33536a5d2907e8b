//! Items to be scored, and what the model says of them.

use mysql_async::Value;
use mysql_async::prelude::Queryable;
use rowscore::model::Model;
use rowscore::window::Time;
use serde_json::json;

use super::{Setup, at, model};

/// The `updated_datetime` of an item that nobody has touched.
pub const UNTOUCHED: &str = "2020-01-01 00:00:00";

/// An item that nobody has touched yet.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its primary key.
    pub id: i64,
    /// Its values, as they stand in the column.
    pub values: String,
    /// When it arrived.
    pub created: Option<Time>,
}

impl Item {
    /// One that was created shortly before 10 o'clock.
    pub fn new(id: i64, values: impl Into<String>) -> Self {
        Self { id, values: values.into(), created: Some(at("2024-03-05T09:30:00Z")) }
    }
}

/// Four measurements with one decimal, others for each `id`.
pub fn sample(id: i64) -> String {
    let mut state = id.cast_unsigned();
    let tenths = [(43, 79), (20, 44), (10, 69), (1, 25)].map(|(least, most)| {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        least + (mixed ^ (mixed >> 31)) % (most - least + 1)
    });
    let values = tenths.map(|tenth| format!("{}.{}", tenth / 10, tenth % 10));
    format!("[{}]", values.join(", "))
}

/// What the embedded model says of `values`.
pub fn score(values: &str) -> Vec<f64> {
    score_by(model(), values)
}

/// What a model says of `values`.
pub fn score_by(model: &Model, values: &str) -> Vec<f64> {
    let features: Vec<f64> = serde_json::from_str(values).unwrap_or_else(|error| panic!("{values}: {error}"));
    let mut probabilities = vec![0.0; model.classes().len()];
    model.scorer().score(&features, &mut probabilities).unwrap_or_else(|error| panic!("{values}: {error}"));
    probabilities
}

/// The class that the model gives `values`.
pub fn label(values: &str) -> &'static str {
    let scores = score(values);
    let most = scores.iter().copied().fold(0.0, f64::max);
    &model().classes()[scores.iter().position(|score| *score == most).unwrap()]
}

/// A sample as an object keyed by feature name, with something else in it.
pub fn object(id: i64) -> String {
    let [sl, sw, pl, pw]: [f64; 4] = serde_json::from_str(&sample(id)).unwrap();
    json!({"petal_width": pw, "id": "x", "sepal_length": sl, "petal_length": pl, "sepal_width": sw, "tags": [1]})
        .to_string()
}

impl Setup {
    /// Adds items that nobody has touched.
    pub async fn insert(&self, items: &[Item]) {
        let mut conn = self.connect().await;
        for items in items.chunks(1000) {
            let mut sql = format!(
                "INSERT INTO {} (`id`, `values`, `created_datetime`, `updated_datetime`) VALUES (?, ?, ?, ?)",
                self.table()
            );
            sql.push_str(&", (?, ?, ?, ?)".repeat(items.len() - 1));
            let values: Vec<Value> = items
                .iter()
                .flat_map(|item| {
                    let created = item.created.map(|time| time.naive_utc());
                    [item.id.into(), item.values.as_str().into(), created.into(), UNTOUCHED.into()]
                })
                .collect();
            conn.exec_drop(sql, values).await.unwrap();
        }
    }

    /// Adds good items, all created at `created`.
    pub async fn fill(&self, ids: impl IntoIterator<Item = i64>, created: &str) {
        let created = Some(at(created));
        let items: Vec<_> = ids.into_iter().map(|id| Item { id, values: sample(id), created }).collect();
        self.insert(&items).await;
    }

    /// The prediction of an item, if it has one.
    pub async fn prediction(&self, id: i64) -> Option<Vec<f64>> {
        let sql = format!("SELECT CAST(`prediction` AS CHAR) FROM {} WHERE `id` = {id}", self.table());
        let text: Option<String> = self.value(&sql).await;
        text.map(|text| serde_json::from_str(&text).unwrap_or_else(|error| panic!("item {id}: {text}: {error}")))
    }

    /// Asserts that every prediction is exactly what the model says of the item's values, and a
    /// distribution; that it names its run; and that items without one are untouched. Answers the
    /// ids of the items that have one.
    pub async fn predicted(&self) -> Vec<i64> {
        let sql = format!(
            "SELECT `id`, CAST(`values` AS CHAR), CAST(`prediction` AS CHAR), `run_id`, CAST(`updated_datetime` AS CHAR) \
             FROM {} ORDER BY `id`",
            self.table()
        );
        type Row = (i64, String, Option<String>, Option<u64>, String);
        let items: Vec<Row> = self.rows(&sql).await;
        items
            .into_iter()
            .filter_map(|(id, values, prediction, run, updated)| {
                let Some(prediction) = prediction else {
                    assert_eq!((run, updated.as_str()), (None, UNTOUCHED), "item {id} has no prediction");
                    return None;
                };
                let prediction: Vec<f64> = serde_json::from_str(&prediction).unwrap();
                assert_eq!(prediction, score(&values), "item {id}");
                assert_eq!(prediction.len(), 3, "item {id}");
                assert!((prediction.iter().sum::<f64>() - 1.0).abs() < 1e-9, "item {id}: {prediction:?}");
                assert!(run.is_some(), "item {id} names no run");
                assert_ne!(updated, UNTOUCHED, "item {id}");
                Some(id)
            })
            .collect()
    }
}
