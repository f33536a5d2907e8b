//! Two models, as before and after a deployment: the embedded one, and another of some of its data.

use std::sync::LazyLock;

use rowscore::answer::Answer;
use rowscore::event::Trigger;
use rowscore::hop::{Clock, Runner};
use rowscore::model::{Kernel, Model, TrainOptions};
use rowscore::training::{Dataset, train};

use super::items::score_by;
use super::{Setup, model};

/// Another model of some of the embedded one's data: a linear one.
pub fn other() -> &'static Model {
    static OTHER: LazyLock<Model> = LazyLock::new(|| {
        let options = TrainOptions { kernel: Kernel::Linear, c: 0.1, ..TrainOptions::default() };
        trained(str::to_owned, &options)
    });
    assert_ne!(OTHER.version(), model().version());
    &OTHER
}

/// A model of the first three features only.
pub fn narrower() -> Model {
    let narrow = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        [&fields[..3], &fields[4..]].concat().join(",")
    };
    trained(narrow, &TrainOptions::default())
}

/// A model of every third row of the embedded one's data, since each test that asks for it trains it anew.
fn trained(row: impl Fn(&str) -> String, options: &TrainOptions) -> Model {
    let mut lines = include_str!("../../../model/iris.csv").lines();
    let header = lines.next();
    let rows: Vec<String> = header.into_iter().chain(lines.step_by(3)).map(row).collect();
    let data = Dataset::from_csv(rows.join("\n").as_bytes(), "species").unwrap();
    Model::new(train(&data, options, |_| ()).unwrap()).unwrap()
}

impl Setup {
    /// A hop of a function that has this model.
    pub async fn hop_by(&self, model: &Model, trigger: &Trigger, clock: Clock) -> Answer {
        let runner = Runner { means: self.means(model), ..self.runner() };
        runner.hop(trigger, clock).await.unwrap_or_else(|error| panic!("{trigger:?}: {error}"))
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
