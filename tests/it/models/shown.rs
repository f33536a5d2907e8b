//! What is shown is shown by the model in use.

use rstest::rstest;
use serde_json::json;

use super::{CREATED, FIRST, done};
use crate::api::Service;
use crate::support::models::other;
use crate::support::stored::Stored;
use crate::support::{Server, model};

#[rstest]
#[tokio::test]
async fn the_service_and_the_commands_speak_of_the_model_in_use(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, scorer } = Stored::new(server, &[]).await;
    owner.fill([1], CREATED).await;
    let service = Service::of(&owner).await;
    let version = async || service.get("/metadata").await["model_version"].clone();
    assert_eq!(version().await, json!(model().version().to_string()));

    owner.use_model(other()).await;
    let new = other().version().to_string();
    assert_eq!(version().await, json!(new));
    assert_eq!(service.get("/health").await["model_version"], json!(new));
    assert!(service.text("/metrics").await.contains(&format!("model_version=\"{new}\"")));
    scorer.tick(FIRST).await;
    let page = service.page().await;
    assert!(page.contains(&format!("Model <code>{new}</code>")), "{page}");
    let item = service.get("/data/1").await;
    assert_eq!((&item["model_version"], &item["note"]), (&json!(new), &json!(null)));
    assert!(item["margins"].is_array() && item["probabilities"]["setosa"].is_number(), "{item}");

    let results = done(&["results"], scorer.variables()).await;
    assert_eq!(results[0]["probabilities"], item["probabilities"]);
    let explained = done(&["explain", "--id", "1"], scorer.variables()).await;
    assert_eq!(explained[0]["probabilities"], item["prediction"]);

    // It is said that the model cannot be shown, and all else is shown.
    owner.execute("UPDATE `batch_model_uses` SET `version` = REPEAT('0', 64)").await;
    let (status, problem) = service.ask("/metadata").await;
    assert_eq!(status, 500);
    assert!(problem["detail"].as_str().unwrap().contains("the stored model 000000000000 cannot be used"), "{problem}");
    assert_eq!(service.get("/health").await["model_version"], json!("000000000000"));
    assert!(service.page().await.contains("Model <code>000000000000</code>"));
}
