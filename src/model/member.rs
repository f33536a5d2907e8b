//! A pipeline compiled for scoring.

use super::artifact::{Layer, Pipeline, Svm};
use super::ending::Ending;
use super::machine::Machine;

/// One pipeline of a model.
#[derive(Debug)]
pub(super) struct Member {
    /// The numbers of a row.
    pub(super) features: usize,
    pub(super) layers: Vec<Layer>,
    pub(super) machine: Machine,
    pub(super) ending: Ending,
}

impl Member {
    pub(super) fn new(pipeline: &Pipeline, features: usize, classes: usize) -> Self {
        Self {
            features,
            layers: pipeline.layers.clone(),
            machine: Machine::new(&pipeline.machine),
            ending: Ending::new(&pipeline.machine, &pipeline.output, classes),
        }
    }

    /// The only one of the first format.
    pub(super) fn svm(svm: &Svm, classes: usize) -> Self {
        let machine = Machine::pairs(svm);
        Self { features: machine.columns(), layers: Vec::new(), machine, ending: Ending::coupled(svm, classes) }
    }
}
