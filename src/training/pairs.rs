//! Class pairs: their machines and sigmoids, which share the support vectors.

use std::collections::BTreeMap;

use super::cache::CACHE_BYTES;
use super::dual::Problem;
use super::error::TrainError;
use super::folds::{FOLDS, libsvm_seed};
use super::kernel::resolve_kernel;
use super::magnitude::check_magnitude;
use super::pair::{Task, TrainedPair};
use super::parallel::{in_parallel, threads};
use super::penalty::Penalty;
use super::scaling::Scaled;
use super::shared_vectors::SharedVectors;
use super::side::Side;
use crate::model::{ClassIndex, Convergence, Pair, Svm, TrainOptions, TwoClasses, class_pairs};

/// Trains a machine for each pair of the classes of `rows`, on rows of which every class has one.
pub(super) fn train(
    rows: &Scaled,
    labels: &[ClassIndex],
    classes: usize,
    options: &TrainOptions,
    tick: &mut dyn FnMut(),
) -> Result<(Svm, Convergence), TrainError> {
    let Scaled { scaler, rows: scaled } = rows;
    let kernel = resolve_kernel(options, scaled);
    let weights = options.class_weights.of(labels, classes);
    let members: Vec<Members> =
        class_pairs(classes).map(|(positive, negative)| Members::new(labels, positive, negative)).collect();
    let mut problems = Vec::new();
    for &Members { positive, negative, ref rows, ref sides } in &members {
        let vectors: Vec<&[f64]> = rows.iter().map(|&row| &scaled[row][..]).collect();
        let penalty = Penalty { positive: options.c * weights[positive], negative: options.c * weights[negative] };
        check_magnitude(&kernel, &vectors, penalty.larger())?;
        problems.push(Problem { kernel, vectors, variables: penalty.variables(sides) });
    }
    let trained = train_pairs(&members, &problems, options, tick);
    let convergence = trained.iter().fold(Convergence::BEST, |worst, pair| worst.worst(pair.convergence));
    let trained: Vec<(Members, TrainedPair)> = members.into_iter().zip(trained).collect();
    let (support_vectors, pairs) = share_support_vectors(scaled, &trained);
    let svm = Svm { scaler: scaler.clone(), kernel, support_vectors, pairs, two_classes: TwoClasses::Sigmoid };
    Ok((svm, convergence))
}

/// Trains all machines of all pairs, shared out among the cores.
fn train_pairs(
    members: &[Members],
    problems: &[Problem<'_>],
    options: &TrainOptions,
    tick: &mut dyn FnMut(),
) -> Vec<TrainedPair> {
    let seed = libsvm_seed(options.seed);
    let mut tasks = Vec::new();
    for problem in problems {
        tasks.extend(Task::of_pair(problem.vectors.len(), seed).map(|task| (problem, task)));
    }
    let threads = threads(tasks.len());
    let run = |&(problem, ref task): &(&Problem<'_>, Task)| task.run(problem, options, CACHE_BYTES / threads);
    let mut done = in_parallel(&tasks, threads, run, tick).into_iter();
    members.iter().filter_map(|members| TrainedPair::of(done.by_ref().take(1 + FOLDS), &members.sides)).collect()
}

/// The rows of a class pair, grouped as libsvm groups them: the first class's, then the second's.
struct Members {
    positive: ClassIndex,
    negative: ClassIndex,
    rows: Vec<usize>,
    sides: Vec<Side>,
}

impl Members {
    fn new(labels: &[ClassIndex], positive: ClassIndex, negative: ClassIndex) -> Self {
        let of = |class, side| (0..labels.len()).filter(move |&row| labels[row] == class).map(move |row| (row, side));
        let (rows, sides) = of(positive, Side::Positive).chain(of(negative, Side::Negative)).unzip();
        Self { positive, negative, rows, sides }
    }
}

/// The support vectors of all pairs, each once, in the order of the rows; and the pairs that refer to
/// them. Equal rows become one support vector, with the sum of their coefficients.
fn share_support_vectors(scaled: &[Vec<f64>], trained: &[(Members, TrainedPair)]) -> (Vec<Vec<f64>>, Vec<Pair>) {
    let mut used = vec![false; scaled.len()];
    for (members, pair) in trained {
        for &(row, _) in &pair.solution.alphas {
            used[members.rows[row]] = true;
        }
    }
    let mut shared = SharedVectors::default();
    let used = (0..scaled.len()).filter(|&row| used[row]);
    let positions: BTreeMap<usize, usize> = used.map(|row| (row, shared.position(&scaled[row]))).collect();
    let pairs = trained.iter().map(|(members, pair)| {
        let mut coefficients = BTreeMap::new();
        for &(row, alpha) in &pair.solution.alphas {
            *coefficients.entry(positions[&members.rows[row]]).or_insert(0.0) += alpha;
        }
        Pair {
            positive: members.positive,
            negative: members.negative,
            intercept: pair.solution.intercept,
            sigmoid: pair.sigmoid,
            coefficients: coefficients.into_iter().collect(),
        }
    });
    let pairs = pairs.collect();
    (shared.into_vectors(), pairs)
}
