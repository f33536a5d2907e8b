//! Pipelines of scikit-learn, drawn at random from everything that the exporter takes, score as they do there.

use std::fs;
use std::path::Path;

use rowscore::model::{Cell, Model};
use rowscore::training::{Foreign, import};
use serde::Deserialize;
use serde_json::Value;

use super::{in_crate, python};

/// So far may an output be from scikit-learn's; relative where that is beyond 1.
const MOST_DIFFERENCE: f64 = 1e-9;
const MOST_WITHOUT_EXP: f64 = 1e-12;

#[derive(Deserialize)]
struct Expected {
    name: String,
    /// Whether there is no exp in it.
    exact: bool,
    rows: Vec<Vec<Cell>>,
    /// None where scikit-learn raises an error.
    outputs: Vec<Option<Vec<f64>>>,
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn imported(export: &[u8]) -> Result<Model, String> {
    let foreign = Foreign::from_sklearn(export).map_err(|error| error.to_string())?;
    let artifact = import(foreign, "kind", None).map_err(|error| error.to_string())?;
    // Through its file.
    Ok(Model::from_json(&artifact.to_json()).unwrap())
}

/// The largest difference of an output, and how many rows have one.
fn compare(model: &Model, expected: &Expected) -> (f64, usize) {
    let mut scorer = model.scorer();
    let mut found = vec![0.0; model.outputs().width()];
    let (mut worst, mut scored) = (0.0, 0);
    for (row, answer) in expected.rows.iter().zip(&expected.outputs) {
        let raw: Result<Vec<f64>, _> =
            row.iter().enumerate().map(|(feature, cell)| model.encoder().cell(feature, cell)).collect();
        let is_scored = raw.is_ok_and(|raw| scorer.score(&raw, &mut found).is_ok());
        assert_eq!(is_scored, answer.is_some(), "{}: {row:?}", expected.name);
        let Some(answer) = answer else { continue };
        let differences = found.iter().zip(answer).map(|(one, other)| (one - other).abs() / other.abs().max(1.0));
        let difference = differences.fold(0.0, f64::max);
        assert!(difference <= MOST_DIFFERENCE, "{}: {row:?}: {found:?} instead of {answer:?}", expected.name);
        (worst, scored) = (f64::max(worst, difference), scored + 1);
    }
    (worst, scored)
}

#[test]
fn forty_pipelines_of_every_step_and_estimator_score_a_thousand_rows_as_in_scikit_learn() {
    let folder = tempfile::tempdir().unwrap();
    python("pipelines.py", &[folder.path(), &in_crate("scripts/export_sklearn.py")], "");
    let exports = (0..).map(|position| folder.path().join(format!("{position:02}.json")));
    let mut count = 0;
    for path in exports.take_while(|path| path.exists()) {
        let expected: Expected = read(&path.with_extension("expected.json"));
        let model = imported(&fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", expected.name));
        model.check_golden_rows().unwrap();
        let (worst, scored) = compare(&model, &expected);
        println!("{}: {worst:.1e} over {scored} of {} rows: {}", path.display(), expected.rows.len(), expected.name);
        assert!(scored * 10 >= expected.rows.len() * 9, "{}", expected.name);
        assert!(!expected.exact || worst <= MOST_WITHOUT_EXP, "{}: {worst:e}", expected.name);
        count += 1;
    }
    assert!(count >= 40, "{count}");
}

#[test]
fn the_exporter_names_what_it_cannot_take_and_leaves_the_earlier_export_alone() {
    python("exporter.py", &[in_crate("scripts/export_sklearn.py")], "");
}

/// An export of a text with gaps and a number, with three reference rows.
fn small() -> Value {
    serde_json::json!({
        "format": "rowscore-sklearn-2",
        "version": "1.9.1",
        "features": ["x", {"name": "y", "kind": "category", "categories": ["a", "b"], "missing": "taken"}],
        "classes": [],
        "pipelines": [{
            "layers": [[{"from": 0, "ops": []}, {"from": 1, "ops": [{"is_among": [1.0]}]}]],
            "machine": {"linear": {
                "scaler": {"mean": [1.0, 0.0], "scale": [2.0, 1.0]}, "weights": [[3.0, 0.5]], "intercepts": [0.25]
            }},
            "output": "value"
        }],
        "reference": [
            {"values": [1.0, "a"], "outputs": [0.25]},
            {"values": [3.0, "b"], "outputs": [3.75]},
            {"values": [3.0, null], "outputs": [3.25]}
        ]
    })
}

#[test]
fn an_import_that_does_not_give_the_originals_answers_is_refused_with_row_and_difference() {
    let import = |export: &Value| imported(export.to_string().as_bytes());
    let model = import(&small()).unwrap();
    let golden = &model.artifact().content.golden;
    assert!(golden.iter().any(|row| row.values[1] == Cell::Missing), "{golden:?}");

    let mut changed = small();
    changed["pipelines"][0]["machine"]["linear"]["scaler"]["mean"][0] = 1.5.into();
    let error = import(&changed).unwrap_err();
    let expected =
        "of reference row 1, [1.0,\"a\"], the original says [0.25], the imported model [-0.5]: a difference of 7.5e-1";
    assert!(error.starts_with(expected), "{error}");
    // Less than a billionth is rounding.
    changed["pipelines"][0]["machine"]["linear"]["scaler"]["mean"][0] = 1.0000000001.into();
    assert!(import(&changed).is_ok());

    let mut unfilled = small();
    unfilled["features"][1]["missing"] = "refused".into();
    let error = import(&unfilled).unwrap_err();
    assert!(
        error.contains("the original answers reference row 3, but the feature y does not take its value"),
        "{error}"
    );

    let mut short = small();
    short["reference"][1]["outputs"] = serde_json::json!([1.0, 2.0]);
    assert!(import(&short).unwrap_err().contains("reference row's outputs has 2 entries instead of 1"));
    let mut none = small();
    none["reference"] = serde_json::json!([]);
    assert!(import(&none).unwrap_err().contains("the export has no reference rows"));
}
