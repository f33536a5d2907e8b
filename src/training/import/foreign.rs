//! A model that was trained elsewhere, before it is an artifact.

use super::proof::ProofRow;
use crate::model::{Decider, Digest, Feature, ImportSource, Output, Pipeline, Predictor, Scaler};

/// A model that was trained elsewhere, with its classes in its own order.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    pub(super) source: ImportSource,
    pub(super) file_sha256: Digest,
    pub(super) features: Vec<Feature>,
    pub(super) classes: Vec<String>,
    pub(super) predictor: Predictor,
    /// Rows with the answers of the original; none where its file has none.
    pub(super) proof: Vec<ProofRow>,
}

impl Foreign {
    /// The features, in the order of a row's values.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// What it predicts with.
    #[must_use]
    pub fn predictor(&self) -> &Predictor {
        &self.predictor
    }

    /// The support vectors before they were scaled, of a machine that takes a row as it is.
    pub(super) fn unscaled(&self) -> Vec<Vec<f64>> {
        let of = |scaler: &Scaler, vectors: &[Vec<f64>]| vectors.iter().map(|vector| scaler.unscale(vector)).collect();
        match &self.predictor {
            Predictor::Svm(svm) => of(&svm.scaler, &svm.support_vectors),
            Predictor::Pipelines(pipelines) => match pipelines.as_slice() {
                [Pipeline { layers, machine, .. }] if layers.is_empty() => match machine {
                    Decider::Pairs(svm) => of(&svm.scaler, &svm.support_vectors),
                    Decider::Kernel(machine) => of(&machine.scaler, &machine.support_vectors),
                    Decider::Linear(_) => Vec::new(),
                },
                _ => Vec::new(),
            },
        }
    }
}

/// What these pipelines are: the first format where that holds everything, so that every rowscore can read it.
pub(super) fn predictor(features: &[Feature], mut pipelines: Vec<Pipeline>) -> Predictor {
    let is_first = |pipeline: &Pipeline| {
        let is_coupled = matches!(pipeline, Pipeline { machine: Decider::Pairs(_), output: Output::Coupled, .. });
        is_coupled && pipeline.layers.is_empty() && features.iter().all(Feature::is_plain)
    };
    match (pipelines.pop(), pipelines.is_empty()) {
        (Some(only), true) if is_first(&only) => match only.machine {
            Decider::Pairs(svm) => Predictor::Svm(svm),
            machine => Predictor::Pipelines(vec![Pipeline { machine, ..only }]),
        },
        (last, _) => Predictor::Pipelines(pipelines.into_iter().chain(last).collect()),
    }
}
