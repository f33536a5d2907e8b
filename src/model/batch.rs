//! Scoring a batch of rows side by side.
//!
//! A support vector's kernel values are computed once, whichever pairs use it, and go to the sums
//! of those pairs at once.

use super::coupling::Coupling;
use super::lanes::{InstructionSet, Lanes, Vectorised};
use super::machine::Machine;
use super::scaler::Scaler;

/// Support vectors whose kernel values are computed together: as many as stay near the processor.
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
            coupling: Coupling::new(machine.classes),
        }
    }

    /// Computes the decision values of `rows`, at least one and at most `N`. Answers whether all
    /// of them are finite, the scaled values included.
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

    /// Takes the rows with a decision value that is not finite out of the work: from now on all of
    /// theirs are 0.
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

/// Scales up to `N` rows and lays them out feature by feature. The lanes that are left repeat the
/// last row: what they compute is not used.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::artifact::{Pair, Svm, class_pairs};
    use crate::model::kernel::Kernel;
    use crate::model::lanes::LANES;
    use crate::model::platt::Sigmoid;
    use crate::model::scorer::ScoreError;
    use libsvm_rs::probability::multiclass_probability;
    use rand_mt::Mt;

    fn uniform(rng: &mut Mt, reach: f64) -> f64 {
        reach * (f64::from(rng.next_u32()) / 2_147_483_648.0 - 1.0)
    }

    fn numbers(rng: &mut Mt, count: usize, reach: f64) -> Vec<f64> {
        (0..count).map(|_| uniform(rng, reach)).collect()
    }

    /// Random support vectors, of which every pair uses about two in three.
    fn random_svm(rng: &mut Mt, kernel: Kernel, classes: usize, features: usize, vectors: usize) -> Svm {
        let pairs = class_pairs(classes).map(|(positive, negative)| Pair {
            positive,
            negative,
            intercept: uniform(rng, 1.0),
            sigmoid: Sigmoid { a: -2.0 + uniform(rng, 1.0), b: uniform(rng, 0.5) },
            coefficients: (0..vectors)
                .filter(|index| (index + positive) % 3 != 1)
                .map(|index| (index, uniform(rng, 1.0)))
                .collect(),
        });
        let pairs = pairs.collect();
        let scale = (0..features).map(|_| 1.5 + uniform(rng, 1.0)).collect();
        let support_vectors = (0..vectors).map(|_| numbers(rng, features, 2.0)).collect();
        Svm { scaler: Scaler { mean: numbers(rng, features, 1.0), scale }, kernel, support_vectors, pairs }
    }

    /// Written down as plainly as it can be: one row, one number after the other.
    fn one_row(svm: &Svm, classes: usize, row: &[f64]) -> Vec<f64> {
        let scaled = svm.scaler.scale(row);
        let mut pairwise = vec![vec![0.0; classes]; classes];
        for pair in &svm.pairs {
            let decision = pair.coefficients.iter().fold(pair.intercept, |sum, &(index, coefficient)| {
                sum + coefficient * svm.kernel.evaluate(&scaled, &svm.support_vectors[index])
            });
            let probability = pair.sigmoid.probability(decision).clamp(1e-7, 1.0 - 1e-7);
            pairwise[pair.positive][pair.negative] = probability;
            pairwise[pair.negative][pair.positive] = 1.0 - probability;
        }
        let mut probabilities = vec![0.0; classes];
        multiclass_probability(classes, &pairwise, &mut probabilities);
        probabilities
    }

    fn bits(numbers: &[f64]) -> Vec<u64> {
        numbers.iter().map(|number| number.to_bits()).collect()
    }

    fn kernels() -> [Kernel; 4] {
        [
            Kernel::Linear,
            Kernel::Rbf { gamma: 0.1 },
            Kernel::Polynomial { degree: 3, gamma: 0.05, coef0: 1.0 },
            Kernel::Sigmoid { gamma: 0.05, coef0: -0.2 },
        ]
    }

    #[test]
    fn every_instruction_set_gives_the_bits_of_one_row_alone() {
        let mut rng = Mt::new(31);
        for (kernel, classes) in kernels().into_iter().flat_map(|kernel| (2..=10).map(move |classes| (kernel, classes)))
        {
            // Counts that fill no tile.
            let (features, vectors) = (classes % 4 + 1, 3 * classes + 8);
            let svm = random_svm(&mut rng, kernel, classes, features, vectors);
            let machine = Machine::new(&svm, classes);
            let rows = numbers(&mut rng, (LANES + 5) * features, 4.0);
            let expected: Vec<f64> = rows.chunks_exact(features).flat_map(|row| one_row(&svm, classes, row)).collect();
            for instructions in InstructionSet::available() {
                let mut found = vec![0.0; expected.len()];
                assert_eq!(machine.scorer_with(instructions).score_rows(&rows, &mut found), Ok(Vec::new()));
                assert_eq!(bits(&found), bits(&expected), "{instructions}, {kernel:?}, {classes} classes");
            }
        }
    }

    #[test]
    fn the_number_and_the_order_of_the_rows_change_no_bit() {
        let mut rng = Mt::new(32);
        let svm = random_svm(&mut rng, Kernel::Rbf { gamma: 0.2 }, 4, 3, 70);
        let machine = Machine::new(&svm, 4);
        let rows: Vec<Vec<f64>> = (0..2 * LANES + 3).map(|_| numbers(&mut rng, 3, 3.0)).collect();
        let expected: Vec<Vec<f64>> = rows.iter().map(|row| one_row(&svm, 4, row)).collect();
        for instructions in InstructionSet::available() {
            let mut scorer = machine.scorer_with(instructions);
            for count in 0..=rows.len() {
                for start in [0, (rows.len() - count) / 2, rows.len() - count] {
                    let mut found = vec![0.0; count * 4];
                    let page = rows[start..start + count].concat();
                    assert_eq!(scorer.score_rows(&page, &mut found), Ok(Vec::new()));
                    assert_eq!(bits(&found), bits(&expected[start..start + count].concat()), "{instructions}");
                }
            }
        }
    }

    #[test]
    fn a_row_without_an_answer_leaves_the_others_theirs() {
        let mut rng = Mt::new(33);
        let cubic = Kernel::Polynomial { degree: 3, gamma: 1.0, coef0: 0.0 };
        let svm = random_svm(&mut rng, cubic, 3, 2, 10);
        let machine = Machine::new(&svm, 3);
        let mut rows: Vec<Vec<f64>> = (0..2 * LANES + 2).map(|_| numbers(&mut rng, 2, 3.0)).collect();
        let odd = [(1, f64::NAN), (2, f64::NEG_INFINITY), (LANES + 3, 1e200), (2 * LANES + 1, 1e200)];
        for (row, value) in odd {
            rows[row][1] = value;
        }
        for instructions in InstructionSet::available() {
            let mut found = vec![0.0; rows.len() * 3];
            let unscored = machine.scorer_with(instructions).score_rows(&rows.concat(), &mut found).unwrap();
            assert_eq!(unscored.iter().map(|unscored| unscored.row).collect::<Vec<_>>(), odd.map(|(row, _)| row));
            assert!(matches!(unscored[1].error, ScoreError::Value { feature: 1, value: f64::NEG_INFINITY }));
            assert_eq!(unscored[3].error, ScoreError::Decision { pair: 0 });
            for (position, row) in rows.iter().enumerate() {
                if !odd.iter().any(|&(odd, _)| odd == position) {
                    assert_eq!(bits(&found[3 * position..][..3]), bits(&one_row(&svm, 3, row)));
                }
            }
        }
    }
}
