//! Models that were trained elsewhere score as they do there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use libsvm_rs::io::save_model_to_writer;
use libsvm_rs::predict::{predict, predict_probability, predict_values};
use libsvm_rs::train::svm_train;
use libsvm_rs::{KernelType, SvmModel, SvmNode, SvmParameter, SvmProblem, SvmType};
use rowscore::model::{Artifact, Cell, Digest, Feature, Model};
use rowscore::training::{Foreign, LibsvmNames, LibsvmScaling, Rows, evaluate, import};
use serde::Deserialize;

use super::command_line::{file, rowscore};
use super::{in_crate, iris, python};

#[derive(Deserialize)]
struct Expected {
    rows: Vec<Vec<f64>>,
    decisions: Vec<Vec<f64>>,
    probabilities: Vec<Vec<f64>>,
}

/// The largest difference between numbers of the same place.
fn distance(found: &[f64], expected: &[Vec<f64>]) -> f64 {
    let expected = expected.concat();
    assert_eq!(found.len(), expected.len());
    found.iter().zip(&expected).fold(0.0, |largest, (one, other)| f64::max(largest, (one - other).abs()))
}

fn compare(name: &str, model: &Model, expected: &Expected) {
    let rows = expected.rows.concat();
    let pairs = expected.decisions[0].len();
    let mut decisions = vec![0.0; expected.rows.len() * pairs];
    let mut probabilities = vec![0.0; expected.rows.len() * model.classes().len()];
    assert_eq!(model.scorer().decision_values(&rows, &mut decisions), Ok(Vec::new()));
    assert_eq!(model.scorer().score_rows(&rows, &mut probabilities), Ok(Vec::new()));
    let (df, dp) = (distance(&decisions, &expected.decisions), distance(&probabilities, &expected.probabilities));
    println!("{name}: |df| {df:.1e}, |dp| {dp:.1e} over {} rows", expected.rows.len());
    assert!(df <= 1e-9 && dp <= 1e-6, "{name}: |df| {df:e}, |dp| {dp:e}");
    model.check_golden_rows().unwrap();
}

#[test]
fn a_model_from_scikit_learn_scores_as_it_does_there() {
    let folder = tempfile::tempdir().unwrap();
    python("models.py", &[folder.path(), &in_crate("scripts/export_sklearn.py")], "");
    let models = BTreeMap::from([
        ("iris", 4),
        ("wine", 13),
        ("breast_cancer", 30),
        ("digits", 64),
        ("wine_linear", 13),
        ("wine_polynomial", 13),
        ("breast_cancer_sigmoid", 30),
        ("wine_balanced", 13),
        ("iris_unscaled", 4),
        ("iris_without_mean", 4),
    ]);
    for (name, features) in models {
        let read = |suffix: &str| fs::read(folder.path().join(format!("{name}{suffix}"))).unwrap();
        let foreign = Foreign::from_sklearn(&read(".json")).unwrap();
        let artifact = import(foreign, "kind", None).unwrap();
        assert_eq!(artifact.content.features.len(), features);
        // So that any version of rowscore reads it.
        assert_eq!(artifact.format, 1, "{name}");
        let model = Model::from_json(&artifact.to_json()).unwrap();
        compare(name, &model, &serde_json::from_slice(&read(".expected.json")).unwrap());
    }
}

// ---- libsvm ----

fn nodes(row: &[f64]) -> Vec<SvmNode> {
    let nodes = (1..).zip(row).filter(|(_, value)| **value != 0.0);
    nodes.map(|(index, &value)| SvmNode { index, value }).collect()
}

/// The model of iris, its rows as they are, and its file.
fn libsvm_iris(kernel_type: KernelType, probability: bool) -> (SvmModel, String) {
    let data = iris();
    let problem = SvmProblem {
        labels: data.labels().iter().map(|&label| 10.0 - label as f64).collect(),
        instances: data.rows().iter().map(|row| nodes(row)).collect(),
    };
    let parameters =
        SvmParameter { kernel_type, gamma: 0.25, coef0: 1.0, degree: 2, probability, ..Default::default() };
    let model = svm_train(&problem, &parameters);
    let mut text = Vec::new();
    save_model_to_writer(&mut text, &model).unwrap();
    (model, String::from_utf8(text).unwrap())
}

#[test]
fn a_model_from_libsvm_scores_as_it_does_there() {
    let mut rows = iris().rows().to_vec();
    rows.push(vec![0.0, 3.0, 0.0, 9.0]);
    for kernel in [KernelType::Linear, KernelType::Rbf, KernelType::Polynomial] {
        let (original, text) = libsvm_iris(kernel, true);
        let foreign = Foreign::from_libsvm(text.as_bytes(), LibsvmNames::default(), None).unwrap();
        let model = Model::new(import(foreign, "class", None).unwrap()).unwrap();
        assert_eq!(model.classes(), ["10", "9", "8"]);
        assert_eq!(model.features(), ["feature_1", "feature_2", "feature_3", "feature_4"].map(Feature::number));
        let decisions = |row: &Vec<f64>| {
            let mut values = vec![0.0; 3];
            predict_values(&original, &nodes(row), &mut values);
            values
        };
        let expected = Expected {
            decisions: rows.iter().map(decisions).collect(),
            probabilities: rows.iter().map(|row| predict_probability(&original, &nodes(row)).unwrap().1).collect(),
            rows: rows.clone(),
        };
        compare(&format!("libsvm, {kernel:?}"), &model, &expected);
    }
}

#[test]
fn a_scaler_and_names_come_beside_a_libsvm_model() {
    let (_, text) = libsvm_iris(KernelType::Rbf, true);
    let read = |scaler| {
        let names = LibsvmNames {
            features: Some(iris().features().iter().map(|feature| feature.name.clone()).collect()),
            classes: Some(["a", "b", "c"].map(String::from).to_vec()),
        };
        let foreign = Foreign::from_libsvm(text.as_bytes(), names, scaler).unwrap();
        Model::new(import(foreign, "species", None).unwrap()).unwrap()
    };
    let plain = read(None);
    let scaled = read(Some(LibsvmScaling::read(br#"{"mean": [1, 1, 1, 1], "scale": [2, 2, 2, 2]}"#).unwrap()));
    let data = iris();
    assert_eq!((scaled.features(), scaled.classes()), (data.features(), &["a", "b", "c"].map(String::from)[..]));
    let (mut one, mut other) = ([0.0; 3], [0.0; 3]);
    plain.scorer().score(&[5.0, 3.0, 1.5, 0.25], &mut one).unwrap();
    scaled.scorer().score(&[11.0, 7.0, 4.0, 1.5], &mut other).unwrap();
    assert_eq!(one, other);
}

/// A model file of iris: the sepals' width of its rows by the other three features, or what is usual among them.
fn libsvm_other(svm_type: SvmType) -> (SvmModel, String) {
    let rows = iris().rows().to_vec();
    let problem = SvmProblem {
        labels: rows.iter().map(|row| row[1]).collect(),
        instances: rows.iter().map(|row| nodes(&[row[0], row[2], row[3]])).collect(),
    };
    let model = svm_train(&problem, &SvmParameter { svm_type, gamma: 0.25, nu: 0.3, ..Default::default() });
    let mut text = Vec::new();
    save_model_to_writer(&mut text, &model).unwrap();
    (model, String::from_utf8(text).unwrap())
}

#[test]
fn a_regression_a_one_class_machine_and_margins_come_from_libsvm() {
    let outputs = |text: &str, row: &[f64]| {
        let foreign = Foreign::from_libsvm(text.as_bytes(), LibsvmNames::default(), None).unwrap();
        let model = Model::new(import(foreign, "y", None).unwrap()).unwrap();
        let mut outputs = vec![0.0; model.outputs().width()];
        model.scorer().score(row, &mut outputs).unwrap();
        (model.outputs().label(&outputs), model.classes().to_vec(), outputs)
    };
    for row in [[5.1, 1.4, 0.2], [6.3, 5.0, 1.9], [20.0, 0.0, 3.0]] {
        for svm_type in [SvmType::EpsilonSvr, SvmType::NuSvr] {
            let (original, text) = libsvm_other(svm_type);
            let (label, classes, found) = outputs(&text, &row);
            assert!(
                (found[0] - predict(&original, &nodes(&row))).abs() < 1e-12 && label.is_none() && classes.is_empty()
            );
        }
        let (original, text) = libsvm_other(SvmType::OneClass);
        let mut decision = [0.0];
        let side = predict_values(&original, &nodes(&row), &mut decision);
        let (label, classes, found) = outputs(&text, &row);
        assert!((found[0] - decision[0]).abs() < 1e-12, "{found:?}");
        assert_eq!(classes[label.unwrap()], if side > 0.0 { "inlier" } else { "outlier" });
    }
    let (original, text) = libsvm_iris(KernelType::Rbf, false);
    for row in iris().rows() {
        let (label, classes, found) = outputs(&text, row);
        assert_eq!(found.len(), 3);
        assert_eq!(classes[label.unwrap()].parse(), Ok(predict(&original, &nodes(row))), "{row:?}: {found:?}");
    }
}

#[test]
fn a_range_file_of_svm_scale_says_how_rows_were_scaled() {
    let (_, text) = libsvm_iris(KernelType::Rbf, true);
    let model = |scaling: Option<&str>| {
        let scaling = scaling.map(|text| LibsvmScaling::read(text.as_bytes()).unwrap());
        let foreign = Foreign::from_libsvm(text.as_bytes(), LibsvmNames::default(), scaling).unwrap();
        Model::new(import(foreign, "y", None).unwrap()).unwrap()
    };
    // Feature 3 has one value only, feature 4 is not listed, and no model has a feature 7.
    let (plain, scaled) = (model(None), model(Some("x\n-1 1\n1 4 8\n2 2 4.5\n3 5 5\n7 0 1\n")));
    let (mut one, mut other) = ([0.0; 3], [0.0; 3]);
    for [first, second] in [[4.0, 2.0], [8.0, 4.5], [5.5, 3.0], [11.0, -1.0]] {
        let to = |value: f64, least: f64, most: f64| -1.0 + 2.0 * (value - least) / (most - least);
        plain.scorer().score(&[to(first, 4.0, 8.0), to(second, 2.0, 4.5), 0.0, 0.0], &mut one).unwrap();
        scaled.scorer().score(&[first, second, 123.0, -456.0], &mut other).unwrap();
        assert!(one.iter().zip(&other).all(|(one, other)| (one - other).abs() < 1e-12), "{one:?} {other:?}");
    }
    let cases = [
        ("", "line 1 of the range file: it is neither JSON nor a range file of svm-scale, which begins with `x`"),
        ("y\n0 1\n1 2\nx\n", "line 1 of the range file: it scales what is predicted, too"),
        ("x\n", "line 2 of the range file: the file ends before"),
        ("x\n0 1\n1 2\n", "line 3 of the range file: `1 2` is not 3 numbers"),
        ("x\n0 1\n1 2 inf\n", "line 3 of the range file: `1 2 inf` is not 3 numbers"),
        ("x\n0 1\n0 2 3\n", "line 3 of the range file: it is no number of a feature"),
    ];
    for (text, expected) in cases {
        let message = LibsvmScaling::read(text.as_bytes()).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{expected}: {message}");
    }
}

#[test]
fn what_is_no_such_libsvm_model_is_one_clear_error() {
    let (_, text) = libsvm_iris(KernelType::Rbf, true);
    let first = text.lines().position(|line| line == "SV").unwrap() + 1;
    let damaged = |from: &str, to: &str| text.replacen(from, to, 1);
    let cut: String = text.lines().take(first + 3).map(|line| format!("{line}\n")).collect();
    let vectors = text.lines().count() - first;
    let cases = [
        (damaged("c_svc", "strange_svc"), "a libsvm model of type `strange_svc` cannot be imported".into()),
        (damaged("rbf", "precomputed"), "a libsvm model with kernel `precomputed` cannot be imported".into()),
        (damaged("gamma 0.25", "gamma x"), "`x` cannot be read".into()),
        (damaged(" 1:", " 9:"), format!("line {} of the libsvm model: feature 2 is out of order", first + 1)),
        (damaged(" 1:", " one:"), format!("line {} of the libsvm model: `one` cannot be read", first + 1)),
        (damaged(" 4:", " 4000000000:"), "features has 4000000000 entries, at most 4096".into()),
        (damaged(" 4:", " 4097:"), "features has 4097 entries, at most 4096".into()),
        (damaged("nr_class 3", "nr_class 1000000000"), "labels has 3 entries instead of 1000000000".into()),
        (damaged("rho ", "ohr "), "there was no `rho` before".into()),
        (cut, format!("the file has 3 support vectors, but its line `total_sv` says {vectors}: it is not whole")),
        (text.trim_end().to_owned(), "the last line has no end: where the file was cut off, copy it anew".into()),
        (
            damaged("nr_sv ", "nr_sv 9"),
            format!("the model's list of support vectors has {vectors} entries instead of "),
        ),
        ("hello".into(), "the file ends before `SV`: this is no libsvm model".into()),
    ];
    for (text, expected) in cases {
        let foreign = Foreign::from_libsvm(text.as_bytes(), LibsvmNames::default(), None);
        let message = rowscore::words::chain(&foreign.and_then(|it| import(it, "class", None)).unwrap_err());
        assert!(message.contains(&expected), "{expected}: {message}");
    }
}

#[test]
fn a_libsvm_model_of_any_kind_that_lost_lines_is_refused() {
    let models =
        [libsvm_other(SvmType::EpsilonSvr).1, libsvm_other(SvmType::OneClass).1, libsvm_iris(KernelType::Rbf, false).1];
    for text in models {
        let read = |text: &str| Foreign::from_libsvm(text.as_bytes(), LibsvmNames::default(), None);
        assert!(read(&text).is_ok());
        let lines: Vec<&str> = text.lines().collect();
        let (lost, more) = (lines[..lines.len() - 1].join("\n"), format!("{text}{}", lines[lines.len() - 1]));
        for text in [lost, more] {
            let message = read(&format!("{text}\n")).unwrap_err().to_string();
            assert!(message.contains("it is not whole; copy it anew"), "{message}");
        }
        // In the middle of the last line, between two of its values.
        let message = read(text.trim_end().rsplit_once(' ').unwrap().0).unwrap_err().to_string();
        assert!(message.contains("the last line has no end"), "{message}");
    }
}

// ---- The command ----

fn imports(arguments: &[&str], model: &Path, data: &Path) -> (String, Option<Artifact>) {
    let out = model.with_extension("artifact");
    let arguments = [arguments, &[model.to_str().unwrap(), "--out", out.to_str().unwrap()]].concat();
    let output = rowscore(&arguments, data);
    let artifact = output.status.success().then(|| Artifact::from_json(&fs::read(&out).unwrap()).unwrap());
    (String::from_utf8(output.stderr).unwrap(), artifact)
}

#[test]
fn the_command_takes_the_distribution_from_a_file() {
    let (_, text) = libsvm_iris(KernelType::Rbf, true);
    let (_folder, path) = file("iris.model", &text);
    let names = "sepal_length,sepal_width,petal_length,petal_width";
    let (said, artifact) = imports(&["import", "--features", names, "--libsvm"], &path, &in_crate("model/iris.csv"));
    let artifact = artifact.expect(&said);
    assert_eq!(artifact.content.distribution.len(), 4);
    assert_eq!(artifact.content.distribution[0].max, 7.9);
    assert_eq!(
        artifact.content.golden[0].values,
        iris().rows()[0].iter().copied().map(Cell::Number).collect::<Vec<_>>()
    );
    Model::new(artifact).unwrap().check_golden_rows().unwrap();

    let (said, artifact) = imports(&["import", "--libsvm"], &path, &in_crate("model/iris.csv"));
    assert!(artifact.is_none());
    assert!(said.contains("the model's features are feature_1, feature_2"), "{said}");
    let (_folder, path) = file("export.json", "{}");
    let (said, _) = imports(&["import", "--sklearn"], &path, &in_crate("model/iris.csv"));
    assert!(
        said.contains("export.json: this is no export, as scripts/export_sklearn.py writes them: missing field"),
        "{said}"
    );
}

#[test]
fn a_joblib_file_gets_the_command_that_exports_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.joblib");
    fs::write(&path, b"\x80\x04\x95\x1c").unwrap();
    let (said, artifact) = imports(&["import", "--sklearn"], &path, &in_crate("model/iris.csv"));
    assert!(artifact.is_none() && said.contains("model.joblib: this is no export but a binary file"), "{said}");
    assert!(said.contains("python scripts/export_sklearn.py MODEL EXPORT.json"), "{said}");
}

#[test]
fn swapped_names_of_the_classes_are_noticed_where_the_rows_have_them() {
    let (_, text) = libsvm_iris(KernelType::Rbf, true);
    let (_folder, path) = file("iris.model", &text);
    let import = |more: &[&str]| {
        let arguments = [&["import"], &NAMES[..2], &["--classes", "virginica,setosa,versicolor"], more, &["--libsvm"]];
        imports(&arguments.concat(), &path, &in_crate("model/iris.csv"))
    };
    let (said, artifact) = import(&["--label", "species"]);
    assert!(artifact.is_none(), "{said}");
    assert!(said.contains("Give --classes setosa,versicolor,virginica, or leave --label out"), "{said}");
    let (said, artifact) = import(&[]);
    assert!(artifact.is_some(), "{said}");
}

const NAMES: [&str; 4] =
    ["--features", "sepal_length,sepal_width,petal_length,petal_width", "--classes", "setosa,versicolor,virginica"];

#[test]
fn the_card_of_an_import_says_what_is_known_and_no_more() {
    let (original, text) = libsvm_iris(KernelType::Rbf, true);
    let (folder, path) = file("iris.model", &text);
    let out = folder.path().join("model.json");
    let mut import = Command::new(env!("CARGO_BIN_EXE_rowscore"));
    let output =
        import.args(["import", "--libsvm"]).arg(&path).arg("--out").arg(&out).args(&NAMES[2..]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let artifact = Artifact::from_json(&fs::read(&out).unwrap()).unwrap();
    let card = fs::read_to_string(folder.path().join("model.card.md")).unwrap();
    let classes = ["setosa", "versicolor", "virginica"].iter().zip(&original.n_sv);
    let vectors = classes.map(|(class, vectors)| format!("| of these, of class {class} | {vectors} |"));
    let facts = [
        format!("| version | `{}` |", artifact.version.digest()),
        "| predicts | the probability of each class of `class`: setosa, versicolor, virginica |".into(),
        "| from | 4 features: feature_1, feature_2, feature_3, feature_4 |".into(),
        format!("| imported from | a libsvm model file, SHA-256 `{}` |", Digest::of(text.as_bytes())),
        "| reference rows | none |".into(),
        "pair on the features as they are, a sigmoid".into(),
        "| kernel | RBF, gamma 0.250000 |".into(),
        "Not measured: the import was given no rows.".into(),
        "nothing to measure drift against".into(),
    ];
    for fact in facts.into_iter().chain(vectors) {
        assert!(card.contains(&fact), "{fact} is not in\n{card}");
    }
    assert!(!card.contains("svg") && !folder.path().join("model.card").exists(), "{card}");
}

#[test]
fn an_import_with_classes_is_measured_on_them() {
    let (_, text) = libsvm_iris(KernelType::Rbf, true);
    let (folder, path) = file("iris.model", &text);
    let iris_csv = in_crate("model/iris.csv");
    let import = |label: &str, csv: &Path| {
        let arguments = [&["import", "--label", label], &NAMES[..], &["--libsvm"]].concat();
        let (said, artifact) = imports(&arguments, &path, csv);
        (said, artifact, fs::read_to_string(folder.path().join("iris.card.md")).unwrap_or_default())
    };
    let (said, artifact, card) = import("species", &iris_csv);
    let artifact = artifact.expect(&said);
    let model = Model::new(artifact.clone()).unwrap();
    let rows = Rows::new(fs::File::open(&iris_csv).unwrap(), model.features()).unwrap();
    let measured = evaluate(&model, &rows.labelled("species", model.classes()).unwrap()).unwrap();
    let metrics = measured.quality.probabilities().unwrap();
    assert!(
        metrics.accuracy > 0.9 && said.contains(&format!("accuracy {:.4} on 150 rows", metrics.accuracy)),
        "{said}"
    );
    assert!(card.contains(&format!("| {:.4} | {:.4} | {:.4} |", metrics.accuracy, metrics.macro_f1, metrics.log_loss)));
    assert!(
        card.contains("Measured on the 150 reference rows.") && card.contains("| sepal_length | 4.3000 | 5.8433 |")
    );
    for plot in ["confusion", "reliability", "class-metrics"] {
        assert!(card.contains(&format!("iris.card/{plot}.svg")), "{card}");
        assert!(fs::read_to_string(folder.path().join(format!("iris.card/{plot}.svg"))).unwrap().starts_with("<svg"));
    }
    // The same import makes the same card.
    assert_eq!(import("species", &iris_csv).2, card);

    let (said, _, card) = import("kind", &iris_csv);
    assert!(said.contains("the model card has no figures"), "{said}");
    assert!(card.contains("Not measured: the import was given rows without their classes."), "{card}");
    let (_folder, strange) =
        file("strange.csv", "sepal_length,sepal_width,petal_length,petal_width,species\n1,2,3,4,rose\n");
    let (said, artifact, _) = import("species", &strange);
    assert!(artifact.is_none() && said.contains("the model has no class `rose`"), "{said}");
}
