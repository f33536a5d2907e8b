//! The model through its public interface: against smartcore, against scikit-learn, and against
//! damage.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod artifact;
mod command_line;
mod scoring;
mod training;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rand_mt::Mt;
use rowscore::model::{Dataset, Model};

pub fn in_crate(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub fn iris() -> Dataset {
    Dataset::from_csv(File::open(in_crate("model/iris.csv")).unwrap(), "species").unwrap()
}

pub fn iris_model() -> Model {
    Model::from_json(&fs::read(in_crate("model/iris.json")).unwrap()).unwrap()
}

pub fn dataset(csv: &str) -> Dataset {
    Dataset::from_csv(csv.as_bytes(), "kind").unwrap()
}

/// Uniform in `low..high`.
pub fn uniform(rng: &mut Mt, low: f64, high: f64) -> f64 {
    low + (high - low) * (f64::from(rng.next_u32()) / 4_294_967_296.0)
}

pub fn random_rows(rng: &mut Mt, rows: usize, features: usize, reach: f64) -> Vec<Vec<f64>> {
    (0..rows).map(|_| (0..features).map(|_| uniform(rng, -reach, reach)).collect()).collect()
}

pub fn assert_distribution(probabilities: &[f64], row: &[f64]) {
    let valid = probabilities.iter().all(|p| (0.0..=1.0).contains(p));
    let sum: f64 = probabilities.iter().sum();
    assert!(valid && (sum - 1.0).abs() < 1e-12, "{row:?} scores {probabilities:?}, sum {sum}");
}

/// Three classes, two features that tell them apart, and one that is constant.
pub fn three_clouds() -> String {
    let mut rng = Mt::new(16);
    let mut csv = String::from("x,same,y,kind\n");
    for row in 0..60 {
        let kind = row % 3;
        let mut value = || f64::from(kind) + uniform(&mut rng, -0.8, 0.8);
        csv += &format!("{},7.5,{},class {kind}\n", value(), value());
    }
    csv
}
