//! `/runs`.

use rstest::rstest;
use serde_json::json;

use super::{Service, ids};
use crate::support::items::Item;
use crate::support::{Server, TestDb, at};

const CREATED: &str = "2024-03-05T09:30:00Z";

#[rstest]
#[tokio::test]
async fn runs_come_the_latest_first_page_by_page(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("DELIVER_WITHIN", "1h")]).await;
    db.fill(1..=10, CREATED).await;
    for hour in 10..15 {
        db.tick(&format!("2024-03-05T{hour}:00:00Z")).await;
    }
    let service = Service::of(&db).await;

    let (runs, pages) = service.follow("/runs?limit=2").await;

    assert_eq!((ids(&runs, "run_id"), pages), (vec![5, 4, 3, 2, 1], vec![2, 2, 1]));
    let first = &runs[4];
    assert_eq!((&first["kind"], &first["state"]), (&json!("window"), &json!("succeeded")));
    assert_eq!((&first["done"], &first["total"], &first["failed"]), (&json!(10), &json!(10), &json!(0)));
    assert_eq!((&first["window_from"], &first["window_to"]), (&json!(null), &json!("2024-03-05T10:00:00Z")));
    assert!(first["spare_seconds"].as_i64().unwrap() < 0, "it was run long after its deadline: {first}");
    assert_eq!(service.get("/runs?after=1").await, json!([]));
    assert_eq!(service.get("/runs?after=-1").await, json!([]));
}

#[rstest]
#[tokio::test]
async fn a_run_shows_its_lanes_and_what_it_set_aside(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "2")]).await;
    db.fill(1..=20, CREATED).await;
    let bad = |id, values: &str| Item { id, values: values.into(), created: Some(at(CREATED)) };
    let others: Vec<Item> = (21..=25).map(|id| bad(id, "[]")).chain([bad(26, "\"text\"")]).collect();
    db.insert(&others).await;
    db.tick("2024-03-05T10:00:00Z").await;
    let service = Service::of(&db).await;

    let run = service.get("/runs/1").await;

    assert_eq!(run["run"], service.get("/runs").await[0]);
    assert_eq!(run["counts"], json!({"predicted": 20, "failed": 6, "pending": 0}));
    assert_eq!((&run["tick"], &run["policy"]), (&json!("2024-03-05T10:00:00Z"), &json!("retry_failed")));
    let lanes = run["lanes"].as_array().unwrap();
    assert_eq!(lanes.len(), 2);
    for lane in lanes {
        assert_eq!(lane["cursor_id"], lane["high_id"]);
        assert!(lane["finished_at"].is_string());
    }
    let reasons = run["failures"].as_array().unwrap();
    let counted: Vec<_> = reasons.iter().map(|reason| (&reason["code"], &reason["items"])).collect();
    assert_eq!(counted, [(&json!("wrong_length"), &json!(5)), (&json!("not_an_array"), &json!(1))]);
    assert_eq!(ids(reasons[0]["examples"].as_array().unwrap(), "item_id"), [25, 24, 23]);
    assert_eq!(
        reasons[1]["examples"][0]["reason"],
        json!("values is text, not an array of numbers or an object of them")
    );
}

#[rstest]
#[tokio::test]
async fn a_run_under_way_says_how_far_it_is(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=100, CREATED).await;
    db.hurried_tick("2024-03-05T10:00:00Z").await;
    let service = Service::of(&db).await;

    let run = service.get("/runs/1").await;

    assert_eq!((&run["run"]["state"], &run["run"]["done"]), (&json!("running"), &json!(10)));
    assert_eq!((&run["run"]["finished_at"], &run["counts"]), (&json!(null), &json!(null)));
    assert_eq!((&run["lanes"][0]["cursor_id"], &run["lanes"][0]["hop"]), (&json!(10), &json!(2)));
}

#[rstest]
#[tokio::test]
async fn another_tables_run_is_none_of_ours(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill([1], CREATED).await;
    db.tick("2024-03-05T10:00:00Z").await;
    db.execute("UPDATE `batch_runs` SET `items_table` = 'others'").await;
    let service = Service::of(&db).await;

    assert_eq!(service.get("/runs").await, json!([]));
    assert_eq!(service.ask("/runs/1").await.0, 404);
}
