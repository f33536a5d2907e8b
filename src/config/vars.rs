//! Reading variables, and saying what is wrong with them.

use super::setting::Setting;
use super::settings::Settings;
use super::variables::{self, Entry, Unset, VARIABLES, Variable};

/// Every variable that is unusable or missing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration is unusable: {}", .0.join("; "))]
pub struct ConfigError(pub Vec<String>);

/// The variables as they are read, and what is wrong with them.
pub(super) struct Vars<'l> {
    lookup: &'l dyn Fn(&str) -> Option<String>,
    pub problems: Vec<String>,
}

impl<'l> Vars<'l> {
    pub(super) fn new(lookup: &'l dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    pub(super) fn problem(&mut self, text: String) {
        // A variable may be asked for twice.
        if !self.problems.contains(&text) {
            self.problems.push(text);
        }
    }

    /// What `SETTINGS` has for other variables, or what is wrong with it.
    pub(super) fn settings(&self) -> Result<Settings, String> {
        let known: Vec<&str> = VARIABLES.iter().flat_map(|group| group.entries).map(|entry| entry.name).collect();
        Settings::of(&self.given(variables::SETTINGS).unwrap_or_default(), &known)
    }

    /// What is given, whatever it is: for passwords, which may be empty.
    pub(super) fn exactly<V: Variable>(&self, _: V) -> Option<String> {
        (self.lookup)(V::ENTRY.name)
    }

    /// What is given, without the spaces around it. An empty variable counts as unset.
    pub(super) fn given<V: Variable>(&self, _: V) -> Option<String> {
        self.trimmed(V::ENTRY.name)
    }

    fn trimmed(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The value, or the default. `None` where there is neither, or where what is given is refused.
    pub(super) fn get<V: Variable>(&mut self, _: V) -> Option<V::Value> {
        let value = self.text(&V::ENTRY)?;
        let read = V::Value::read(&value);
        if read.is_none() {
            self.refuse(&V::ENTRY, &value);
        }
        read
    }

    /// What is to be read, which may be the default.
    fn text(&mut self, &Entry { name, unset, meaning, .. }: &Entry) -> Option<String> {
        match (self.trimmed(name), unset) {
            (Some(value), _) => Some(value),
            (None, Unset::Is(default)) => Some(default.to_owned()),
            (None, Unset::Means(_)) => None,
            (None, Unset::Required) => {
                self.problem(format!("{name} is not set; give {meaning}"));
                None
            }
        }
    }

    fn refuse(&mut self, Entry { name, accepts, .. }: &Entry, value: &str) {
        self.problem(format!("{name} is `{}`; accepted: {accepts}", without_secret(value)));
    }

    /// The value of a variable that has a default, which also stands in for what is refused.
    pub(super) fn or_default<V: Variable>(&mut self, variable: V) -> V::Value {
        let Entry { name, unset: Unset::Is(default), .. } = V::ENTRY else {
            unreachable!("a variable without default")
        };
        let read = self.get(variable).or_else(|| V::Value::read(default));
        read.unwrap_or_else(|| unreachable!("the default of {name} is accepted"))
    }
}

/// What is given, without the login that a URL may hold.
fn without_secret(value: &str) -> String {
    match value.split_once("://").zip(value.rsplit_once('@')) {
        Some(((scheme, _), (_, place))) => format!("{scheme}://***@{place}"),
        None => value.to_owned(),
    }
}
