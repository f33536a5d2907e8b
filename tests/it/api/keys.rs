//! Items by keys that are no whole numbers: one notation in SQL, in paths and cursors, in the commands.

use axum::http::StatusCode;
use rowscore::store::notation::joined;
use rstest::rstest;
use serde_json::{Value, json};

use super::Service;
use crate::support::Server;
use crate::support::items::sample;
use crate::support::programs::rowscore;
use crate::support::readings::{Own, own};

const DDL: &str = "CREATE TABLE `visits` (`day` DATE NOT NULL, `shop` VARCHAR(40) COLLATE utf8mb4_bin NOT NULL, \
    `values` JSON NOT NULL, `prediction` JSON NULL, `created_datetime` DATETIME NOT NULL, PRIMARY KEY (`day`, `shop`)) \
    ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4";
const SETTINGS: [(&str, &str); 3] = [("ITEMS_TABLE", "visits"), ("ID_COLUMN", "day,shop"), ("PAGE_SIZE", "4")];

/// Names that are odd in SQL, in paths, in shells or in the notation itself. In order.
const ODD: [&str; 12] = ["", " x", "#?&=%", "'", "/a", "a,b", "a~cb", "~", "~t", "\u{7f}", "ä", "🍒"];

/// A visit to each of the shops, none of which can be scored, and to one that can.
async fn visits(server: Server) -> Own {
    let visits = own(server, DDL, &SETTINGS).await;
    let hexadecimal = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let row = |shop: &&str| format!("('2024-01-31', _utf8mb4 x'{}', '[]', '2024-03-05 09:30:00')", hexadecimal(shop));
    let good = format!("('2024-02-01', 'good', '{}', '2024-03-05 09:30:00')", sample(1));
    let rows: Vec<String> = ODD.iter().map(row).chain([good]).collect();
    let sql = format!("INSERT INTO `visits` (`day`, `shop`, `values`, `created_datetime`) VALUES {}", rows.join(", "));
    visits.owner.execute(&sql).await;
    visits
}

fn key(shop: &str) -> String {
    joined(&["2024-01-31", shop])
}

#[rstest]
#[tokio::test]
async fn a_key_is_written_in_the_same_way_by_the_server_and_by_rowscore(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = visits(server).await;
    let ended = rowscore(&["run"], &scorer.variables().clone()).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");

    let mut keys: Vec<String> = ODD.map(key).to_vec();
    keys.sort();
    let kept = "SELECT `item_key` FROM `item_failures` WHERE `item_id` = 0 ORDER BY `item_key`";
    assert_eq!(owner.rows::<String>(kept).await, keys);

    // Each of them is found again by its key, and by no other.
    for shop in ODD {
        let released = rowscore(&["release", "--json", "--", &key(shop)], scorer.variables()).await;
        assert_eq!(serde_json::from_str::<Value>(&released.stdout).unwrap(), json!({"released": 1}), "{released:?}");
    }
    let listed = rowscore(&["failures", "--json", "--limit", "100"], scorer.variables()).await;
    let shown: Vec<Value> = listed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut shops: Vec<&str> = shown.iter().map(|line| line["item_id"][1].as_str().unwrap()).collect();
    shops.sort_unstable();
    assert_eq!(shops, ODD);
    let results = rowscore(&["results", "--json", "--after", &key("🍒")], scorer.variables()).await;
    assert!(results.stdout.starts_with(r#"{"id":["2024-02-01","good"],"#), "{results:?}");
    let explained = rowscore(&["explain", "--id", "2024-02-01,good"], scorer.variables()).await;
    assert!(explained.status.success(), "{explained:?}");
    let refused = rowscore(&["explain", "--id", "good"], scorer.variables()).await;
    assert_eq!(
        refused.stderr,
        "rowscore: `good` is no key of this table; accepted: a date like 2026-01-31, a text, with commas between them, \
         a comma in a text as ~c and a ~ as ~t\n"
    );
    // Rows that are gone leave nothing behind.
    owner.execute("DELETE FROM `visits` WHERE `shop` <> 'good'").await;
    let _ = rowscore(&["run"], scorer.variables()).await;
    assert_eq!(owner.count("`item_failures`").await, 0);
}

#[rstest]
#[tokio::test]
async fn an_item_is_shown_with_its_failure_however_its_key_is_written_and_no_key_is_the_servers_error(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let ddl = DDL.replace("COLLATE utf8mb4_bin", "CHARACTER SET latin1 COLLATE latin1_german1_ci");
    let Own { owner, scorer } = own(server, &ddl, &SETTINGS).await;
    owner
        .execute(
            "INSERT INTO `visits` (`day`, `shop`, `values`, `created_datetime`) \
             VALUES ('2024-01-31', 'abc', '[]', '2024-03-05 09:30:00')",
        )
        .await;
    rowscore(&["run"], scorer.variables()).await;
    let service = Service::of(&owner).await;

    for written in ["2024-01-31,abc", "2024-01-31,ABC"] {
        let (status, item) = service.ask(&format!("/data/{written}")).await;
        assert_eq!((status, &item["failure"]["code"]), (StatusCode::OK, &json!("wrong_length")), "{item}");
    }
    for (written, expected) in [
        ("2024-13-01,abc", StatusCode::BAD_REQUEST),
        ("2024-01-31,%F0%9F%8D%92", StatusCode::BAD_REQUEST),
        ("2024-02-31,abc", StatusCode::NOT_FOUND),
        ("2024-01-31,x", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(service.ask(&format!("/data/{written}")).await.0, expected, "{written}");
    }
    let behind = service.ask("/data/all?after=2024-02-30,x").await;
    assert_eq!(behind.0, StatusCode::OK, "{behind:?}");
}

#[rstest]
#[tokio::test]
async fn links_and_paths_lead_to_items_of_any_key(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = visits(server).await;
    let _ = rowscore(&["run"], scorer.variables()).await;
    let service = Service::of(&owner).await;

    for (list, last) in [("all", true), ("unpredicted", false)] {
        let (items, pages) = service.follow(&format!("/data/{list}?limit=5")).await;
        let mut expected: Vec<Value> = ODD.iter().map(|shop| json!(["2024-01-31", shop])).collect();
        expected.extend(last.then(|| json!(["2024-02-01", "good"])));
        let mut found: Vec<Value> = items.iter().map(|item| item["id"].clone()).collect();
        found.sort_by_key(ToString::to_string);
        expected.sort_by_key(ToString::to_string);
        assert_eq!(found, expected, "{pages:?}");
    }
    for (path, shop) in [("%2Fa", "/a"), ("a~cb", "a,b"), ("~t", "~"), ("%C3%A4", "ä"), ("", "")] {
        let item = service.get(&format!("/data/2024-01-31,{path}")).await;
        assert_eq!(item["id"], json!(["2024-01-31", shop]));
        assert_eq!(item["failure"]["item_id"], item["id"]);
        assert!(service.text(&format!("/items/2024-01-31,{path}")).await.contains("Set aside: "));
    }
    let (status, problem) = service.ask("/data/17").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(problem["detail"].as_str().unwrap().starts_with("`17` is no key of this table; accepted: a date"));
    assert!(service.page().await.contains("href=\"/items/2024-01-31,%F0%9F%8D%92\""));
    let run = service.get("/runs/1").await;
    assert_eq!(run["lanes"][0]["low_id"], Value::Null);
    assert_eq!(run["failures"][0]["examples"][0]["item_id"][0], json!("2024-01-31"));
}
