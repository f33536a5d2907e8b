//! `rowscore model`: what each command does, and what it says where it cannot.

use std::fs;

use rowscore::model::{Artifact, Model};
use rstest::rstest;
use serde_json::{Value, json};

use super::{done, failed};
use crate::support::models::{narrower, other};
use crate::support::programs::rowscore;
use crate::support::readings::readings;
use crate::support::stored::Stored;
use crate::support::{Server, model};

fn digits(model: &Model) -> String {
    model.version().digest().to_string()
}

/// Another model whose version begins with the same digit, and which is called otherwise.
fn cousin(of: &Model) -> Model {
    (0..)
        .map(|number| {
            let mut content = of.artifact().content.clone();
            content.label = format!("cousin {number}");
            Model::new(Artifact::seal(content)).unwrap()
        })
        .find(|cousin| digits(cousin)[..1] == digits(of)[..1])
        .unwrap()
}

#[rstest]
#[tokio::test]
async fn a_list_shows_each_model_once_with_the_jobs_that_use_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, scorer } = Stored::new(server, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.json");
    fs::write(&file, other().artifact().to_json()).unwrap();
    let push = ["model", "push", file.to_str().unwrap()];
    let version = digits(other());
    assert_eq!(done(&push, owner.variables()).await[0]["new"], json!(true));
    assert_eq!(done(&push, owner.variables()).await[0]["new"], json!(false));
    done(&["model", "use", "default", &version], owner.variables()).await;

    // The function's login may look, too, and no more.
    let list = done(&["model", "list"], scorer.variables()).await;
    assert_eq!(list.len(), 2, "{list:?}");
    let (stored, built_in) = (&list[0], &list[1]);
    assert_eq!((&stored["version"], &stored["name"]), (&json!(version), &json!(other().name())));
    assert_eq!((&stored["predicts"], &stored["classes"]), (&json!("probabilities"), &json!(other().classes())));
    assert_eq!(stored["bytes"], json!(other().artifact().to_json().len()));
    let users: Vec<Value> = serde_json::from_value(stored["used_by"].clone()).unwrap();
    assert_eq!((users.len(), &users[0]["job"], &users[0]["items_table"]), (1, &json!("default"), &json!("items")));
    assert_eq!((&built_in["version"], &built_in["used_by"]), (&json!(digits(model())), &json!([])));
    let text = rowscore(&["model", "list", "--text"], scorer.variables()).await.stdout;
    assert!(text.contains(&version[..12]) && text.contains("; used by default over items since 2"), "{text}");

    let (push, use_it) = (["push", "model/iris.json"], ["use", "default", "built-in"]);
    for denied in [&push[..], &use_it, &["rollback", "default"]] {
        let told = failed(&[&["model"], denied].concat(), scorer.variables()).await;
        assert!(told.contains("command denied"), "{denied:?}: {told}");
    }
}

#[rstest]
#[tokio::test]
async fn a_rollback_returns_step_by_step_and_a_model_in_use_is_not_removed(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, .. } = Stored::new(server, &[]).await;
    let cousin = cousin(other());
    let (first, second) = (digits(other()), digits(&cousin));
    owner.push(other()).await;
    owner.push(&cousin).await;
    let model = async |more: &[&str]| {
        let answer = done(&[&["model"], more].concat(), owner.variables()).await.remove(0);
        answer["version"].as_str().map(str::to_owned)
    };
    let refused = async |more: &[&str]| failed(&[&["model"], more].concat(), owner.variables()).await;

    let nothing = refused(&["rollback", "default"]).await;
    assert!(nothing.contains("uses the model that is built in, and has used no other one before"), "{nothing}");
    let short = refused(&["use", "default", &first[..1]]).await;
    assert!(short.contains("several versions begin with"), "{short}");

    assert_eq!(model(&["use", "default", &first]).await.as_ref(), Some(&first));
    assert_eq!(model(&["use", "default", &first]).await.as_ref(), Some(&first), "the same twice");
    assert_eq!(model(&["use", "default", &second]).await.as_ref(), Some(&second));
    for (version, how) in [(&first, "could return to it"), (&second, "uses it")] {
        let stays = refused(&["remove", version]).await;
        assert!(stays.contains(how) && stays.contains("the job `default` over table `items`"), "{stays}");
    }
    assert_eq!(model(&["rollback", "default"]).await.as_ref(), Some(&first));
    done(&["model", "remove", &second], owner.variables()).await;
    assert_eq!(model(&["rollback", "default"]).await, None);
    let nothing = refused(&["rollback", "default"]).await;
    assert!(nothing.contains("has used no other one before"), "{nothing}");
    assert_eq!(owner.count("`batch_model_uses`").await, 4, "nothing is forgotten, and the same twice is one use");
    done(&["model", "remove", &first], owner.variables()).await;
    assert_eq!(owner.count("`batch_models`").await + owner.count("`batch_model_parts`").await, 0);
}

#[rstest]
#[tokio::test]
async fn what_cannot_be_stored_or_used_is_told_with_what_is_accepted(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, .. } = Stored::new(server, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let changed = folder.path().join("changed.json");
    let text = String::from_utf8(other().artifact().to_json()).unwrap();
    fs::write(&changed, text.replacen("\"species\"", "\"kind\"", 1)).unwrap();
    let built_in = digits(model());
    for (arguments, told) in [
        (&["push", changed.to_str().unwrap()][..], "the model file was changed"),
        (&["push", "model/iris.csv"], "this is no model file"),
        (
            &["push", "nowhere.json"],
            "nowhere.json: there is no such file; `rowscore train --data FILE --label COLUMN --out nowhere.json` makes one",
        ),
        (&["use", "default", "0f3a"], "no stored version begins with `0f3a`; `rowscore model list` shows all"),
        (&["use", "default", "latest"], "`latest` is no version; accepted: "),
        (&["use", "default", &built_in[..8]], "is the one that is built in, and not stored; name it `built-in`"),
        (&["use", "churn", "0f3a"], "there is no job `churn`; the one job is `default`, that of the variables"),
        (&["remove", "0f3a"], "no stored version begins with `0f3a`"),
    ] {
        let error = failed(&[&["model"], arguments].concat(), owner.variables()).await;
        assert!(error.contains(told), "{arguments:?}: {error}");
    }
    assert_eq!(owner.count("`batch_models`").await + owner.count("`batch_model_uses`").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_model_that_does_not_fit_the_table_is_not_used(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = readings(server, &[]).await;
    let narrow = narrower();
    own.owner.push(&narrow).await;
    let error = failed(&["model", "use", "default", &digits(&narrow)], own.owner.variables()).await;
    assert!(error.contains("the model's 3 features are") && error.contains("FEATURE_COLUMNS names 4"), "{error}");
    assert_eq!(own.owner.count("`batch_model_uses`").await, 0);
}
