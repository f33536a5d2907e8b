//! Two models, as before and after a deployment: the embedded one, and another of the same data.

use std::fs::File;
use std::sync::LazyLock;

use rowscore::answer::Answer;
use rowscore::event::Trigger;
use rowscore::hop::{Deadline, Runner};
use rowscore::model::{Dataset, Kernel, Model, TrainOptions, train};
use rowscore::window::Time;

use super::items::score_by;
use super::{Setup, model};

/// Another model of the embedded one's data: a linear one.
pub fn other() -> &'static Model {
    static OTHER: LazyLock<Model> = LazyLock::new(|| {
        let csv = File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/../../model/iris.csv")).unwrap();
        let options = TrainOptions { kernel: Kernel::Linear, c: 0.01, ..TrainOptions::default() };
        let artifact = train(&Dataset::from_csv(csv, "species").unwrap(), &options, |_| ()).unwrap();
        Model::new(artifact).unwrap()
    });
    assert_ne!(OTHER.version(), model().version());
    &OTHER
}

/// A model of the first three features only.
pub fn narrower() -> Model {
    let csv = include_str!("../../../model/iris.csv").lines().map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        [&fields[..3], &fields[4..]].concat().join(",") + "\n"
    });
    let data = Dataset::from_csv(csv.collect::<String>().as_bytes(), "species").unwrap();
    Model::new(train(&data, &TrainOptions::default(), |_| ()).unwrap()).unwrap()
}

impl Setup {
    /// A hop of a function that has this model.
    pub async fn hop_by(&self, model: &Model, trigger: &Trigger, now: Time, deadline: Deadline) -> Answer {
        let runner = Runner { model, ..self.runner() };
        runner.hop(trigger, now, deadline).await.unwrap_or_else(|error| panic!("{trigger:?}: {error}"))
    }

    /// Asserts that every prediction is exactly what the model says whose version its run names.
    /// Answers the ids of the items that this model predicted.
    pub async fn predicted_by(&self, wanted: &Model) -> Vec<i64> {
        let sql = format!(
            "SELECT i.`id`, CAST(i.`values` AS CHAR), CAST(i.`prediction` AS CHAR), r.`model_version` \
             FROM {} i JOIN `batch_runs` r ON r.`id` = i.`run_id` ORDER BY i.`id`",
            self.table()
        );
        let items: Vec<(i64, String, String, String)> = self.rows(&sql).await;
        let mut ids = Vec::new();
        for (id, values, prediction, version) in items {
            let known = [model(), other()].into_iter().find(|model| model.version().to_string() == version);
            let (prediction, known): (Vec<f64>, _) =
                (serde_json::from_str(&prediction).unwrap(), known.expect("one of the two"));
            // A test may have spoiled the values since.
            if values != "[]" {
                assert_eq!(prediction, score_by(known, &values), "item {id}");
            }
            if version == wanted.version().to_string() {
                ids.push(id);
            }
        }
        ids
    }
}
