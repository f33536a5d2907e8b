//! Configuration: environment variables, each with its meaning, its default and what it accepts.

mod decimals;
mod names;
mod price;
mod resource;
mod table;
mod vars;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::run::FailurePolicy;

pub use decimals::Decimals;
pub use names::{ColumnName, TableName};
pub use price::Price;
pub use resource::DatabaseResource;
pub use table::{FeatureColumn, FeatureMismatch, ItemsTable, PredictionFormat, RunColumn, ValuesIn, listed};
use vars::Vars;
pub use vars::span;

/// Everything the environment decides.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the database is reached.
    pub mysql: MysqlConfig,
    /// How runs are worked off.
    pub work: WorkConfig,
    /// `CONTINUATION_QUEUE_URL`: the SQS FIFO queue that continuations are sent to. Unset: the
    /// answer names them and nothing is sent.
    pub continuation_queue_url: Option<String>,
    /// `WAKE_DATABASE` and `MYSQL_RESOURCE`: the instance or cluster that is started when it is
    /// found stopped, and stopped again when the work is done. Default: none.
    pub wake: Option<DatabaseResource>,
}

/// How the database is reached.
#[derive(Clone, Debug)]
pub struct MysqlConfig {
    /// `MYSQL_SERVER`: host name or address. Default `127.0.0.1`.
    pub server: String,
    /// `MYSQL_PORT`: TCP port. Default 3306.
    pub port: u16,
    /// `MYSQL_DATABASE`: the database that holds the items. Required.
    pub database: String,
    /// `MYSQL_USER`: login. Required.
    pub user: String,
    /// `MYSQL_AUTH` and `MYSQL_PASSWORD`: how the login is proven.
    pub auth: Auth,
    /// `MYSQL_TLS` and `MYSQL_CA_FILE`: whether and against what the server's certificate is verified.
    pub tls: Tls,
}

/// How the login is proven: `MYSQL_AUTH`, default `password`.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// `password`: `MYSQL_PASSWORD`, required, may be empty.
    Password(String),
    /// `iam`: a token signed with the function's AWS credentials, fresh for every connection.
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

/// Whether the connection is encrypted: `MYSQL_TLS`, default `verify`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// `verify`: certificate and host name are verified, against `MYSQL_CA_FILE` (PEM) if it is
    /// set and against the public roots otherwise.
    Verify {
        /// `MYSQL_CA_FILE`.
        ca_file: Option<PathBuf>,
    },
    /// `off`: plain TCP. For a loopback or an otherwise protected network only; `iam` refuses it.
    Off,
}

/// How runs are worked off.
#[derive(Clone, Debug)]
pub struct WorkConfig {
    /// The table that is scored.
    pub items_table: ItemsTable,
    /// `PAGE_SIZE`: at most so many items are read, scored and committed together. Default 5000,
    /// where the bulk update is at its fastest. A lane takes fewer where a page takes longer than
    /// another client should wait, and where one was in vain.
    pub page_size: u32,
    /// `LANES`: id ranges that one invocation works on side by side, each on a connection of its
    /// own. Default 2: with two, the database is the limit.
    pub lanes: u16,
    /// `WORKERS`: invocations that work on one run side by side. Default 1.
    pub workers: u16,
    /// `FAILURE_POLICY`: what becomes of items that cannot be scored. Default `retry_failed`.
    pub failure_policy: FailurePolicy,
    /// `MAX_ATTEMPTS`: an item that cannot be scored is tried so often in all under `retry_failed`;
    /// under `retry_all` a whole window is. Default 3.
    pub max_attempts: u32,
    /// `MAX_FAILED_PERCENT`: a run of which a greater share cannot be scored fails: something other
    /// than single rows is wrong. Default 50.
    pub max_failed_percent: u32,
    /// `LOOKBACK`: how far a window reaches back into the one before, for rows that were committed
    /// late. Default `1h`.
    pub lookback: Duration,
    /// `MAX_HOPS`: a worker's hops in one run; the run fails when they are used up. Default 1000.
    pub max_hops: u32,
    /// `HOP_MARGIN_MS`: milliseconds before the function's deadline at which a hop ends. Default
    /// 5000: the page under way and the continuation need a fraction of it.
    pub hop_margin: Duration,
    /// `HOP_BUDGET_MS`: milliseconds that a hop works at most, whatever the deadline; also the
    /// budget when the deadline is unknown. Default 240000.
    pub hop_budget: Duration,
    /// `DELIVER_WITHIN`: after the schedule's time, the run's predictions are due within this span.
    /// Unset: no deadline.
    pub deliver_within: Option<Duration>,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`: memory in MB, by which a run's cost is reckoned. Lambda sets
    /// it; elsewhere there is no such cost.
    pub memory_mb: Option<u32>,
    /// `PRICE_PER_GB_SECOND`: dollars. Default: Lambda's list price for the processor that this was
    /// built for.
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
            page_size: vars.or_in("PAGE_SIZE", 5000, 1, 50_000),
            lanes: vars.or_in("LANES", 2, 1, 16),
            workers: vars.or_in("WORKERS", 1, 1, 64),
            failure_policy: vars.or("FAILURE_POLICY", "retry_failed", "retry_failed, retry_all or leave"),
            max_attempts: vars.or_in("MAX_ATTEMPTS", 3, 1, 1000),
            max_failed_percent: vars.or_in("MAX_FAILED_PERCENT", 50, 0, 100),
            lookback: vars.span("LOOKBACK").unwrap_or(Duration::from_hours(1)),
            max_hops: vars.or_in("MAX_HOPS", 1000, 1, 1_000_000),
            hop_margin: Duration::from_millis(vars.or_in("HOP_MARGIN_MS", 5000, 0, 600_000)),
            hop_budget: Duration::from_millis(vars.or_in("HOP_BUDGET_MS", 240_000, 1, 86_400_000)),
            deliver_within: vars.span("DELIVER_WITHIN"),
            memory_mb: vars.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|megabytes| megabytes.parse().ok()),
            price: vars.or("PRICE_PER_GB_SECOND", price::LIST_PRICE, "dollars, a number like 0.0000166667"),
        };
        let continuation_queue_url =
            vars.optional("CONTINUATION_QUEUE_URL", "the https URL of an SQS FIFO queue, ending in .fifo", |url| {
                url.starts_with("http") && url.ends_with(".fifo")
            });
        let wake = wake(&mut vars);
        match mysql {
            Some(mysql) if vars.problems.is_empty() => Ok(Self { mysql, work, continuation_queue_url, wake }),
            _ => Err(ConfigError(vars.problems)),
        }
    }
}

fn mysql(vars: &mut Vars<'_>) -> Option<MysqlConfig> {
    let database = vars.required("MYSQL_DATABASE", "the name of the database that holds the items");
    let user = vars.required("MYSQL_USER", "the login's name");
    let auth = match vars.or("MYSQL_AUTH", "password", "password or iam") {
        AuthName::Iam => Some(Auth::Iam),
        // The one variable that may be empty: some servers have logins without a password.
        AuthName::Password => match (vars.lookup)("MYSQL_PASSWORD") {
            Some(password) => Some(Auth::Password(password)),
            None => {
                vars.problem("MYSQL_PASSWORD is not set; give the login's password, or set MYSQL_AUTH=iam".into());
                None
            }
        },
    };
    let ca_file = vars.get("MYSQL_CA_FILE").map(PathBuf::from);
    if let Some(file) = ca_file.as_ref().filter(|file| !file.is_file()) {
        vars.problem(format!("MYSQL_CA_FILE is `{}`; accepted: a readable PEM file", file.display()));
    }
    let tls = match vars.or("MYSQL_TLS", "verify", "verify or off") {
        TlsName::Verify => Tls::Verify { ca_file },
        TlsName::Off => Tls::Off,
    };
    if auth == Some(Auth::Iam) && tls == Tls::Off {
        vars.problem(
            "MYSQL_TLS is `off`; MYSQL_AUTH=iam accepts verify only, because the token would go out in clear".into(),
        );
    }
    let server = server(vars);
    if auth == Some(Auth::Iam) {
        // Both become part of a URL, which is signed.
        let plain = |text: &str, others: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c));
        if !plain(&server, "-.") {
            vars.problem(format!("MYSQL_SERVER is `{server}`; MYSQL_AUTH=iam accepts a host name"));
        }
        if let Some(user) = user.as_ref().filter(|user| !plain(user, "_-.@")) {
            vars.problem(format!("MYSQL_USER is `{user}`; MYSQL_AUTH=iam accepts letters, digits and `_-.@`"));
        }
    }
    let port = vars.or_in("MYSQL_PORT", 3306, 1, u16::MAX);
    Some(MysqlConfig { server, port, database: database?, user: user?, auth: auth?, tls })
}

fn server(vars: &Vars<'_>) -> String {
    vars.get("MYSQL_SERVER").unwrap_or_else(|| "127.0.0.1".into())
}

fn wake(vars: &mut Vars<'_>) -> Option<DatabaseResource> {
    let server = server(vars);
    let resource = match vars.get("MYSQL_RESOURCE") {
        None => DatabaseResource::behind(&server),
        Some(value) => {
            let resource = value.parse().ok();
            if resource.is_none() {
                vars.problem(format!("MYSQL_RESOURCE is `{value}`; accepted: instance/NAME or cluster/NAME"));
            }
            resource
        }
    };
    if !vars.or::<bool>("WAKE_DATABASE", "false", "true or false") {
        return None;
    }
    if resource.is_none() && vars.get("MYSQL_RESOURCE").is_none() {
        vars.problem(format!(
            "MYSQL_RESOURCE is not set, and MYSQL_SERVER `{server}` does not tell it; \
             WAKE_DATABASE=true needs instance/NAME or cluster/NAME"
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
                "MYSQL_USER is not set; give the login's name",
                "PAGE_SIZE is `zero`; accepted: a whole number from 1 to 50000",
            ]
        );
    }

    #[test]
    fn a_value_out_of_range_is_refused() {
        assert_eq!(problem(&[("LANES", "17")]), "LANES is `17`; accepted: a whole number from 1 to 16");
        assert_eq!(
            problem(&[("LOOKBACK", "1 hour")]),
            "LOOKBACK is `1 hour`; accepted: a number and a unit: 90s, 15m, 1h or 2d"
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
