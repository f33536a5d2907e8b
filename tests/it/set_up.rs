//! The function that is there to make tables, logins and grants, driven over the Lambda Runtime API.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::invocation::in_milliseconds;
use crate::support::private::make_login;
use crate::support::runtime_api::Environment;
use crate::support::{Server, TestDb};

const CREATED: &str = "2024-03-05T09:30:00Z";
const PASSWORD: &str = r"0f-the 'scorer\";

/// What the function answers to `orders`, and everything that it says.
async fn set_up(variables: &BTreeMap<String, String>, orders: &Value, seconds: u64) -> (Value, String) {
    let mut variables = variables.clone();
    for (name, value) in [("_HANDLER", "set-up"), ("RUST_LOG", "trace"), ("AWS_LAMBDA_LOG_LEVEL", "trace")] {
        variables.insert(name.into(), value.into());
    }
    // Whom it logs in as comes in the event.
    for name in ["MYSQL_USER", "MYSQL_PASSWORD"] {
        variables.remove(name);
    }
    let mut function = Environment::start(&variables).await;
    let deadline = in_milliseconds(Duration::from_secs(seconds));
    let result = function.invoke(json!({ "set_up": orders }), deadline).await.result;
    let (stdout, stderr) = function.output();
    (result.unwrap_or_else(|error| error), format!("{stdout}{stderr}"))
}

/// The administrator's login, as the event has it.
fn admin(db: &TestDb) -> Value {
    let variables = db.variables();
    json!({"login": variables["MYSQL_USER"], "password": variables["MYSQL_PASSWORD"]})
}

/// A name that no other test gives a login.
fn login(db: &TestDb, last: &str) -> String {
    format!("{}_{last}", db.config.mysql.database)
}

fn done(reply: &Value) -> Vec<&str> {
    reply["done"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn tables_logins_and_grants_are_made_at_once_and_a_second_time_nothing_is_missing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;
    let (scorer, reader) = (login(&db, "s"), login(&db, "r"));
    let orders = json!({
        "admin": admin(&db), "create": true,
        "scorer": {"login": scorer, "password": PASSWORD}, "reader": {"login": reader, "password": PASSWORD},
    });

    let (first, _) = set_up(db.variables(), &orders, 60).await;
    assert_eq!(first["failed"], Value::Null, "{first}");
    assert!(done(&first).iter().any(|line| line.starts_with("Created table `items` in ")), "{first}");
    let named = format!("`{scorer}` may do what rowscore needs, and nothing else.");
    assert!(done(&first).contains(&&*format!("Login {named}")), "{first}");

    let own = [("MYSQL_SERVER", "localhost"), ("MYSQL_TLS", "verify"), ("MYSQL_CA_FILE", &server.ca_file())];
    let scoring = db.with(&[&own[..], &[("MYSQL_USER", &*scorer), ("MYSQL_PASSWORD", PASSWORD)]].concat()).await;
    db.fill(1..=5, CREATED).await;
    assert_eq!(scoring.tick("2024-03-05T10:00:00Z").await.counts.predicted, 5);
    let reading = db.with(&[&own[..], &[("MYSQL_USER", &*reader), ("MYSQL_PASSWORD", PASSWORD)]].concat()).await;
    reading.database.connect().await.unwrap();
    let in_clear = [("MYSQL_USER", &*scorer), ("MYSQL_PASSWORD", PASSWORD), ("MYSQL_TLS", "off")];
    db.with(&in_clear).await.database.connect().await.unwrap_err();

    let (second, _) = set_up(db.variables(), &orders, 60).await;
    let there = format!("Login `{scorer}` was there.");
    assert!(done(&second)[0].starts_with("Nothing was missing. ") && done(&second).contains(&&*there), "{second}");
    db.execute(&format!("DROP USER '{scorer}', '{reader}'")).await;
}

#[tokio::test]
async fn where_the_function_logs_in_as_the_administrator_no_login_is_made_or_granted_anything() {
    let db = TestDb::bare(Server::Mysql, &[]).await;
    let (reply, _) = set_up(db.variables(), &json!({"admin": admin(&db), "create": true}), 60).await;
    assert_eq!(reply["failed"], Value::Null, "{reply}");
    assert!(done(&reply).iter().any(|line| line.contains("The tables are in place")), "{reply}");
    assert!(done(&reply).iter().all(|line| !line.contains("ogin `")), "{reply}");
}

#[rstest]
#[tokio::test]
async fn where_iam_is_not_to_be_had_the_answer_says_what_to_do_and_the_tables_stay(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;
    let scorer = login(&db, "s");
    let orders = json!({"admin": admin(&db), "create": true, "scorer": {"login": scorer}});

    let (reply, _) = set_up(db.variables(), &orders, 60).await;
    let said = reply["failed"].as_str().unwrap();
    assert!(said.contains("AWSAuthenticationPlugin") && said.contains("turn on IAM authentication"), "{reply}");
    assert_eq!(db.count("`items`").await, 0);

    // A login of that name that was made in another way is kept, and told.
    make_login(&mut db.connect().await, &scorer).await;
    let (reply, _) = set_up(db.variables(), &orders, 60).await;
    assert_eq!(reply["failed"], Value::Null, "{reply}");
    assert!(done(&reply).iter().any(|line| line.contains(&format!("ALTER USER '{scorer}' IDENTIFIED"))), "{reply}");
    db.execute(&format!("DROP USER '{scorer}'")).await;
}

#[tokio::test]
async fn each_refusal_is_a_sentence_with_a_remedy() {
    let db = TestDb::bare(Server::Mysql, &[]).await;
    let scorer = json!({"login": login(&db, "s"), "password": PASSWORD});
    let asked = |admin: Value| json!({"admin": admin, "create": true, "scorer": scorer});
    let weak = login(&db, "w");
    make_login(&mut db.connect().await, &weak).await;
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let mut astray = db.variables().clone();
    astray.insert("MYSQL_PORT".into(), nowhere);
    let private = crate::support::private::PASSWORD;

    // The server chooses by the name of who does not exist by which way he would have to log in.
    let nobody = ["root", "admin", "a", "b", "c", "d"].map(|name| asked(json!({"login": name, "password": "wr0ng"})));
    let wrong = asked(json!({"login": weak, "password": "wr0ng"}));
    for orders in nobody.iter().chain([&wrong]) {
        let (reply, _) = set_up(db.variables(), orders, 6).await;
        assert!(reply["remedy"].as_str().is_some_and(|remedy| remedy.contains("ADMIN_SECRET")), "{orders}: {reply}");
    }
    for (variables, orders, word) in [
        (db.variables(), asked(json!({"login": weak, "password": private})), "one who may make tables"),
        (&astray, asked(admin(&db)), "its security group must let in"),
    ] {
        let (reply, _) = set_up(variables, &orders, 6).await;
        assert!(reply["remedy"].as_str().is_some_and(|remedy| remedy.contains(word)), "{word}: {reply}");
        assert!(!reply["failed"].as_str().unwrap().contains('\n'), "{reply}");
    }
    assert_eq!(db.rows::<String>("SHOW TABLES").await, Vec::<String>::new());
    db.execute(&format!("DROP USER '{weak}'")).await;
}

#[tokio::test]
async fn a_slip_in_the_name_of_a_table_makes_none() {
    let db = TestDb::bare(Server::Mysql, &[]).await;
    db.migrate().await;
    let mut variables = db.variables().clone();
    variables.insert("ITEMS_TABLE".into(), "itmes".into());
    let orders = json!({
        "admin": admin(&db), "create": false,
        "scorer": {"login": login(&db, "s"), "password": PASSWORD},
    });

    let (reply, _) = set_up(&variables, &orders, 60).await;

    let said = reply["failed"].as_str().unwrap();
    assert!(said.contains("there is no table `itmes`") && said.contains("but `items`"), "{reply}");
    assert_eq!(db.rows::<String>("SHOW TABLES LIKE 'itmes'").await, Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn a_table_by_the_name_of_the_score_table_that_is_none_is_refused_before_anything_is_made(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::bare(server, &[("SCORE_TABLE", "customers")]).await;
    db.execute("CREATE TABLE `customers` (`id` BIGINT PRIMARY KEY, `name` VARCHAR(20))").await;
    let orders = json!({
        "admin": admin(&db), "create": true,
        "scorer": {"login": login(&db, "s"), "password": PASSWORD},
    });

    let (reply, _) = set_up(db.variables(), &orders, 60).await;

    let said = "SCORE_TABLE names `customers`, which is no score table";
    assert!(reply["failed"].as_str().is_some_and(|failed| failed.contains(said)), "{reply}");
    assert!(reply["remedy"].as_str().is_some_and(|remedy| remedy.contains("names of table and columns")), "{reply}");
    assert_eq!(db.rows::<String>("SHOW TABLES").await, ["customers"]);
    let columns = "`information_schema`.`columns` WHERE `table_schema` = DATABASE()";
    assert_eq!(db.count(columns).await, 2);
}

#[tokio::test]
async fn no_password_of_an_event_is_ever_logged_or_answered() {
    let db = TestDb::bare(Server::Mysql, &[]).await;
    let good = json!({"admin": admin(&db), "create": true, "scorer": {"login": login(&db, "s"), "password": PASSWORD}});
    let wrong = json!({"admin": {"login": "root", "password": "wr0ng"}, "create": true, "scorer": {"login": "x"}});
    let odd = json!({"admin": {"login": "root", "password": 815_4711}, "create": "wr0ng"});
    for orders in [&good, &wrong, &odd] {
        let (reply, said) = set_up(db.variables(), orders, 30).await;
        let all = format!("{reply}{said}");
        assert!(said.contains("DEBUG") || !std::ptr::eq(orders, &good), "{said}");
        for secret in ["0f-the", "wr0ng", "8154711"] {
            let line = all.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "`{secret}` is in: {}", line.unwrap_or_default());
        }
    }
    db.execute(&format!("DROP USER '{}'", login(&db, "s"))).await;
}

#[tokio::test]
async fn the_function_that_is_there_for_runs_makes_nothing() {
    let db = TestDb::bare(Server::Mysql, &[]).await;
    let mut function = Environment::start(db.variables()).await;
    let orders = json!({"admin": admin(&db), "create": true, "scorer": {"login": login(&db, "s")}});

    let deadline = in_milliseconds(Duration::from_secs(60));
    let error = function.invoke(json!({ "set_up": orders }), deadline).await.result.unwrap_err();

    assert_eq!(error["errorType"], json!("BadEvent"));
    assert_eq!(db.rows::<String>("SHOW TABLES").await, Vec::<String>::new());
}
