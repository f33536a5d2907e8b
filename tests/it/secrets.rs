//! Nothing secret is ever logged, however much is.

use std::collections::BTreeMap;
use std::time::Duration;

use rstest::rstest;
use serde_json::json;

use crate::support::iam::IamDb;
use crate::support::invocation::in_milliseconds;
use crate::support::private::PASSWORD;
use crate::support::programs::rowscore;
use crate::support::runtime_api::Environment;
use crate::support::secrets::Secret;
use crate::support::{Server, TestDb};

const CREATED: &str = "2024-03-05T09:30:00Z";

/// Everything that both programs say, with every level of every library on that there is, and whether the
/// command line succeeded.
async fn everything_said(variables: &BTreeMap<String, String>) -> (bool, String) {
    let mut variables = variables.clone();
    for level in ["RUST_LOG", "AWS_LAMBDA_LOG_LEVEL"] {
        variables.insert(level.into(), "trace".into());
    }
    let run = rowscore(&["run"], &variables).await;
    let mut function = Environment::start(&variables).await;
    let deadline = in_milliseconds(Duration::from_secs(60));
    let reply = function.invoke(json!({"run": "sweep"}), deadline).await.result;
    let (stdout, stderr) = function.output();
    assert!(stdout.contains("DEBUG"), "{stdout}");
    (run.status.success(), format!("{}{}{stdout}{stderr}{reply:?}", run.stdout, run.stderr))
}

fn assert_silent(said: &str, secrets: &[&str]) {
    for secret in secrets {
        let line = said.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "`{secret}` is in: {}", line.unwrap_or_default());
    }
}

#[rstest]
#[tokio::test]
async fn a_password_is_never_logged(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=20, CREATED).await;
    let (succeeded, said) = everything_said(db.variables()).await;
    assert!(succeeded, "{said}");
    assert_silent(&said, &[PASSWORD]);

    let wrong = db.with(&[("MYSQL_PASSWORD", "pr1v4te")]).await;
    let (succeeded, said) = everything_said(wrong.variables()).await;
    assert!(!succeeded, "{said}");
    assert_silent(&said, &["pr1v4te"]);
}

#[rstest]
#[tokio::test]
async fn what_a_secret_holds_is_never_logged_nor_what_is_refused_of_it(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=20, CREATED).await;
    let secret = Secret::new(&json!({"password": PASSWORD, "another": "0f-the-s3cret"}).to_string()).await;
    let mut variables = db.variables().clone();
    let local = ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    variables.extend(local.map(|name| (name.to_owned(), crate::support::environment(name))));
    variables
        .extend([("MYSQL_PASSWORD", ""), ("MYSQL_PASSWORD_SECRET", &*secret.arn)].map(|(n, v)| (n.into(), v.into())));
    let (succeeded, said) = everything_said(&variables).await;
    assert!(succeeded, "{said}");
    assert_silent(&said, &[PASSWORD, "0f-the-s3cret"]);

    for bad in [
        r#"{"password": "pr1v4te"}"#,
        r#"{"pr1v4te": "pr1v4te"}"#,
        "pr1v4te
",
        "pr1v4te",
    ] {
        secret.put(bad).await;
        let (succeeded, said) = everything_said(&variables).await;
        assert!(!succeeded, "{bad:?}: {said}");
        assert_silent(&said, &["pr1v4te"]);
    }
}

#[tokio::test]
async fn neither_keys_nor_tokens_are_ever_logged() {
    let iam = IamDb::new(&[]).await;
    iam.db.fill(1..=20, CREATED).await;
    let session = ("AWS_SESSION_TOKEN", "0f-the-s3ssion");
    let own = iam.variables()["AWS_SECRET_ACCESS_KEY"].clone();
    let (succeeded, said) = everything_said(&iam.with(&[session])).await;
    assert!(succeeded, "{said}");
    assert_silent(&said, &[&own, session.1]);
    let tokens = iam.accepted();
    assert!(!tokens.is_empty());
    assert_silent(&said, &tokens.iter().map(|token| signature(token)).collect::<Vec<_>>());

    let (succeeded, said) = everything_said(&iam.with(&[session, ("AWS_SECRET_ACCESS_KEY", "an0ther")])).await;
    assert!(!succeeded, "{said}");
    assert_silent(&said, &["an0ther", session.1]);
    let tokens = iam.refused();
    assert!(!tokens.is_empty());
    assert_silent(&said, &tokens.iter().map(|token| signature(token)).collect::<Vec<_>>());
}

/// What makes a token valid.
fn signature(token: &str) -> &str {
    let (_, after) = token.split_once("X-Amz-Signature=").unwrap();
    after.split('&').next().unwrap()
}
