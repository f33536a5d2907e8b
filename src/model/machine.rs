//! A machine compiled for scoring: its numbers, laid out in the order in which they are needed.

use super::artifact::{Decider, KernelMachine, LinearMachine, Svm};
use super::kernel::Kernel;
use super::scaler::Scaler;

/// What turns a row's columns into decision values: `intercept + Σ coefficient · K(scaled, vector)`.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) scaler: Scaler,
    pub(super) kernel: Kernel,
    /// vectors × columns.
    pub(super) vectors: Vec<f64>,
    /// Where the `terms` of each vector end. They begin where those of the vector before it end.
    pub(super) ends: Vec<usize>,
    pub(super) terms: Vec<Term>,
    /// One per decision value.
    pub(super) intercepts: Vec<f64>,
}

/// What a decision value does with the kernel value of a vector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub(super) decision: usize,
    pub(super) coefficient: f64,
}

impl Machine {
    /// `decider` must be verified, or come from training.
    pub(super) fn new(decider: &Decider) -> Self {
        match decider {
            Decider::Pairs(svm) => Self::pairs(svm),
            Decider::Kernel(machine) => Self::kernel(machine),
            Decider::Linear(machine) => Self::linear(machine),
        }
    }

    /// One decision value per pair.
    pub(super) fn pairs(svm: &Svm) -> Self {
        let mut by_vector = vec![Vec::new(); svm.support_vectors.len()];
        for (decision, pair) in svm.pairs.iter().enumerate() {
            for &(vector, coefficient) in &pair.coefficients {
                by_vector[vector].push(Term { decision, coefficient });
            }
        }
        let end = |end: &mut usize, terms: &Vec<Term>| {
            *end += terms.len();
            Some(*end)
        };
        Self {
            scaler: svm.scaler.clone(),
            kernel: svm.kernel,
            vectors: svm.support_vectors.concat(),
            ends: by_vector.iter().scan(0, end).collect(),
            terms: by_vector.concat(),
            intercepts: svm.pairs.iter().map(|pair| pair.intercept).collect(),
        }
    }

    fn kernel(machine: &KernelMachine) -> Self {
        let terms = machine.coefficients.iter().map(|&coefficient| Term { decision: 0, coefficient });
        Self {
            scaler: machine.scaler.clone(),
            kernel: machine.kernel,
            vectors: machine.support_vectors.concat(),
            ends: (1..=machine.support_vectors.len()).collect(),
            terms: terms.collect(),
            intercepts: vec![machine.intercept],
        }
    }

    /// The weights are the vectors of a linear kernel, each with a decision value of its own.
    fn linear(machine: &LinearMachine) -> Self {
        let count = machine.weights.len();
        Self {
            scaler: machine.scaler.clone(),
            kernel: Kernel::Linear,
            vectors: machine.weights.concat(),
            ends: (1..=count).collect(),
            terms: (0..count).map(|decision| Term { decision, coefficient: 1.0 }).collect(),
            intercepts: machine.intercepts.clone(),
        }
    }

    pub(super) fn columns(&self) -> usize {
        self.scaler.mean.len()
    }
}
