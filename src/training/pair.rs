//! One class pair: the machines that it needs, and its sigmoid.

use super::dual::Problem;
use super::folds::{Fold, calibration_folds};
use super::side::Side;
use super::solver::{Solution, solve};
use crate::model::{Convergence, Sigmoid, TrainOptions};

/// A trained pair. Rows are numbered as in the pair.
pub(super) struct TrainedPair {
    pub(super) solution: Solution,
    pub(super) sigmoid: Sigmoid,
    /// The worst of the machine itself and of the machines of its calibration.
    pub(super) convergence: Convergence,
}

/// A machine of a pair. Each can be trained without the others.
pub(super) enum Task {
    /// On all rows.
    Whole,
    /// Without the rows of a fold, which it then judges.
    Fold(Fold),
}

/// What came of a [`Task`].
pub(super) enum Done {
    Whole(Solution),
    Fold { test: Vec<usize>, decisions: Vec<f64>, convergence: Convergence },
}

impl Task {
    /// All of a pair's, the largest first.
    pub(super) fn of_pair(rows: usize, libsvm_seed: u32) -> impl Iterator<Item = Self> {
        [Self::Whole].into_iter().chain(calibration_folds(rows, libsvm_seed).map(Self::Fold))
    }

    pub(super) fn run(&self, problem: &Problem<'_>, options: &TrainOptions, cache_bytes: usize) -> Done {
        let Self::Fold(Fold { train, test }) = self else {
            return Done::Whole(solve(problem, options, cache_bytes));
        };
        let mut train = train.clone();
        train.sort_unstable();
        let part = problem.of_rows(&train);
        let (decisions, convergence) = match part.variables[..] {
            // libsvm takes 1 or -1 for the decision value where there are rows of one side only.
            [first, ref rest @ ..] if rest.iter().all(|other| other.target == first.target) => {
                (vec![first.target; test.len()], Convergence::BEST)
            }
            _ => {
                let solution = solve(&part, options, cache_bytes);
                let held_out: Vec<&[f64]> = test.iter().map(|&row| problem.vectors[row]).collect();
                (solution.decisions(&part, &held_out), solution.convergence)
            }
        };
        Done::Fold { test: test.clone(), decisions, convergence }
    }
}

impl TrainedPair {
    /// Of what came of all of a pair's tasks, the whole first. `sides` are those of the pair's rows.
    pub(super) fn of(done: impl Iterator<Item = Done>, sides: &[Side]) -> Option<Self> {
        let mut whole = None;
        let mut convergence = Convergence::BEST;
        let mut all_decisions = vec![0.0; sides.len()];
        for done in done {
            match done {
                Done::Whole(solution) => {
                    convergence = convergence.worst(solution.convergence);
                    whole = Some(solution);
                }
                Done::Fold { test, decisions, convergence: of_fold } => {
                    convergence = convergence.worst(of_fold);
                    test.into_iter().zip(decisions).for_each(|(row, decision)| all_decisions[row] = decision);
                }
            }
        }
        Some(Self { solution: whole?, sigmoid: Sigmoid::fit(&all_decisions, sides), convergence })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kernel;
    use crate::training::penalty::Penalty;

    /// One positive row and four negative ones: the fold that tests the positive row trains on
    /// negative rows only.
    #[test]
    fn a_fold_without_one_of_the_sides_judges_by_the_other() {
        let sides = vec![Side::Positive, Side::Negative, Side::Negative, Side::Negative, Side::Negative];
        let problem = Problem {
            kernel: Kernel::Linear,
            vectors: vec![&[3.0], &[0.0], &[-1.0], &[-2.0], &[-3.0]],
            variables: Penalty { positive: 1.0, negative: 1.0 }.variables(&sides),
        };
        let options = TrainOptions::default();
        let task = Task::Fold(Fold { train: vec![4, 2, 1, 3], test: vec![0] });
        let Done::Fold { decisions, convergence, .. } = task.run(&problem, &options, 0) else { unreachable!() };
        assert_eq!((decisions, convergence), (vec![-1.0], Convergence::BEST));

        let tasks: Vec<Task> = Task::of_pair(5, 0).collect();
        assert_eq!(tasks.len(), 6);
        let done = tasks.iter().map(|task| task.run(&problem, &options, 0));
        let pair = TrainedPair::of(done, &sides).unwrap();
        assert!(pair.sigmoid.a.is_finite() && pair.sigmoid.b.is_finite());
    }
}
