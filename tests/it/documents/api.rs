//! `docs/API.md`.

use rstest::rstest;
use serde_json::{Map, Value};

use super::fences::Document;
use super::readme::address;
use super::user::User;
use crate::support::Server;

type Object = Map<String, Value>;

/// Every metric that there may be: which of them are told depends on what there is to say.
fn metrics_of_the_code() -> Vec<String> {
    let code = include_str!("../../../src/api/metrics.rs");
    let calls =
        [".one(\"", ".some(\"", ".each(\"", ".labelled(\""].into_iter().flat_map(|call| code.split(call).skip(1));
    calls.map(|rest| format!("rowscore_{}", rest.split('"').next().unwrap())).collect()
}

#[test]
fn every_metric_is_in_the_document() {
    let known = metrics_of_the_code();
    assert!(known.len() >= 19, "{known:?}");
    for name in known {
        let said = [format!("`{name}`"), format!("`{name}{{")];
        let document = include_str!("../../../docs/API.md");
        assert!(said.iter().any(|said| document.contains(said)), "docs/API.md does not say {name}");
    }
}

#[rstest]
#[tokio::test]
async fn the_api_answers_as_described(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let mut api = Document::new(include_str!("../../../docs/API.md"));
    let user = User::new(server, &[]).await;
    user.paste("rowscore init --rows 2 --until 2024-03-05T10:00:00Z; rowscore run").await;
    let mut service = user.start("exec rowscore serve --listen 127.0.0.1:0");
    let base = address(&mut service).await;
    let ask = async |path: &str| reqwest::get(format!("{}{path}", base.trim_end_matches('/'))).await.unwrap();

    let example = api.next("sh", "$ curl -si 'http://127.0.0.1:8000/data/predicted?limit=1'");
    let (head, body) = example.split_once("\n\n").unwrap();
    let answer = ask("/data/predicted?limit=1").await;
    assert!(head.contains(&format!("link: {}", answer.headers()["link"].to_str().unwrap())), "{answer:?}");
    let items: Vec<Object> = answer.json().await.unwrap();
    let expected: Vec<Object> = serde_json::from_str(body).unwrap();
    assert_eq!(items[0].keys().collect::<Vec<_>>(), expected[0].keys().collect::<Vec<_>>());
    for name in ["id", "values", "prediction"] {
        assert_eq!(items[0][name], expected[0][name], "{name}");
    }

    api.skip("python", "import requests", "tests/it/api/data.rs follows the same links");
    let health: Object = serde_json::from_str(api.next("json", "{\"health\"")).unwrap();
    let now: Object = ask("/health").await.json().await.unwrap();
    assert_eq!(now.keys().collect::<Vec<_>>(), health.keys().collect::<Vec<_>>());
    let metrics = ask("/metrics").await.text().await.unwrap();
    let known = metrics_of_the_code();
    for line in metrics.lines().filter(|line| line.starts_with("# TYPE ")) {
        let name = line.split(' ').nth(2).unwrap();
        assert!(known.iter().any(|known| known == name), "{name} in {known:?}");
    }
    let problem: Value = serde_json::from_str(api.next("json", "{\"type\"")).unwrap();
    assert_eq!(ask("/data/all?limit=0").await.json::<Value>().await.unwrap(), problem);
    api.skip("sh", "mysql -e", "a login is the whole server's; tests/it/api/readers.rs makes one of its own");
    api.skip("sh", "curl --aws-sigv4", "it needs an AWS account");
    api.end();
}
