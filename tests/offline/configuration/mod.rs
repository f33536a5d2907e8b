//! What the environment decides: how it is read, and what is refused.

mod decimals;
mod documents;
mod jobs;
mod names;
mod settings;
mod table;
mod telling;

use std::collections::BTreeMap;
use std::time::Duration;

use rowscore::config::{Config, ConfigError, Tls};

fn read(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let login = [("MYSQL_DATABASE", "shop"), ("MYSQL_USER", "scorer"), ("MYSQL_PASSWORD", "s3cret")];
    Config::read(|name| {
        vars.iter().chain(&login).find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

fn problem(vars: &[(&str, &str)]) -> String {
    read(vars).unwrap_err().0.join("\n")
}

#[test]
fn with_the_database_and_its_login_everything_else_has_a_default() {
    let config = read(&[]).unwrap();
    assert_eq!((config.mysql.server.as_str(), config.mysql.port), ("127.0.0.1", 3306));
    assert_eq!(config.mysql.tls, Tls::Verify { ca_file: None });
    assert_eq!((config.work.page_size, config.work.lanes, config.work.workers), (5000, 2, 1));
    assert_eq!(config.work.lookback, Duration::from_hours(1));
}

#[test]
fn everything_wrong_is_said_at_once_with_variable_value_and_what_is_accepted() {
    let error = Config::read(|name| match name {
        "PAGE_SIZE" => Some("zero".into()),
        "MYSQL_PASSWORD" => Some("s3cret".into()),
        _ => None,
    });
    assert_eq!(
        error.unwrap_err().0,
        [
            "MYSQL_DATABASE is not set; give the name of the database that holds the items",
            "MYSQL_USER is not set; give the name of the user that rowscore logs in as",
            "PAGE_SIZE is `zero`; accepted: a whole number from 1 to 20000",
        ]
    );
}

#[test]
fn a_value_out_of_range_is_refused() {
    assert_eq!(problem(&[("LANES", "17")]), "LANES is `17`; accepted: a whole number from 1 to 16");
    assert_eq!(
        problem(&[("LOOKBACK", "1 hour")]),
        "LOOKBACK is `1 hour`; accepted: a number and a unit, like 90s, 15m, 1h or 2d"
    );
    assert_eq!(
        problem(&[("FAILURE_POLICY", "ignore")]),
        "FAILURE_POLICY is `ignore`; accepted: retry_failed, retry_all or leave"
    );
}

#[test]
fn a_price_is_dollars_for_a_gigabyte_and_a_second() {
    let price = read(&[("PRICE_PER_GB_SECOND", "0.00002")]).unwrap().work.price;
    assert_eq!(price.dollars(10_000, 512), 0.0001);
    assert!(read(&[]).unwrap().work.price.per_gb_second > 1e-5);
    let refused = "PRICE_PER_GB_SECOND is `-1`; accepted: dollars, a number like 0.0000166667";
    assert_eq!(problem(&[("PRICE_PER_GB_SECOND", "-1")]), refused);
}

#[test]
fn an_iam_login_refuses_an_unencrypted_connection() {
    assert!(problem(&[("MYSQL_AUTH", "iam"), ("MYSQL_TLS", "off")]).contains("in clear"));
}

#[test]
fn a_server_with_its_port_or_as_a_url_is_refused_with_what_is_accepted_and_without_the_password() {
    for (server, shown) in [
        ("db.example.com:3306", "db.example.com:3306"),
        ("127.0.0.1:3306", "127.0.0.1:3306"),
        ("mysql://db.example.com/shop", "mysql://db.example.com/shop"),
        ("mysql://scorer:s3cret@db.example.com:3306/shop", "mysql://***@db.example.com:3306/shop"),
        ("scorer@db.example.com", "scorer@db.example.com"),
    ] {
        let accepted = "accepted: a host name or an address alone, without port or user";
        assert_eq!(problem(&[("MYSQL_SERVER", server)]), format!("MYSQL_SERVER is `{shown}`; {accepted}"));
    }
    for (server, read_as) in [("::1", "::1"), ("[::1]", "::1"), (" db.example.com\n", "db.example.com")] {
        assert_eq!(read(&[("MYSQL_SERVER", server)]).unwrap().mysql.server, read_as);
    }
}

#[test]
fn a_password_that_ends_in_a_line_break_is_refused() {
    for password in ["s3cret\n", "s3cret\r\n", "\n"] {
        let problem = problem(&[("MYSQL_PASSWORD", password)]);
        assert!(problem.starts_with("MYSQL_PASSWORD ends in a line break; accepted: "), "{problem}");
        assert!(!problem.contains("s3cret"), "{problem}");
    }
    assert!(read(&[("MYSQL_PASSWORD", " s3\ncret ")]).is_ok());
}

#[test]
fn a_certificate_without_its_name_checked_needs_its_own_authority() {
    assert!(problem(&[("MYSQL_TLS", "verify-ca")]).contains("MYSQL_CA_FILE"));
    assert_eq!(problem(&[("MYSQL_TLS", "on")]), "MYSQL_TLS is `on`; accepted: verify, verify-ca, pin:SHA256 or off");
    assert!(read(&[("MYSQL_TLS", "verify-ca"), ("MYSQL_CA_FILE", "infra/rds-ca.pem")]).is_ok());
}

#[test]
fn an_iam_login_takes_only_what_can_be_signed() {
    assert!(problem(&[("MYSQL_AUTH", "iam"), ("MYSQL_SERVER", "::1")]).contains("MYSQL_SERVER is `::1`"));
    assert!(problem(&[("MYSQL_AUTH", "iam"), ("MYSQL_USER", "a&b=c")]).contains("MYSQL_USER is `a&b=c`"));
}

#[test]
fn a_queue_that_is_not_fifo_is_refused() {
    assert!(problem(&[("CONTINUATION_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/1/q")]).contains(".fifo"));
}

#[test]
fn waking_the_database_needs_to_know_which() {
    let rds = ("MYSQL_SERVER", "shop.cluster-c1x2.eu-central-1.rds.amazonaws.com");
    let wake = |vars: &[(&str, &str)]| read(vars).unwrap().wake.map(|resource| resource.to_string());
    assert_eq!(wake(&[rds]), None);
    assert_eq!(wake(&[rds, ("WAKE_DATABASE", "true")]).unwrap(), "cluster/shop");
    assert_eq!(wake(&[("WAKE_DATABASE", "true"), ("MYSQL_RESOURCE", "instance/x")]).unwrap(), "instance/x");
    assert_eq!(wake(&[("WAKE_DATABASE", "true"), ("MYSQL_RESOURCE", "db:x")]).unwrap(), "instance/x");
    assert_eq!(wake(&[("WAKE_DATABASE", "true"), ("MYSQL_RESOURCE", "cluster:x")]).unwrap(), "cluster/x");
    assert!(problem(&[("WAKE_DATABASE", "true")]).contains("needs instance/NAME or cluster/NAME"));
    assert!(problem(&[("WAKE_DATABASE", "yes")]).contains("accepted: true or false"));
    assert!(problem(&[("MYSQL_RESOURCE", "shop")]).contains("`shop`; accepted: instance/NAME"));
}

#[test]
fn the_password_is_never_shown() {
    assert!(!format!("{:?}", read(&[]).unwrap()).contains("s3cret"));
}

#[test]
fn a_password_is_given_itself_or_by_a_secret_that_may_also_name_the_user() {
    let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:scorer-AbCdEf";
    let given = |settings: &[(&str, &str)]| {
        let settings: BTreeMap<&str, &str> = settings.iter().copied().chain([("MYSQL_DATABASE", "shop")]).collect();
        Config::read(|name| settings.get(name).map(|value| (*value).to_owned()))
    };
    let config = given(&[("MYSQL_PASSWORD_SECRET", arn), ("MYSQL_PASSWORD", ""), ("MYSQL_USER", "")]).unwrap();
    assert_eq!((config.mysql.user.as_str(), format!("{:?}", config.mysql.auth)), ("", format!("Secret({arn})")));

    let said = |settings: &[(&str, &str)]| given(settings).unwrap_err().to_string();
    let both = said(&[("MYSQL_PASSWORD_SECRET", arn), ("MYSQL_PASSWORD", "s3cret"), ("MYSQL_USER", "me")]);
    assert!(
        both.contains("are both set; accepted: the password itself, or the secret") && !both.contains("s3cret"),
        "{both}"
    );
    let token = said(&[("MYSQL_PASSWORD_SECRET", arn), ("MYSQL_AUTH", "iam"), ("MYSQL_USER", "me")]);
    assert!(
        token.contains("MYSQL_AUTH is `iam`, and MYSQL_PASSWORD_SECRET is set; accepted: one of the two"),
        "{token}"
    );
    // What is no ARN may be the password.
    let odd = said(&[("MYSQL_PASSWORD_SECRET", "s3cret")]);
    assert!(
        odd.contains("names no secret; accepted: the ARN of a secret, like arn:aws:") && !odd.contains("s3cret"),
        "{odd}"
    );
    assert!(!odd.contains("MYSQL_USER"), "{odd}");
    for nobody in [&[("MYSQL_AUTH", "iam")][..], &[("MYSQL_PASSWORD", "x")], &[]] {
        assert!(said(nobody).contains("MYSQL_USER is not set"), "{nobody:?}");
    }
}
