//! Model files of pipelines that are no models.

use std::panic::{self, AssertUnwindSafe};

use rand_mt::Mt;
use rowscore::model::{
    Artifact, Calibrator, Category, Cell, Chain, Column, Content, Decider, Feature, FeatureKind, GoldenAnswer, Kernel,
    Model, Op, Output, Pipeline, Predictor, Rule, Sigmoid, Sum, explain,
};
use serde_json::{Value, json};

use super::super::iris_model;
use super::{content_of, drawn};

fn pipeline(content: &mut Content) -> &mut Pipeline {
    let Predictor::Pipelines(pipelines) = &mut content.predictor else { panic!("of the first format") };
    &mut pipelines[0]
}

fn column(content: &mut Content, column: Column) {
    pipeline(content).layers[0][0] = column;
}

fn ops(content: &mut Content, op: Op) {
    column(content, Column::Chain(Chain { from: 0, ops: vec![op] }));
}

fn machine<M: serde::de::DeserializeOwned>(content: &mut Content, change: impl FnOnce(&mut Value)) -> M {
    let mut value = serde_json::to_value(&pipeline(content).machine).unwrap();
    change(&mut value);
    serde_json::from_value(value).unwrap()
}

fn linear(content: &mut Content, change: impl FnOnce(&mut Value)) {
    pipeline(content).machine = machine(content, |value| change(&mut value["linear"]));
}

fn kernel(content: &mut Content, kernel: Value) {
    let scaler = json!({"mean": [0.0, 0.0], "scale": [1.0, 1.0]});
    let mut machine = json!({"scaler": scaler, "kernel": {"type": "rbf", "gamma": 1.0},
        "support_vectors": [[0.0, 1.0], [1.0, 0.0]], "coefficients": [1.0, -1.0], "intercept": 0.0});
    machine.as_object_mut().unwrap().extend(kernel.as_object().unwrap().clone());
    pipeline(content).machine = serde_json::from_value(json!({"kernel": machine})).unwrap();
}

/// Two classes of a number and a category, by a linear machine.
fn sound() -> Content {
    let categories = vec![Category::Text("a".into()), Category::Number(1.0)];
    let kind = FeatureKind::Category { categories, unseen: Rule::Refused };
    let features = vec![Feature::number("x"), Feature { name: "c".into(), kind, missing: Rule::Refused }];
    let pipeline = json!({
        "layers": [[{"from": 0, "ops": []}, {"from": 1, "ops": []}]],
        "machine": {"linear": {"scaler": {"mean": [0.0, 0.0], "scale": [1.0, 1.0]},
                               "weights": [[1.0, 2.0]], "intercepts": [0.0]}},
        "output": "logistic",
    });
    content_of(features, 2, vec![serde_json::from_value(pipeline).unwrap()])
}

fn isotonic(content: &mut Content, x: &[f64], y: &[f64]) {
    pipeline(content).output = Output::Calibrated(vec![Calibrator::Isotonic { x: x.to_vec(), y: y.to_vec() }]);
}

type Damage = fn(&mut Content);

/// Each with what its refusal says.
const DAMAGES: [(Damage, &str); 38] = [
    (|c| c.features[1].name = "x".into(), "features has a duplicate at position 1"),
    (|c| c.features = vec![Feature::number("x"); 5000], "features has 5000 entries, at most 4096 are taken"),
    (|c| categories(c).clear(), "feature `c`: the model file's categories has 0 entries"),
    (|c| categories(c)[1] = Category::Text("a".into()), "feature `c`: the model file's categories has a duplicate"),
    (|c| categories(c)[1] = Category::Number(f64::NAN), "categories has a number that is not finite"),
    (
        |c| c.classes.truncate(1),
        "classes are [\"class 0\"], but a prediction is Probabilities, which needs at least two",
    ),
    (|c| c.predictor = Predictor::Pipelines(Vec::new()), "pipelines has 0 entries"),
    (|c| pipeline(c).layers.push(Vec::new()), "pipeline 0: layer 1: the model file's columns has 0 entries"),
    (
        |c| column(c, Column::Chain(Chain { from: 2, ops: vec![] })),
        "column 0: the model file's column is made of column 2, of which there are 2",
    ),
    (|c| column(c, Column::Sum(Sum { terms: vec![(9, 1.0)], constant: 0.0 })), "column 9, of which there are 2"),
    (|c| column(c, Column::Sum(Sum { terms: vec![], constant: 0.0 })), "terms has 0 entries"),
    (|c| column(c, Column::Sum(Sum { terms: vec![(0, f64::NAN)], constant: 0.0 })), "terms has a number that is not"),
    (
        |c| column(c, Column::Sum(Sum { terms: vec![(0, 1.0)], constant: f64::NAN })),
        "constant has a number that is not",
    ),
    (
        |c| ops(c, Op::Fill(f64::INFINITY)),
        "pipeline 0: layer 0: column 0: the model file's fill has a number that is not",
    ),
    (|c| ops(c, Op::IsAmong(vec![f64::NAN])), "is_among has a number that is not finite"),
    (|c| ops(c, Op::LookUp(vec![f64::NAN])), "look_up has a number that is not finite"),
    (|c| ops(c, Op::Scale { center: 0.0, scale: 0.0 }), "scale is 0, not another number"),
    (|c| ops(c, Op::Scale { center: f64::NAN, scale: 1.0 }), "scale has a number that is not finite"),
    (|c| ops(c, Op::Clip { min: 1.0, max: 0.0 }), "min of a clip is 1, not at most its max, 0"),
    (|c| linear(c, |m| m["scaler"]["mean"] = json!([0.0])), "pipeline 0: the model file's scaler means has 1 entries"),
    (|c| linear(c, |m| m["scaler"]["scale"][1] = json!(-1.0)), "scale of feature 1 is -1"),
    (|c| linear(c, |m| m["weights"] = json!([])), "weights has 0 entries"),
    (|c| linear(c, |m| m["weights"][0] = json!([1.0])), "weights 0 has 1 entries instead of 2"),
    (|c| linear(c, |m| m["intercepts"] = json!([])), "intercepts has 0 entries instead of 1"),
    (|c| kernel(c, json!({"kernel": {"type": "rbf", "gamma": 0.0}})), "kernel has a parameter out of range"),
    (|c| kernel(c, json!({"support_vectors": [[0.0], [1.0]]})), "support vector 0 has 1 entries instead of 2"),
    (|c| kernel(c, json!({"coefficients": [1.0]})), "coefficients has 1 entries instead of 2"),
    (|c| pipeline(c).output = Output::Coupled, "output coupled takes class pairs, not 1 decision values"),
    (|c| pipeline(c).output = Output::Softmax, "output softmax takes 2 decision values, not 1 decision values"),
    (|c| pipeline(c).output = Output::Value, "a prediction is Value, which needs none"),
    (|c| pipeline(c).output = Output::Score, "a prediction is Score, which needs \"inlier\" and \"outlier\""),
    (|c| pipeline(c).output = Output::Calibrated(vec![]), "calibrators has 0 entries instead of 1"),
    (
        |c| pipeline(c).output = Output::Calibrated(vec![Calibrator::Sigmoid(Sigmoid { a: f64::NAN, b: 0.0 })]),
        "calibrator has a number that is not finite",
    ),
    (|c| isotonic(c, &[0.0, 0.0], &[0.0, 1.0]), "point of a calibrator is 0, not above the point before it, 0"),
    (|c| isotonic(c, &[0.0], &[1.5]), "probability of a calibrator is 1.5, not between 0 and 1"),
    (|c| another(c, Output::Margins), "pipelines give Margins and Probabilities; all must give the same"),
    (
        |c| c.golden[0].answer = GoldenAnswer::Outputs(vec![0.0; 2]),
        "golden row 0 has `outputs` instead of `probabilities`",
    ),
    (
        |c| c.predictor = iris_model().artifact().content.predictor.clone(),
        "feature `c` may be no number, or missing: it needs `pipelines`",
    ),
];

fn categories(content: &mut Content) -> &mut Vec<Category> {
    let FeatureKind::Category { categories, .. } = &mut content.features[1].kind else { panic!("of another kind") };
    categories
}

fn another(content: &mut Content, output: Output) {
    let second = Pipeline { output, ..pipeline(content).clone() };
    let Predictor::Pipelines(pipelines) = &mut content.predictor else { panic!("of the first format") };
    pipelines.push(second);
}

#[test]
fn parts_that_do_not_fit_are_refused_each_with_its_error() {
    Model::new(Artifact::seal(sound())).unwrap();
    for (damage, expected) in DAMAGES {
        let mut content = sound();
        damage(&mut content);
        let message = Model::new(Artifact::seal(content)).unwrap_err().to_string();
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[test]
fn a_model_of_more_columns_than_memory_should_hold_is_refused() {
    let mut content = sound();
    let copy = Column::Chain(Chain { from: 0, ops: Vec::new() });
    pipeline(&mut content).layers.push(vec![copy; 200_000]);
    let message = Model::new(Artifact::seal(content)).unwrap_err().to_string();
    assert!(message.contains("columns of all layers has 200002 entries, at most 200000 are taken"), "{message}");
}

/// What may stand where something else is expected.
fn other(rng: &mut Mt, value: &Value) -> Value {
    match rng.next_u32() % 12 {
        0 => json!(0.0),
        1 => json!(-1.0),
        2 => json!(1e308),
        3 => json!(3),
        4 => json!([]),
        5 => json!("log"),
        6 => Value::Null,
        7 => json!({}),
        8 => json!("coupled"),
        9 => json!(u64::MAX),
        10 => value.as_array().map_or(json!(1), |list| list.iter().chain(list).cloned().collect()),
        _ => value.as_array().map_or(json!(1e-308), |list| list.iter().skip(1).cloned().collect()),
    }
}

/// Replaces a value somewhere below `value`.
fn damage(rng: &mut Mt, value: &mut Value) {
    let pick = rng.next_u32() as usize;
    let inner = match value {
        Value::Array(list) if !list.is_empty() => {
            let position = pick % list.len();
            list.get_mut(position)
        }
        Value::Object(fields) if !fields.is_empty() => {
            let position = pick % fields.len();
            fields.values_mut().nth(position)
        }
        _ => None,
    };
    match inner {
        Some(inner) if !rng.next_u32().is_multiple_of(8) => damage(rng, inner),
        _ => *value = other(rng, value),
    }
}

#[test]
fn a_damaged_model_is_refused_or_scores_without_a_panic() {
    let mut rng = Mt::new(183);
    let (mut refused, mut scored) = (0, 0);
    for _ in 0..1500 {
        let mut content = serde_json::to_value(drawn::draw(&mut rng)).unwrap();
        for field in ["features", "classes", "pipelines", "golden"] {
            if rng.next_u32().is_multiple_of(4) {
                damage(&mut rng, &mut content[field]);
            }
        }
        let read = serde_json::from_value::<Content>(content.clone());
        let Some(model) = read.ok().and_then(|content| Model::new(Artifact::seal(content)).ok()) else {
            refused += 1;
            continue;
        };
        scored += 1;
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| use_up(&model)));
        assert!(outcome.is_ok(), "{content}");
    }
    println!("{refused} refused, {scored} scored");
    assert!(refused > 300 && scored > 300);
}

/// Everything that is done with a model, on rows that no table has.
fn use_up(model: &Model) {
    let odd = [0.0, 1.0, -1.5, 1e308, f64::NAN, f64::INFINITY, 7.0, -1e10, 0.3];
    let features = model.features().len();
    let rows: Vec<f64> = (0..features * 18).map(|position| odd[position * 7 % 9]).collect();
    let mut outputs = vec![0.0; 18 * model.outputs().width()];
    model.scorer().score_rows(&rows, &mut outputs).unwrap();
    for row in rows.chunks_exact(features) {
        let _ = explain(model, row, 3);
    }
    let _ = model.check_golden_rows();
    for cell in [Cell::Number(0.5), Cell::Text("1970".into()), Cell::Missing] {
        (0..features)
            .filter_map(|feature| model.encoder().cell(feature, &cell).err())
            .for_each(|odd| drop(format!("{odd:?}")));
    }
    assert!(!matches!(model.artifact().content.predictor, Predictor::Svm(_)));
}

#[test]
fn a_kernel_that_is_out_of_range_is_refused_in_any_machine() {
    for broken in [Kernel::Rbf { gamma: 0.0 }, Kernel::Polynomial { degree: 0, gamma: 1.0, coef0: 0.0 }] {
        let mut content = sound();
        kernel(&mut content, json!({}));
        let Decider::Kernel(machine) = &mut pipeline(&mut content).machine else { panic!("of another kind") };
        machine.kernel = broken;
        let message = Model::new(Artifact::seal(content)).unwrap_err().to_string();
        assert!(message.contains("pipeline 0: the model file's kernel has a parameter out of range"), "{message}");
    }
}
