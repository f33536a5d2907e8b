//! Several jobs, each with a model of its own.

use rstest::rstest;
use serde_json::json;

use super::{CREATED, done, failed};
use crate::support::invocation::invoke;
use crate::support::models::other;
use crate::support::stored::Stored;
use crate::support::{Server, model};

#[rstest]
#[tokio::test]
async fn each_job_of_a_tick_is_scored_by_the_model_that_it_uses(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, scorer } = Stored::new(server, &[]).await;
    owner.fill(1..=5, CREATED).await;
    owner.execute("CREATE TABLE `other` LIKE `items`").await;
    owner.execute("INSERT INTO `other` SELECT * FROM `items`").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.toml");
    let name = other().name();
    let text = format!("[plain]\nsource = \"items\"\n\n[named]\nsource = \"other\"\nmodel = \"{name}\"\n");
    std::fs::write(&file, text).unwrap();
    let apply = ["apply", file.to_str().unwrap(), "--yes", "--grant", owner.config.mysql.database.as_str()];

    let told = failed(&apply, owner.variables()).await;
    assert!(told.contains("job `named`: no stored model is called") && told.contains("rowscore model push"), "{told}");
    owner.push(other()).await;
    done(&apply, owner.variables()).await;
    let reply = invoke(&scorer.function().await, json!({"run": "window"})).await.unwrap();
    let written = |table: &str| {
        let of =
            format!("SELECT r.`model_version` FROM `{table}` i JOIN `batch_runs` r ON r.`id` = i.`run_id` LIMIT 1");
        async { owner.value::<String>(&{ of }).await }
    };
    let (plain, named) = (model().version().to_string(), other().version().to_string());
    assert_eq!((written("items").await, written("other").await), (plain.clone(), named.clone()), "{reply}");

    let version = other().version().digest().to_string();
    done(&["model", "use", "plain", &version], owner.variables()).await;
    let list = done(&["model", "list"], owner.variables()).await;
    let users: Vec<&str> =
        list[0]["used_by"].as_array().unwrap().iter().map(|used| used["job"].as_str().unwrap()).collect();
    assert_eq!(users, ["plain", "named"]);
    done(&["run", "plain", "--backfill"], scorer.variables()).await;
    assert_eq!(written("items").await, named);
    done(&["model", "rollback", "plain"], owner.variables()).await;
    done(&["run", "plain", "--backfill"], scorer.variables()).await;
    assert_eq!(written("items").await, plain);
}
