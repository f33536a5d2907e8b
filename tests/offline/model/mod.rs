//! The model through its public interface: against smartcore, against scikit-learn, and against
//! damage.

mod artifact;
mod bits;
mod command_line;
mod cross_validation;
mod import;
mod pipelines;
mod scoring;
mod second_format;
mod training;

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rand_mt::Mt;
use rowscore::model::Model;
use rowscore::training::Dataset;

fn in_crate(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn iris() -> Dataset {
    Dataset::from_csv(File::open(in_crate("model/iris.csv")).unwrap(), "species").unwrap()
}

fn iris_model() -> Model {
    Model::from_json(&fs::read(in_crate("model/iris.json")).unwrap()).unwrap()
}

fn dataset(csv: &str) -> Dataset {
    Dataset::from_csv(csv.as_bytes(), "kind").unwrap()
}

/// Uniform in `low..high`.
fn uniform(rng: &mut Mt, low: f64, high: f64) -> f64 {
    low + (high - low) * (f64::from(rng.next_u32()) / 4_294_967_296.0)
}

fn random_rows(rng: &mut Mt, rows: usize, features: usize, reach: f64) -> Vec<Vec<f64>> {
    (0..rows).map(|_| (0..features).map(|_| uniform(rng, -reach, reach)).collect()).collect()
}

fn assert_distribution(probabilities: &[f64], row: &[f64]) {
    let valid = probabilities.iter().all(|p| (0.0..=1.0).contains(p));
    let sum: f64 = probabilities.iter().sum();
    assert!(valid && (sum - 1.0).abs() < 1e-12, "{row:?} scores {probabilities:?}, sum {sum}");
}

/// Three classes, two features that tell them apart, and one that is constant.
fn three_clouds() -> String {
    let mut rng = Mt::new(16);
    let mut csv = String::from("x,same,y,kind\n");
    for row in 0..60 {
        let kind = row % 3;
        let mut value = || f64::from(kind) + uniform(&mut rng, -0.8, 0.8);
        csv += &format!("{},7.5,{},class {kind}\n", value(), value());
    }
    csv
}

/// Runs one of `tests/oracle` with scikit-learn, and shows what it says.
pub(crate) fn python(script: &str, arguments: &[impl AsRef<OsStr>], input: &str) {
    let python = env::var_os("ROWSCORE_TEST_PYTHON")
        .expect("ROWSCORE_TEST_PYTHON names no Python with scikit-learn: run through `make test`");
    let mut child = Command::new(python)
        .arg(in_crate("tests/oracle").join(script))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{text}");
    assert!(output.status.success(), "{text}{errors}");
}
