//! The model through its public interface: against smartcore, against scikit-learn, and against
//! damage.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use rand_mt::Mt;
use rowscore::model::{
    Artifact, ArtifactError, Content, DataError, Dataset, FeatureDistribution, Gamma, GoldenRow, InstructionSet,
    Kernel, Model, Outcome, Pair, Scaler, ScoreError, Sigmoid, Svm, TrainError, TrainOptions, embedded, train,
};
use serde::Deserialize;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::svm::Kernels;
use smartcore::svm::svc::{SVC, SVCParameters};

fn in_crate(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn iris() -> Dataset {
    Dataset::from_csv(File::open(in_crate("model/iris.csv")).unwrap(), "species").unwrap()
}

fn iris_model() -> Model {
    Model::from_json(&fs::read(in_crate("model/iris.json")).unwrap()).unwrap()
}

fn dataset(csv: &str) -> Dataset {
    Dataset::from_csv(csv.as_bytes(), "kind").unwrap()
}

/// Uniform in `low..high`.
fn uniform(rng: &mut Mt, low: f64, high: f64) -> f64 {
    low + (high - low) * (f64::from(rng.next_u32()) / 4_294_967_296.0)
}

fn random_rows(rng: &mut Mt, rows: usize, features: usize, reach: f64) -> Vec<Vec<f64>> {
    (0..rows).map(|_| (0..features).map(|_| uniform(rng, -reach, reach)).collect()).collect()
}

fn assert_distribution(probabilities: &[f64], row: &[f64]) {
    let valid = probabilities.iter().all(|p| (0.0..=1.0).contains(p));
    let sum: f64 = probabilities.iter().sum();
    assert!(valid && (sum - 1.0).abs() < 1e-12, "{row:?} scores {probabilities:?}, sum {sum}");
}

// ---- Decision values: smartcore's own, on the same support vectors ----

/// Scaled rows and their classes.
struct Labelled {
    rows: Vec<Vec<f64>>,
    labels: Vec<usize>,
    classes: usize,
}

fn scaled_iris() -> Labelled {
    let data = iris();
    let scaler = iris_model().artifact().content.svm.scaler.clone();
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

fn content_of(svm: Svm, classes: usize) -> Content {
    let features = svm.scaler.mean.len();
    let flat = FeatureDistribution { min: 0.0, max: 0.0, mean: 0.0, deviation: 0.0, edges: vec![], shares: vec![1.0] };
    let mut content = iris_model().artifact().content.clone();
    content.features = (0..features).map(|i| format!("feature {i}")).collect();
    content.classes = (0..classes).map(|i| format!("class {i}")).collect();
    content.training.rows_per_class = vec![1; classes];
    content.distribution = vec![flat; features];
    content.golden = vec![GoldenRow { values: vec![0.0; features], probabilities: vec![0.0; classes] }];
    content.svm = svm;
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
    let svm = Svm { scaler: identity(features), kernel, support_vectors, pairs };
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
    for (data, rows) in [(scaled_iris(), 2000), (clouds(6, 5, 150), 2000), (clouds(64, 10, 500), 16)] {
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
    let python = env::var_os("ROWSCORE_TEST_PYTHON")
        .expect("ROWSCORE_TEST_PYTHON names no Python with scikit-learn: run through `make test`");
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
    let seed = model.artifact().content.training.options.seed;
    let output = Command::new(python)
        .arg(in_crate("tests/oracle/probabilities.py"))
        .arg(&path)
        .arg("--data")
        .arg(in_crate("model/iris.csv"))
        .args(["--label", "species", "--seed", &seed.to_string()])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
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
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
        let error = scorer.score(&[5.0, value, 1.4, 0.2], &mut p).unwrap_err();
        assert!(matches!(error, ScoreError::Value { feature: 1, .. }), "{error}");
    }

    let cubic = Kernel::Polynomial { degree: 3, gamma: 1.0, coef0: 0.0 };
    let data = scaled_iris();
    let (model, _) = fit_with_smartcore(&data, cubic, &Kernels::linear(), &data.rows);
    let error = model.scorer().score(&[1e200; 4], &mut p).unwrap_err();
    assert_eq!(error, ScoreError::Decision { pair: 0 });
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

// ---- The artifact ----

#[test]
fn the_embedded_model_reproduces_its_golden_rows() {
    let model = embedded().unwrap();
    assert!(model.artifact().content.golden.len() >= 10);
    model.check_golden_rows().unwrap();
}

#[test]
fn the_committed_artifact_is_what_training_gives_byte_for_byte() {
    let artifact = train(&iris(), &TrainOptions::default(), |_| ()).unwrap();
    let committed = fs::read_to_string(in_crate("model/iris.json")).unwrap();
    let trained = String::from_utf8(artifact.to_json()).unwrap();
    for (line, (committed, trained)) in committed.lines().zip(trained.lines()).enumerate() {
        assert_eq!(committed, trained, "line {}", line + 1);
    }
    assert_eq!(committed, trained);
}

#[test]
fn an_artifact_reads_back_exactly() {
    let artifact = train(&dataset(&three_clouds()), &TrainOptions::default(), |_| ()).unwrap();
    assert_eq!(Artifact::from_json(&artifact.to_json()).unwrap(), artifact);
}

#[test]
fn a_golden_row_with_one_other_bit_is_noticed() {
    let mut content = iris_model().artifact().content.clone();
    let p = &mut content.golden[3].probabilities[1];
    *p = f64::from_bits(p.to_bits() + 1);
    let model = Model::new(Artifact::seal(content)).unwrap();
    let message = model.check_golden_rows().unwrap_err().to_string();
    assert!(message.starts_with("golden row 3 scores"), "{message}");
}

#[test]
fn a_changed_byte_is_refused_or_changes_nothing() {
    let bytes = fs::read(in_crate("model/iris.json")).unwrap();
    let artifact = Artifact::from_json(&bytes).unwrap();
    let mut rng = Mt::new(15);
    let mut refused = 0;
    for _ in 0..1000 {
        let mut damaged = bytes.clone();
        let position = rng.next_u32() as usize % damaged.len();
        damaged[position] = (rng.next_u32() % 256) as u8;
        match Artifact::from_json(&damaged) {
            Err(_) => refused += 1,
            // White space, or a digit beyond an f64's precision.
            Ok(read) => assert_eq!(read, artifact),
        }
    }
    assert!(refused > 800, "{refused}");
}

#[test]
fn a_truncated_or_foreign_file_is_refused() {
    let bytes = fs::read(in_crate("model/iris.json")).unwrap();
    for json in [&bytes[..bytes.len() / 2], b"", b"{}", b"null", b"{\"format\":\"1\"}"] {
        assert!(matches!(Artifact::from_json(json), Err(ArtifactError::Json(_))));
    }
    let next = br#"{"format":2,"something":"else"}"#;
    assert!(matches!(Artifact::from_json(next), Err(ArtifactError::Format { found: 2 })));
}

#[test]
fn an_unknown_field_is_refused() {
    let text = fs::read_to_string(in_crate("model/iris.json")).unwrap();
    let text = text.replace("\"label\":", "\"note\": 1, \"label\":");
    let error = Artifact::from_json(text.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("unknown field `note`"), "{error}");
}

#[test]
fn content_of_another_version_is_refused() {
    let mut artifact = iris_model().artifact().clone();
    artifact.content.svm.pairs[0].intercept += 1e-15;
    assert!(matches!(Artifact::from_json(&artifact.to_json()), Err(ArtifactError::Version { .. })));
}

#[test]
fn parts_that_do_not_fit_are_refused_each_with_its_error() {
    type Damage = fn(&mut Content);
    let damages: [(Damage, &str); 24] = [
        (|c| c.features.clear(), "features has 0 entries"),
        (|c| c.classes.truncate(1), "classes has 1 entries"),
        (|c| c.features[1] = c.features[0].clone(), "features has a duplicate at position 1"),
        (|c| c.classes[2] = c.classes[0].clone(), "classes has a duplicate at position 2"),
        (|c| c.classes.push("new".into()), "pairs has 3 entries instead of 6"),
        (|c| c.svm.scaler.mean.push(0.0), "scaler means has 5 entries instead of 4"),
        (|c| c.svm.scaler.scale.truncate(3), "scaler scales has 3 entries instead of 4"),
        (|c| c.svm.scaler.scale[2] = 0.0, "scale of feature 2 is 0"),
        (|c| c.svm.scaler.mean[0] = f64::NAN, "scaler has a number that is not finite"),
        (|c| c.svm.kernel = Kernel::Rbf { gamma: -1.0 }, "kernel has a parameter out of range"),
        (|c| c.svm.support_vectors.clear(), "support vectors has 0 entries"),
        (|c| c.svm.support_vectors[7].truncate(2), "support vector 7 has 2 entries instead of 4"),
        (|c| c.svm.support_vectors[7][0] = f64::INFINITY, "support vector 7 has a number that is not finite"),
        (|c| c.svm.pairs.truncate(2), "pairs has 2 entries instead of 3"),
        (|c| c.svm.pairs[1].negative = 1, "pair 1 is of classes (0, 1)"),
        (|c| c.svm.pairs.swap(0, 2), "pair 0 is of classes (1, 2)"),
        (|c| c.svm.pairs[1].intercept = f64::NAN, "pair 1 has a number that is not finite"),
        (|c| c.svm.pairs[1].sigmoid.a = f64::NAN, "pair 1 has a number that is not finite"),
        (|c| c.svm.pairs[2].coefficients[0].1 = f64::NAN, "pair 2 has a number that is not finite"),
        (|c| c.svm.pairs[0].coefficients[0].0 = 1_000_000, "pair 0 has a coefficient for support vector 1000000"),
        (|c| c.svm.pairs[0].coefficients[1].0 = c.svm.pairs[0].coefficients[0].0, "out of range or out of order"),
        (|c| c.training.rows_per_class.truncate(1), "rows per class has 1 entries instead of 3"),
        (|c| c.distribution[1].shares.truncate(1), "distribution of sepal_width has 1 entries"),
        (|c| c.golden[0].values.truncate(1), "golden row 0 has 1 entries instead of 4"),
    ];
    for (damage, expected) in damages {
        let mut content = iris_model().artifact().content.clone();
        damage(&mut content);
        // With a version that is right, so that only the check of the part itself can notice.
        let message = Model::new(Artifact::seal(content)).unwrap_err().to_string();
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

// ---- Training ----

fn three_clouds() -> String {
    let mut rng = Mt::new(16);
    let mut csv = String::from("x,same,y,kind\n");
    for row in 0..60 {
        let kind = row % 3;
        let mut value = || f64::from(kind) + uniform(&mut rng, -0.8, 0.8);
        csv += &format!("{},7.5,{},class {kind}\n", value(), value());
    }
    csv
}

#[test]
fn every_kernel_trains_a_model_that_tells_the_classes_apart() {
    let data = dataset(&three_clouds());
    let gamma = Gamma::Scale;
    let kernels = [
        Kernel::Linear,
        Kernel::Rbf { gamma },
        Kernel::Polynomial { degree: 3, gamma, coef0: 1.0 },
        Kernel::Sigmoid { gamma: Gamma::Value(0.1), coef0: 0.0 },
    ];
    for kernel in kernels {
        let options = TrainOptions { kernel, ..TrainOptions::default() };
        let artifact = train(&data, &options, |_| ()).unwrap();
        let training = &artifact.content.training;
        assert_eq!(training.convergence.outcome, Outcome::Converged, "{kernel:?}");
        assert!(training.convergence.kkt_gap <= options.tolerance);
        assert!(training.held_out.accuracy > 0.8, "{kernel:?}: {:?}", training.held_out);
        Model::new(artifact).unwrap().check_golden_rows().unwrap();
    }
}

#[test]
fn a_constant_column_is_scaled_by_one_and_changes_nothing() {
    let artifact = train(&dataset(&three_clouds()), &TrainOptions::default(), |_| ()).unwrap();
    assert_eq!(artifact.content.svm.scaler.scale[1], 1.0);
    assert_eq!(artifact.content.distribution[1].shares, [1.0]);
}

#[test]
fn two_classes_and_more_features_than_rows_are_fine() {
    let data = dataset("a,b,c,d,e,kind\n1,2,3,4,5,x\n1,2,3,4,6,x\n2,2,1,0,5,y\n2,1,1,0,5,y\n");
    let model = Model::new(train(&data, &TrainOptions::default(), |_| ()).unwrap()).unwrap();
    let mut p = [0.0; 2];
    model.scorer().score(&[1.0, 2.0, 3.0, 4.0, 5.0], &mut p).unwrap();
    assert_distribution(&p, &[]);
}

#[test]
fn equal_rows_become_one_support_vector() {
    let mut csv = String::from("x,kind\n");
    for _ in 0..10 {
        csv += "1,a\n2,b\n";
    }
    let artifact = train(&dataset(&csv), &TrainOptions::default(), |_| ()).unwrap();
    assert_eq!(artifact.content.svm.support_vectors.len(), 2);
    let mut p = [0.0; 2];
    let model = Model::new(artifact).unwrap();
    model.scorer().score(&[1.0], &mut p).unwrap();
    assert!(p[0] > 0.5);
}

#[test]
fn a_solver_that_was_stopped_early_says_so_with_the_gap() {
    let options = TrainOptions { max_epochs: 1, max_finishing_steps: 0, ..TrainOptions::default() };
    let convergence = train(&iris(), &options, |_| ()).unwrap().content.training.convergence;
    assert_eq!(convergence.outcome, Outcome::EpochsExhausted);
    assert_eq!(convergence.epochs, 1);
    assert!(convergence.kkt_gap > options.tolerance);
}

#[test]
fn progress_counts_up_to_the_total() {
    let mut seen = Vec::new();
    train(&iris(), &TrainOptions::default(), |progress| seen.push(progress)).unwrap();
    assert!(seen.iter().map(|p| p.done).eq(1..=seen[0].total));
}

#[test]
fn another_seed_draws_other_folds() {
    let options = TrainOptions { seed: 1, ..TrainOptions::default() };
    let artifact = train(&iris(), &options, |_| ()).unwrap();
    let model = iris_model();
    assert_ne!(artifact.version, model.version());
    let sigmoids = |svm: &Svm| svm.pairs.iter().map(|pair| pair.sigmoid.a).collect::<Vec<_>>();
    assert_ne!(sigmoids(&artifact.content.svm), sigmoids(&model.artifact().content.svm));
}

#[test]
fn what_cannot_be_trained_is_an_error() {
    let fails = |csv: &str| train(&dataset(csv), &TrainOptions::default(), |_| ()).unwrap_err();
    assert!(matches!(
        fails("x,kind\n1,a\n2,a\n3,b\n"),
        TrainError::RareClass { class, rows: 1 } if class == "b"
    ));
    assert!(matches!(
        fails("x,kind\n1e308,a\n-1e308,a\n1e308,b\n1e308,b\n"),
        TrainError::FeatureTooLarge { feature } if feature == "x"
    ));
    let options = TrainOptions { c: 1e30, ..TrainOptions::default() };
    assert!(matches!(train(&iris(), &options, |_| ()), Err(TrainError::KernelTooLarge { .. })));
}

#[test]
fn csv_errors_name_line_and_column() {
    let csv = "sepal_length,species\n5.1,setosa\nfive,setosa\n";
    let error = Dataset::from_csv(csv.as_bytes(), "species").unwrap_err();
    assert!(matches!(
        &error,
        DataError::NotANumber { line: 3, column, text } if column == "sepal_length" && text == "five"
    ));
    assert_eq!(error.to_string(), "line 3, column `sepal_length`: `five` is not a finite number");
}
