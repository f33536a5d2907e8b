//! A table of the user's own.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Service, ids};
use crate::support::items::{sample, score};
use crate::support::readings::{DDL, Own, SETTINGS, insert_samples, own, readings};
use crate::support::{Server, model};

const TICK: &str = "2024-03-05T10:00:00Z";

#[rstest]
#[tokio::test]
async fn typed_columns_are_shown_in_the_patterns_shape(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = readings(server, &[]).await;
    insert_samples(&owner, 3).await;
    scorer.tick(TICK).await;
    owner.execute("UPDATE `Readings` SET `scores` = NULL WHERE `Reading No` = 3").await;
    // A run of an earlier version kept nothing of what it saw.
    owner.execute("UPDATE `batch_runs` SET `profile` = NULL").await;
    let service = Service::of(&owner).await;

    let all = service.get("/data/all").await;

    let values: Value = serde_json::from_str(&sample(1)).unwrap();
    let numbers =
        |values: &Value| Vec::from_iter(values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()));
    assert_eq!(numbers(&all[0]["values"]), numbers(&values));
    assert_eq!(all[0]["prediction"], json!(score(&sample(1))));
    assert_eq!(
        (&all[0]["created_datetime"], &all[0]["updated_datetime"]),
        (&json!("2024-03-05T09:30:00Z"), &json!(null))
    );
    for (list, expected) in [("all", vec![1, 2, 3]), ("predicted", vec![1, 2]), ("unpredicted", vec![3])] {
        let (items, _) = service.follow(&format!("/data/{list}?limit=1")).await;
        assert_eq!(ids(&items, "id"), expected, "{list}");
    }
    let one = service.get("/data/1").await;
    assert_eq!((&one["run_id"], &one["note"]), (&json!(1), &json!(null)), "{one}");
    assert_eq!(one["margins"].as_array().unwrap().len(), 3);
    // The page says what the columns are called.
    let page = service.page().await;
    assert!(page.contains("<th><code>Reading No</code></th>") && page.contains("prediction in <code>scores</code>"));
    assert!(page.contains("1 item wait"), "{page}");
}

#[rstest]
#[tokio::test]
async fn labels_are_shown_as_they_are(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let ddl = DDL.replace("`scores` JSON", "`scores` VARCHAR(20)");
    let Own { owner, scorer } = own(server, &ddl, &[&SETTINGS[..], &[("PREDICTION_FORMAT", "label")]].concat()).await;
    insert_samples(&owner, 3).await;
    scorer.tick(TICK).await;
    owner.execute("UPDATE `Readings` SET `scores` = '\"<b>' WHERE `Reading No` = 2").await;
    owner.execute("UPDATE `Readings` SET `scores` = NULL WHERE `Reading No` = 3").await;
    // A run of an earlier version kept nothing of what it saw.
    owner.execute("UPDATE `batch_runs` SET `profile` = NULL").await;
    let service = Service::of(&owner).await;

    let all = service.get("/data/all").await;

    let probabilities = score(&sample(1));
    let best = (0..3).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b])).unwrap();
    let label = json!(model().classes()[best]);
    assert_eq!(
        (&all[0]["prediction"], &all[1]["prediction"], &all[2]["prediction"]),
        (&label, &json!("\"<b>"), &json!(null))
    );
    let one = service.get("/data/1").await;
    assert_eq!((&one["label"], &one["probabilities"], &one["note"]), (&label, &json!(null), &json!(null)), "{one}");
    assert_eq!(one["margins"].as_array().unwrap().len(), 3);
    assert_eq!(service.get("/data/2").await["note"], json!("the prediction is not as the model writes it"));
    let (pending, _) = service.follow("/data/unpredicted").await;
    assert_eq!(ids(&pending, "id"), [3]);
    let page = service.page().await;
    assert!(page.contains("Of the latest 1 item with a prediction") && !page.contains("<b>"), "{page}");
}
