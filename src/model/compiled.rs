//! A model compiled for scoring, and the workspaces that score with it.

use super::artifact::{Content, Layer, Pipeline, Predictor, Svm};
use super::batch::Batch;
use super::ending::Ending;
use super::lanes::InstructionSet;
use super::layers::Layers;
use super::machine::Machine;
use super::mean::Mean;
use super::scorer::Scorer;

/// What rows are scored with.
#[derive(Debug)]
pub(crate) struct Compiled {
    members: Vec<Member>,
}

/// One pipeline of it.
#[derive(Debug)]
pub(super) struct Member {
    /// The numbers of a row.
    pub(super) features: usize,
    pub(super) layers: Vec<Layer>,
    pub(super) machine: Machine,
    pub(super) ending: Ending,
}

impl Compiled {
    /// `content` must be verified, but for its golden rows, or come from training.
    pub(crate) fn new(content: &Content) -> Self {
        Self::of(&content.predictor, content.features.len(), content.classes.len())
    }

    /// Of a verified predictor for rows of so many features, and so many classes.
    pub(crate) fn of(predictor: &Predictor, features: usize, classes: usize) -> Self {
        match predictor {
            Predictor::Svm(svm) => Self::svm(svm, classes),
            Predictor::Pipelines(pipelines) => {
                Self { members: pipelines.iter().map(|pipeline| Member::new(pipeline, features, classes)).collect() }
            }
        }
    }

    fn svm(svm: &Svm, classes: usize) -> Self {
        let machine = Machine::pairs(svm);
        let features = machine.columns();
        Self { members: vec![Member { features, layers: Vec::new(), machine, ending: Ending::coupled(svm, classes) }] }
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

impl Member {
    fn new(pipeline: &Pipeline, features: usize, classes: usize) -> Self {
        Self {
            features,
            layers: pipeline.layers.clone(),
            machine: Machine::new(&pipeline.machine),
            ending: Ending::new(&pipeline.machine, &pipeline.output, classes),
        }
    }
}
