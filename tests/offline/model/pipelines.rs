//! Pipelines of scikit-learn, drawn at random from everything that the exporter takes, score as they do there.

use std::fs;
use std::path::Path;

use rowscore::model::{Artifact, Cell, Model};
use rowscore::training::{Foreign, import};
use rowscore_tests::drawn::{Drawn, drawn};
use serde_json::Value;

use super::command_line::{file, rowscore};
use super::{in_crate, python};

/// So far may an output be from scikit-learn's where there is no exp.
const MOST_WITHOUT_EXP: f64 = 1e-12;

/// The largest difference of an output, and how many rows have one.
fn compare(drawn: &Drawn) -> (f64, usize) {
    let Drawn { model, rows, .. } = drawn;
    let raw = |row: &Vec<Cell>| -> Option<Vec<f64>> {
        row.iter().enumerate().map(|(feature, cell)| model.encoder().cell(feature, cell).ok()).collect()
    };
    let raw: Vec<Option<Vec<f64>>> = rows.iter().map(raw).collect();
    let width = model.outputs().width();
    let taken: Vec<f64> = raw.iter().flatten().flatten().copied().collect();
    let mut outputs = vec![0.0; raw.iter().flatten().count() * width];
    let unscored = model.scorer().score_rows(&taken, &mut outputs).unwrap();
    let mut answers = outputs.chunks_exact(width).enumerate().map(|(row, answer)| {
        let is_scored = unscored.iter().all(|unscored| unscored.row != row);
        is_scored.then_some(answer)
    });
    let (mut worst, mut scored) = (0.0, 0);
    for (position, raw) in raw.iter().enumerate() {
        let answer = raw.as_ref().and_then(|_| answers.next().unwrap());
        worst = f64::max(worst, drawn.difference(position, answer));
        scored += usize::from(answer.is_some());
    }
    (worst, scored)
}

#[test]
fn forty_pipelines_of_every_step_and_estimator_score_a_thousand_rows_as_in_scikit_learn() {
    let drawn = drawn(&in_crate(""), Path::new(env!("CARGO_TARGET_TMPDIR")));
    assert!(drawn.len() >= 40, "{}", drawn.len());
    for one in &drawn {
        one.model.check_golden_rows().unwrap();
        let (worst, scored) = compare(one);
        println!("{worst:.1e} over {scored} of {} rows: {}", one.rows.len(), one.name);
        assert!(one.rows.len() >= 1000 && scored * 10 >= one.rows.len() * 9, "{}", one.name);
        assert!(!one.is_exact || worst <= MOST_WITHOUT_EXP, "{}: {worst:e}", one.name);
    }
}

fn imported(export: &[u8]) -> Result<Model, String> {
    let foreign = Foreign::from_sklearn(export).map_err(|error| error.to_string())?;
    let artifact = import(foreign, "kind", None).map_err(|error| error.to_string())?;
    Ok(Model::new(artifact).unwrap())
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

#[test]
fn an_imported_pipeline_is_measured_on_rows_with_categories_and_gaps() {
    let (folder, export) = file("export.json", &small().to_string());
    let (rows, out) = (folder.path().join("rows.csv"), folder.path().join("model.json"));
    fs::write(&rows, "x,y,z\n1,a,0.25\n3,b,3.75\n3,,3.25\n").unwrap();
    let paths = [&export, &out].map(|path| path.to_str().unwrap());
    let output = rowscore(&["import", "--sklearn", paths[0], "--label", "z", "--out", paths[1], "--text"], &rows);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.contains("R2 1.0000 on 3 rows"), "{said}");
    let content = Artifact::from_json(&fs::read(&out).unwrap()).unwrap().content;
    assert_eq!((content.label.as_str(), content.distribution[1].gaps), ("z", 1.0 / 3.0));
    let card = fs::read_to_string(out.with_extension("card.md")).unwrap();
    for fact in
        ["| predicts | the number `z` |", "| machine | a linear machine; its decision value |", "A gap is taken in y."]
    {
        assert!(card.contains(fact), "{fact} is not in\n{card}");
    }
}
