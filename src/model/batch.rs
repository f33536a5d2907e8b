//! Scoring a batch of rows side by side.
//!
//! The kernel values of a support vector are computed once, and added to the sums of all pairs that
//! use it.

use super::coupling::Coupling;
use super::lanes::{InstructionSet, Lanes, Vectorised};
use super::machine::Machine;
use super::scaler::Scaler;

/// So many support vectors have their kernel values computed together: these fit into the cache.
const TILE: usize = 32;

/// Up to `N` rows in work.
#[derive(Clone, Debug)]
pub(super) struct Batch<'m, const N: usize> {
    machine: &'m Machine,
    instructions: InstructionSet,
    /// One entry per feature.
    scaled: Vec<Lanes<N>>,
    kernel_values: [Lanes<N>; TILE],
    /// One entry per pair.
    decisions: Vec<Lanes<N>>,
    coupling: Coupling<N>,
}

impl<'m, const N: usize> Batch<'m, N> {
    pub(super) fn new(machine: &'m Machine, instructions: InstructionSet) -> Self {
        Self {
            machine,
            instructions,
            scaled: vec![Lanes::ZERO; machine.features()],
            kernel_values: [Lanes::ZERO; TILE],
            decisions: vec![Lanes::ZERO; machine.pairs.len()],
            coupling: Coupling::new(machine.classes, machine.two_classes),
        }
    }

    /// Computes the decision values of `rows`, at least one and at most `N`. Answers whether all
    /// of them, and all scaled values, are finite.
    pub(super) fn decide(&mut self, rows: &[f64]) -> bool {
        self.instructions.run(Decide { batch: self, rows })
    }

    /// The first scaled value of a row that is not finite.
    pub(super) fn odd_feature(&self, row: usize) -> Option<usize> {
        self.scaled.iter().position(|value| !value[row].is_finite())
    }

    /// The first decision value of a row that is not finite.
    pub(super) fn odd_pair(&self, row: usize) -> Option<usize> {
        self.decisions.iter().position(|value| !value[row].is_finite())
    }

    /// Sets all decision values of a row to 0 if one of them is not finite: such a row has no
    /// prediction.
    pub(super) fn drop_odd_rows(&mut self) {
        for lane in 0..N {
            if self.odd_pair(lane).is_some() {
                self.decisions.iter_mut().for_each(|decision| decision[lane] = 0.0);
            }
        }
    }

    /// The decision values of each row, one entry per pair.
    pub(super) fn decisions(&self) -> &[Lanes<N>] {
        &self.decisions
    }

    /// Computes the probabilities from decision values that must be finite.
    pub(super) fn couple(&mut self) {
        self.instructions.run(Couple { batch: self });
    }

    /// The probabilities of each row, one entry per class.
    pub(super) fn probabilities(&self) -> &[Lanes<N>] {
        self.coupling.probabilities()
    }
}

struct Decide<'b, 'm, const N: usize> {
    batch: &'b mut Batch<'m, N>,
    rows: &'b [f64],
}

impl<const N: usize> Vectorised for Decide<'_, '_, N> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Batch { machine, scaled, kernel_values, decisions, .. } = self.batch;
        scale(&machine.scaler, self.rows, scaled);
        for (decision, pair) in decisions.iter_mut().zip(&machine.pairs) {
            *decision = Lanes([pair.intercept; N]);
        }
        let mut start = 0;
        let tiles = machine.vectors.chunks(TILE * scaled.len()).zip(machine.ends.chunks(TILE));
        for (vectors, ends) in tiles {
            let kernel_values = &mut kernel_values[..ends.len()];
            machine.kernel.evaluate_all(scaled, vectors, kernel_values);
            for (value, &end) in kernel_values.iter().zip(ends) {
                for term in &machine.terms[start..end] {
                    let decision = &mut decisions[term.pair];
                    *decision = Lanes::of(|lane| decision[lane] + term.coefficient * value[lane]);
                }
                start = end;
            }
        }
        all_finite(scaled) && all_finite(decisions)
    }
}

/// Scales up to `N` rows and lays them out feature by feature. Lanes without a row repeat the last
/// row; nobody uses what they compute.
#[inline(always)]
fn scale<const N: usize>(scaler: &Scaler, rows: &[f64], scaled: &mut [Lanes<N>]) {
    let last = rows.len() - scaled.len();
    let starts: [usize; N] = std::array::from_fn(|lane| last.min(lane * scaled.len()));
    let parameters = scaler.mean.iter().zip(&scaler.scale);
    for (feature, (scaled, (mean, scale))) in scaled.iter_mut().zip(parameters).enumerate() {
        let row: Lanes<N> = Lanes::of(|lane| rows[starts[lane] + feature]);
        *scaled = Lanes::of(|lane| (row[lane] - mean) / scale);
    }
}

#[inline(always)]
fn all_finite<const N: usize>(numbers: &[Lanes<N>]) -> bool {
    // Zero times a number is zero, times anything else NaN.
    let mut zeros = Lanes::<N>::ZERO;
    for lanes in numbers {
        zeros = Lanes::of(|lane| zeros[lane] + 0.0 * lanes[lane]);
    }
    zeros.iter().all(|&zero| zero == 0.0)
}

struct Couple<'b, 'm, const N: usize> {
    batch: &'b mut Batch<'m, N>,
}

impl<const N: usize> Vectorised for Couple<'_, '_, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Batch { machine, decisions, coupling, .. } = self.batch;
        for (pair, decision) in machine.pairs.iter().zip(decisions.iter()) {
            coupling.set(pair.positive, pair.negative, |lane| pair.sigmoid.probability(decision[lane]));
        }
        coupling.solve();
    }
}
