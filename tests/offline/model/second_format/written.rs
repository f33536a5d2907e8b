//! The file of the second format, as people and other programs write it.

use rowscore::model::{Artifact, ArtifactError, Content, Model, ScoreError};
use serde_json::{Value, json};

/// With every kind of feature and most ops, so that each shows in another digit of the value.
fn content() -> Value {
    json!({
        "label": "price",
        "features": [
            "age",
            {"name": "fare", "kind": "number", "missing": "taken"},
            {"name": "sex", "kind": "category", "categories": ["female", "male", 3.0],
             "unseen": "taken", "missing": "taken"},
            {"name": "at", "kind": "moment"},
        ],
        "classes": [],
        "pipelines": [{
            "layers": [
                [
                    {"from": 0, "ops": []},
                    {"from": 1, "ops": [{"fill": 3.5}]},
                    {"from": 1, "ops": ["is_missing"]},
                    {"from": 2, "ops": [{"is_among": [0.0, 2.0]}]},
                    {"from": 2, "ops": [{"look_up": [10.0, 20.0, -1.0]}, {"fill": 0.0}]},
                    {"from": 3, "ops": [{"part": "weekday"}]},
                    {"from": 0, "ops": [
                        {"scale": {"center": 2.0, "scale": 4.0}},
                        {"clip": {"min": 0.0, "max": 1.0}},
                        {"apply": "square"},
                    ]},
                ],
                [{
                    "terms": [[0, 1.0], [1, 1.0], [2, 100.0], [3, 1000.0], [4, 1.0], [5, 10000.0], [6, 100_000.0]],
                    "constant": 0.25,
                }],
            ],
            "machine": {"linear": {
                "scaler": {"mean": [0.0], "scale": [1.0]}, "weights": [[1.0]], "intercepts": [0.5],
            }},
            "output": "value",
        }],
        "training": {"source": "scikit-learn", "file_sha256": "0".repeat(64), "reference": null},
        "distribution": [],
        "golden": [
            {"values": [1.0, null, "male", "1970-01-01"], "outputs": [30_125.25]},
            {"values": [6.0, 0.0, "3", "1970-01-05T10:00:00"], "outputs": [101_005.75]},
            {"values": [4.0, 1.0, "other", "1970-01-06"], "outputs": [35_005.75]},
            {"values": [2.0, 1.0, null, "1970-01-11"], "outputs": [60_003.75]},
        ],
    })
}

fn sealed() -> Artifact {
    Artifact::seal(serde_json::from_value::<Content>(content()).unwrap())
}

#[test]
fn the_file_as_it_is_documented_is_read_and_scored_and_written_as_it_was() {
    let artifact = sealed();
    let model = Model::from_json(&artifact.to_json()).unwrap();
    model.check_golden_rows().unwrap();
    assert_eq!(serde_json::to_value(&model.artifact().content).unwrap(), content());
    assert_eq!(*model.artifact(), artifact);
}

#[test]
fn a_model_of_pipelines_is_of_the_second_format_and_of_no_earlier_one() {
    let artifact = sealed();
    assert_eq!(artifact.format, 2);
    for format in [0, 1, 4] {
        let other = Artifact { format, ..artifact.clone() };
        let refusal = Artifact::from_json(&other.to_json()).unwrap_err();
        assert!(matches!(refusal, ArtifactError::Format { found } if found == format), "{refusal}");
    }
}

#[test]
fn what_has_no_finite_answer_names_the_feature_that_it_came_from() {
    let model = Model::new(sealed()).unwrap();
    let score = |row: [f64; 4]| model.scorer().score(&row, &mut [0.0]);
    // A gap that is not filled, through a sum of seven columns.
    assert_eq!(score([1.0, f64::NAN, 1.0, f64::NAN]), Err(ScoreError::Gap { feature: 3 }));
    assert_eq!(score([f64::INFINITY, 1.0, 1.0, 0.0]), Err(ScoreError::Value { feature: 0, value: f64::INFINITY }));
    assert_eq!(score([1.0, f64::MAX, 1.0, 0.0]), Ok(()));
    // No calendar has it.
    assert_eq!(score([1.0, 1.0, 1.0, 1e300]), Err(ScoreError::Value { feature: 3, value: 1e300 }));
    // The sum overflows; its first column is named.
    assert_eq!(score([f64::MAX, f64::MAX, 1.0, 0.0]), Err(ScoreError::Value { feature: 0, value: f64::MAX }));
    // An output that is no number.
    let mut content = content();
    content["pipelines"][0]["machine"]["linear"]["weights"] = json!([[1e200]]);
    let model = Model::new(Artifact::seal(serde_json::from_value(content).unwrap())).unwrap();
    let score = model.scorer().score(&[1.0, 1e200, 1.0, 0.0], &mut [0.0]);
    assert_eq!(score, Err(ScoreError::Decision { position: 0 }));
}
