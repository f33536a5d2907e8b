//! The two programs that serve: `rowscore serve`, and the function.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use super::ids;
use crate::support::invocation::in_milliseconds;
use crate::support::programs::{API, Program, ROWSCORE, rowscore};
use crate::support::runtime_api::Environment;
use crate::support::{Server, Setup, TestDb, eventually};

const CREATED: &str = "2024-03-05T09:30:00Z";

/// `rowscore serve` on a port of its own, and its address.
pub(crate) async fn serve(reader: &Setup) -> (Program, String) {
    let mut program = Program::start(ROWSCORE, &["serve", "--listen", "127.0.0.1:0"], reader.variables());
    let mut address = None;
    eventually("the address is said", async || {
        assert!(program.is_running(), "{:?}", program.output());
        let (_, said) = program.output();
        let rest = said.split_once("The status page is at http://").map(|(_, rest)| rest);
        address = rest.and_then(|rest| Some(rest.split_once("/,")?.0.to_owned()));
        address.is_some()
    })
    .await;
    (program, address.unwrap())
}

#[rstest]
#[tokio::test]
async fn serve_says_where_it_is_and_answers_there(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=3, CREATED).await;
    let reader = db.reader().await;
    let (program, address) = serve(&reader).await;
    let base = format!("http://{address}");

    let items: Vec<Value> = reqwest::get(format!("{base}/data/all")).await.unwrap().json().await.unwrap();
    assert_eq!(ids(&items, "id"), [1, 2, 3]);
    let page = reqwest::get(&base).await.unwrap().text().await.unwrap();
    assert!(page.contains("<h1>Items wait, and there was no run yet.</h1>"), "{page}");
    assert!(!program.output().1.contains("Warning"));
    // A page of somebody else's, whose name was given this address.
    let rebound =
        reqwest::Client::new().get(format!("{base}/data/all")).header("host", "evil.example").send().await.unwrap();
    assert_eq!(rebound.status(), 421);
}

#[tokio::test]
async fn an_address_that_cannot_be_had_is_an_error() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let ended = rowscore(&["serve", "--listen", "192.0.2.1:80"], db.variables()).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("rowscore: 192.0.2.1:80: "), "{ended:?}");
    let ended = rowscore(&["serve", "--listen", "somewhere"], db.variables()).await;
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
}

/// What a function URL hands on.
fn request(path: &str, query: &str) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": {"host": "abc.lambda-url.eu-central-1.on.aws", "accept": "*/*"},
        "requestContext": {
            "accountId": "123456789012", "apiId": "abc", "domainName": "abc.lambda-url.eu-central-1.on.aws",
            "domainPrefix": "abc", "requestId": "id", "routeKey": "$default", "stage": "$default",
            "time": "05/Mar/2024:10:03:00 +0000", "timeEpoch": 1709632980000_u64,
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test"}
        },
        "isBase64Encoded": false
    })
}

#[rstest]
#[tokio::test]
async fn the_function_answers_its_url(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=3, CREATED).await;
    let mut environment = Environment::start_with(API, db.reader().await.variables()).await;
    let mut ask = async |path, query| {
        let ended = environment.invoke(request(path, query), in_milliseconds(Duration::from_secs(15))).await;
        ended.result.unwrap()
    };

    let reply = ask("/data/all", "limit=2").await;
    assert_eq!(reply["statusCode"], json!(200), "{reply}");
    let items: Vec<Value> = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
    assert_eq!(ids(&items, "id"), [1, 2]);
    assert_eq!(reply["headers"]["link"], json!("</data/all?limit=2&after=2>; rel=\"next\""));
    assert_eq!(ask("/data/all", "limit=0").await["statusCode"], json!(400));
    assert_eq!(ask("/nothing", "").await["statusCode"], json!(404));
    let page = ask("/", "").await;
    assert_eq!(page["headers"]["content-type"], json!("text/html; charset=utf-8"));
    assert!(page["body"].as_str().unwrap().contains("there was no run yet."));
}
