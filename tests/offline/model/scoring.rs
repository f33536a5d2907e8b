//! Decision values and probabilities.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::thread;

use rand_mt::Mt;
use rowscore::model::{
    Artifact, Cell, Content, Feature, FeatureDistribution, GoldenAnswer, GoldenRow, InstructionSet, Kernel, Model,
    Origin, Pair, Predictor, Scaler, ScoreError, Sigmoid, Svm, Training, TwoClasses,
};
use serde::Deserialize;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::svm::Kernels;
use smartcore::svm::svc::{SVC, SVCParameters};

use super::{assert_distribution, in_crate, iris, iris_model, python, random_rows, uniform};

// ---- Decision values: smartcore's own, on the same support vectors ----

/// Scaled rows and their classes.
struct Labelled {
    rows: Vec<Vec<f64>>,
    labels: Vec<usize>,
    classes: usize,
}

fn scaled_iris() -> Labelled {
    let data = iris();
    let scaler = iris_model().artifact().content.predictor.svm().unwrap().scaler.clone();
    let scale = |row: &Vec<f64>| {
        row.iter()
            .zip(scaler.mean.iter().zip(&scaler.scale))
            .map(|(value, (mean, scale))| (value - mean) / scale)
            .collect()
    };
    Labelled { rows: data.rows().iter().map(scale).collect(), labels: data.labels().to_vec(), classes: 3 }
}

/// Overlapping clouds of different sizes.
fn clouds(features: usize, classes: usize, rows: usize) -> Labelled {
    let mut rng = Mt::new(11);
    let centres = random_rows(&mut rng, classes, features, 1.5);
    let sizes: Vec<usize> = (0..classes).chain([0, 1, 0]).collect();
    let labels: Vec<usize> = (0..rows).map(|row| sizes[row % sizes.len()]).collect();
    let rows =
        labels.iter().map(|&label| centres[label].iter().map(|c| c + uniform(&mut rng, -1.0, 1.0)).collect()).collect();
    Labelled { rows, labels, classes }
}

/// What smartcore shows of a trained machine through serde.
#[derive(Deserialize)]
struct Fitted {
    instances: Vec<Vec<f64>>,
    w: Vec<f64>,
    b: f64,
}

pub(super) fn content_of(svm: Svm, classes: usize) -> Content {
    let features = svm.scaler.mean.len();
    let flat = FeatureDistribution {
        min: 0.0,
        max: 0.0,
        mean: 0.0,
        deviation: 0.0,
        edges: vec![],
        shares: vec![1.0],
        gaps: 0.0,
    };
    let mut content = iris_model().artifact().content.clone();
    content.features = (0..features).map(|i| Feature::number(format!("feature {i}"))).collect();
    content.classes = (0..classes).map(|i| format!("class {i}")).collect();
    content.origin =
        Origin::Trained(Training { rows_per_class: vec![1; classes], ..content.training().unwrap().clone() });
    content.distribution = vec![flat; features];
    content.golden = vec![GoldenRow {
        values: vec![Cell::Number(0.0); features],
        answer: GoldenAnswer::Probabilities(vec![0.0; classes]),
    }];
    content.predictor = Predictor::Svm(svm);
    content
}

fn identity(features: usize) -> Scaler {
    Scaler { mean: vec![0.0; features], scale: vec![1.0; features] }
}

/// Fits smartcore's SVC to every class pair; returns the frozen model and, for each pair, smartcore's
/// decision values of `rows`.
fn fit_with_smartcore(
    data: &Labelled,
    kernel: Kernel,
    smartcore_kernel: &Kernels,
    rows: &[Vec<f64>],
) -> (Model, Vec<Vec<f64>>) {
    let features = data.rows[0].len();
    let rows = DenseMatrix::from_2d_vec(&rows.to_vec()).unwrap();
    let parameters = SVCParameters::default().with_kernel(smartcore_kernel.clone()).with_seed(Some(1));
    let mut support_vectors = Vec::new();
    let mut pairs = Vec::new();
    let mut decisions = Vec::new();
    for positive in 0..data.classes {
        for negative in positive + 1..data.classes {
            let (x, y): (Vec<Vec<f64>>, Vec<i32>) = data
                .rows
                .iter()
                .zip(&data.labels)
                .filter(|&(_, &label)| label == positive || label == negative)
                .map(|(row, &label)| (row.clone(), i32::from(label == positive)))
                .unzip();
            let x = DenseMatrix::from_2d_vec(&x).unwrap();
            let machine = SVC::fit(&x, &y, &parameters).unwrap();
            decisions.push(machine.decision_function(&rows).unwrap());
            let fitted = serde_json::to_value(&machine).unwrap();
            let fitted: Fitted = serde_json::from_value(fitted).unwrap();
            pairs.push(Pair {
                positive,
                negative,
                intercept: fitted.b,
                sigmoid: Sigmoid { a: -1.0, b: 0.0 },
                coefficients: (support_vectors.len()..).zip(fitted.w).collect(),
            });
            support_vectors.extend(fitted.instances);
        }
    }
    let svm = Svm { scaler: identity(features), kernel, support_vectors, pairs, two_classes: TwoClasses::Coupled };
    let artifact = Artifact::seal(content_of(svm, data.classes));
    let model = Model::from_json(&artifact.to_json()).unwrap();
    (model, decisions)
}

fn kernels() -> [(Kernel, Kernels); 4] {
    let (gamma, coef0) = (0.25, 0.5);
    [
        (Kernel::Linear, Kernels::linear()),
        (Kernel::Rbf { gamma }, Kernels::rbf().with_gamma(gamma)),
        (
            Kernel::Polynomial { degree: 3, gamma, coef0 },
            Kernels::polynomial().with_degree(3.0).with_gamma(gamma).with_coef0(coef0),
        ),
        (Kernel::Sigmoid { gamma: 0.05, coef0: -0.5 }, Kernels::sigmoid().with_gamma(0.05).with_coef0(-0.5)),
    ]
}

#[test]
fn decision_values_are_those_of_smartcore() {
    let mut rng = Mt::new(12);
    for (data, rows) in [(scaled_iris(), 2000), (clouds(6, 5, 150), 2000), (clouds(64, 10, 430), 16)] {
        let rows = random_rows(&mut rng, rows, data.rows[0].len(), 4.0);
        for (kernel, smartcore_kernel) in kernels() {
            let (model, expected) = fit_with_smartcore(&data, kernel, &smartcore_kernel, &rows);
            let mut found = vec![0.0; rows.len() * expected.len()];
            assert_eq!(model.scorer().decision_values(&rows.concat(), &mut found), Ok(Vec::new()));
            for (position, (row, found)) in rows.iter().zip(found.chunks_exact(expected.len())).enumerate() {
                for (found, expected) in found.iter().zip(&expected) {
                    let expected = expected[position];
                    assert!(
                        (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                        "{kernel:?}, row {row:?}: {found} but smartcore has {expected}"
                    );
                }
            }
        }
    }
}

// ---- Probabilities ----

/// Random rows with one decimal, as measured flowers have, in the ranges of the training data.
fn iris_like_rows(rows: usize) -> Vec<Vec<f64>> {
    let model = iris_model();
    let ranges = &model.artifact().content.distribution;
    let mut rng = Mt::new(13);
    let mut row = || -> Vec<f64> {
        ranges.iter().map(|range| (uniform(&mut rng, range.min, range.max) * 10.0).round() / 10.0).collect()
    };
    (0..rows).map(|_| row()).collect()
}

#[test]
fn probabilities_agree_with_scikit_learn() {
    let model = iris_model();
    let mut scorer = model.scorer();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("predictions.jsonl");
    let mut file = File::create(&path).unwrap();
    let mut rows = vec![vec![4.3, 2.4, 3.0, 2.1]];
    rows.extend(iris_like_rows(5000));
    for row in rows {
        let mut prediction = vec![0.0; 3];
        scorer.score(&row, &mut prediction).unwrap();
        writeln!(file, "{}", serde_json::json!({ "values": row, "prediction": prediction })).unwrap();
    }
    drop(file);
    let seed = model.artifact().content.training().unwrap().options.seed;
    let (data, seed) = (in_crate("model/iris.csv"), seed.to_string());
    let arguments = [path.as_os_str(), "--data".as_ref(), data.as_os_str(), "--label".as_ref(), "species".as_ref()];
    python("probabilities.py", &[&arguments[..], &["--seed".as_ref(), seed.as_ref()]].concat(), "");
}

#[test]
fn probabilities_are_a_distribution_however_far_out_the_row() {
    let model = iris_model();
    let mut scorer = model.scorer();
    let mut rng = Mt::new(14);
    let mut rows = iris_like_rows(5000);
    for reach in [1e-300, 1.0, 1e3, 1e10, 1e154, 1e300] {
        rows.extend(random_rows(&mut rng, 500, 4, reach));
    }
    for row in rows {
        let mut probabilities = [0.0; 3];
        scorer.score(&row, &mut probabilities).unwrap();
        assert_distribution(&probabilities, &row);
    }
}

#[test]
fn the_same_row_has_the_same_bits_in_every_thread() {
    let model = iris_model();
    let rows = iris_like_rows(200);
    let score_all = |rows: &mut dyn Iterator<Item = &Vec<f64>>| -> Vec<[u64; 3]> {
        let mut scorer = model.scorer();
        let mut p = [0.0; 3];
        rows.map(|row| {
            scorer.score(row, &mut p).unwrap();
            p.map(f64::to_bits)
        })
        .collect()
    };
    let forwards = score_all(&mut rows.iter());
    let backwards = thread::scope(|scope| {
        let thread = scope.spawn(|| score_all(&mut rows.iter().rev()));
        thread.join().unwrap()
    });
    assert!(forwards.iter().eq(backwards.iter().rev()));
}

#[test]
fn a_row_has_the_same_bits_with_every_instruction_set_and_in_any_page() {
    let model = iris_model();
    let rows = iris_like_rows(500).concat();
    let mut expected = vec![0.0; 500 * 3];
    for (row, probabilities) in rows.chunks(4).zip(expected.chunks_mut(3)) {
        model.scorer().score(row, probabilities).unwrap();
    }
    let bits = |numbers: &[f64]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
    for instructions in InstructionSet::available() {
        println!("{instructions}");
        for page in [1, 7, 16, 33, 500] {
            let mut scorer = model.scorer_with(instructions);
            let mut found = vec![0.0; 500 * 3];
            for (rows, found) in rows.chunks(page * 4).zip(found.chunks_mut(page * 3)) {
                assert_eq!(scorer.score_rows(rows, found), Ok(Vec::new()));
            }
            assert_eq!(bits(&found), bits(&expected), "{instructions}, pages of {page}");
        }
    }
}

#[test]
fn rows_without_a_finite_answer_are_errors() {
    let model = iris_model();
    let mut scorer = model.scorer();
    let mut p = [0.0; 3];
    assert_eq!(scorer.score(&[5.0, f64::NAN, 1.4, 0.2], &mut p), Err(ScoreError::Gap { feature: 1 }));
    for value in [f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
        let error = scorer.score(&[5.0, value, 1.4, 0.2], &mut p).unwrap_err();
        assert!(matches!(error, ScoreError::Value { feature: 1, .. }), "{error}");
    }

    let cubic = Kernel::Polynomial { degree: 3, gamma: 1.0, coef0: 0.0 };
    let data = scaled_iris();
    let (model, _) = fit_with_smartcore(&data, cubic, &Kernels::linear(), &data.rows);
    let error = model.scorer().score(&[1e200; 4], &mut p).unwrap_err();
    assert_eq!(error, ScoreError::Decision { position: 0 });
}

#[test]
fn wrong_lengths_are_errors() {
    let model = iris_model();
    let mut scorer = model.scorer();
    assert_eq!(scorer.score(&[1.0; 3], &mut [0.0; 3]), Err(ScoreError::FeatureCount { found: 3, expected: 4 }));
    assert_eq!(scorer.score(&[1.0; 4], &mut [0.0; 4]), Err(ScoreError::OutputLength { found: 4, expected: 3 }));
    assert_eq!(
        scorer.decision_values(&[1.0; 4], &mut [0.0; 2]),
        Err(ScoreError::OutputLength { found: 2, expected: 3 })
    );
}
