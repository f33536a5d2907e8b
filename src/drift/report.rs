//! What a run saw, as it is kept in `batch_runs.profile`.

use serde::{Deserialize, Serialize};

use super::{Profile, Stability};
use crate::model::{Model, Origin, Rule};

/// What a run saw. As JSON in `batch_runs.profile`, for whoever reads it:
/// `{"rows": 300, "classes": [90, 110, 100], "drift": [{"feature": "…", "psi": 0.03, "threshold": 0.43}, …],
/// "class_drift": {"psi": 0.01, "threshold": 0.2, "runs": 10}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Rows that could be read.
    pub rows: u64,
    /// Rows by most probable class, in the model's order of classes.
    pub classes: Vec<u64>,
    /// Each feature compared with the training rows, in the model's order. Empty for a model without
    /// a training distribution. A feature that was constant in training is left out.
    #[serde(default)]
    pub drift: Vec<FeatureDrift>,
    /// The classes compared with those of earlier runs with the same model, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_drift: Option<ClassDrift>,
    /// Features of which values were missing, or categories that the model does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unusual: Vec<Unusual>,
}

/// Rows of a run in which a feature had no value, or one that the model does not know. They were scored all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusual {
    /// Its name.
    pub feature: String,
    /// Rows without a value.
    pub missing: u64,
    /// Rows with a category that is unknown.
    pub unseen: u64,
}

impl Unusual {
    /// Each feature of which there are such rows.
    fn of(profile: &Profile, model: &Model) -> Vec<Self> {
        let counted = |counts: &[u64], feature: usize| counts.get(feature).copied().unwrap_or_default();
        let unusual = model.features().iter().enumerate().map(|(position, feature)| Self {
            feature: feature.name.clone(),
            missing: counted(&profile.gaps, position),
            unseen: counted(&profile.unseen, position),
        });
        unusual.filter(|unusual| unusual.missing + unusual.unseen > 0).collect()
    }
}

/// How far a feature is from the training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureDrift {
    /// Its name.
    pub feature: String,
    /// Population stability index; see [`Stability`].
    pub psi: f64,
    /// If `psi` is above it, the items drift.
    pub threshold: f64,
}

/// How far the classes are from those of earlier runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassDrift {
    /// Population stability index; see [`Stability`].
    pub psi: f64,
    /// If `psi` is above it, the items drift.
    pub threshold: f64,
    /// Number of earlier runs.
    pub runs: usize,
}

impl Report {
    /// Compares `profile`, which was counted with `model`, with the training rows and with `earlier`
    /// runs. `None` if nothing was counted.
    #[must_use]
    pub fn of(profile: Profile, model: &Model, earlier: &[Self]) -> Option<Self> {
        let unusual = Unusual::of(&profile, model);
        let Profile { rows, bins, gaps, classes, .. } = profile;
        if rows == 0 {
            return None;
        }
        // Each feature, and the classes.
        let tests = bins.len() + 1;
        let content = &model.artifact().content;
        let trained_on = training_rows(&content.origin);
        let features = content.distribution.iter().zip(&content.features).zip(bins).enumerate();
        let drift = features.filter_map(|(position, ((distribution, feature), mut bins))| {
            let with_value = trained_on * (1.0 - distribution.gaps);
            let mut reference: Vec<u64> =
                distribution.shares.iter().map(|share| (share * with_value).round() as u64).collect();
            if feature.missing == Rule::Taken {
                reference.push((distribution.gaps * trained_on).round() as u64);
                bins.push(gaps.get(position).copied().unwrap_or_default());
            }
            let Stability { psi, threshold } = Stability::between(&bins, &reference, tests)?;
            Some(FeatureDrift { feature: feature.name.clone(), psi, threshold })
        });
        let drift = drift.collect();
        let class_drift = class_drift(&classes, earlier, tests);
        Some(Self { rows, classes, drift, class_drift, unusual })
    }

    /// The feature with the largest index in units of its threshold.
    #[must_use]
    pub fn worst(&self) -> Option<&FeatureDrift> {
        self.drift.iter().max_by(|one, other| one.ratio().total_cmp(&other.ratio()))
    }
}

/// The indices in units of their thresholds: from 1 on, the items drift.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ratios {
    /// Of the worst feature; `None` without a training distribution.
    pub features: Option<f64>,
    /// Of the classes; `None` without earlier runs.
    pub classes: Option<f64>,
}

impl Report {
    /// The largest index of a feature, and that of the classes, in units of their thresholds.
    #[must_use]
    pub fn ratios(&self) -> Ratios {
        Ratios {
            features: self.worst().map(FeatureDrift::ratio),
            classes: self.class_drift.as_ref().map(ClassDrift::ratio),
        }
    }
}

impl FeatureDrift {
    /// The index in units of its threshold: from 1 on, the items drift.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.psi / self.threshold
    }
}

impl ClassDrift {
    /// The index in units of its threshold: from 1 on, the items drift.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.psi / self.threshold
    }
}

/// The rows that the training distribution was taken from.
fn training_rows(origin: &Origin) -> f64 {
    match origin {
        Origin::Trained(training) => training.rows as f64,
        Origin::Imported(import) => import.reference.map_or(0.0, |reference| reference.rows as f64),
    }
}

fn class_drift(classes: &[u64], earlier: &[Report], tests: usize) -> Option<ClassDrift> {
    let known: Vec<&[u64]> =
        earlier.iter().map(|run| run.classes.as_slice()).filter(|known| known.len() == classes.len()).collect();
    let sum = |class: usize| known.iter().map(|known| known[class]).sum();
    let reference: Vec<u64> = (0..classes.len()).map(sum).collect();
    let Stability { psi, threshold } = Stability::between(classes, &reference, tests)?;
    Some(ClassDrift { psi, threshold, runs: known.len() })
}
