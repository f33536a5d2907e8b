//! The whole pipeline on a set of rows: scaler, machines, sigmoids.

use std::collections::BTreeMap;

use super::cache::CACHE_BYTES;
use super::data::Dataset;
use super::dual::Problem;
use super::error::TrainError;
use super::folds::{FOLDS, libsvm_seed};
use super::kernel::resolve_kernel;
use super::magnitude::check_magnitude;
use super::pair::{Task, TrainedPair};
use super::parallel::{in_parallel, threads};
use super::penalty::Penalty;
use super::progress::Meter;
use super::shared_vectors::SharedVectors;
use super::side::Side;
use crate::model::{ClassIndex, Compiled, Convergence, Pair, Scaler, Svm, TrainOptions, TwoClasses, class_pairs};

/// A trained pipeline.
pub(super) struct Pipeline {
    pub(super) svm: Svm,
    /// The worst of all solutions.
    pub(super) convergence: Convergence,
}

impl Pipeline {
    /// Trains on some rows of `data`. `rows` has their numbers, ascending; every class is among them.
    pub(super) fn train(
        data: &Dataset,
        rows: &[usize],
        options: &TrainOptions,
        meter: &mut Meter,
    ) -> Result<Self, TrainError> {
        let scaler = fit_scaler(data, rows)?;
        let scaled: Vec<Vec<f64>> = rows.iter().map(|&row| scaler.scale(&data.rows[row])).collect();
        let labels: Vec<ClassIndex> = rows.iter().map(|&row| data.labels[row]).collect();
        let kernel = resolve_kernel(options, &scaled);
        let weights = options.class_weights.of(&labels, data.classes.len());
        let members: Vec<Members> = class_pairs(data.classes.len())
            .map(|(positive, negative)| Members::new(&labels, positive, negative))
            .collect();
        let mut problems = Vec::new();
        for &Members { positive, negative, ref rows, ref sides } in &members {
            let vectors: Vec<&[f64]> = rows.iter().map(|&row| &scaled[row][..]).collect();
            let penalty = Penalty { positive: options.c * weights[positive], negative: options.c * weights[negative] };
            check_magnitude(&kernel, &vectors, penalty.larger())?;
            problems.push(Problem { kernel, vectors, variables: penalty.variables(sides) });
        }
        let trained = train_pairs(&members, &problems, options, meter);
        let convergence = trained.iter().fold(Convergence::BEST, |worst, pair| worst.worst(pair.convergence));
        let trained: Vec<(Members, TrainedPair)> = members.into_iter().zip(trained).collect();
        let (support_vectors, pairs) = share_support_vectors(&scaled, &trained);
        Ok(Self { svm: Svm { scaler, kernel, support_vectors, pairs, two_classes: TwoClasses::Sigmoid }, convergence })
    }

    pub(super) fn compiled(&self, classes: usize) -> Compiled {
        Compiled::svm(&self.svm, classes)
    }
}

/// Trains all machines of all pairs, shared out among the cores.
fn train_pairs(
    members: &[Members],
    problems: &[Problem<'_>],
    options: &TrainOptions,
    meter: &mut Meter,
) -> Vec<TrainedPair> {
    let seed = libsvm_seed(options.seed);
    let mut tasks = Vec::new();
    for problem in problems {
        tasks.extend(Task::of_pair(problem.vectors.len(), seed).map(|task| (problem, task)));
    }
    let threads = threads(tasks.len());
    let run = |&(problem, ref task): &(&Problem<'_>, Task)| task.run(problem, options, CACHE_BYTES / threads);
    let mut done = in_parallel(&tasks, threads, run, || meter.tick()).into_iter();
    members.iter().filter_map(|members| TrainedPair::of(done.by_ref().take(1 + FOLDS), &members.sides)).collect()
}

fn fit_scaler(data: &Dataset, rows: &[usize]) -> Result<Scaler, TrainError> {
    let rows: Vec<&[f64]> = rows.iter().map(|&row| &data.rows[row][..]).collect();
    let scaler = Scaler::fit(&rows);
    let usable = |feature: &usize| {
        scaler.mean[*feature].is_finite() && scaler.scale[*feature].is_finite() && scaler.scale[*feature] > 0.0
    };
    match (0..data.features.len()).find(|feature| !usable(feature)) {
        None => Ok(scaler),
        Some(feature) => Err(TrainError::FeatureTooLarge { feature: data.features[feature].clone() }),
    }
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
