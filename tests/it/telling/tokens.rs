//! The token that a collector of lineage asks for, in a secret, which may be rotated at any time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use rstest::rstest;
use serde_json::json;

use super::collector::Collector;
use super::{table, tick, untold};
use crate::support::invocation::in_milliseconds;
use crate::support::programs::rowscore;
use crate::support::runtime_api::Environment;
use crate::support::secrets::{Answering, Secret, silent};
use crate::support::{Server, TestDb, listeners};

/// The environment of a program that tells the collector, with the token of a secret.
async fn variables(db: &TestDb, collector: &Collector, reference: &str) -> BTreeMap<String, String> {
    let settings = [("LINEAGE_URL", collector.url.as_str()), ("LINEAGE_TOKEN_SECRET", reference)];
    let mut variables = db.with(&settings).await.variables().clone();
    variables.extend(listeners::variables(None).map(|(name, value)| (name.to_owned(), value)));
    variables.extend([Collector::trust()]);
    variables
}

/// Fires the schedule at an hour; how long it took.
async fn fire(function: &mut Environment, hour: u32) -> Duration {
    let begun = Instant::now();
    let reply = function.invoke(tick(hour), in_milliseconds(Duration::from_secs(60))).await.result.unwrap();
    assert!(["finished", "nothing_to_do"].contains(&reply["outcome"].as_str().unwrap()), "{reply}");
    begun.elapsed()
}

#[rstest]
#[tokio::test]
async fn a_collector_gets_the_token_that_the_secret_holds_when_a_run_ends_also_after_a_rotation(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let collector = Collector::new().await;
    let (db, _) = table(server, &[]).await;
    let secret = Secret::new("f1rst").await;
    let mut function = Environment::start(&variables(&db, &collector, &secret.arn).await).await;

    for (hour, text, proof) in [
        (10, "f1rst", "Bearer f1rst"),
        (11, "sec0nd", "Bearer sec0nd"),
        (12, r#"{"token": "th1rd", "other": "x"}"#, "Bearer th1rd"),
    ] {
        secret.put(text).await;
        fire(&mut function, hour).await;
        assert_eq!(collector.proofs(), [proof, proof], "{text}: {:?}", function.output());
    }
    assert_eq!(untold(&db).await, 0);
    let said = format!("{:?}", function.output());
    assert!(["f1rst", "sec0nd", "th1rd"].iter().all(|token| !said.contains(token)), "{said}");
}

#[tokio::test]
async fn a_run_by_hand_takes_the_name_and_the_version_that_are_given() {
    let collector = Collector::new().await;
    let (db, _) = table(Server::Mysql, &[]).await;
    let secret = Secret::new(r#"{"bearer": "f1rst"}"#).await;
    secret.put(r#"{"bearer": "sec0nd"}"#).await;

    let named = format!("{}:SecretString:bearer", secret.arn);
    for (reference, proof) in [(named.clone(), "Bearer sec0nd"), (format!("{named}::{}", secret.first), "Bearer f1rst")]
    {
        let run = rowscore(&["run"], &variables(&db, &collector, &reference).await).await;
        assert!(run.status.success(), "{run:?}");
        assert_eq!(collector.proofs(), [proof, proof], "{reference}: {run:?}");
    }
}

#[tokio::test]
async fn where_no_token_is_to_be_had_nothing_is_sent_and_the_log_says_what_to_do_and_the_run_is_told_later() {
    let collector = Collector::new().await;
    let (db, _) = table(Server::Mysql, &[]).await;
    let secret = Secret::new("s3cret token").await;
    let missing = format!("{}x", secret.arn);
    let cases = [
        (secret.arn.clone(), "s3cret token", ["cannot be sent as it is; put the token alone in", "without spaces"]),
        (secret.arn.clone(), "s3cret\n", ["the token in it ends in a line break", "tr -d"]),
        (secret.arn.clone(), r#"{"token": "s3cret\u0000"}"#, ["cannot be sent as it is", "without spaces"]),
        (secret.arn.clone(), r#"{"token": ""}"#, ["the token in it is empty", "put the token in"]),
        (
            secret.arn.clone(),
            r#"{"password": "s3cret"}"#,
            ["without `token`", "LINEAGE_TOKEN_SECRET=ARN:SecretString:NAME"],
        ),
        (
            format!("{}:SecretString:key", secret.arn),
            "s3cret",
            ["it is no JSON object", "if the whole text is the token"],
        ),
        (missing, "s3cret", ["ResourceNotFoundException", "`aws secretsmanager list-secrets --region eu-central-1`"]),
    ];
    let count = u64::try_from(cases.len()).unwrap();

    for (hour, (reference, text, told)) in (10..).zip(cases) {
        secret.put(text).await;
        let mut function = Environment::start(&variables(&db, &collector, &reference).await).await;
        fire(&mut function, hour).await;
        let said = format!("{:?}", function.output()).replace('\\', "");
        let arn = reference.split(":SecretString:").next().unwrap();
        assert!(said.contains(&format!("reading the secret {arn}: ")), "{text}: {said}");
        assert!(told.iter().all(|part| said.contains(part)), "{told:?}: {said}");
        assert!(!said.contains("s3cret"), "{text}: {said}");
    }
    assert_eq!((collector.proofs().len(), untold(&db).await), (0, count));

    secret.put_binary(b"s3cret").await;
    let mut function = Environment::start(&variables(&db, &collector, &secret.arn).await).await;
    fire(&mut function, 20).await;
    let (stdout, stderr) = function.output();
    assert!(format!("{stdout}{stderr}").contains("it is binary; put the token in as text"), "{stdout}{stderr}");

    // The same process tells all of them, once the secret is put right.
    secret.put("g00d").await;
    fire(&mut function, 21).await;
    assert_eq!((collector.proofs(), untold(&db).await), (vec!["Bearer g00d".to_owned(); 2 * 9], 0));
}

#[tokio::test]
async fn a_collector_that_refuses_the_token_and_says_it_again_is_shown_without_it() {
    let collector = Collector::answering(StatusCode::UNAUTHORIZED).await;
    let (db, _) = table(Server::Mysql, &[]).await;
    let secret = Secret::new("s3cret").await;
    let mut function = Environment::start(&variables(&db, &collector, &secret.arn).await).await;

    fire(&mut function, 10).await;

    let said = format!("{:?}", function.output());
    assert!(said.contains("the event is refused: 401 Unauthorized: this is what came: "), "{said}");
    assert!(said.contains("Bearer ***") && !said.contains("s3cret"), "{said}");
    assert_eq!((collector.proofs(), untold(&db).await), (vec!["Bearer s3cret".to_owned()], 1));
}

#[tokio::test]
async fn who_may_not_read_the_secret_is_told_which_right_is_missing() {
    let collector = Collector::new().await;
    let (db, _) = table(Server::Mysql, &[]).await;
    let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rowscore/rowscore/lineage-AbCdEf";
    let refused = json!({"__type": "AccessDeniedException", "message": "not authorized"}).to_string();
    let manager = Answering::with(400, &refused).await;
    let mut variables = variables(&db, &collector, arn).await;
    variables.insert("AWS_ENDPOINT_URL_SECRETS_MANAGER".into(), manager.url.clone());
    let mut function = Environment::start(&variables).await;

    fire(&mut function, 10).await;

    let (stdout, stderr) = function.output();
    let told = format!("allow the role in use secretsmanager:GetSecretValue on {arn}");
    assert!(format!("{stdout}{stderr}").contains(&told), "{stdout}{stderr}");
    assert_eq!((manager.asked(), collector.proofs().len(), untold(&db).await), (1, 0, 1));
}

#[tokio::test]
async fn a_secrets_manager_that_says_nothing_keeps_the_hop_for_seconds_only() {
    let collector = Collector::new().await;
    let (db, _) = table(Server::Mysql, &[]).await;
    let arn = "arn:aws:secretsmanager:eu-west-3:123456789012:secret:rowscore/rowscore/lineage-AbCdEf";
    let (nowhere, _listening) = silent().await;
    let mut variables = variables(&db, &collector, arn).await;
    variables.insert("AWS_ENDPOINT_URL_SECRETS_MANAGER".into(), nowhere);
    let mut function = Environment::start(&variables).await;

    let took = fire(&mut function, 10).await;

    assert!(took < Duration::from_secs(5), "{took:?}");
    let (stdout, stderr) = function.output();
    for part in
        [arn, "Secrets Manager in eu-west-3 did not answer within 2 s", "com.amazonaws.eu-west-3.secretsmanager"]
    {
        assert!(format!("{stdout}{stderr}").contains(part), "{part}: {stdout}{stderr}");
    }
    assert_eq!((collector.proofs().len(), untold(&db).await), (0, 1));
}
