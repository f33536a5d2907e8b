//! What changes when jobs are applied.

use std::collections::BTreeMap;

use rowscore::config::{Fallback, JobName, JobSettings, JobsFile};
use rowscore::hop::has_jobs;
use rowscore::store::jobs::{JobRow, JobState};
use rowscore::words;
use serde::{Serialize, Serializer};
use serde_json::json;

/// One setting: as it was, and as it is to be.
pub(crate) type FromTo = (Option<String>, Option<String>);

/// What becomes of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Added(JobSettings),
    Changed(JobSettings, BTreeMap<String, FromTo>),
    Removed(JobName),
}

/// What becomes of the jobs that do not stay as they are, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changes {
    changes: Vec<Change>,
    unchanged: usize,
}

impl Change {
    pub(crate) fn job(&self) -> &JobName {
        match self {
            Self::Added(job) | Self::Changed(job, _) => &job.name,
            Self::Removed(name) => name,
        }
    }

    /// In one word what was done.
    pub(crate) fn done(&self) -> &'static str {
        match self {
            Self::Added(_) => "added",
            Self::Changed(..) => "changed",
            Self::Removed(_) => "removed",
        }
    }

    fn line(&self) -> String {
        let name = self.job();
        match self {
            Self::Added(job) => {
                format!("+ {name}{}", listed(job.texts.iter().map(|(key, text)| format!("{key} = {text}"))))
            }
            Self::Changed(_, settings) => {
                let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "(not set)".to_owned());
                let changed =
                    settings.iter().map(|(key, (from, to))| format!("{key} = {} -> {}", shown(from), shown(to)));
                format!("~ {name}{}", listed(changed))
            }
            Self::Removed(_) => format!("- {name}"),
        }
    }
}

fn listed(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}

impl Changes {
    /// Between what is stored and what a file describes.
    pub(crate) fn between(rows: &[JobRow], JobsFile { jobs: described, fallback }: &JobsFile) -> Self {
        let stored: BTreeMap<&JobName, &JobRow> =
            rows.iter().filter(|row| row.state != JobState::Removed).map(|row| (&row.settings.name, row)).collect();
        let (mut changes, mut unchanged) = (Vec::new(), 0);
        for job in described {
            match stored.get(&job.name) {
                None => changes.push(Change::Added(job.clone())),
                Some(row) if row.settings == *job => unchanged += 1,
                Some(row) => changes.push(Change::Changed(job.clone(), settings(&row.settings, job))),
            }
        }
        let is_described = |name: &JobName| described.iter().any(|job| job.name == *name);
        let removed = stored.keys().filter(|name| !is_described(name));
        changes.extend(removed.map(|name| Change::Removed((*name).clone())));
        // Until others are described, that of the variables is the one job.
        if *fallback == Fallback::Ended && !has_jobs(rows) {
            changes.push(Change::Removed(JobName::default()));
        }
        Self { changes, unchanged }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.changes.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    /// Whether a job is new or other than it was.
    pub(crate) fn is_about(&self, name: &JobName) -> bool {
        self.changes.iter().any(|change| change.job() == name && !matches!(change, Change::Removed(_)))
    }

    /// A line for each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let unchanged = match self.unchanged {
            0 => None,
            1 => Some("= 1 job as before".to_owned()),
            jobs => Some(format!("= {jobs} jobs as before")),
        };
        self.changes.iter().map(Change::line).chain(unchanged).collect()
    }

    /// What is worth knowing beyond them.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let elsewhere = |change: &Change| match change {
            Change::Changed(job, settings) if settings.contains_key("prediction") => {
                let fills = words::of_job("`rowscore run --sweep` fills it", job.name.as_str());
                Some(format!("The predictions of `{}` go into another column now: {fills}.", job.name))
            }
            _ => None,
        };
        self.changes.iter().filter_map(elsewhere).collect()
    }
}

/// The settings that differ.
fn settings(old: &JobSettings, new: &JobSettings) -> BTreeMap<String, FromTo> {
    let keys = old.texts.keys().chain(new.texts.keys());
    keys.map(|key| (key.clone(), (old.texts.get(key).cloned(), new.texts.get(key).cloned())))
        .filter(|(_, (from, to))| from != to)
        .collect()
}

impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = |wanted: &str| -> Vec<&JobName> {
            self.changes.iter().filter(|change| change.done() == wanted).map(Change::job).collect()
        };
        let changed: BTreeMap<&str, _> = self
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::Changed(job, settings) => Some((job.name.as_str(), settings)),
                Change::Added(_) | Change::Removed(_) => None,
            })
            .map(|(name, settings)| {
                let pairs = settings.iter().map(|(key, (from, to))| (key, json!({"from": from, "to": to})));
                (name, pairs.collect::<BTreeMap<_, _>>())
            })
            .collect();
        json!({"added": named("added"), "changed": changed, "removed": named("removed"), "unchanged": self.unchanged})
            .serialize(serializer)
    }
}
