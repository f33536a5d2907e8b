//! Counting rows by the bins of their values and by their classes.

use serde::{Deserialize, Serialize};

use crate::model::{Feature, FeatureDistribution, Model, Outputs, Rule, ShownVersion};

/// Counted rows. Each lane keeps them as JSON without spaces and backslashes; the only quotes are
/// around keys and the model's version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The version of the model that the bins and classes are of.
    model: ShownVersion,
    /// Rows that could be read.
    pub rows: u64,
    /// For each feature the rows in each bin of the training distribution. Empty if the model has
    /// none.
    pub bins: Vec<Vec<u64>>,
    /// For each feature the rows without a value, which are in no bin. Empty if the model takes none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<u64>,
    /// For each feature the rows with a category that the model does not know. Empty if the model takes none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<u64>,
    /// Rows by most probable class; empty for a model without classes.
    pub classes: Vec<u64>,
}

impl Profile {
    /// No rows yet.
    #[must_use]
    pub fn empty(model: &Model) -> Self {
        let bins = model.artifact().content.distribution.iter().map(|feature| vec![0; feature.shares.len()]).collect();
        let features = model.features();
        let counts = |is_any: bool| if is_any { vec![0; features.len()] } else { Vec::new() };
        let gaps = counts(features.iter().any(|feature| feature.missing == Rule::Taken));
        let unseen = counts(features.iter().any(|feature| feature.unseen_code().is_some()));
        Self { model: model.version().shown(), rows: 0, bins, gaps, unseen, classes: vec![0; model.classes().len()] }
    }

    /// Reads what [`Profile::to_text`] wrote. If the counts are of another model, counting begins
    /// again at 0.
    #[must_use]
    pub fn read(text: Option<&str>, model: &Model) -> Self {
        let empty = Self::empty(model);
        let read: Option<Self> = text.and_then(|text| serde_json::from_str(text).ok());
        let lengths = |profile: &Self| profile.bins.iter().map(Vec::len).collect::<Vec<_>>();
        let others = |profile: &Self| (profile.gaps.len(), profile.unseen.len(), profile.classes.len());
        let fits = |read: &Self| {
            read.model == empty.model && others(read) == others(&empty) && lengths(read) == lengths(&empty)
        };
        read.filter(fits).unwrap_or(empty)
    }

    /// As JSON.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("numbers and a version can be written")
    }

    /// Adds the rows of `other`, which was counted with the same model.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        let pairs = self.bins.iter_mut().flatten().zip(other.bins.iter().flatten());
        let gaps = self.gaps.iter_mut().zip(&other.gaps);
        let others = self.unseen.iter_mut().zip(&other.unseen).chain(self.classes.iter_mut().zip(&other.classes));
        pairs.chain(gaps).chain(others).for_each(|(sum, count)| *sum += count);
    }
}

/// Counts rows while they are scored, a chunk at a time.
#[derive(Debug)]
pub struct Counter<'m> {
    distribution: &'m [FeatureDistribution],
    outputs: Outputs<'m>,
    features: &'m [Feature],
    /// One feature's values in a chunk.
    column: Vec<f64>,
    /// For each feature how many values lie above each edge.
    above: Vec<Vec<u64>>,
    profile: Profile,
}

impl<'m> Counter<'m> {
    /// A counter with nothing counted.
    #[must_use]
    pub fn new(model: &'m Model) -> Self {
        let distribution = model.artifact().content.distribution.as_slice();
        Self {
            distribution,
            outputs: model.outputs(),
            features: model.features(),
            column: Vec::new(),
            above: distribution.iter().map(|feature| vec![0; feature.edges.len()]).collect(),
            profile: Profile::empty(model),
        }
    }

    /// Counts rows of features, one row after the other.
    pub fn rows(&mut self, rows: &[f64]) {
        let width = self.features.len();
        self.profile.rows += (rows.len() / width) as u64;
        for (position, feature) in self.features.iter().enumerate() {
            let distribution = self.distribution.get(position);
            if distribution.is_none() && feature.is_plain() {
                continue;
            }
            self.column.clear();
            self.column.extend(rows[position.min(rows.len())..].iter().step_by(width));
            let count = |is_counted: &dyn Fn(f64) -> bool| {
                self.column.iter().map(|&value| u64::from(is_counted(value))).sum::<u64>()
            };
            if feature.missing == Rule::Taken {
                self.profile.gaps[position] += count(&|value| value.is_nan());
            }
            if let Some(unseen) = feature.unseen_code() {
                self.profile.unseen[position] += count(&|value| value == unseen);
            }
            // One pass per edge over values that lie side by side becomes a few vector instructions.
            // Looking up the bin of each value would need a branch or a scattered write per value. A gap is above none.
            let edges = distribution.into_iter().flat_map(|distribution| &distribution.edges);
            for (&edge, above) in edges.zip(self.above.get_mut(position).into_iter().flatten()) {
                *above += self.column.iter().map(|&value| u64::from(value > edge)).sum::<u64>();
            }
        }
    }

    /// Counts predictions, one row after the other.
    pub fn predictions(&mut self, outputs: &[f64]) {
        for row in outputs.chunks_exact(self.outputs.width()) {
            if let Some(class) = self.outputs.label(row) {
                self.profile.classes[class] += 1;
            }
        }
    }

    /// What was counted.
    #[must_use]
    pub fn finish(mut self) -> Profile {
        for (feature, (bins, above)) in self.profile.bins.iter_mut().zip(&self.above).enumerate() {
            let mut beyond = self.profile.rows - self.profile.gaps.get(feature).copied().unwrap_or_default();
            for (bin, &above) in bins.iter_mut().zip(above.iter().chain([&0])) {
                *bin = beyond - above;
                beyond = above;
            }
        }
        self.profile
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model;

    #[test]
    fn a_value_falls_into_the_bin_whose_upper_edge_it_does_not_exceed() {
        let model = model::embedded().unwrap();
        let distribution = &model.artifact().content.distribution;
        let rows: Vec<f64> =
            (0..1000).flat_map(|row| [4.0, 1.5, 0.5, 0.05].map(|least| least + f64::from(row) / 250.0)).collect();
        let mut counter = Counter::new(model);
        rows.chunks(256 * 4).for_each(|chunk| counter.rows(chunk));
        let profile = counter.finish();

        assert_eq!(profile.rows, 1000);
        for (feature, distribution) in distribution.iter().enumerate() {
            let mut expected = vec![0; distribution.shares.len()];
            for value in rows.iter().skip(feature).step_by(4) {
                expected[distribution.edges.partition_point(|edge| edge < value)] += 1;
            }
            assert_eq!(profile.bins[feature], expected, "feature {feature}");
        }
    }

    #[test]
    fn the_most_probable_class_is_counted_and_of_equals_the_first() {
        let mut counter = Counter::new(model::embedded().unwrap());
        counter.predictions(&[0.1, 0.2, 0.7, 0.4, 0.4, 0.2, 0.0, 0.0, 1.0]);
        assert_eq!(counter.finish().classes, [1, 0, 2]);
    }

    #[test]
    fn a_profile_reads_back_as_it_was_written_and_another_models_begins_anew() {
        let model = model::embedded().unwrap();
        let mut counter = Counter::new(model);
        counter.rows(&[5.0, 3.0, 1.5, 0.2, 6.0, 3.0, 4.5, 1.4]);
        counter.predictions(&[1.0, 0.0, 0.0]);
        let profile = counter.finish();
        let text = profile.to_text();

        let mut sum = Profile::read(Some(&text), model);
        assert_eq!(sum, profile);
        sum.add(&profile);
        assert_eq!((sum.rows, sum.classes.as_slice()), (4, [2, 0, 0].as_slice()));
        let other = text.replace(profile.model.as_str(), "0123456789abcdef");
        assert_eq!(Profile::read(Some(&other), model), Profile::empty(model));
        assert_eq!(Profile::read(Some("nonsense"), model), Profile::empty(model));
        assert_eq!(Profile::read(None, model), Profile::empty(model));
        assert!(!text.contains(['\'', '\\']), "{text}");
    }
}
