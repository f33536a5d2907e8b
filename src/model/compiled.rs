//! A model compiled for scoring, and the workspaces that score with it.

use super::artifact::{Content, Predictor};
use super::batch::Batch;
use super::lanes::InstructionSet;
use super::layers::Layers;
use super::mean::Mean;
use super::member::Member;
use super::scorer::Scorer;

/// What rows are scored with.
#[derive(Debug)]
pub(crate) struct Compiled {
    members: Vec<Member>,
}

impl Compiled {
    /// `content` must be verified, but for its golden rows, or come from training.
    pub(crate) fn new(content: &Content) -> Self {
        Self::of(&content.predictor, content.features.len(), content.classes.len())
    }

    /// Of a verified predictor for rows of so many features, and so many classes.
    pub(crate) fn of(predictor: &Predictor, features: usize, classes: usize) -> Self {
        match predictor {
            Predictor::Svm(svm) => Self { members: vec![Member::svm(svm, classes)] },
            Predictor::Pipelines(pipelines) => {
                Self { members: pipelines.iter().map(|pipeline| Member::new(pipeline, features, classes)).collect() }
            }
        }
    }

    /// What the first pipeline's machine takes of `row`.
    pub(super) fn columns(&self, row: &[f64]) -> Vec<f64> {
        let Member { features, layers, .. } = &self.members[0];
        match layers.as_slice() {
            [] => row.to_vec(),
            layers => Layers::new(layers, *features).run(row).iter().map(|column| column[0]).collect(),
        }
    }

    pub(crate) fn scorer(&self) -> Scorer<'_> {
        self.scorer_with(InstructionSet::widest())
    }

    pub(super) fn scorer_with(&self, instructions: InstructionSet) -> Scorer<'_> {
        match self.members.as_slice() {
            [member] => Scorer::new(Batch::new(member, instructions)),
            members => Scorer::new(Mean::new(members, instructions)),
        }
    }
}
