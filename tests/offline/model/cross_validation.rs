//! Held-out predictions: scikit-learn's, on the same folds.

use std::fs::File;

use rowscore::model::{ClassWeights, Outcome, TrainOptions};
use rowscore::training::{Dataset, cross_validate};
use serde_json::json;

use super::python;

#[test]
fn a_cross_validation_agrees_with_scikit_learn() {
    let folder = tempfile::tempdir().unwrap();
    python("datasets.py", &[folder.path()], "");
    let weights = [(ClassWeights::Equal, None), (ClassWeights::Balanced, Some("balanced"))];
    let equal = ["iris", "wine", "breast_cancer", "digits"].map(|name| (name, weights[0]));
    let balanced = ["wine"].map(|name| (name, weights[1]));
    for (name, (class_weights, class_weight)) in equal.into_iter().chain(balanced) {
        let path = folder.path().join(format!("{name}.csv"));
        let data = Dataset::from_csv(File::open(&path).unwrap(), "kind").unwrap();
        let options = TrainOptions { class_weights, ..TrainOptions::default() };
        let found = cross_validate(&data, &options, |_| ()).unwrap();
        assert_eq!(found.convergence.outcome, Outcome::Converged, "{name}: {:?}", found.convergence);
        let task = json!({
            "data": path,
            "folds": found.folds,
            "predictions": found.predictions,
            "seed": options.seed,
            "class_weight": class_weight,
        });
        python("cross_validation.py", &[""; 0], &task.to_string());
    }
}
