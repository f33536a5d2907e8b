//! Jobs beside the one of the variables: each a set of the variables' settings by friendlier names, as `jobs.toml` has
//! them and SQL keeps them.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use toml::{Table, Value};

use super::names::{JobName, quoted};
use super::setting::{Accepts, Setting};
use super::telling;
use super::variables::{Entry, VARIABLES};
use super::vars::ConfigError;

/// Settings that have a shorter name than their variable's in small letters.
const SHORT: [(&str, &str); 10] = [
    ("source", "ITEMS_TABLE"),
    ("key", "ID_COLUMN"),
    ("values", "VALUES_COLUMN"),
    ("features", "FEATURE_COLUMNS"),
    ("prediction", "PREDICTION_COLUMN"),
    ("format", "PREDICTION_FORMAT"),
    ("created", "CREATED_COLUMN"),
    ("model", "MODEL_NAME"),
    ("policy", "FAILURE_POLICY"),
    ("truth", "TRUTH_COLUMN"),
];

/// Settings that may be a list of columns.
const LISTS: [&str; 2] = ["features", "key"];

/// Settings that may be a table of columns, each by the name of what it holds.
const TABLES: [&str; 2] = ["features", "class_columns"];

/// Groups of variables that belong to the process, whatever it works on.
const OF_THE_PROCESS: [&str; 3] = ["The database", "The function", telling::GROUP];

/// The group whose variables hold for all jobs that say nothing else.
const INHERITED: &str = "How runs work";

/// The one of them that does not: each job has a model of its own.
const OF_ITS_OWN: &str = "MODEL_NAME";

/// What every job has to name.
const REQUIRED: &str = "source";

/// The one setting that is no variable: which ticks are a job's.
const SCHEDULE: &str = "schedule";

/// Jobs that are described, at most: all are read with every tick.
pub const MOST_JOBS: usize = 500;

impl JobName {
    /// Whether it is the job of the variables.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl FromStr for JobName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::read(name).ok_or_else(|| format!("`{name}` is no name of a job; accepted: {}", Self::ACCEPTS))
    }
}

impl Serialize for JobName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for JobName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The name of a schedule, which a tick brings along.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ScheduleName(String);

impl FromStr for ScheduleName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::read(name).ok_or_else(|| format!("`{name}` is no name of a schedule; accepted: {}", Self::ACCEPTS))
    }
}

impl<'de> Deserialize<'de> for ScheduleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Setting for ScheduleName {
    const ACCEPTS: Accepts = Accepts::Text(
        "the name of a schedule or of an EventBridge rule: letters, digits, `_`, `-` and `.`, 64 at most",
    );

    fn read(name: &str) -> Option<Self> {
        let known = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        ((1..=64).contains(&name.len()) && name.chars().all(known)).then(|| Self(name.to_owned()))
    }
}

impl ScheduleName {
    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A job as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSettings {
    /// Its name.
    pub name: JobName,
    /// What is set, by the names of `jobs.toml`; each text is what its variable would have.
    pub texts: BTreeMap<String, String>,
}

impl JobSettings {
    /// Which ticks are its own; `None`: those that name no schedule.
    pub fn schedule(&self) -> Option<ScheduleName> {
        self.texts.get(SCHEDULE).and_then(|name| ScheduleName::read(name))
    }

    /// What is set for a variable; `None` where the process's is to be asked.
    pub(super) fn given(&self, variable: &str) -> Option<String> {
        self.texts.get(&key(variable)).cloned()
    }

    /// Whether a variable that the job does not set is the process's.
    pub(super) fn inherits(&self, variable: &str) -> bool {
        self.name.is_default()
            || VARIABLES.iter().any(|group| {
                (group.title == INHERITED && variable != OF_ITS_OWN || OF_THE_PROCESS.contains(&group.title))
                    && group.entries.iter().any(|entry| entry.name == variable)
            })
    }

    /// What is wrong with the names of its settings, and with its schedule.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> =
            self.texts.keys().filter(|key| !is_known(key)).map(|key| unknown(key)).collect();
        if let Some(name) = self.texts.get(SCHEDULE).filter(|name| ScheduleName::read(name).is_none()) {
            problems.push(format!("{SCHEDULE} is `{name}`; accepted: {}", ScheduleName::ACCEPTS));
        }
        let others = self.texts.keys().filter(|key| *key != SCHEDULE && is_known(key));
        match self.name.is_default() {
            true => problems.extend(others.map(|key| {
                format!("{key} is set; accepted: {SCHEDULE} alone, because the variables say all else of this job")
            })),
            false if !self.texts.contains_key(REQUIRED) => {
                problems.push(format!("{REQUIRED} is missing; give the table that is scored"));
            }
            false => {}
        }
        problems
    }
}

/// What becomes of the job `default` where jobs are described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// `[default]`: it is one of the jobs.
    Kept,
    /// `default = false`: it is none of them.
    Ended,
    /// Nothing is said of it.
    Unsaid,
}

/// What `jobs.toml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobsFile {
    /// The jobs, by name.
    pub jobs: Vec<JobSettings>,
    /// What becomes of the job `default`.
    pub fallback: Fallback,
}

impl JobsFile {
    /// Reads the text of `jobs.toml`: names, and what they are set to. What the settings mean is read by
    /// [`super::Config::of_job`].
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        let table: Table = text.parse().map_err(|error| ConfigError(vec![not_toml(text, &error)]))?;
        let (mut jobs, mut fallback, mut problems) = (Vec::new(), Fallback::Unsaid, Vec::new());
        for (name, value) in table {
            match (JobName::read(&name), value) {
                (None, _) => problems.push(format!("a job is called `{name}`; accepted: {}", JobName::ACCEPTS)),
                (Some(name), Value::Boolean(false)) if name.is_default() => fallback = Fallback::Ended,
                (Some(name), Value::Table(settings)) => {
                    let (job, wrong) = job(name, settings);
                    problems.extend(wrong.into_iter().chain(job.problems()).map(|problem| of(&job.name, &problem)));
                    if job.name.is_default() {
                        fallback = Fallback::Kept;
                    }
                    jobs.push(job);
                }
                (Some(name), value) => problems.push(format!(
                    "`{name}` is a TOML {}; accepted: a table of settings, which begins with `[{name}]`",
                    value.type_str()
                )),
            }
        }
        if jobs.is_empty() && fallback == Fallback::Ended {
            problems.push(
                "`default = false` ends the one job that there is, and without any it is one again; accepted: another job \
                 beside it; to stop its runs and keep it, describe `[default]` and call `rowscore pause default`"
                    .into(),
            );
        }
        if jobs.len() > MOST_JOBS {
            problems.push(format!("there are {} jobs; accepted: {MOST_JOBS} at most", jobs.len()));
        }
        if problems.is_empty() { Ok(Self { jobs, fallback }) } else { Err(ConfigError(problems)) }
    }
}

/// A problem of a job.
pub(super) fn of(job: &JobName, problem: &str) -> String {
    format!("job `{job}`: {}", by_keys(problem))
}

/// A sentence about variables, as one about the settings of `jobs.toml`.
pub fn by_keys(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_part) {
        let end = rest[start..].find(|c| !is_part(c)).map_or(rest.len(), |length| start + length);
        said.push_str(&rest[..start]);
        let word = &rest[start..end];
        match jobs_entries().find(|entry| entry.name == word) {
            Some(entry) => said.push_str(&key(entry.name)),
            None => said.push_str(word),
        }
        rest = &rest[end..];
    }
    said + rest
}

/// Every setting of a job with what it means, in the order of the variables.
pub fn job_settings() -> impl Iterator<Item = (String, &'static Entry)> {
    jobs_entries().map(|entry| (key(entry.name), entry))
}

fn jobs_entries() -> impl Iterator<Item = &'static Entry> {
    VARIABLES.iter().filter(|group| !OF_THE_PROCESS.contains(&group.title)).flat_map(|group| group.entries)
}

/// A variable's name in `jobs.toml`.
fn key(variable: &str) -> String {
    let short = SHORT.iter().find(|(_, long)| *long == variable).map(|(short, _)| (*short).to_owned());
    short.unwrap_or_else(|| variable.to_lowercase())
}

fn is_known(name: &str) -> bool {
    name == SCHEDULE || jobs_entries().any(|entry| key(entry.name) == name)
}

fn unknown(name: &str) -> String {
    let known: Vec<String> = job_settings().map(|(key, _)| key).chain([SCHEDULE.to_owned()]).collect();
    format!("there is no setting `{name}`; accepted: {}", known.join(", "))
}

fn job(name: JobName, settings: Table) -> (JobSettings, Vec<String>) {
    let (mut texts, mut problems) = (BTreeMap::new(), Vec::new());
    for (key, value) in settings {
        match text(&key, value) {
            Ok(text) => _ = texts.insert(key, text),
            Err(problem) => problems.push(problem),
        }
    }
    (JobSettings { name, texts }, problems)
}

/// A value as its variable would have it.
fn text(key: &str, value: Value) -> Result<String, String> {
    if !is_known(key) {
        // It is told as such, whatever it is set to.
        return Ok(String::new());
    }
    let is_empty = match &value {
        Value::String(text) => text.trim().is_empty(),
        Value::Array(names) => names.is_empty(),
        Value::Table(named) => named.is_empty(),
        _ => false,
    };
    if is_empty {
        return Err(format!("{key} is empty; leave it out instead"));
    }
    match value {
        Value::String(text) => Ok(text),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(truth) => Ok(truth.to_string()),
        Value::Datetime(time) => Ok(time.to_string()),
        Value::Array(names) if LISTS.contains(&key) => {
            let named = |name: &Value| name.as_str().map(listed);
            let names: Option<Vec<String>> = names.iter().map(named).collect();
            names.map(|names| names.join(", ")).ok_or_else(|| format!("{key} is a list with other things than names"))
        }
        Value::Table(named) if TABLES.contains(&key) => {
            let pair =
                |(name, column): (&String, &Value)| Some(format!("{}={}", listed(name), listed(column.as_str()?)));
            let pairs: Option<Vec<String>> = named.iter().map(pair).collect();
            pairs
                .map(|pairs| pairs.join(", "))
                .ok_or_else(|| format!("{key} is a table with other things than columns"))
        }
        other => Err(format!("{key} is a TOML {}; accepted: a string or a number", other.type_str())),
    }
}

/// A name as a list of them takes it: between backticks, unless it is plain.
fn listed(name: &str) -> String {
    let is_plain = !name.contains([',', '=', '`']) && name.trim() == name && !name.is_empty();
    if is_plain { name.to_owned() } else { quoted(name) }
}

/// What is wrong with a text that is no TOML, in one line.
fn not_toml(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    let line = line.map_or_else(String::new, |line| format!("line {line}: "));
    format!("{line}{}", error.message().replace('\n', ", "))
}
