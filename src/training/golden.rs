//! Golden rows: a few rows with their exact answers, for the canary.

use crate::model::{
    Cell, Compiled, Content, Encoder, Feature, FeatureKind, GoldenAnswer, GoldenRow, Predictor, Rule, ScoreError,
    Scorer,
};

/// Number of sample rows among the golden rows.
const SAMPLES: usize = 10;

/// The most rows for categories, and for gaps.
const MOST: usize = 50;

/// The distance of the outlier, in standard deviations: there every term of an RBF kernel is 0.
const OUTLIER_DEVIATIONS: f64 = 1000.0;

/// Rows spread over `samples`, the raw training rows, and rows at the edges of what a table may hold, with the
/// answers of the model in `content`.
pub(super) fn golden_rows(samples: &[Vec<f64>], content: &Content) -> Result<Vec<GoldenRow>, ScoreError> {
    let compiled = Compiled::new(content);
    let mut maker = Maker { content, encoder: Encoder::new(&content.features), scorer: compiled.scorer() };
    let mut golden = Vec::new();
    for row in spread(samples) {
        golden.extend(maker.golden(&row).transpose()?);
    }
    // A kernel of high degree may overflow at the edges, and a logarithm has none; such a row has no answer, and
    // is left out.
    let edges = edge_rows(content).into_iter().chain(odd_rows(samples, content));
    golden.extend(edges.filter_map(|row| maker.golden(&row)?.ok()));
    Ok(golden)
}

struct Maker<'c> {
    content: &'c Content,
    encoder: Encoder,
    scorer: Scorer<'c>,
}

impl Maker<'_> {
    /// The golden row of a raw one, if its values can be written.
    fn golden(&mut self, row: &[f64]) -> Option<Result<GoldenRow, ScoreError>> {
        let features = &self.content.features;
        let values: Vec<Cell> =
            features.iter().zip(row).map(|(feature, value)| feature.cell(*value)).collect::<Option<_>>()?;
        // Written and read, a moment may have other bits.
        let cells = values.iter().enumerate();
        let row: Vec<f64> =
            cells.map(|(feature, cell)| self.encoder.cell(feature, cell).ok()).collect::<Option<_>>()?;
        let mut outputs = vec![0.0; self.content.width()];
        let answer = self.scorer.score(&row, &mut outputs);
        let kind = self.content.predictor.kind();
        Some(answer.map(|()| GoldenRow { values, answer: GoldenAnswer::new(kind, outputs) }))
    }
}

fn spread(samples: &[Vec<f64>]) -> impl Iterator<Item = Vec<f64>> {
    let count = SAMPLES.min(samples.len());
    (0..count).map(move |position| samples[position * samples.len() / count].clone())
}

/// All smallest values, all largest, all means, all zero, and an outlier.
fn edge_rows(content: &Content) -> Vec<Vec<f64>> {
    let distribution = &content.distribution;
    let zeros = vec![0.0; content.features.len()];
    let mut rows: Vec<Vec<f64>> = Vec::new();
    if !distribution.is_empty() {
        rows.push(distribution.iter().map(|feature| feature.min).collect());
        rows.push(distribution.iter().map(|feature| feature.max).collect());
    }
    let outlier = |means: &[f64], scales: &[f64]| -> Vec<f64> {
        means.iter().zip(scales).map(|(mean, scale)| mean + OUTLIER_DEVIATIONS * scale).collect()
    };
    let (means, outlier) = match &content.predictor {
        Predictor::Svm(svm) => (svm.scaler.mean.clone(), outlier(&svm.scaler.mean, &svm.scaler.scale)),
        Predictor::Pipelines(_) if distribution.is_empty() => return vec![zeros],
        Predictor::Pipelines(_) => {
            let means: Vec<f64> = distribution.iter().map(|feature| feature.mean).collect();
            let deviations: Vec<f64> = distribution.iter().map(|feature| feature.deviation).collect();
            let outlier = outlier(&means, &deviations);
            (means, outlier)
        }
    };
    rows.extend([means, zeros, outlier]);
    // No category lies between two, and none beyond them: the nearest known one.
    for (position, feature) in content.features.iter().enumerate() {
        if let FeatureKind::Category { categories, .. } = &feature.kind {
            let last = categories.len() as f64 - 1.0;
            rows.iter_mut().for_each(|row| row[position] = row[position].round().clamp(0.0, last));
        }
    }
    rows
}

/// A row like the first sample for each category; one with all gaps and each gap alone; one with unseen categories.
fn odd_rows(samples: &[Vec<f64>], content: &Content) -> Vec<Vec<f64>> {
    let features = &content.features;
    let Some(base) = samples.first().cloned().or_else(|| edge_rows(content).pop()) else { return Vec::new() };
    let codes = |feature: &Feature| match &feature.kind {
        FeatureKind::Category { categories, .. } => Some(categories.len()),
        FeatureKind::Number | FeatureKind::Moment => None,
    };
    let with = |value: &dyn Fn(usize, &Feature) -> Option<f64>| -> Vec<f64> {
        let cells = features.iter().enumerate().zip(&base);
        cells.map(|((position, feature), base)| value(position, feature).unwrap_or(*base)).collect()
    };
    let most_codes = features.iter().filter_map(codes).max().unwrap_or(0);
    let mut rows: Vec<Vec<f64>> = (0..most_codes.min(MOST))
        .map(|code| with(&|_, feature| codes(feature).map(|count| (code % count) as f64)))
        .collect();
    let takes_unseen = |feature: &Feature| matches!(feature.kind, FeatureKind::Category { unseen: Rule::Taken, .. });
    if features.iter().any(takes_unseen) {
        rows.push(with(&|_, feature| codes(feature).filter(|_| takes_unseen(feature)).map(|count| count as f64)));
    }
    let gap = |feature: &Feature| (feature.missing == Rule::Taken).then_some(f64::NAN);
    let taken: Vec<usize> = (0..features.len()).filter(|&position| gap(&features[position]).is_some()).collect();
    if !taken.is_empty() {
        rows.push(with(&|_, feature| gap(feature)));
    }
    let alone = taken.iter().take(MOST).map(|&taken| with(&|position, _| (position == taken).then_some(f64::NAN)));
    rows.extend(alone);
    rows
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Artifact, Model};

    #[test]
    fn golden_rows_have_every_category_every_gap_and_what_is_unseen_and_read_back_to_the_bit() {
        let zeros = vec![0.0; 4];
        let mut content: Content = serde_json::from_value(json!({
            "label": "price",
            "features": [
                {"name": "fare", "kind": "number", "missing": "taken"},
                {"name": "sex", "kind": "category", "categories": ["female", "male", "unseen"],
                 "unseen": "taken", "missing": "taken"},
                {"name": "class", "kind": "category", "categories": [1.0, 2.0]},
                {"name": "at", "kind": "moment"},
            ],
            "classes": [],
            "pipelines": [{
                "layers": [[
                    {"from": 0, "ops": [{"fill": 0.5}, {"apply": "sqrt"}]},
                    {"from": 1, "ops": [{"is_among": [0.0, 3.0]}]},
                    {"from": 2, "ops": []},
                    {"from": 3, "ops": [{"part": "seconds"}]},
                ]],
                "machine": {"linear": {
                    "scaler": {"mean": zeros, "scale": [1.0, 1.0, 1.0, 1e9]},
                    "weights": [[0.1, 10.0, 100.0, 0.7]], "intercepts": [0.0],
                }},
                "output": "value",
            }],
            "training": {"source": "scikit-learn", "file_sha256": "0".repeat(64), "reference": null},
            "distribution": [],
            "golden": [],
        }))
        .unwrap();
        let samples = [vec![2.25, 1.0, 0.0, 1.25e9 + 0.123_456_7], vec![f64::NAN, 2.0, 1.0, -0.5]];
        content.golden = golden_rows(&samples, &content).unwrap();
        let golden = content.golden.clone();
        Model::new(Artifact::seal(content)).unwrap().check_golden_rows().unwrap();

        let has = |feature: usize, cell: &Cell| golden.iter().any(|row| row.values[feature] == *cell);
        for text in ["female", "male", "unseen", "unseen?"] {
            assert!(has(1, &Cell::Text(text.into())), "{text}");
        }
        assert!(has(2, &Cell::Number(1.0)) && has(2, &Cell::Number(2.0)));
        assert_eq!(golden[0].values[3], Cell::Text("2009-08-11T14:13:20.123457".into()));
        let gaps: Vec<Vec<bool>> =
            golden.iter().map(|row| row.values.iter().map(|cell| *cell == Cell::Missing).collect()).collect();
        for expected in [[true, true, false, false], [true, false, false, false], [false, true, false, false]] {
            assert!(gaps.iter().any(|gaps| gaps == &expected), "{expected:?}");
        }
        assert!(golden.iter().all(|row| row.answer.outputs()[0].is_finite()));
    }
}
