//! Models that give something else than probabilities, simple enough to be reckoned by hand.

use rowscore::model::{
    About, Artifact, Cell, Content, Decider, GoldenAnswer, GoldenRow, LinearMachine, Model, Output, Pipeline,
    PredictionKind, Predictor, Scaler,
};
use serde_json::json;

use super::model;

/// A model of the embedded one's features: an intercept and four weights for each decision value.
pub fn linear(output: Output, classes: &[&str], decisions: &[[f64; 5]]) -> Model {
    let embedded = &model().artifact().content;
    let machine = LinearMachine {
        scaler: Scaler { mean: vec![0.0; 4], scale: vec![1.0; 4] },
        weights: decisions.iter().map(|decision| decision[1..].to_vec()).collect(),
        intercepts: decisions.iter().map(|decision| decision[0]).collect(),
    };
    let kind = output.kind();
    let zeros: Vec<f64> = decisions.iter().map(|decision| decision[0]).collect();
    let two = kind == PredictionKind::Margins && zeros.len() == 1;
    let answer = match output {
        // Of a decision value of zero.
        Output::Logistic => GoldenAnswer::Probabilities(vec![0.5, 0.5]),
        _ if two => GoldenAnswer::Outputs(vec![-zeros[0], zeros[0]]),
        _ => GoldenAnswer::Outputs(zeros),
    };
    let pipeline = Pipeline { layers: Vec::new(), machine: Decider::Linear(machine), output };
    let content = Content {
        about: About::default(),
        label: "answer".into(),
        classes: classes.iter().map(|&class| class.to_owned()).collect(),
        predictor: Predictor::Pipelines(vec![pipeline]),
        origin: serde_json::from_value(
            json!({"source": "scikit-learn", "file_sha256": "0".repeat(64), "reference": null}),
        )
        .unwrap(),
        distribution: Vec::new(),
        golden: vec![GoldenRow { values: vec![Cell::Number(0.0); 4], answer }],
        ..embedded.clone()
    };
    Model::new(Artifact::seal(content)).unwrap()
}
