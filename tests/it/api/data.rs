//! `/data`.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use mysql_async::prelude::Queryable;
use rowscore::store::ids::Ids;
use rowscore::store::key::Key;
use rowscore::store::listing::{self, Asked, LOOK_AHEAD, Listed, SeenTable, Width};
use rstest::rstest;
use serde_json::{Value, json};

use super::{Service, ids};
use crate::support::items::{Item, sample, score};
use crate::support::{Server, Setup, TestDb, at, model};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

fn width() -> Width<'static> {
    Width { features: model().features(), classes: model().classes() }
}

fn asked(listed: Listed, after: Key) -> Asked<'static> {
    Asked { listed, width: width(), after, limit: 100, patience: Duration::ZERO }
}

fn seen(setup: &Setup) -> SeenTable {
    SeenTable { table: setup.config.work.items_table.clone(), updated: None }
}

/// Probabilities by the names of the model's classes.
fn by_class(probabilities: &[f64]) -> Value {
    let named = model().classes().iter().cloned().zip(probabilities.iter().map(|probability| json!(probability)));
    Value::Object(named.collect())
}

#[rstest]
#[tokio::test]
async fn items_come_in_the_patterns_shape(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    db.fill([1], CREATED).await;
    db.tick(TICK).await;
    db.insert(&[Item { id: 2, values: "{\"a\": [null]}".into(), created: None }]).await;
    let service = Service::of(&db).await;

    let all = service.get("/data/all").await;

    let values: Value = serde_json::from_str(&sample(1)).unwrap();
    let updated = all[0]["updated_datetime"].as_str().unwrap();
    assert!(updated.ends_with('Z') && updated.len() == "2024-03-05T09:30:00Z".len(), "{updated}");
    let named = by_class(&score(&sample(1)));
    let one = json!({"id": 1, "values": values, "prediction": score(&sample(1)), "probabilities": named,
                     "created_datetime": CREATED, "updated_datetime": updated});
    let two = json!({"id": 2, "values": {"a": [null]}, "prediction": null, "probabilities": null,
                     "created_datetime": null, "updated_datetime": "2020-01-01T00:00:00Z"});
    assert_eq!(all, json!([one, two]));
    assert_eq!(service.get("/data/predicted").await, json!([one]));
    assert_eq!(service.get("/data/unpredicted").await, json!([two]));
}

#[rstest]
#[tokio::test]
async fn links_lead_to_every_item_once(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    // With gaps wider than a look ahead, and below zero.
    let some = [-70_000, -3, 1, 2, 3, 500, 30_000, 30_001, 99_999, 5_000_000_000];
    db.fill(some, CREATED).await;
    db.execute("UPDATE `items` SET `prediction` = '[1.0, 0.0, 0.0]' WHERE `id` IN (-3, 2, 30001)").await;
    let service = Service::of(&db).await;

    for limit in [1, 2, 3, 1000] {
        let (all, _) = service.follow(&format!("/data/all?limit={limit}")).await;
        assert_eq!(ids(&all, "id"), some, "{limit}");
        let (predicted, _) = service.follow(&format!("/data/predicted?limit={limit}")).await;
        assert_eq!(ids(&predicted, "id"), [-3, 2, 30_001], "{limit}");
        let (unpredicted, _) = service.follow(&format!("/data/unpredicted?limit={limit}")).await;
        assert_eq!(ids(&unpredicted, "id"), [-70_000, 1, 3, 500, 30_000, 99_999, 5_000_000_000], "{limit}");
    }
    let (rest, _) = service.follow("/data/all?after=500").await;
    assert_eq!(ids(&rest, "id"), some[6..]);
    assert_eq!(service.get(&format!("/data/all?after={}", i64::MAX)).await, json!([]));
}

#[rstest]
#[tokio::test]
async fn an_empty_table_is_an_empty_list(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    let service = Service::of(&db).await;
    for list in ["all", "predicted", "unpredicted"] {
        assert_eq!(service.follow(&format!("/data/{list}")).await, (Vec::new(), vec![0]), "{list}");
    }
}

#[rstest]
#[tokio::test]
async fn pending_items_are_on_the_first_page_wherever_they_stand(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let last = 3 * i64::from(LOOK_AHEAD) + 7;
    db.fill(1..=last, CREATED).await;
    let pending = [last - 20_000, last - 1, last];
    let list = pending.map(|id| id.to_string()).join(", ");
    db.execute(&format!("UPDATE `items` SET `prediction` = '[1.0, 0.0, 0.0]' WHERE `id` NOT IN ({list})")).await;
    let service = Service::of(&db).await;

    let begun = Instant::now();
    let (found, pages) = service.follow("/data/unpredicted").await;

    assert_eq!((ids(&found, "id"), pages), (pending.to_vec(), vec![3]));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let (found, pages) = service.follow("/data/unpredicted?limit=2").await;
    assert_eq!((ids(&found, "id"), pages), (pending.to_vec(), vec![2, 1]));
}

#[rstest]
#[tokio::test]
async fn where_the_time_ends_a_page_says_where_to_go_on(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let last = 2 * i64::from(LOOK_AHEAD) + 7;
    db.fill(1..=last, CREATED).await;
    db.execute(&format!("UPDATE `items` SET `prediction` = '[1.0, 0.0, 0.0]' WHERE `id` < {last}")).await;
    let reader = db.reader().await;
    let mut conn = reader.database.connect_to_read(10_000).await.unwrap();
    conn.query_drop("FLUSH STATUS").await.ok();

    let (mut after, mut found) = (Key::Start, Vec::new());
    for _ in 0..3 {
        let before = rows_read(&mut conn).await;
        let page = listing::page(&mut conn, &seen(&reader), asked(Listed::Unpredicted, after.clone())).await.unwrap();
        let looked_at = rows_read(&mut conn).await - before;
        assert!(looked_at < u64::from(LOOK_AHEAD) + 100, "{looked_at} rows were read");
        found.push(page.items.len());
        after = page.next_after.unwrap_or(Key::End);
    }
    assert_eq!(found, [0, 0, 1]);
}

async fn rows_read(conn: &mut mysql_async::Conn) -> u64 {
    let counts: Vec<(String, String)> = conn.query("SHOW SESSION STATUS LIKE 'Handler_read%'").await.unwrap();
    counts.iter().map(|(_, count)| count.parse::<u64>().unwrap()).sum()
}

#[rstest]
#[tokio::test]
async fn every_page_is_a_range_of_the_primary_key(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=2000, CREATED).await;
    db.execute("UPDATE `items` SET `prediction` = '[1.0, 0.0, 0.0]' WHERE `id` % 2 = 0").await;
    let mut conn = db.reader().await.database.connect_to_read(10_000).await.unwrap();
    let table = &db.config.work.items_table;

    for &listed in Listed::ALL {
        let page = listing::page_statement(&seen(&db), &asked(listed, Key::Start), &Ids::new(500, 10_500));
        let plan: mysql_async::Row =
            conn.query_first(format!("EXPLAIN FORMAT=TRADITIONAL {page}")).await.unwrap().unwrap();
        let column = |name: &str| plan.get::<Option<String>, _>(name).unwrap().unwrap_or_default();
        assert_eq!((column("key"), column("type")), ("PRIMARY".into(), "range".into()), "{listed}");
        assert!(!column("Extra").contains("filesort") && !column("Extra").contains("temporary"), "{}", column("Extra"));
    }
    let sql = format!("EXPLAIN FORMAT=TRADITIONAL {}", listing::nth_statement(table, &Key::Id(500), 1000));
    let plan: mysql_async::Row = conn.query_first(sql).await.unwrap().unwrap();
    assert_eq!(plan.get::<String, _>("key").as_deref(), Some("PRIMARY"));
    assert_eq!(plan.get::<String, _>("type").as_deref(), Some("range"));
}

#[rstest]
#[tokio::test]
async fn an_item_tells_what_its_prediction_rests_on(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill([7], CREATED).await;
    db.tick(TICK).await;
    let service = Service::of(&db).await;

    let item = service.get("/data/7").await;

    let probabilities = score(&sample(7));
    let classes = model().classes();
    let best = (0..3).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b])).unwrap();
    assert_eq!(item["label"], json!(classes[best]));
    assert_eq!(item["probabilities"], by_class(&probabilities));
    assert_eq!(service.get("/data/predicted").await[0]["probabilities"], item["probabilities"]);
    assert_eq!(item["margins"].as_array().unwrap().len(), 3);
    for margin in item["margins"].as_array().unwrap() {
        // A sigmoid through about zero: far from it, both say the same.
        let (margin, probability) = (margin["margin"].as_f64().unwrap(), margin["probability"].as_f64().unwrap());
        assert!(margin.abs() < 0.5 || (margin > 0.0) == (probability > 0.5), "{item}");
    }
    assert_eq!((&item["run_id"], &item["model_version"]), (&json!(1), &json!(model().version().to_string())));
    assert_eq!((&item["failure"], &item["note"]), (&json!(null), &json!(null)));

    db.execute("UPDATE `items` SET `values` = '[1.0, 2.0, 3.0, 4.0]'").await;
    let item = service.get("/data/7").await;
    assert_eq!((&item["label"], &item["margins"]), (&json!(classes[best]), &json!(null)));
    assert_eq!(item["note"], json!("the values are not those that were scored"));

    db.execute("UPDATE `batch_runs` SET `model_version` = 'another'").await;
    let item = service.get("/data/7").await;
    assert_eq!((&item["label"], &item["margins"]), (&json!(null), &json!(null)));
    assert_eq!(item["note"], json!("the prediction is not of this service's model"));
    assert_eq!(item["prediction"], json!(probabilities));
    // Its numbers may be of other classes.
    let listed = service.get("/data/predicted").await;
    assert_eq!((&listed[0]["prediction"], &listed[0]["probabilities"]), (&json!(probabilities), &json!(null)));
}

#[rstest]
#[tokio::test]
async fn a_prediction_of_few_decimals_rests_on_the_same(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PREDICTION_DECIMALS", "4")]).await;
    db.fill([7], CREATED).await;
    db.tick(TICK).await;
    // Of the setting it knows nothing: rows of before and after a change of it stand side by side.
    let service = Service::of(&db).await;

    let item = service.get("/data/7").await;

    assert_ne!(item["prediction"], json!(score(&sample(7))));
    assert_eq!((item["margins"].as_array().map(Vec::len), &item["note"]), (Some(3), &json!(null)), "{item}");
    let stored: Vec<f64> = serde_json::from_value(item["prediction"].clone()).unwrap();
    assert_eq!(item["probabilities"], by_class(&stored));
    db.execute("UPDATE `items` SET `values` = '[1.0, 2.0, 3.0, 4.0]'").await;
    assert_eq!(service.get("/data/7").await["note"], json!("the values are not those that were scored"));
}

#[rstest]
#[tokio::test]
async fn an_item_that_is_set_aside_says_why(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.insert(&[Item { id: 7, values: "[1.0, 2.0]".into(), created: Some(at(CREATED)) }]).await;
    db.tick(TICK).await;
    let service = Service::of(&db).await;

    let item = service.get("/data/7").await;

    assert_eq!((&item["prediction"], &item["label"]), (&json!(null), &json!(null)));
    let failure = &item["failure"];
    assert_eq!(
        (&failure["code"], &failure["attempts"], &failure["run_id"]),
        (&json!("wrong_length"), &json!(1), &json!(1))
    );
    assert_eq!(failure["reason"], json!("values has 2 elements, the model takes 4"));
}

#[rstest]
#[tokio::test]
async fn a_row_of_any_length_is_answered_shortly(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let long = format!("[{}1]", "1,".repeat(500_000));
    db.insert(&[Item { id: 1, values: long, created: None }]).await;
    db.execute("UPDATE `items` SET `prediction` = `values`").await;
    let service = Service::of(&db).await;

    for path in ["/data/all", "/data/predicted"] {
        let item = service.get(path).await[0].clone();
        assert_eq!((&item["values"], &item["prediction"]), (&json!(null), &json!(null)), "{path}");
    }
    assert_eq!(service.get("/data/1").await["values"], json!(null));
}

#[rstest]
#[tokio::test]
async fn numbers_that_are_no_item_are_not_found(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let service = Service::of(&db).await;
    for number in ["1", "-1", "9223372036854775807"] {
        let (status, problem) = service.ask(&format!("/data/{number}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{number}: {problem}");
    }
}
