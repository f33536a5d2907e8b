//! Logging in with what a secret of Secrets Manager holds, which may be rotated at any time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rowscore::answer::Outcome;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::invocation::{in_milliseconds, invoke};
use crate::support::private::{PASSWORD, make_login};
use crate::support::programs::{API, rowscore};
use crate::support::runtime_api::Environment;
use crate::support::secrets::{Answering, Secret, silent};
use crate::support::{Server, Setup, TestDb};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// The same database with a secret instead of a password.
async fn with(db: &TestDb, reference: &str, settings: &[(&str, &str)]) -> Setup {
    let secret = [("MYSQL_PASSWORD", ""), ("MYSQL_PASSWORD_SECRET", reference)];
    db.with(&[&secret[..], settings].concat()).await
}

/// What is said where no connection is to be had.
async fn refusal(db: &Setup) -> String {
    db.database.connect().await.unwrap_err().to_string()
}

/// The login's password is another one from now on.
async fn change_password(db: &TestDb, login: &str, password: &str) {
    db.execute(&format!("ALTER USER `{login}` IDENTIFIED BY '{password}'")).await;
}

fn of_rds(user: &str, password: &str) -> String {
    json!({"username": user, "password": password, "engine": "mysql", "port": 3306}).to_string()
}

#[rstest]
#[tokio::test]
async fn a_window_is_worked_off_with_the_password_of_a_secret_in_each_of_its_forms(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=50, CREATED).await;
    let user = db.config.mysql.user.clone();
    let plain = Secret::new(PASSWORD).await;
    let object = Secret::new(&of_rds(&user, PASSWORD)).await;
    let other = Secret::new(&json!({"key": PASSWORD}).to_string()).await;
    object.put(&of_rds(&user, PASSWORD)).await;

    for (reference, user) in [
        (plain.arn.clone(), user.as_str()),
        (object.arn.clone(), user.as_str()),
        (format!("{}:SecretString:password", object.arn), user.as_str()),
        (format!("{}:SecretString:password::{}", object.arn, object.first), user.as_str()),
        (format!("{}:SecretString:key", other.arn), user.as_str()),
        // Whom it is for says the secret.
        (object.arn.clone(), ""),
    ] {
        db.execute("UPDATE `items` SET `prediction` = NULL; DELETE FROM `batch_runs`").await;
        let answer = with(&db, &reference, &[("MYSQL_USER", user)]).await.tick(TICK).await;
        assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 50), "{reference} {user}");
    }

    let variables = with(&db, &object.arn, &[("MYSQL_USER", "")]).await.variables().clone();
    let status = rowscore(&["status"], &by_program(&variables)).await;
    assert_eq!(status.status.code(), Some(0), "{status:?}");
}

/// The environment of a program, which inherits nothing of the test's.
fn by_program(variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut variables = variables.clone();
    variables.extend(
        ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
            .map(|name| (name.to_owned(), crate::support::environment(name))),
    );
    variables
}

/// A run of 40 items in hops of one page each, and what each next one is asked by.
async fn chain(db: &TestDb, reference: &str) -> (rowscore::lambda::Function, Value) {
    db.fill(1..=40, CREATED).await;
    let settings = [("PAGE_SIZE", "10"), ("LANES", "1"), ("HOP_BUDGET_MS", "1")];
    let function =
        rowscore::lambda::Function::new(with(db, reference, &settings).await.config.clone(), crate::support::model())
            .await;
    let first = invoke(&function, json!({"run": "window", "scheduled_time": TICK})).await.unwrap();
    assert_eq!(first["outcome"], json!("continued"), "{first}");
    (function, first["continuations"][0].clone())
}

#[rstest]
#[tokio::test]
async fn after_a_rotation_between_two_hops_the_next_one_logs_in_and_nothing_is_lost(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let user = db.config.mysql.user.clone();
    let secret = Secret::new(&of_rds(&user, PASSWORD)).await;
    let (function, mut next) = chain(&db, &secret.arn).await;

    let mut hops = 1;
    loop {
        let password = format!("r0tated-{hops}");
        change_password(&db, &user, &password).await;
        secret.put(&of_rds(&user, &password)).await;
        let reply = invoke(&function, next).await.unwrap();
        hops += 1;
        if reply["outcome"] == json!("finished") {
            break;
        }
        next = reply["continuations"][0].clone();
    }

    assert!(hops > 2, "{hops} hops");
    assert_eq!(db.predicted().await, Vec::from_iter(1..=40));
    assert_eq!(db.count("`batch_runs`").await, 1);
    change_password(&db, &user, PASSWORD).await;
}

#[rstest]
#[tokio::test]
async fn where_the_secret_is_behind_for_a_moment_the_hop_says_so_and_is_made_up_for(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let user = db.config.mysql.user.clone();
    let secret = Secret::new(PASSWORD).await;
    let (function, next) = chain(&db, &secret.arn).await;
    change_password(&db, &user, "r0tated").await;

    let failure = invoke(&function, next.clone()).await.unwrap_err();
    let said = rowscore::words::chain(&failure);
    assert!(said.contains("1045") && said.contains(&secret.arn), "{said}");
    assert!(said.contains("was read again") && said.contains("wait for the end of its rotation"), "{said}");
    assert!(!said.contains("r0tated") && !said.contains(PASSWORD), "{said}");

    secret.put("r0tated").await;
    let mut reply = invoke(&function, next).await.unwrap();
    while reply["outcome"] != json!("finished") {
        reply = invoke(&function, reply["continuations"][0].clone()).await.unwrap();
    }
    assert_eq!(db.predicted().await, Vec::from_iter(1..=40));
    assert_eq!(db.count("`batch_runs`").await, 1);
    change_password(&db, &user, PASSWORD).await;
}

#[rstest]
#[tokio::test]
async fn of_two_users_that_take_turns_the_one_is_taken_whom_the_secret_names(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let (user, clone) = (db.config.mysql.user.clone(), format!("{}_c", db.config.mysql.database));
    let secret = Secret::new(&of_rds(&user, PASSWORD)).await;
    let (taking, fixed) = (with(&db, &secret.arn, &[("MYSQL_USER", "")]).await, with(&db, &secret.arn, &[]).await);
    for setup in [&taking, &fixed] {
        setup.database.connect().await.unwrap();
    }
    make_login(&mut db.connect().await, &clone).await;
    db.execute(&format!("ALTER USER `{clone}` IDENTIFIED BY 'cl0ne'; GRANT ALL ON *.* TO `{clone}`")).await;
    change_password(&db, &user, "r0tated").await;
    secret.put(&of_rds(&clone, "cl0ne")).await;

    taking.database.connect().await.unwrap();
    let said = refusal(&fixed).await;
    let told = format!("it is for the user `{clone}`, and MYSQL_USER is `{user}`: leave MYSQL_USER empty");
    assert!(said.contains(&told), "{said}");
    change_password(&db, &user, PASSWORD).await;
    db.execute(&format!("DROP USER `{clone}`")).await;
}

#[tokio::test]
async fn one_version_stays_as_it_is_and_the_refusal_says_to_leave_it_out() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let user = db.config.mysql.user.clone();
    let secret = Secret::new(&of_rds(&user, PASSWORD)).await;
    let setup = with(&db, &format!("{}:SecretString:password::{}", secret.arn, secret.first), &[]).await;
    setup.database.connect().await.unwrap();
    change_password(&db, &user, "r0tated").await;
    secret.put(&of_rds(&user, "r0tated")).await;
    let said = refusal(&setup).await;
    assert!(said.contains(&format!("leave ::{} out", secret.first)), "{said}");
    change_password(&db, &user, PASSWORD).await;
}

#[tokio::test]
async fn a_secret_is_read_once_and_once_more_for_each_login_that_is_refused() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let user = db.config.mysql.user.clone();
    let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:scorer-AbCdEf";
    let manager = Answering::with(200, &json!({"ARN": arn, "SecretString": PASSWORD}).to_string()).await;
    let mut variables = by_program(with(&db, arn, &[]).await.variables());
    variables.insert("AWS_ENDPOINT_URL_SECRETS_MANAGER".into(), manager.url.clone());
    let mut function = Environment::start(&variables).await;
    let mut asked = async || {
        let result = function.invoke(json!({"run": "status"}), in_milliseconds(Duration::from_secs(60))).await.result;
        (result.is_ok(), manager.asked())
    };

    assert_eq!([asked().await, asked().await], [(true, 1), (true, 1)]);
    change_password(&db, &user, "r0tated").await;
    assert_eq!([asked().await, asked().await], [(false, 2), (false, 3)]);
    // The password is put back: what was refused is tried again.
    change_password(&db, &user, PASSWORD).await;
    assert_eq!(asked().await, (true, 3));
}

#[tokio::test]
async fn each_secret_that_does_not_suit_says_what_was_found_and_what_to_do() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let [plain, object, binary, deleted] = [
        Secret::new("s3cret\n").await,
        Secret::new(r#"{"s3cret": "s3cret"}"#).await,
        Secret::new("x").await,
        Secret::new("x").await,
    ];
    binary.put_binary(b"s3cret").await;
    deleted.delete().await;
    let missing = format!("{}x", plain.arn);

    for (reference, told) in [
        (missing.clone(), ["ResourceNotFoundException", "`aws secretsmanager list-secrets --region eu-central-1`"]),
        (
            format!("{}:SecretString:s3cret::4d1f4d1f-4d1f-4d1f-4d1f-4d1f4d1f4d1f", object.arn),
            ["ResourceNotFoundException", "list-secret-version-ids"],
        ),
        (deleted.arn.clone(), ["marked for deletion", "`aws secretsmanager describe-secret"]),
        (binary.arn.clone(), ["it is binary", "put the password in as text"]),
        (object.arn.clone(), ["it is a JSON object without `password`", ":SecretString:NAME"]),
        (format!("{}:SecretString:key", plain.arn), ["it is no JSON object", "leave :SecretString:key out"]),
        (plain.arn.clone(), ["ends in a line break", "tr -d"]),
    ] {
        let said = refusal(&with(&db, &reference, &[]).await).await;
        let arn = reference.split(":SecretString:").next().unwrap();
        assert!(said.starts_with(&format!("reading the secret {arn}: ")), "{said}");
        assert!(told.iter().all(|part| said.contains(part)), "{told:?}: {said}");
        assert!(!said.contains("\n") && !said.replace(":SecretString:s3cret", "").contains("s3cret"), "{said}");
    }
    let nameless = Secret::new(PASSWORD).await;
    let said = refusal(&with(&db, &nameless.arn, &[("MYSQL_USER", "")]).await).await;
    assert!(said.contains("it names no user, and MYSQL_USER is not set; set MYSQL_USER, or put `username`"), "{said}");

    // The trial tells it at its first step, with what to do in its own place.
    let doctor = rowscore(&["doctor", "--json"], &by_program(with(&db, &missing, &[]).await.variables())).await;
    let checkup: Value = serde_json::from_str(&doctor.stdout).unwrap_or_else(|_| panic!("{doctor:?}"));
    let first = &checkup["steps"][0];
    assert_eq!((&first["step"], &first["state"]), (&json!("login"), &json!("failed")), "{checkup}");
    assert!(first["remedy"].as_str().unwrap().contains("list-secrets"), "{checkup}");
}

#[tokio::test]
async fn what_secrets_manager_refuses_is_told_with_the_right_that_is_missing() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:scorer-AbCdEf";
    let setup = with(&db, arn, &[]).await;
    let not_authorized =
        "User: arn:aws:sts::1:assumed-role/r is not authorized to perform: secretsmanager:GetSecretValue";
    for (status, code, message, told) in [
        (400, "AccessDeniedException", not_authorized, "secretsmanager:GetSecretValue on arn:aws:secretsmanager:"),
        (400, "AccessDeniedException", "Access to KMS is not allowed", "kms:Decrypt on the key"),
        (400, "DecryptionFailure", "can't decrypt", "kms:Decrypt on the key"),
        (400, "ExpiredTokenException", "The security token is expired", "check the AWS credentials"),
        (400, "UnrecognizedClientException", "The security token is invalid", "check the AWS credentials"),
    ] {
        let manager = Answering::with(status, &json!({"__type": code, "message": message}).to_string()).await;
        let mut variables = by_program(setup.variables());
        variables.insert("AWS_ENDPOINT_URL_SECRETS_MANAGER".into(), manager.url.clone());
        let status = rowscore(&["status"], &variables).await;
        assert_eq!((status.status.code(), manager.asked()), (Some(1), 1), "{status:?}");
        for part in [arn, message, code, told] {
            assert!(status.stderr.contains(part), "{part}: {status:?}");
        }
    }
}

#[tokio::test]
async fn who_has_no_way_to_secrets_manager_is_told_within_seconds_which_there_are() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let arn = "arn:aws:secretsmanager:eu-west-3:123456789012:secret:scorer-AbCdEf";
    let mut variables = by_program(with(&db, arn, &[]).await.variables());
    let (nowhere, _listening) = silent().await;
    for url in [nowhere.as_str(), "http://127.0.0.1:9"] {
        variables.insert("AWS_ENDPOINT_URL_SECRETS_MANAGER".into(), url.into());
        let begun = Instant::now();
        let mut function = Environment::start(&variables).await;
        let error = function.invoke(json!({"run": "window"}), in_milliseconds(Duration::from_secs(60))).await.result;
        assert!(begun.elapsed() < Duration::from_secs(8), "{url}: {:?}", begun.elapsed());
        let said = error.unwrap_err()["errorMessage"].as_str().unwrap().to_owned();
        for part in
            ["Secrets Manager in eu-west-3 did not answer", "NAT gateway", "com.amazonaws.eu-west-3.secretsmanager"]
        {
            assert!(said.contains(part), "{url}: {said}");
        }
    }
    // What is no text of Secrets Manager's.
    let odd = Answering::with(200, "<html>s3cret</html>").await;
    variables.insert("AWS_ENDPOINT_URL_SECRETS_MANAGER".into(), odd.url.clone());
    let status = rowscore(&["status"], &variables).await;
    assert_eq!(status.status.code(), Some(1), "{status:?}");
    assert!(status.stderr.contains(arn) && !status.stderr.contains("s3cret"), "{status:?}");
}

#[rstest]
#[tokio::test]
async fn the_results_api_follows_the_secret_of_its_reader(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=5, CREATED).await;
    db.tick(TICK).await;
    let reader = db.reader().await;
    let user = reader.config.mysql.user.clone();
    let secret = Secret::new(PASSWORD).await;
    let mut variables = by_program(reader.variables());
    variables
        .extend([("MYSQL_PASSWORD", ""), ("MYSQL_PASSWORD_SECRET", &*secret.arn)].map(|(n, v)| (n.into(), v.into())));
    let mut function = Environment::start_with(API, &variables).await;
    let event = json!({"version": "2.0", "routeKey": "$default", "rawPath": "/data/predicted", "rawQueryString": "", "headers": {},
        "requestContext": {"accountId": "1", "apiId": "x", "domainName": "x", "domainPrefix": "x", "requestId": "x",
            "routeKey": "$default", "stage": "$default", "time": "", "timeEpoch": 0,
            "http": {"method": "GET", "path": "/data/predicted", "protocol": "HTTP/1.1", "sourceIp": "x", "userAgent": "x"}},
        "isBase64Encoded": false});
    let mut get = async || {
        let deadline = in_milliseconds(Duration::from_secs(60));
        function.invoke(event.clone(), deadline).await.result.unwrap()["statusCode"].clone()
    };

    assert_eq!(get().await, json!(200));
    change_password(&db, &user, "r0tated").await;
    secret.put("r0tated").await;
    // Its connections are ended, as the server does after a while.
    let ids: Vec<u64> = db.rows(&format!("SELECT id FROM information_schema.processlist WHERE user = '{user}'")).await;
    for id in ids {
        db.execute(&format!("KILL {id}")).await;
    }
    assert_eq!(get().await, json!(200));
}
