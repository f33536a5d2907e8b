//! `rowscore train` on CSV files as people have them, beside the same pipelines of scikit-learn.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rowscore::model::{Model, Predictor};
use serde_json::{Value, json};

use crate::model::python;

fn rowscore(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_rowscore")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Trains on `NAME.train.csv`, and answers what it gives for `NAME.test.csv`, and what was said.
fn outputs(folder: &Path, name: &str, options: &[&str]) -> (Vec<Value>, String) {
    let path = |what: &str| folder.join(format!("{name}.{what}")).to_str().unwrap().to_owned();
    let (train, test, model) = (path("train.csv"), path("test.csv"), path("json"));
    let said = rowscore(&[&["train", &train, "--out", &model], options].concat()).stderr;
    Model::from_json(&fs::read(&model).unwrap()).unwrap().check_golden_rows().unwrap();
    let scored = rowscore(&["score", "--model", &model, "--data", &test]);
    let lines = String::from_utf8(scored.stdout).unwrap();
    (lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), String::from_utf8(said).unwrap())
}

#[test]
fn every_family_is_as_good_as_scikit_learns() {
    let folder = tempfile::tempdir().unwrap();
    python("families.py", &[OsStr::new("make"), folder.path().as_os_str()], "");
    let value = ["--label", "progression"];
    let kind = ["--label", "kind"];
    let mut tasks = Vec::new();
    for (task, options) in [
        ("passengers", &["--label", "Survived"][..]),
        ("passengers-logistic", &["--label", "Survived", "--model", "logistic"]),
        ("diabetes-svm", &value),
        ("diabetes-linear", &[&value[..], &["--model", "linear"]].concat()),
        ("diabetes-ridge", &[&value[..], &["--model", "ridge", "--alpha", "3"]].concat()),
        ("wine-logistic", &[&kind[..], &["--model", "logistic"]].concat()),
        ("wine-linear-svc", &[&kind[..], &["--model", "linear-svc"]].concat()),
        ("cancer-linear-svc", &[&kind[..], &["--model", "linear-svc", "--class-weight", "balanced"]].concat()),
        ("shifted-svm", &["--label", "side", "--task", "one-class", "--nu", "0.2"]),
    ] {
        let name = task.split('-').next().unwrap();
        let (outputs, said) = outputs(folder.path(), name, options);
        if name == "passengers" {
            for word in ["`PassengerId`: it is an id", "`Name`: it has more than 100 different texts"] {
                assert!(said.contains(word), "{said}");
            }
        }
        tasks.push(json!({"name": task, "folder": folder.path(), "outputs": outputs}));
    }
    python("families.py", &["compare"], &Value::from(tasks).to_string());
}

#[test]
fn what_a_model_does_not_know_is_refused_or_taken_as_its_card_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let row = |row: usize| {
        let plan = ["basic", "plus", ""][row % 3];
        format!("{},{plan},2026-0{}-03,{}\n", row * 37 % 11, row % 9 + 1, ["left", "stayed"][row * 7 % 5 % 2])
    };
    let csv: String = (0..60).map(row).collect();
    fs::write(path("data.csv"), format!("usage,plan,since,outcome\n{csv}")).unwrap();
    let (data, model, new) = (path("data.csv"), path("churn.json"), path("new.csv"));
    rowscore(&["train", &data, "--label", "outcome", "--out", &model]);
    let card = fs::read_to_string(path("churn.card.md")).unwrap();
    for line in [
        "- A gap is taken in plan. In all others a row with one is set aside.",
        "- A category that it does not know is taken in plan, ",
        "| plan | basic 50.0 %, plus 50.0 % | 33.3 % |",
        "| since | 2026-01-03T00:00:00 | 2026-09-03T00:00:00 | 0.0 % |",
    ] {
        assert!(card.contains(line), "{line} is not in\n{card}");
    }
    let artifact = Model::from_json(&fs::read(&model).unwrap()).unwrap();
    assert!(matches!(artifact.artifact().content.predictor, Predictor::Pipelines(_)));
    let score = |rows: &str| {
        fs::write(&new, format!("since;usage;plan\n{rows}")).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_rowscore"))
            .args(["score", "--model", &model, "--data", &new])
            .output()
            .unwrap();
        (String::from_utf8(output.stdout).unwrap().lines().count(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(score("2026-11-28;1,5;gold\n2026-11-28 12:30;2;NA\n"), (2, String::new()));
    let (_, said) = score("2026-11-28;NA;plus\n");
    assert!(said.contains("line 2, column `usage`: `NA` is a gap, and none is taken there"), "{said}");
    let (_, said) = score("soon;1;plus\n");
    assert!(said.contains("column `since`: `soon` is not a date or a time like 2026-11-28"), "{said}");

    rowscore(&["train", &data, "--label", "outcome", "--unseen", "refuse", "--missing", "fill", "--out", &model]);
    assert_eq!(score(";;\n"), (1, String::new()));
    let (_, said) = score("2026-11-28;1;gold\n");
    assert!(said.contains("`gold` is none of the categories that the model knows: basic, plus"), "{said}");
}

#[test]
fn options_that_a_model_does_not_have_are_refused_with_those_that_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data.csv");
    let rows: String = (0..30).map(|row| format!("{},{}.5\n", row * 7 % 13, row * 3 % 17)).collect();
    fs::write(&data, format!("x,y\n{rows}")).unwrap();
    let fails = |options: &[&str]| {
        let out = folder.path().join("model.json");
        let output = Command::new(env!("CARGO_BIN_EXE_rowscore"))
            .args(["train", "--label", "y", "--out", out.to_str().unwrap()])
            .args(options)
            .arg(&data)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (options, expected) in [
        (
            &["--model", "ridge", "--c", "2"][..],
            "--c does not fit `--model ridge` with `--task regression`, which takes --alpha",
        ),
        (
            &["--model", "linear", "--grid"],
            "--grid does not fit `--model linear` with `--task regression`, which takes none of these",
        ),
        (&["--nu", "0.1"], "--nu does not fit `--model svm` with `--task regression`, which takes --kernel, "),
        (
            &["--model", "logistic"],
            "`--model logistic` learns no regression; for regression there are: svm, linear, ridge",
        ),
        (&["--epsilon", "inf"], "epsilon is inf, which is out of range; accepted: 0 or a number above it"),
        (
            &["--kernel", "linear", "--gamma", "3"],
            "--gamma does not fit `--kernel linear`; it is for `--kernel rbf`, `--kernel polynomial`, `--kernel sigmoid`",
        ),
        (
            &["--kernel", "linear", "--grid", "--grid-gamma", "1"],
            "--grid-gamma does not fit `--kernel linear`; it is for ",
        ),
        (
            &["--kernel", "rbf", "--degree", "3"],
            "--degree does not fit `--kernel rbf`; it is for `--kernel polynomial`. Leave it out, or give another kernel",
        ),
        (&["--degree", "3"], "--degree does not fit `--kernel rbf`, which is the default; it is for "),
        (&["--kernel", "sigmoid", "--degree", "3"], "--degree does not fit `--kernel sigmoid`; it is for "),
        (
            &["--coef0", "1"],
            "--coef0 does not fit `--kernel rbf`, which is the default; it is for `--kernel polynomial`, ",
        ),
    ] {
        let message = fails(options);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn labels_too_large_to_measure_errors_of_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (folder.path().join("data.csv"), folder.path().join("model.json"));
    let rows: String = (0..30).map(|row| format!("{},{}e307\n", row * 7 % 13, row * 3 % 17 - 8)).collect();
    fs::write(&data, format!("x,y\n{rows}")).unwrap();
    for model in ["svm", "linear", "ridge"] {
        let output = Command::new(env!("CARGO_BIN_EXE_rowscore"))
            .args(["train", "--label", "y", "--model", model, "--out", out.to_str().unwrap()])
            .arg(&data)
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && message.contains("the largest label is 8e307"), "{message}");
        assert!(!out.exists());
    }
}

#[test]
fn a_regression_and_one_class_are_measured_on_other_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let row = |row: usize| {
        let (x, kind) = ((row * 37 % 101) as f64 / 10.0, ["flat", "house"][row % 2]);
        format!("{x},{kind},{},{}\n", 1000.0 * x + 500.0 * (row % 2) as f64, ["1", "-1"][usize::from(row % 10 == 9)])
    };
    let rows = (0..120).map(row).collect::<String>();
    fs::write(path("data.csv"), format!("area,kind,price,side\n{rows}")).unwrap();
    let (data, model, other) = (path("data.csv"), path("price.json"), path("usual.json"));
    let grid = ["--ignore", "side", "--grid", "--grid-gamma", "scale", "--epsilon", "50", "--out", &model];
    let said = rowscore(&[&["train", &data, "--label", "price"], &grid[..]].concat()).stderr;
    let said = String::from_utf8(said).unwrap();
    // C in units of the label: its deviation is some 2,900.
    assert!(said.contains("    100000  ") && said.contains("best by the least squared errors"), "{said}");
    let evaluate = |arguments: &[&str]| {
        let output = rowscore(&[&["evaluate", "--data", &data, "--json"], arguments].concat());
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let found = evaluate(&["--model", &model, "--label", "price"]);
    assert!(found["r2"].as_f64().unwrap() > 0.95 && found["rows"] == 120, "{found}");
    assert!(found["residuals"]["median"].is_f64() && found["baseline"]["mean_absolute_error"].is_f64(), "{found}");
    let card = fs::read_to_string(path("price.card.md")).unwrap();
    for line in
        ["| predicts | the number `price` |", "| R2 | mean absolute error |", "| epsilon | 50 |", "--ignore names it"]
    {
        assert!(card.contains(line), "{line} is not in\n{card}");
    }

    let one_class = ["--task", "one-class", "--nu", "0.1", "--label", "side", "--ignore", "price", "--out", &other];
    rowscore(&[&["train", &data], &one_class[..]].concat());
    // Two artifacts in one folder have a card each.
    assert!(fs::read_to_string(path("usual.card.md")).unwrap().contains("above 0 inlier, else outlier"));
    let found = evaluate(&["--model", &other]);
    assert!((0.0..0.3).contains(&found["outliers"].as_f64().unwrap()) && found["roc_auc"].is_null(), "{found}");
    let found = evaluate(&["--model", &other, "--label", "side"]);
    assert!(found["roc_auc"].is_f64() && found["accuracy"].is_f64(), "{found}");
    let text = rowscore(&["evaluate", "--data", &data, "--model", &other, "--label", "side", "--text"]).stdout;
    assert!(String::from_utf8(text).unwrap().contains("ROC AUC"));
    let bytes = || fs::read(&other).unwrap();
    let before = bytes();
    rowscore(&[&["train", &data], &one_class[..]].concat());
    assert!(before == bytes());
}
