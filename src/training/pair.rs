//! One class pair: its machine and its sigmoid.

use super::error::TrainError;
use super::folds::calibration_folds;
use super::gram::Gram;
use super::penalty::Penalty;
use super::side::Side;
use super::solver::{Solution, solve};
use crate::model::{Convergence, Sigmoid, TrainOptions};

/// A trained pair. Rows are numbered as in the pair.
pub(super) struct TrainedPair {
    pub(super) solution: Solution,
    pub(super) sigmoid: Sigmoid,
    /// The worst of the machine itself and of those that it was calibrated with.
    pub(super) convergence: Convergence,
}

/// Trains on all rows of a pair; `solved` is called after each solution, one more than the number
/// of folds.
pub(super) fn train_pair(
    gram: &Gram,
    sides: &[Side],
    penalty: &Penalty,
    libsvm_seed: u32,
    options: &TrainOptions,
    solved: &mut dyn FnMut(),
) -> Result<TrainedPair, TrainError> {
    let rows: Vec<usize> = (0..sides.len()).collect();
    let solution = solve(gram, &rows, sides, penalty, options)?;
    solved();
    let mut convergence = solution.convergence;
    let mut decisions = vec![0.0; sides.len()];
    for mut fold in calibration_folds(sides.len(), libsvm_seed) {
        fold.train.sort_unstable();
        let held_out = HeldOut::train(gram, &fold.train, sides, penalty, options)?;
        solved();
        convergence = convergence.worst(held_out.convergence());
        for row in fold.test {
            decisions[row] = held_out.decision(gram, row);
        }
    }
    Ok(TrainedPair { solution, sigmoid: Sigmoid::fit(&decisions, sides), convergence })
}

/// What judges the rows of a fold.
enum HeldOut {
    Machine(Solution),
    /// The training part has this class only; libsvm then takes its sign for the decision value.
    OneSide(Side),
}

impl HeldOut {
    fn train(
        gram: &Gram,
        rows: &[usize],
        sides: &[Side],
        penalty: &Penalty,
        options: &TrainOptions,
    ) -> Result<Self, TrainError> {
        match rows {
            [first, rest @ ..] if rest.iter().all(|&row| sides[row] == sides[*first]) => {
                Ok(Self::OneSide(sides[*first]))
            }
            _ => solve(gram, rows, sides, penalty, options).map(Self::Machine),
        }
    }

    fn convergence(&self) -> Convergence {
        match self {
            Self::Machine(solution) => solution.convergence,
            Self::OneSide(_) => Convergence::BEST,
        }
    }

    fn decision(&self, gram: &Gram, row: usize) -> f64 {
        match self {
            Self::Machine(solution) => solution.decision(gram, row),
            Self::OneSide(side) => side.sign(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kernel;

    /// One positive row and four negative ones: the fold that tests the positive row trains on
    /// negative rows only.
    #[test]
    fn a_fold_without_one_of_the_sides_judges_by_the_other() {
        let sides = [Side::Positive, Side::Negative, Side::Negative, Side::Negative, Side::Negative];
        let rows: Vec<&[f64]> = vec![&[3.0], &[0.0], &[-1.0], &[-2.0], &[-3.0]];
        let options = TrainOptions::default();
        let penalty = Penalty::equal(options.c);
        let gram = Gram::new(&Kernel::Linear, &rows, options.c).unwrap();
        let held_out = HeldOut::train(&gram, &[1, 2, 3, 4], &sides, &penalty, &options).unwrap();
        assert_eq!(held_out.decision(&gram, 0), -1.0);
        assert_eq!(held_out.convergence(), Convergence::BEST);

        let mut solved = 0;
        let pair = train_pair(&gram, &sides, &penalty, 0, &options, &mut || solved += 1).unwrap();
        assert_eq!(solved, 6);
        assert!(pair.sigmoid.a.is_finite() && pair.sigmoid.b.is_finite());
    }
}
