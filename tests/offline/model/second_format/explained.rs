//! What is told of a prediction.

use rowscore::model::{Artifact, Content, Explanation, Model, explain};
use serde_json::{Value, json};

/// A number with gaps and a category, in three columns.
fn model(classes: &[&str], machine: &Value, output: &str) -> Model {
    let width = classes.len().max(1);
    let answer = if output == "coupled" || output == "logistic" { "probabilities" } else { "outputs" };
    let pipeline = json!({
        "layers": [[
            {"from": 0, "ops": [{"fill": 40.0}]},
            {"from": 0, "ops": ["is_missing"]},
            {"from": 1, "ops": [{"is_among": [0.0]}]},
        ]],
        "machine": machine,
        "output": output,
    });
    let width = if output == "score" { 1 } else { width };
    let content: Content = serde_json::from_value(json!({
        "label": "price",
        "features": [
            {"name": "age", "kind": "number", "missing": "taken"},
            {"name": "sex", "kind": "category", "categories": ["female", "male"]},
        ],
        "classes": classes,
        "pipelines": [pipeline],
        "training": {"source": "scikit-learn", "file_sha256": "0".repeat(64), "reference": null},
        "distribution": [],
        "golden": [{"values": [1.0, "male"], answer: vec![0.0; width]}],
    }))
    .unwrap();
    Model::new(Artifact::seal(content)).unwrap()
}

fn scaler() -> Value {
    json!({"mean": [30.0, 0.0, 0.5], "scale": [10.0, 1.0, 0.5]})
}

fn linear() -> Value {
    json!({"linear": {"scaler": scaler(), "weights": [[0.5, 3.0, -2.0]], "intercepts": [0.25]}})
}

fn pairs() -> Value {
    json!({"pairs": {
        "scaler": scaler(),
        "kernel": {"type": "linear"},
        "support_vectors": [[1.0, 0.0, 1.0], [-1.0, 1.0, -1.0]],
        "pairs": [{"positive": 0, "negative": 1, "intercept": 0.5, "sigmoid": {"a": -1.0, "b": 0.0},
                   "coefficients": [[0, 1.0], [1, -1.0]]}],
    }})
}

fn kernel() -> Value {
    json!({"kernel": {
        "scaler": scaler(),
        "kernel": {"type": "rbf", "gamma": 0.5},
        "support_vectors": [[1.0, 0.0, 1.0], [-1.0, 1.0, -1.0]],
        "coefficients": [1.0, -1.0],
        "intercept": 0.0,
    }})
}

fn explained(model: &Model) -> Explanation {
    explain(model, &[f64::NAN, 0.0], 1).unwrap()
}

#[test]
fn a_linear_model_says_what_each_column_adds_the_largest_first() {
    for (classes, output, of) in [
        (&[][..], "value", "price"),
        (&["kept", "returned"], "logistic", "returned"),
        (&["kept", "returned"], "margins", "returned"),
        (&["inlier", "outlier"], "score", "inlier"),
    ] {
        let told = explained(&model(classes, &linear(), output));
        let [sum] = told.sums.as_slice() else { panic!("{told:?}") };
        assert_eq!((sum.of.as_str(), sum.sum, sum.intercept), (of, 1.75, 0.25));
        let terms = sum.terms.iter().map(|term| (term.column.as_str(), term.value, term.adds));
        let expected = [("age is missing", 1.0, 3.0), ("sex = female", 1.0, -2.0), ("age", 40.0, 0.5)];
        assert_eq!(terms.collect::<Vec<_>>(), expected);
        assert!(told.pairs.is_empty() && told.nearest.is_empty());
    }
}

#[test]
fn support_vectors_are_shown_in_the_units_of_their_columns_and_margins_without_invented_probabilities() {
    for (output, has_probability) in [("coupled", true), ("margins", false)] {
        let told = explained(&model(&["kept", "returned"], &pairs(), output));
        assert_eq!(told.columns, ["age", "age is missing", "sex = female"]);
        let [pair] = told.pairs.as_slice() else { panic!("{told:?}") };
        // (1, 1, 1) against (1, 0, 1) and (-1, 1, -1).
        assert_eq!((pair.positive.as_str(), pair.margin), ("kept", 0.5 + 2.0 + 1.0));
        assert_eq!(pair.probability.is_some(), has_probability);
        let [near] = told.nearest.as_slice() else { panic!("{told:?}") };
        assert_eq!((near.class.as_deref(), near.distance), (Some("kept"), 1.0));
        assert_eq!(near.values, [40.0, 0.0, 1.0]);
    }
}

#[test]
fn a_kernel_machine_shows_its_nearest_support_vectors_without_a_class() {
    let told = explained(&model(&[], &kernel(), "value"));
    assert_eq!(told.answer.outputs().len(), 1);
    assert_eq!((told.nearest[0].class.as_deref(), told.nearest[0].index), (None, 0));
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["columns"], json!(["age", "age is missing", "sex = female"]));
    assert!(json["outputs"].is_array() && json.get("probabilities").is_none());
}

#[test]
fn of_several_pipelines_the_prediction_is_told() {
    let mut content = model(&[], &linear(), "value").artifact().content.clone();
    let pipelines = super::pipelines_of(&content);
    content.predictor = rowscore::model::Predictor::Pipelines([pipelines, pipelines].concat());
    let model = Model::new(Artifact::seal(content)).unwrap();
    let told = explained(&model);
    assert_eq!(told.answer.outputs(), [1.75]);
    assert!(told.sums.is_empty() && told.pairs.is_empty() && told.nearest.is_empty());
    let mut both = [0.0; 2];
    model.scorer().decision_values(&[f64::NAN, 0.0], &mut both).unwrap();
    assert_eq!(both, [1.75, 1.75]);
}
