//! The commands that need no database: `train`, `score`, `evaluate`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rand_mt::Mt;
use rowscore::model::{Model, TrainOptions, explain};
use rowscore::training::{Dataset, Reading, train};
use serde_json::Value;
use tempfile::TempDir;

use super::{in_crate, iris, iris_model, three_clouds, uniform};

/// A directory with a file of that content.
pub(super) fn file(name: &str, content: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    (folder, path)
}

pub(super) fn rowscore(arguments: &[&str], data: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rowscore")).args(arguments).arg("--data").arg(data).output().unwrap()
}

fn fails(arguments: &[&str], csv: &str) -> String {
    let (_folder, path) = file("data.csv", csv);
    let output = rowscore(arguments, &path);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!message.contains("panicked"), "{message}");
    message
}

/// Trains on `csv`, and answers the folder with `model.json`, and what was said.
fn trains(options: &[&str], csv: &str) -> (TempDir, String) {
    let (folder, path) = file("data.csv", csv);
    let out = folder.path().join("model.json");
    let arguments = [&["train", "--label", "kind", "--out", out.to_str().unwrap()], options].concat();
    let output = rowscore(&arguments, &path);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    (folder, said)
}

// ---- score ----

#[test]
fn a_line_is_what_the_function_writes() {
    let output = rowscore(&["score"], &in_crate("model/iris.csv"));
    assert!(output.status.success());
    let (data, model) = (iris(), iris_model());
    let mut expected = String::new();
    for row in data.rows() {
        let mut probabilities = [0.0; 3];
        model.scorer().score(row, &mut probabilities).unwrap();
        expected += &serde_json::to_string(&probabilities).unwrap();
        expected.push('\n');
    }
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn columns_may_stand_in_any_order_and_others_beside_them() {
    let model = in_crate("model/iris.json");
    let arguments = ["score", "--model", model.to_str().unwrap()];
    let lines = |csv: &str| {
        let (_folder, path) = file("data.csv", csv);
        String::from_utf8(rowscore(&arguments, &path).stdout).unwrap()
    };
    let plain = lines("sepal_length,sepal_width,petal_length,petal_width\n4.3,2.4,3.0,2.1\n");
    assert_eq!(lines("petal_width,note,petal_length,sepal_width,sepal_length\n2.1,x,3.0,2.4,4.3\n"), plain);
    assert!(plain.starts_with("[0.0548"), "{plain}");
}

#[test]
fn many_rows_are_scored_and_the_first_bad_one_is_named() {
    let mut csv = String::from("sepal_length,sepal_width,petal_length,petal_width\n");
    csv += &"5.0,3.0,4.0,1.0\n".repeat(2500);
    let (_folder, path) = file("data.csv", &csv);
    let output = rowscore(&["score"], &path);
    assert_eq!(output.stdout.iter().filter(|&&byte| byte == b'\n').count(), 2500);

    let message = fails(&["score"], &format!("{csv}1,2,1e400,4\n"));
    assert!(
        message.contains("data.csv: line 2502, column `petal_length`: `1e400` is not a finite number"),
        "{message}"
    );
    let message = fails(&["score"], &format!("{csv}1,1.7e308,2,4\n"));
    assert!(message.contains("line 2502, column `sepal_width`: 1.7e308 is too large for the model"), "{message}");
    let message = fails(&["score"], "a,b\n1,2\n");
    let both = "the model's features are sepal_length, sepal_width, petal_length, petal_width; the columns are a, b";
    assert!(message.contains(both), "{message}");
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let (_folder, path) = file("model.json", "{}");
    let output = rowscore(&["score", "--model", path.to_str().unwrap()], &in_crate("model/iris.csv"));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("model.json: this is no model file, as `rowscore train` and `rowscore import` write them"),
        "{message}"
    );
}

// ---- evaluate ----

#[test]
fn an_evaluation_counts_every_row_once() {
    let output = rowscore(&["evaluate", "--label", "species", "--json"], &in_crate("model/iris.csv"));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["rows"], 150);
    let confusion: Vec<Vec<u64>> = serde_json::from_value(found["confusion"].clone()).unwrap();
    assert_eq!(confusion.iter().flatten().sum::<u64>(), 150);
    let right: u64 = (0..3).map(|class| confusion[class][class]).sum();
    assert_eq!(found["accuracy"], right as f64 / 150.0);
    assert_eq!(found["classes"][1]["class"], "versicolor");
    assert_eq!(found["classes"][1]["recall"], confusion[1][1] as f64 / 50.0);

    let output = rowscore(&["evaluate", "--label", "species", "--text"], &in_crate("model/iris.csv"));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["accuracy ", "macro F1 ", "log-loss ", "Brier ", "calibration error ", "precision", "virginica"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn classes_that_the_model_does_not_have_are_named() {
    let csv = "sepal_length,sepal_width,petal_length,petal_width,species\n1,2,3,4,rose\n";
    let message = fails(&["evaluate", "--label", "species"], csv);
    assert!(message.contains("line 2, column `species`: the model has no class `rose`"), "{message}");
}

// ---- train ----

#[test]
fn two_trainings_in_two_processes_write_the_same_bytes() {
    let csv = three_clouds();
    for options in [&[][..], &["--kernel", "polynomial", "--degree", "2", "--coef0", "1", "--class-weight", "balanced"]]
    {
        let (one, said) = trains(options, &csv);
        let (other, _) = trains(options, &csv);
        let bytes = |folder: &TempDir| fs::read(folder.path().join("model.json")).unwrap();
        assert!(bytes(&one) == bytes(&other));
        let card = |folder: &TempDir| fs::read_to_string(folder.path().join("model.card.md")).unwrap();
        assert_eq!(card(&one), card(&other));
        assert!(fs::read(one.path().join("model.card/reliability.svg")).unwrap().starts_with(b"<svg"));
        assert!(said.contains("held out over 5 folds: accuracy"), "{said}");
        Model::from_json(&bytes(&one)).unwrap().check_golden_rows().unwrap();
    }
}

#[test]
fn without_options_the_command_trains_as_the_library_does() {
    let csv = three_clouds();
    let (folder, _) = trains(&[], &csv);
    let data = Dataset::read(csv.as_bytes(), &Reading::of(Some("kind"))).unwrap();
    let expected = train(&data, &TrainOptions::default(), |_| ()).unwrap().to_json();
    assert!(fs::read(folder.path().join("model.json")).unwrap() == expected);
}

#[test]
fn a_grid_is_shown_and_trains_with_the_best_of_it() {
    let grid = ["--grid", "--grid-c", "0.01,1,10", "--grid-gamma", "scale,0.5"];
    let (folder, said) = trains(&grid, &three_clouds());
    assert_eq!(said.matches("<- best").count(), 1, "{said}");
    assert!(said.contains("best by the least log-loss"), "{said}");
    let best: Vec<&str> = said.lines().find(|line| line.contains("<- best")).unwrap().split_whitespace().collect();
    let model = Model::from_json(&fs::read(folder.path().join("model.json")).unwrap()).unwrap();
    let training = model.artifact().content.training().unwrap();
    assert_eq!(training.options.c.to_string(), best[0]);
    assert_eq!(format!("{:.4}", training.held_out.probabilities().unwrap().log_loss), best[3]);

    let (_, said) =
        trains(&["--grid", "--kernel", "linear", "--grid-c", "1,2", "--best-by", "accuracy"], &three_clouds());
    assert_eq!(said.lines().filter(|line| line.contains(" - ")).count(), 2, "{said}");
    assert!(said.contains("best by the highest accuracy"), "{said}");
}

#[test]
fn what_cannot_be_trained_on_is_one_clear_error() {
    let (folder, _) = file("unused", "");
    let out = folder.path().join("model.json");
    let train = ["train", "--label", "kind", "--out", out.to_str().unwrap()];
    let cases = [
        ("x,kind\n1,a\n-inf,b\n", "data.csv: line 3, column `x`: `-inf` is not a finite number"),
        ("x,kind\n1,a\nlong,b\n", "there is no feature: `x`: it has more than half as many different texts as rows"),
        ("x,kind\n,a\n,b\n", "there is no feature: `x`: it has no values"),
        ("x,y\n1,a\n2,b\n", "there is no column `kind` for the label; the columns are x, y"),
        ("x,kind\n1,a\n2,a\n", "all rows are of class `a`; at least two classes are needed"),
        ("x,kind\n1,a\n2,a\n3,b\n", "class `b` has 1 row, at least 2 are needed"),
        ("x,kind\n", "there are no rows"),
        ("", "there is no column `kind`"),
    ];
    for (csv, expected) in cases {
        let message = fails(&train, csv);
        assert!(message.contains(expected), "{csv}: {message}");
    }
    for (options, expected) in [
        (&["--gamma", "0"][..], "gamma is 0, which is out of range; accepted: a number above 0"),
        (&["--c", "0"], "C is 0, which is out of range; accepted: a number above 0"),
        (&["--grid", "--grid-gamma", "scale,0"], "gamma is 0, which is out of range; accepted: a number above 0"),
        (
            &["--kernel", "polynomial", "--degree", "0"],
            "degree is 0, which is out of range; accepted: a whole number from 1",
        ),
    ] {
        let message = fails(&[&train[..], options].concat(), &three_clouds());
        assert!(message.contains(expected), "{message}");
    }
    assert!(!out.exists());
}

#[test]
fn where_nothing_can_be_written_is_told_before_the_training() {
    let (folder, data) = file("data.csv", &three_clouds());
    let (before, path) = (fs::read(&data).unwrap(), |name: &str| folder.path().join(name).to_str().unwrap().to_owned());
    fs::create_dir(path("kept")).unwrap();
    fs::write(path("no-folder"), "").unwrap();
    fs::create_dir(path("link")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("..", path("link/up")).unwrap();
    for (options, expected) in [
        (&["--out", &path("data.csv")][..], "--out would replace "),
        (&["--out", &path("kept/../data.csv")], "--out would replace "),
        #[cfg(unix)]
        (&["--out", &path("link/up/data.csv")], "--out would replace "),
        (&["--out", &path("m.json"), "--card", &path("data.csv")], "--card would replace "),
        (&["--out", &path("m.json"), "--card", &path("./m.json")], "the artifact and its card would be one file"),
        (
            &["--out", &path("new/m.json"), "--card", &path("new/./m.json")],
            "the artifact and its card would be one file",
        ),
        (&["--out", &path("kept")], "this is a folder; --out takes a file, such as "),
        (&["--out", &path("other/")], "this is a folder; --out takes a file, such as "),
        (&["--out", &path("m.json"), "--card", &path("kept")], "this is a folder; --card takes a file, such as "),
        (&["--out", "/dev/null"], "this is a device or a pipe, and no file that --out may replace"),
        (&["--out", &path("m.card")], "the plots of the model card need a folder of this name, but a file has it"),
        (&["--out", &path("m.json"), "--card", &path("no-folder.md")], "need a folder of this name, but a file has it"),
        (&["--out", &path("no-folder/m.json")], "this folder cannot be made: "),
        (&["--out", &path("m.json"), "--card", &path("no-folder/m.md")], "this folder cannot be made: "),
    ] {
        let output = rowscore(&[&["train", "--label", "kind"], options].concat(), &data);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && message.contains(expected), "{options:?}: {message}");
        assert!(!message.contains("held out"), "{message}");
    }
    assert!(fs::read(&data).unwrap() == before);
    let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["data.csv", "kept", "link", "no-folder"]);
}

#[test]
fn folders_of_the_artifact_and_of_the_card_are_made() {
    let (folder, data) = file("data.csv", &three_clouds());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let arguments = ["train", "--label", "kind", "--out", &path("a/b/m.json"), "--card", &path("c/d/card.md")];
    let output = rowscore(&arguments, &data);
    assert!(output.status.success(), "{output:?}");
    for name in ["a/b/m.json", "c/d/card.md", "c/d/card/confusion.svg"] {
        assert!(Path::new(&path(name)).is_file(), "{name}");
    }
}

#[test]
fn options_about_one_column_that_do_not_go_together_are_refused() {
    let (folder, data) = file("data.csv", "a,b,kind\n1,2,x\n3,4,y\n5,6,x\n7,9,y\n");
    let out = folder.path().join("m.json");
    for (options, expected) in [
        (&["--features", "a,a"][..], "`a`: --features names this column twice"),
        (&["--features", "a,kind"], "`kind`: --features names the label, which is what is to be predicted"),
        (&["--features", "a", "--ignore", "a"], "`a`: --features names this column, and so does --ignore"),
        (&["--features", "a", "--categories", "b"], "`b`: --categories names this column, but --features does not"),
        (&["--categories", "b", "--ignore", "b"], "`b`: --categories names this column, and so does --ignore"),
        (&["--categories", "kind"], "`kind`: --categories names the label, which is no feature"),
        (&["--features", "a,"], "there is no column `` to learn from; the columns are a, b, kind"),
    ] {
        let arguments = [&["train", "--label", "kind", "--out", out.to_str().unwrap()], options].concat();
        let output = rowscore(&arguments, &data);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && message.contains(expected), "{options:?}: {message}");
    }
}

#[test]
fn constant_columns_and_fewer_rows_than_features_train() {
    let (_, said) = trains(&[], "a,b,c,d,e,kind\n1,2,3,4,5,x\n1,2,3,4,6,x\n2,2,1,0,5,y\n2,2,1,0,5,y\n");
    assert!(said.contains("2 classes") && said.contains("4 rows, held out"), "{said}");
    let (_, said) = trains(&["--features", "a"], "a,kind\n7,x\n7,x\n7,y\n7,y\n");
    assert!(said.contains("2 classes") && said.contains("4 rows, held out"), "{said}");
}

#[test]
fn a_training_that_would_take_hours_asks_for_force_at_once() {
    let mut rng = Mt::new(21);
    let mut csv = String::from("x,y,kind\n");
    for row in 0..600_000 {
        let (x, y) = (uniform(&mut rng, 0.0, 1.0), uniform(&mut rng, 0.0, 1.0));
        csv += &format!("{x},{y},{}\n", row % 3);
    }
    let (folder, _) = file("unused", "");
    let out = folder.path().join("model.json");
    let message = fails(&["train", "--label", "kind", "--out", out.to_str().unwrap()], &csv);
    assert!(message.contains("the largest two classes have 400,000 rows together: the training may take"), "{message}");
    assert!(message.contains("--force"), "{message}");
}

// ---- explain ----

fn explains(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rowscore")).arg("explain").args(arguments).output().unwrap()
}

#[test]
fn an_explanation_has_the_margins_and_the_nearest_support_vectors() {
    let output = explains(&["--values", "[5.1, 3.5, 1.4, 0.2]", "--nearest", "3", "--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let model = iris_model();
    let row = [5.1, 3.5, 1.4, 0.2];
    let (mut probabilities, mut decisions) = ([0.0; 3], [0.0; 3]);
    model.scorer().score(&row, &mut probabilities).unwrap();
    model.scorer().decision_values(&row, &mut decisions).unwrap();
    assert_eq!(found["probabilities"], serde_json::json!(probabilities));
    assert_eq!(found["pairs"][2]["negative"], "virginica");
    assert!((0..3).all(|pair| found["pairs"][pair]["margin"] == decisions[pair]));
    let nearest = found["nearest"].as_array().unwrap();
    assert_eq!(nearest.len(), 3);
    assert!(nearest.iter().all(|vector| vector["class"] == "setosa"), "{nearest:?}");
    let distances: Vec<f64> = nearest.iter().map(|vector| vector["distance"].as_f64().unwrap()).collect();
    assert!(distances.is_sorted());

    let text = String::from_utf8(explains(&["--values", "[5.1, 3.5, 1.4, 0.2]", "--text"]).stdout).unwrap();
    assert!(text.contains("setosa        virginica     ") && text.contains("nearest support vectors"), "{text}");
}

#[test]
fn support_vectors_are_training_rows_of_their_class() {
    let (data, model) = (iris(), iris_model());
    let explanation = explain(&model, &data.rows()[60], usize::MAX).unwrap();
    assert_eq!(explanation.nearest.len(), model.artifact().content.predictor.svm().unwrap().support_vectors.len());
    for vector in explanation.nearest {
        let same = |row: &[f64]| row.iter().zip(&vector.values).all(|(one, other)| (one - other).abs() < 1e-12);
        let class = data.rows().iter().zip(data.labels()).find(|(row, _)| same(row)).map(|(_, &label)| label);
        assert_eq!(Some(&data.classes()[class.unwrap()]), vector.class.as_ref());
    }
}

#[test]
fn values_that_cannot_be_scored_are_told_with_the_reason() {
    let message = String::from_utf8(explains(&["--values", "[1, 2]"]).stderr).unwrap();
    assert!(message.contains("[1, 2] cannot be scored: "), "{message}");
}
