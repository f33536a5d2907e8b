//! What is shown of models that give something else than probabilities.

use rowscore::api::Present;
use rowscore::model::{Model, Output};
use rowscore::words::percent;
use serde_json::{Value, json};

use super::{NOW, Service};
use crate::support::linear::linear;
use crate::support::{Server, TestDb, at, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// Thirty items that a model has scored, and the service over them.
async fn shown(model: Model) -> (Service, TestDb) {
    let model: &'static Model = Box::leak(Box::new(model));
    let db = TestDb::new(Server::Mysql, &[]).await;
    db.fill(1..=30, CREATED).await;
    db.hop_by(model, &tick(TICK), unhurried(at(TICK))).await;
    let database = db.reader().await.database.clone();
    (Service::of_model(database, model, Present::Told(|| at(NOW))).await, db)
}

#[tokio::test]
async fn a_regressions_number_is_shown_without_classes() {
    let (service, db) = shown(linear(Output::Value, &[], &[[1.0, 2.0, 0.0, 0.0, -0.5]])).await;
    let item = service.get("/data/7").await;
    let written: String = db.value("SELECT CAST(`prediction` AS CHAR) FROM `items` WHERE `id` = 7").await;
    assert_eq!(item["prediction"], serde_json::from_str::<Value>(&written).unwrap());
    assert_eq!([&item["label"], &item["probabilities"], &item["note"]], [&json!(null); 3], "{item}");
    let metadata = service.get("/metadata").await;
    assert_eq!([&metadata["predicts"], &metadata["classes"]], [&json!("value"), &json!([])], "{metadata}");
    assert_eq!(service.get("/data/predicted").await.as_array().map(Vec::len), Some(30));
    let page = service.page().await;
    assert!(page.contains("All predicted") && !page.contains("classes-title"), "{page}");
    assert!(service.text("/items/7").await.contains("Prediction"));
}

#[tokio::test]
async fn a_score_and_margins_are_shown_with_the_label_that_they_mean() {
    for (model, label) in [
        (linear(Output::Score, &["inlier", "outlier"], &[[-100.0, 0.0, 0.0, 0.0, 1.0]]), "outlier"),
        (linear(Output::Margins, &["pear", "plum"], &[[3.0, 1.0, 0.0, 0.0, 0.0]]), "plum"),
    ] {
        let (service, _db) = shown(model).await;
        let item = service.get("/data/7").await;
        assert_eq!(
            [&item["label"], &item["probabilities"], &item["note"]],
            [&json!(label), &json!(null), &json!(null)]
        );
        let page = service.page().await;
        assert!(page.contains("classes-title") && page.contains(&format!("{label} {}", percent(1.0))), "{page}");
    }
}
