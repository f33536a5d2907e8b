//! Configuration: environment variables, each with its meaning, its default and what it accepts.

mod decimals;
mod names;
mod price;
mod resource;
mod setting;
mod table;
mod variables;
mod vars;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::run::FailurePolicy;

pub use decimals::Decimals;
pub use names::{ColumnName, TableName};
pub use price::Price;
pub use resource::DatabaseResource;
pub use setting::{Accepts, Setting, Span};
pub use table::{FeatureColumn, FeatureMismatch, ItemsTable, PredictionFormat, RunColumn, ValuesIn, listed};
use variables::{
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE, CONTINUATION_QUEUE_URL, DELIVER_WITHIN, FAILURE_POLICY, HOP_BUDGET_MS,
    HOP_MARGIN_MS, LANES, LOOKBACK, MAX_ATTEMPTS, MAX_FAILED_PERCENT, MAX_HOPS, MYSQL_AUTH, MYSQL_CA_FILE,
    MYSQL_DATABASE, MYSQL_PASSWORD, MYSQL_PORT, MYSQL_RESOURCE, MYSQL_SERVER, MYSQL_TLS, MYSQL_USER, PAGE_SIZE,
    PRICE_PER_GB_SECOND, WAKE_DATABASE, WORKERS,
};
pub use variables::{Entry, Group, Unset, VARIABLES};
use vars::Vars;

/// Everything the environment decides. The table [`VARIABLES`] says what each variable means.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the database is reached.
    pub mysql: MysqlConfig,
    /// How runs work.
    pub work: WorkConfig,
    /// `CONTINUATION_QUEUE_URL`. Unset: the answer has the continuations and nothing is sent.
    pub continuation_queue_url: Option<String>,
    /// `WAKE_DATABASE` and `MYSQL_RESOURCE`: what is started when it is found stopped, if anything is.
    pub wake: Option<DatabaseResource>,
}

/// How the database is reached.
#[derive(Clone, Debug)]
pub struct MysqlConfig {
    /// `MYSQL_SERVER`.
    pub server: String,
    /// `MYSQL_PORT`.
    pub port: u16,
    /// `MYSQL_DATABASE`.
    pub database: String,
    /// `MYSQL_USER`.
    pub user: String,
    /// `MYSQL_AUTH` and `MYSQL_PASSWORD`.
    pub auth: Auth,
    /// `MYSQL_TLS` and `MYSQL_CA_FILE`.
    pub tls: Tls,
}

/// How the user proves who it is: `MYSQL_AUTH`.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// `password`: with `MYSQL_PASSWORD`.
    Password(String),
    /// `iam`: with a token that AWS credentials sign, fresh for every connection.
    Iam,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password(***)",
            Self::Iam => "Iam",
        })
    }
}

/// Whether the connection is encrypted: `MYSQL_TLS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// `verify`: and the server's certificate and host name are checked.
    Verify {
        /// `MYSQL_CA_FILE`. Unset: the public authorities and those of RDS are trusted.
        ca_file: Option<PathBuf>,
    },
    /// `off`: plain TCP.
    Off,
}

/// How runs work.
#[derive(Clone, Debug)]
pub struct WorkConfig {
    /// The table that is scored.
    pub items_table: ItemsTable,
    /// `PAGE_SIZE`.
    pub page_size: u32,
    /// `LANES`.
    pub lanes: u16,
    /// `WORKERS`.
    pub workers: u16,
    /// `FAILURE_POLICY`.
    pub failure_policy: FailurePolicy,
    /// `MAX_ATTEMPTS`.
    pub max_attempts: u32,
    /// `MAX_FAILED_PERCENT`: with more, something other than single rows is wrong.
    pub max_failed_percent: u32,
    /// `LOOKBACK`.
    pub lookback: Duration,
    /// `MAX_HOPS`.
    pub max_hops: u32,
    /// `HOP_MARGIN_MS`.
    pub hop_margin: Duration,
    /// `HOP_BUDGET_MS`: also where the function's own deadline is unknown.
    pub hop_budget: Duration,
    /// `DELIVER_WITHIN`. Unset: no deadline.
    pub deliver_within: Option<Duration>,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`. Unset: this is not Lambda, and costs nothing there.
    pub memory_mb: Option<u32>,
    /// `PRICE_PER_GB_SECOND`.
    pub price: Price,
}

impl WorkConfig {
    /// Whether `failed` of `done` items are a greater share than `MAX_FAILED_PERCENT`.
    pub fn has_too_many(&self, failed: u64, done: u64) -> bool {
        u128::from(failed) * 100 > u128::from(self.max_failed_percent) * u128::from(done)
    }
}

/// Every variable that is unusable or missing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration is unusable: {}", .0.join("; "))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads the process environment.
    ///
    /// # Errors
    /// Every variable at fault, with its value and what is accepted.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads the variables that `lookup` knows. An empty variable counts as unset.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut vars = Vars::new(&lookup);
        let mysql = mysql(&mut vars);
        let work = WorkConfig {
            items_table: ItemsTable::read(&mut vars),
            page_size: vars.or_default(PAGE_SIZE).0,
            lanes: vars.or_default(LANES).0,
            workers: vars.or_default(WORKERS).0,
            failure_policy: vars.or_default(FAILURE_POLICY),
            max_attempts: vars.or_default(MAX_ATTEMPTS).0,
            max_failed_percent: vars.or_default(MAX_FAILED_PERCENT).0,
            lookback: vars.or_default(LOOKBACK).0,
            max_hops: vars.or_default(MAX_HOPS).0,
            hop_margin: Duration::from_millis(vars.or_default(HOP_MARGIN_MS).0.into()),
            hop_budget: Duration::from_millis(vars.or_default(HOP_BUDGET_MS).0.into()),
            deliver_within: vars.get(DELIVER_WITHIN).map(|span| span.0),
            memory_mb: vars.get(AWS_LAMBDA_FUNCTION_MEMORY_SIZE).map(|megabytes| megabytes.0),
            price: vars.get(PRICE_PER_GB_SECOND).unwrap_or(Price::LISTED),
        };
        let continuation_queue_url = vars.get(CONTINUATION_QUEUE_URL).map(|url| url.0);
        let wake = wake(&mut vars);
        match mysql {
            Some(mysql) if vars.problems.is_empty() => Ok(Self { mysql, work, continuation_queue_url, wake }),
            _ => Err(ConfigError(vars.problems)),
        }
    }
}

fn mysql(vars: &mut Vars<'_>) -> Option<MysqlConfig> {
    let database = vars.get(MYSQL_DATABASE);
    let user = vars.get(MYSQL_USER);
    let auth = match vars.or_default(MYSQL_AUTH) {
        AuthName::Iam => Some(Auth::Iam),
        // The one variable that may be empty: some servers have logins without a password.
        AuthName::Password => vars.exactly(MYSQL_PASSWORD).map(Auth::Password),
    };
    if auth.is_none() {
        vars.problem("MYSQL_PASSWORD is not set; give the user's password, or set MYSQL_AUTH=iam".into());
    }
    let ca_file = vars.get(MYSQL_CA_FILE).map(|file| file.0);
    let tls = match vars.or_default(MYSQL_TLS) {
        TlsName::Verify => Tls::Verify { ca_file },
        TlsName::Off => Tls::Off,
    };
    let server = vars.or_default(MYSQL_SERVER);
    if auth == Some(Auth::Iam) {
        check_iam(vars, &server, user.as_deref(), &tls);
    }
    let port = vars.or_default(MYSQL_PORT).0;
    Some(MysqlConfig { server, port, database: database?, user: user?, auth: auth?, tls })
}

/// A token goes over an encrypted connection only. Server and user become part of a URL, which is signed.
fn check_iam(vars: &mut Vars<'_>, server: &str, user: Option<&str>, tls: &Tls) {
    if *tls == Tls::Off {
        vars.problem(
            "MYSQL_TLS is `off`; MYSQL_AUTH=iam accepts verify only, because the token would go out in clear".into(),
        );
    }
    let plain = |text: &str, others: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c));
    if !plain(server, "-.") {
        vars.problem(format!("MYSQL_SERVER is `{server}`; MYSQL_AUTH=iam accepts a host name"));
    }
    if let Some(user) = user.filter(|user| !plain(user, "_-.@")) {
        vars.problem(format!("MYSQL_USER is `{user}`; MYSQL_AUTH=iam accepts letters, digits and `_-.@`"));
    }
}

fn wake(vars: &mut Vars<'_>) -> Option<DatabaseResource> {
    let named = vars.get(MYSQL_RESOURCE);
    if !vars.or_default(WAKE_DATABASE) {
        return None;
    }
    let server = vars.or_default(MYSQL_SERVER);
    let resource = named.or_else(|| DatabaseResource::behind(&server));
    if resource.is_none() && vars.given(MYSQL_RESOURCE).is_none() {
        vars.problem(format!(
            "MYSQL_RESOURCE is not set, and MYSQL_SERVER `{server}` does not tell it; \
             WAKE_DATABASE=true needs {}",
            DatabaseResource::ACCEPTS
        ));
    }
    resource
}

crate::run::named! {
    enum AuthName { Password = "password", Iam = "iam", }
}
crate::run::named! {
    enum TlsName { Verify = "verify", Off = "off", }
}

impl Setting for AuthName {
    const ACCEPTS: Accepts = Accepts::OneOf(Self::NAMES);

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Setting for TlsName {
    const ACCEPTS: Accepts = Accepts::OneOf(Self::NAMES);

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Setting for FailurePolicy {
    const ACCEPTS: Accepts = Accepts::OneOf(Self::NAMES);

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                "PAGE_SIZE is `zero`; accepted: a whole number from 1 to 50000",
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
        assert!(problem(&[("WAKE_DATABASE", "true")]).contains("needs instance/NAME or cluster/NAME"));
        assert!(problem(&[("WAKE_DATABASE", "yes")]).contains("accepted: true or false"));
        assert!(problem(&[("MYSQL_RESOURCE", "shop")]).contains("`shop`; accepted: instance/NAME"));
    }

    #[test]
    fn the_password_is_never_shown() {
        assert!(!format!("{:?}", read(&[]).unwrap()).contains("s3cret"));
    }
}
