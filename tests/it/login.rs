//! Logging in: over TLS that is verified, with a password or with IAM tokens.

use std::net::TcpListener;
use std::time::Duration;

use rowscore::answer::Outcome;
use rstest::rstest;
use serde_json::json;

use crate::support::iam::IamDb;
use crate::support::invocation::in_milliseconds;
use crate::support::programs::rowscore;
use crate::support::runtime_api::Environment;
use crate::support::{Server, TestDb, eventually};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// Certificate authorities that have not signed the test's servers.
const OTHER_CA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/infra/rds-ca.pem");

#[rstest]
#[tokio::test]
async fn a_window_is_worked_off_over_verified_tls(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=50, CREATED).await;
    db.execute(&format!("ALTER USER `{}` REQUIRE SSL", db.config.mysql.user)).await;
    let tls = [("MYSQL_SERVER", "localhost"), ("MYSQL_TLS", "verify"), ("MYSQL_CA_FILE", &server.ca_file())];

    let answer = db.with(&tls).await.tick(TICK).await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 50));
    let plain = db.database.connect().await.unwrap_err().to_string();
    assert!(plain.contains("check MYSQL_USER and MYSQL_PASSWORD, or MYSQL_TLS"), "{plain}");
}

#[rstest]
#[tokio::test]
async fn another_servers_certificate_is_refused_with_what_to_check(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("MYSQL_TLS", "verify")]).await;
    let own = server.ca_file();
    for (settings, told) in [
        (
            &[("MYSQL_SERVER", "127.0.0.1"), ("MYSQL_CA_FILE", own.as_str())][..],
            ["not valid for name", "MYSQL_SERVER is the name"],
        ),
        (
            &[("MYSQL_SERVER", "localhost"), ("MYSQL_CA_FILE", OTHER_CA)],
            ["UnknownIssuer", "check that MYSQL_CA_FILE holds"],
        ),
        (
            &[("MYSQL_SERVER", "localhost")],
            ["UnknownIssuer", "name the server's certificate authority in MYSQL_CA_FILE"],
        ),
    ] {
        let error = db.with(settings).await.database.connect().await.unwrap_err().to_string();
        assert!(told.iter().all(|part| error.contains(part)), "{settings:?}: {error}");
    }
}

#[tokio::test]
async fn a_window_is_worked_off_with_tokens_for_a_password() {
    let iam = IamDb::new(&[]).await;
    iam.db.fill(1..=50, CREATED).await;

    let run = rowscore(&["run"], iam.variables()).await;

    assert_eq!(run.status.code(), Some(0), "{run:?} {:?}", iam.refused());
    assert_eq!(iam.db.predicted().await, Vec::from_iter(1..=50));
    assert!(!iam.accepted().is_empty());
    assert_eq!(iam.refused(), Vec::<String>::new());
}

#[tokio::test]
async fn the_token_carries_the_session_of_temporary_credentials() {
    let iam = IamDb::new(&[]).await;
    let status = rowscore(&["status"], &iam.with(&[("AWS_SESSION_TOKEN", "of+the/session=")])).await;
    assert_eq!(status.status.code(), Some(0), "{status:?}");
    assert!(iam.accepted()[0].contains("&X-Amz-Security-Token=of%2Bthe%2Fsession%3D"), "{:?}", iam.accepted());
}

#[tokio::test]
async fn every_connection_has_a_fresh_token() {
    let iam = IamDb::new(&[]).await;
    let mut environment = Environment::start(iam.variables()).await;
    let status = json!({"run": "status"});
    environment.invoke(status.clone(), in_milliseconds(Duration::from_secs(60))).await.result.unwrap();
    // A signature's time is in whole seconds.
    let second = in_milliseconds(Duration::ZERO) / 1000;
    eventually("another second", async || in_milliseconds(Duration::ZERO) / 1000 > second).await;
    environment.invoke(status, in_milliseconds(Duration::from_secs(60))).await.result.unwrap();

    let mut tokens = iam.accepted();
    let all = tokens.len();
    tokens.sort();
    tokens.dedup();
    assert_eq!((tokens.len(), all), (2, 2), "{tokens:?}");
}

#[rstest]
#[case::secret("AWS_SECRET_ACCESS_KEY", "another", "signed with another secret: ")]
#[case::access_key("AWS_ACCESS_KEY_ID", "AKIDANOTHER", "X-Amz-Credential is AKIDANOTHER/")]
#[case::region("AWS_REGION", "us-east-1", "/us-east-1/rds-db/")]
#[tokio::test]
async fn a_token_of_somebody_else_is_refused_with_what_to_check(
    #[case] variable: &str,
    #[case] value: &str,
    #[case] why: &str,
) {
    let iam = IamDb::new(&[]).await;

    let run = rowscore(&["run"], &iam.with(&[(variable, value)])).await;

    assert_eq!(run.status.code(), Some(1), "{run:?}");
    assert!(run.stderr.contains("rowscore: connecting to the database at localhost:"), "{run:?}");
    assert!(run.stderr.contains("AWSAuthenticationPlugin") && run.stderr.contains("rds-db:connect"), "{run:?}");
    assert!(iam.refused().iter().all(|line| line.contains(why)) && !iam.refused().is_empty(), "{:?}", iam.refused());
    assert_eq!(iam.accepted(), Vec::<String>::new());
}

#[rstest]
#[case::name(&[("MYSQL_SERVER", "127.0.0.1")])]
#[case::authority(&[("MYSQL_CA_FILE", OTHER_CA)])]
#[tokio::test]
async fn a_token_is_never_sent_to_another_server(#[case] settings: &[(&str, &str)]) {
    let iam = IamDb::new(&[]).await;
    let status = rowscore(&["status"], &iam.with(settings)).await;
    assert_eq!(status.status.code(), Some(1), "{status:?}");
    assert!(status.stderr.contains("certificate") && status.stderr.contains("MYSQL_CA_FILE"), "{status:?}");
    assert_eq!((iam.accepted(), iam.refused()), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn without_tls_a_token_login_is_refused_before_a_connection_is_opened() {
    let iam = IamDb::new(&[]).await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();

    let run = rowscore(&["run"], &iam.with(&[("MYSQL_TLS", "off"), ("MYSQL_PORT", &port)])).await;

    assert_eq!(run.status.code(), Some(1), "{run:?}");
    assert!(run.stderr.contains("MYSQL_AUTH=iam accepts verify, verify-ca or pin:SHA256 only"), "{run:?}");
    assert!(listener.accept().is_err(), "a connection was opened");
}

#[tokio::test]
async fn a_login_that_is_not_configured_as_it_was_made_is_refused_with_what_to_do() {
    let iam = IamDb::new(&[]).await;
    let password = rowscore(&["status"], &iam.with(&[("MYSQL_AUTH", "password"), ("MYSQL_PASSWORD", "pr1v4te")])).await;
    assert!(password.stderr.contains("set MYSQL_AUTH=iam"), "{password:?}");
    assert_eq!((iam.accepted(), iam.refused()), (Vec::new(), Vec::new()));

    let mut nobody = iam.variables().clone();
    nobody.remove("AWS_SECRET_ACCESS_KEY");
    let nobody = rowscore(&["status"], &nobody).await;
    assert!(nobody.stderr.contains("signing a database login token: "), "{nobody:?}");
    assert!(nobody.stderr.contains("check the AWS credentials"), "{nobody:?}");
}

#[rstest]
#[case::process("credential_process = /bin/sh PLACE/credentials.sh", None)]
#[case::sso(
    "sso_session = s\nsso_account_id = 1\nsso_role_name = r\n[sso-session s]\nsso_region = eu-central-1\n\
             sso_start_url = https://example.com/start\nsso_registration_scopes = sso:account:access",
    Some("token")
)]
#[case::login("login_session = arn:aws:iam::123456789012:user/somebody", Some("login"))]
#[tokio::test]
async fn the_command_line_takes_every_kind_of_profile(#[case] profile: &str, #[case] missing: Option<&str>) {
    let iam = IamDb::new(&[]).await;
    let folder = tempfile::tempdir().unwrap();
    let mut variables = iam.variables().clone();
    let [key, secret] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| variables.remove(name).unwrap());
    let answer = json!({"Version": 1, "AccessKeyId": key, "SecretAccessKey": secret});
    std::fs::write(folder.path().join("credentials.sh"), format!("echo '{answer}'\n")).unwrap();
    let (place, config) = (folder.path().display().to_string(), folder.path().join("config").display().to_string());
    std::fs::write(&config, format!("[default]\nregion = eu-central-1\n{}\n", profile.replace("PLACE", &place)))
        .unwrap();
    variables.extend([("AWS_CONFIG_FILE".to_owned(), config), ("HOME".to_owned(), place)]);

    let status = rowscore(&["status"], &variables).await;

    match missing {
        None => assert_eq!(status.status.code(), Some(0), "{status:?}"),
        // Who has not logged in is told so, in the SDK's words.
        Some(word) => assert!(status.stderr.contains(word) && !status.stderr.contains("cargo feature"), "{status:?}"),
    }
}
