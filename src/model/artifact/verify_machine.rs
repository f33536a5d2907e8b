//! What is checked in the machines of a model file.

use super::checks::{Verified, at_least, finite, length};
use super::pipeline::{KernelMachine, LinearMachine};
use super::refusal::ArtifactError;
use super::svm::{ClassIndex, Pair, Svm, class_pairs};
use crate::model::kernel::Kernel;
use crate::model::scaler::Scaler;

impl Svm {
    pub(super) fn verify(&self, features: usize, classes: usize) -> Verified {
        self.scaler.verify(features)?;
        verify_kernel(&self.kernel, &self.support_vectors, features)?;
        at_least("support vectors", self.support_vectors.len(), 1)?;
        length("pairs", self.pairs.len(), classes * (classes - 1) / 2)?;
        let expected = class_pairs(classes);
        for (position, (pair, expected)) in self.pairs.iter().zip(expected).enumerate() {
            pair.verify(position, expected, self.support_vectors.len())?;
        }
        Ok(())
    }
}

impl Pair {
    fn verify(&self, position: usize, expected: (ClassIndex, ClassIndex), support_vectors: usize) -> Verified {
        let found = (self.positive, self.negative);
        if found != expected {
            return Err(ArtifactError::PairOrder { position, found, expected });
        }
        let scalars = [self.intercept, self.sigmoid.a, self.sigmoid.b];
        finite(|| format!("pair {position}"), &scalars)?;
        let mut least = 0;
        for &(index, coefficient) in &self.coefficients {
            if index < least || index >= support_vectors {
                return Err(ArtifactError::CoefficientIndex { pair: position, index });
            }
            least = index + 1;
            finite(|| format!("pair {position}"), &[coefficient])?;
        }
        Ok(())
    }
}

impl Scaler {
    fn verify(&self, columns: usize) -> Verified {
        length("scaler means", self.mean.len(), columns)?;
        length("scaler scales", self.scale.len(), columns)?;
        finite(|| "scaler".into(), &self.mean)?;
        finite(|| "scaler".into(), &self.scale)?;
        let found = self.scale.iter().enumerate().find(|(_, scale)| **scale <= 0.0);
        found.map_or(Ok(()), |(feature, &scale)| Err(ArtifactError::Scale { feature, scale }))
    }
}

fn verify_kernel(kernel: &Kernel, support_vectors: &[Vec<f64>], columns: usize) -> Verified {
    if !kernel.has_valid_parameters() {
        return Err(ArtifactError::Kernel(*kernel));
    }
    for (position, vector) in support_vectors.iter().enumerate() {
        let what = || format!("support vector {position}");
        length(what(), vector.len(), columns)?;
        finite(what, vector)?;
    }
    Ok(())
}

impl KernelMachine {
    pub(super) fn verify(&self, columns: usize) -> Verified {
        self.scaler.verify(columns)?;
        verify_kernel(&self.kernel, &self.support_vectors, columns)?;
        length("coefficients", self.coefficients.len(), self.support_vectors.len())?;
        finite(|| "coefficients".into(), &self.coefficients)?;
        finite(|| "intercept".into(), &[self.intercept])
    }
}

impl LinearMachine {
    pub(super) fn verify(&self, columns: usize) -> Verified {
        self.scaler.verify(columns)?;
        at_least("weights", self.weights.len(), 1)?;
        length("intercepts", self.intercepts.len(), self.weights.len())?;
        finite(|| "intercepts".into(), &self.intercepts)?;
        for (position, weights) in self.weights.iter().enumerate() {
            let what = || format!("weights {position}");
            length(what(), weights.len(), columns)?;
            finite(what, weights)?;
        }
        Ok(())
    }
}
