//! Configuration: environment variables, each with its meaning, its default and what it accepts.

mod bounds;
mod choices;
mod columns;
mod decimals;
mod handler;
mod jobs;
mod key;
mod listeners;
mod mysql;
mod names;
mod nice;
mod price;
mod quality;
mod quiet;
mod resource;
mod secret;
mod server;
mod setting;
mod settings;
mod source;
mod table;
mod target;
mod telling;
mod variables;
mod vars;
mod waiting;
mod written;
mod zone;

use std::collections::BTreeMap;
use std::env::VarError;
use std::time::Duration;

use crate::run::{Channels, FailurePolicy};

use bounds::Bounds;
pub use bounds::{Bound, Sign};
pub use choices::SampleModel;
pub use columns::{FeatureColumn, PredictionFormat, RunColumn};
pub use decimals::Decimals;
pub use handler::Handler;
pub use jobs::{Fallback, JobSettings, JobsFile, MOST_JOBS, ScheduleName, by_keys, job_settings};
pub use key::{KeyColumns, KeyPart, PartKind};
pub use listeners::{BusArn, LineageUrl, Token, TopicArn};
pub use mysql::{Auth, MysqlConfig};
pub use names::{ColumnName, JobName, NameOfModel, TableName};
pub use nice::Nice;
pub use price::Price;
pub use quality::{Measure, QualityBound};
pub use quiet::QuietHours;
pub use resource::DatabaseResource;
pub use secret::SecretRef;
use server::Host;
pub use server::{Fingerprint, Place, Tls};
pub use setting::{Accepts, Setting, Span};
use settings::Settings;
pub use source::{Rows, Source, Sql};
pub use table::{FeatureMismatch, ItemsTable, ValuesIn, listed};
pub use target::{Beside, Keeps, MODEL_VERSION, PREDICTED_AT, Part, RUN, SCORE_COLUMNS, ScoreTable, Target, Threshold};
pub use telling::{Lineage, LineageToken, Telling};
pub use variables::{Entry, Group, Unset, VARIABLES};
pub use vars::ConfigError;
use vars::Vars;
pub use waiting::WaitConfig;
pub use written::{OWN_TABLES, OWN_VIEW};
pub use zone::Zone;

/// Everything the environment decides. The table [`VARIABLES`] says what each variable means.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the database is reached.
    pub mysql: MysqlConfig,
    /// How runs work.
    pub work: WorkConfig,
    /// `CONTINUATION_QUEUE_URL`. Unset: the answer has the continuations and nothing is sent.
    pub continuation_queue_url: Option<String>,
    /// `DEAD_LETTER_QUEUE_URLS`: queues that should be empty.
    pub dead_letter_queue_urls: Vec<String>,
    /// `WAKE_DATABASE` and `MYSQL_RESOURCE`: what is started when it is found stopped, if anything is.
    pub wake: Option<DatabaseResource>,
    /// `EVENT_BUS`, `EVENT_TOPIC` and `LINEAGE_URL`: who is told when a run ends.
    pub telling: Telling,
    /// What was given beside the way to the database: jobs inherit of it.
    given: BTreeMap<&'static str, String>,
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
    /// `MODEL_NAME`. Unset: any.
    pub model_name: Option<NameOfModel>,
    /// `CHALLENGER`. Unset: no other model scores along.
    pub challenger: Option<NameOfModel>,
    /// `SAMPLE_MODEL`.
    pub sample_model: SampleModel,
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
    /// `TICK_EVERY`. Unset: as the schedule's history has it.
    pub tick_every: Option<Duration>,
    /// `DELIVER_WITHIN`. Unset: no deadline.
    pub deliver_within: Option<Duration>,
    /// `SWEEP_DELIVER_WITHIN`. Unset: as `DELIVER_WITHIN`.
    pub sweep_deliver_within: Option<Duration>,
    /// `QUALITY_BOUND`. Unset: predictions may be as they like.
    pub quality_bound: Option<QualityBound>,
    /// `TRUTH_WITHIN`: how long after a run its truth is waited for.
    pub truth_within: Duration,
    /// `NICE`.
    pub nice: Nice,
    /// `WAIT_IF`, `WAIT_QUERY`, `REPLICAS` and `QUIET_HOURS`.
    pub wait: WaitConfig,
    /// By which ways the end of a run is told: those of the process.
    pub tells: Channels,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`. Unset: this is not Lambda, and costs nothing there.
    pub memory_mb: Option<u32>,
    /// `PRICE_PER_GB_SECOND`.
    pub price: Price,
}

/// Items from which on a share of them tells something: one bad item in a quiet hour is no outage.
pub const TELLING_ITEMS: u64 = 10;

impl WorkConfig {
    fn read(vars: &mut Vars<'_>) -> Self {
        let items_table = ItemsTable::read(vars);
        Self {
            challenger: challenger(vars, &items_table),
            items_table,
            page_size: vars.or_default(variables::PAGE_SIZE).0,
            lanes: vars.or_default(variables::LANES).0,
            workers: vars.or_default(variables::WORKERS).0,
            model_name: vars.get(variables::MODEL_NAME),
            sample_model: vars.or_default(variables::SAMPLE_MODEL),
            failure_policy: vars.or_default(variables::FAILURE_POLICY),
            max_attempts: vars.or_default(variables::MAX_ATTEMPTS).0,
            max_failed_percent: vars.or_default(variables::MAX_FAILED_PERCENT).0,
            lookback: vars.or_default(variables::LOOKBACK).0,
            max_hops: vars.or_default(variables::MAX_HOPS).0,
            hop_margin: Duration::from_millis(vars.or_default(variables::HOP_MARGIN_MS).0.into()),
            hop_budget: Duration::from_millis(vars.or_default(variables::HOP_BUDGET_MS).0.into()),
            tick_every: vars.get(variables::TICK_EVERY).map(|span| span.0),
            deliver_within: vars.get(variables::DELIVER_WITHIN).map(|span| span.0),
            sweep_deliver_within: vars.get(variables::SWEEP_DELIVER_WITHIN).map(|span| span.0),
            quality_bound: vars.get(variables::QUALITY_BOUND),
            truth_within: vars.or_default(variables::TRUTH_WITHIN).0,
            nice: vars.or_default(variables::NICE),
            wait: WaitConfig::read(vars),
            tells: Channels::default(),
            memory_mb: vars.get(variables::AWS_LAMBDA_FUNCTION_MEMORY_SIZE).map(|megabytes| megabytes.0),
            price: vars.get(variables::PRICE_PER_GB_SECOND).unwrap_or(Price::LISTED),
        }
    }

    /// Whether `failed` of `done` items are a greater share than `MAX_FAILED_PERCENT`. Of a few items the share
    /// tells nothing, unless none may fail.
    pub fn has_too_many(&self, failed: u64, done: u64) -> bool {
        let tells = done >= TELLING_ITEMS || self.max_failed_percent == 0;
        tells && u128::from(failed) * 100 > u128::from(self.max_failed_percent) * u128::from(done)
    }
}

impl Config {
    /// Reads the process environment.
    ///
    /// # Errors
    /// Every variable at fault, each with what it accepts.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env() -> Result<Self, ConfigError> {
        refuse_what_is_no_text()?;
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads the process environment as [`Config::from_env`], for somebody else than it names, who has a password.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_env_for(user: &str, password: &str) -> Result<Self, ConfigError> {
        refuse_what_is_no_text()?;
        Self::read(|name| match name {
            "MYSQL_USER" => Some(user.to_owned()),
            "MYSQL_PASSWORD" => Some(password.to_owned()),
            "MYSQL_AUTH" => Some("password".to_owned()),
            name => std::env::var(name).ok(),
        })
    }

    /// Reads the variables that `lookup` knows, as [`Config::from_env`]. An empty variable counts as unset.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let settings = Vars::new(&lookup).settings();
        let (settings, unusable) = settings.map_or_else(|problem| (Settings::default(), Some(problem)), |s| (s, None));
        let lookup = |name: &str| settings.complete(name, lookup(name));
        let mut vars = Vars::new(&lookup);
        vars.problems.extend(unusable);
        let mysql = MysqlConfig::read(&mut vars);
        let mut work = WorkConfig::read(&mut vars);
        let continuation_queue_url = vars.get(variables::CONTINUATION_QUEUE_URL).map(|url| url.0);
        let dead_letter_queue_urls = vars.get(variables::DEAD_LETTER_QUEUE_URLS).map_or_else(Vec::new, |urls| urls.0);
        let wake = wake(&mut vars);
        let telling = Telling::read(&mut vars);
        if !cfg!(feature = "aws") {
            refuse_aws(&mut vars);
        }
        work.tells = telling.channels();
        match mysql {
            Some(mysql) if vars.problems.is_empty() => {
                let given = given(lookup);
                Ok(Self { mysql, work, continuation_queue_url, dead_letter_queue_urls, wake, telling, given })
            }
            _ => Err(ConfigError(vars.problems)),
        }
    }

    /// How runs of `job` work: by its own settings, and by this process's where it inherits them.
    ///
    /// # Errors
    /// Every setting at fault, with what is accepted.
    pub fn of_job(&self, job: &JobSettings) -> Result<WorkConfig, ConfigError> {
        // What belongs to the process's signs is nothing to a job that has signs of its own, and not these.
        let signs = job.given("WAIT_IF").and_then(|text| Bounds::read(&text));
        let belongs = |name: &str| signs.as_ref().is_none_or(|bounds| bounds.have_a_use_for(name));
        let process = |name: &str| self.given.get(name).filter(|_| job.inherits(name) && belongs(name)).cloned();
        let lookup = |name: &str| job.given(name).or_else(|| process(name));
        let mut vars = Vars::new(&lookup);
        let mut work = WorkConfig::read(&mut vars);
        work.items_table.job = job.name.clone();
        work.tells = self.telling.channels();
        let problems: Vec<String> = job.problems().into_iter().chain(vars.problems).collect();
        let told = |problem: &String| jobs::of(&job.name, problem);
        if problems.is_empty() { Ok(work) } else { Err(ConfigError(problems.iter().map(told).collect())) }
    }
}

/// A variable in another encoding is not one that is not set.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn refuse_what_is_no_text() -> Result<(), ConfigError> {
    let names = VARIABLES.iter().flat_map(|group| group.entries).map(|entry| entry.name).chain(["SETTINGS"]);
    let is_no_text = |name: &&str| matches!(std::env::var(name), Err(VarError::NotUnicode(_)));
    let said = |name| {
        format!("{name} has bytes that are no text; accepted: UTF-8, so set it in a shell or a file of that encoding")
    };
    let problems: Vec<String> = names.filter(is_no_text).map(said).collect();
    if problems.is_empty() { Ok(()) } else { Err(ConfigError(problems)) }
}

/// Where only the latest score is kept, a challenger's would replace that which counts.
fn challenger(vars: &mut Vars<'_>, table: &ItemsTable) -> Option<NameOfModel> {
    let challenger = vars.get(variables::CHALLENGER);
    if challenger.is_some() && table.target.scores().is_none_or(|scores| scores.keeps != Keeps::History) {
        vars.problem(
            "CHALLENGER is set, whose scores go into a history only; set SCORE_TABLE and SCORES=history, or leave CHALLENGER \
             out"
                .into(),
        );
    }
    challenger
}

/// What is given of the variables that are neither about the way to the database nor about who is told: no secret is in it.
fn given(lookup: impl Fn(&str) -> Option<String>) -> BTreeMap<&'static str, String> {
    let entries =
        VARIABLES.iter().skip(1).filter(|group| group.title != telling::GROUP).flat_map(|group| group.entries);
    entries.filter_map(|entry| Some((entry.name, lookup(entry.name)?))).collect()
}

/// What a rowscore that was built without AWS would need it for.
fn refuse_aws(vars: &mut Vars<'_>) {
    let needing = [
        ("CONTINUATION_QUEUE_URL", vars.given(variables::CONTINUATION_QUEUE_URL).is_some()),
        ("DEAD_LETTER_QUEUE_URLS", vars.given(variables::DEAD_LETTER_QUEUE_URLS).is_some()),
        ("WAKE_DATABASE", vars.or_default(variables::WAKE_DATABASE)),
        ("LINEAGE_TOKEN_SECRET", vars.given(variables::LINEAGE_TOKEN_SECRET).is_some()),
    ];
    for (name, _) in needing.into_iter().filter(|(_, is_set)| *is_set) {
        vars.problem(format!(
            "{name} is set, and this rowscore was built without the feature `aws`; build it with `cargo build --release`, or \
             leave {name} out"
        ));
    }
}

fn wake(vars: &mut Vars<'_>) -> Option<DatabaseResource> {
    let named = vars.get(variables::MYSQL_RESOURCE);
    if !vars.or_default(variables::WAKE_DATABASE) {
        return None;
    }
    let Host(server) = vars.or_default(variables::MYSQL_SERVER);
    let resource = named.or_else(|| DatabaseResource::behind(&server));
    if resource.is_none() && vars.given(variables::MYSQL_RESOURCE).is_none() {
        vars.problem(format!(
            "MYSQL_RESOURCE is not set, and MYSQL_SERVER `{server}` does not tell it; \
             WAKE_DATABASE=true needs {}",
            DatabaseResource::ACCEPTS
        ));
    }
    resource
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_aws_is_refused_by_a_rowscore_without_it() {
        let refused = |given: &[(&str, &str)]| {
            let lookup = |name: &str| given.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned());
            let mut vars = Vars::new(&lookup);
            refuse_aws(&mut vars);
            vars.problems
        };
        assert_eq!(
            refused(&[("WAKE_DATABASE", "false"), ("EVENT_BUS", "arn:aws:events:eu-central-1:1:event-bus/b")]),
            [""; 0]
        );
        let queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/continuations.fifo";
        let secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:lineage-AbCdEf";
        let problems = refused(&[
            ("CONTINUATION_QUEUE_URL", queue),
            ("DEAD_LETTER_QUEUE_URLS", queue),
            ("WAKE_DATABASE", "true"),
            ("LINEAGE_TOKEN_SECRET", secret),
        ]);
        let names: Vec<&str> = problems
            .iter()
            .filter_map(|problem| problem.split(" is set, and this rowscore was built").next())
            .collect();
        assert_eq!(
            names,
            ["CONTINUATION_QUEUE_URL", "DEAD_LETTER_QUEUE_URLS", "WAKE_DATABASE", "LINEAGE_TOKEN_SECRET"]
        );
    }
}
