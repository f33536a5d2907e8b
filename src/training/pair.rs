//! One class pair: its machine and its sigmoid.

use super::dual::Problem;
use super::error::TrainError;
use super::folds::calibration_folds;
use super::gram::Gram;
use super::side::Side;
use super::solver::{Solution, solve};
use crate::model::{Convergence, Sigmoid};

/// A trained pair. Rows are numbered as in the pair.
pub(super) struct TrainedPair {
    pub(super) solution: Solution,
    pub(super) sigmoid: Sigmoid,
    /// The worst of the machine itself and of the machines of its calibration.
    pub(super) convergence: Convergence,
}

/// Trains on all rows of a pair. `solved` is called after each solution, once more than there are
/// folds.
pub(super) fn train_pair(
    problem: Problem<'_>,
    libsvm_seed: u32,
    solved: &mut dyn FnMut(),
) -> Result<TrainedPair, TrainError> {
    let Problem { gram, sides, .. } = problem;
    let rows: Vec<usize> = (0..sides.len()).collect();
    let solution = solve(problem, &rows)?;
    solved();
    let mut convergence = solution.convergence;
    let mut decisions = vec![0.0; sides.len()];
    for mut fold in calibration_folds(sides.len(), libsvm_seed) {
        fold.train.sort_unstable();
        let held_out = HeldOut::train(problem, &fold.train)?;
        solved();
        convergence = convergence.worst(held_out.convergence());
        for row in fold.test {
            decisions[row] = held_out.decision(gram, row);
        }
    }
    Ok(TrainedPair { solution, sigmoid: Sigmoid::fit(&decisions, sides), convergence })
}

/// What gives the rows of a fold their decision values.
enum HeldOut {
    Machine(Solution),
    /// The fold was trained with rows of this side only. libsvm then takes 1 or -1 for the decision
    /// value.
    OneSide(Side),
}

impl HeldOut {
    fn train(problem: Problem<'_>, rows: &[usize]) -> Result<Self, TrainError> {
        let sides = problem.sides;
        match rows {
            [first, rest @ ..] if rest.iter().all(|&row| sides[row] == sides[*first]) => {
                Ok(Self::OneSide(sides[*first]))
            }
            _ => solve(problem, rows).map(Self::Machine),
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
    use crate::model::{Kernel, TrainOptions};

    /// One positive row and four negative ones: the fold that tests the positive row trains on
    /// negative rows only.
    #[test]
    fn a_fold_without_one_of_the_sides_judges_by_the_other() {
        let sides = [Side::Positive, Side::Negative, Side::Negative, Side::Negative, Side::Negative];
        let rows: Vec<&[f64]> = vec![&[3.0], &[0.0], &[-1.0], &[-2.0], &[-3.0]];
        let options = TrainOptions::default();
        let gram = Gram::new(&Kernel::Linear, &rows, options.c).unwrap();
        let problem = Problem::of_equal_weights(&gram, &sides, &options);
        let held_out = HeldOut::train(problem, &[1, 2, 3, 4]).unwrap();
        assert_eq!(held_out.decision(&gram, 0), -1.0);
        assert_eq!(held_out.convergence(), Convergence::BEST);

        let mut solved = 0;
        let pair = train_pair(problem, 0, &mut || solved += 1).unwrap();
        assert_eq!(solved, 6);
        assert!(pair.sigmoid.a.is_finite() && pair.sigmoid.b.is_finite());
    }
}
