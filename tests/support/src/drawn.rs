//! Pipelines of scikit-learn that `tests/oracle/pipelines.py` draws at random, and what they say of rows.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use rowscore::model::{Cell, Digest, Model};
use rowscore::training::{Foreign, import};
use serde_json::Value;

use super::environment;

/// So far may an output be from scikit-learn's; relative where that is beyond 1.
const MOST_DIFFERENCE: f64 = 1e-9;

/// What makes them: a change makes them anew.
const SCRIPTS: [&str; 5] = [
    "scripts/export_sklearn.py",
    "scripts/requirements/oracle.txt",
    "tests/oracle/pipelines.py",
    "tests/oracle/models.py",
    "tests/oracle/tables.py",
];

/// A pipeline, imported.
pub struct Drawn {
    /// Its steps and estimators.
    pub name: String,
    /// Whether there is no exp in it.
    pub is_exact: bool,
    /// What the import made of it.
    pub model: Model,
    /// The values of its features.
    pub rows: Vec<Vec<Cell>>,
    /// What scikit-learn says of each row; None where it raises an error.
    pub outputs: Vec<Option<Vec<f64>>>,
}

/// All of them. They are made once and kept in the folder `kept`, because that takes half a minute; whoever comes
/// meanwhile waits. `project` is the folder of the project.
pub fn drawn(project: &Path, kept: &Path) -> Vec<Drawn> {
    let folder = made(project, kept);
    let exports = (0..).map(|position| folder.join(format!("{position:02}.json")));
    exports.take_while(|path| path.exists()).map(|path| Drawn::read(&path)).collect()
}

fn made(project: &Path, kept: &Path) -> PathBuf {
    let scripts = SCRIPTS.map(|script| fs::read(project.join(script)).unwrap()).concat();
    let folder = kept.join(format!("pipelines-{}", Digest::of(&scripts)));
    let lock = File::create(kept.join("pipelines.lock")).unwrap();
    lock.lock().unwrap();
    if !folder.exists() {
        let part = kept.join("pipelines.part");
        let _ = fs::remove_dir_all(&part);
        fs::create_dir(&part).unwrap();
        let mut python = Command::new(environment("ROWSCORE_TEST_PYTHON"));
        python.arg(project.join("tests/oracle/pipelines.py")).arg(&part).arg(project.join("scripts/export_sklearn.py"));
        let output = python.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::rename(part, &folder).unwrap();
    }
    folder
}

impl Drawn {
    fn read(path: &Path) -> Self {
        let mut expected: Value =
            serde_json::from_slice(&fs::read(path.with_extension("expected.json")).unwrap()).unwrap();
        let name = expected["name"].as_str().unwrap().to_owned();
        let foreign = Foreign::from_sklearn(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let artifact = import(foreign, "kind", None).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            is_exact: expected["exact"].as_bool().unwrap(),
            // Through its file.
            model: Model::from_json(&artifact.to_json()).unwrap(),
            rows: serde_json::from_value(expected["rows"].take()).unwrap(),
            outputs: serde_json::from_value(expected["outputs"].take()).unwrap(),
            name,
        }
    }

    /// How far an answer is from scikit-learn's. Panics where it is too far, or there is one and should be none.
    pub fn difference(&self, row: usize, found: Option<&[f64]>) -> f64 {
        let (name, values, expected) = (&self.name, &self.rows[row], self.outputs[row].as_deref());
        let (found, expected) = match (found, expected) {
            (None, None) => return 0.0,
            (Some(found), Some(expected)) => (found, expected),
            other => panic!("{name}: {values:?}: {other:?}"),
        };
        assert_eq!(found.len(), expected.len(), "{name}");
        let difference = |(found, expected): (&f64, &f64)| (found - expected).abs() / expected.abs().max(1.0);
        let difference = found.iter().zip(expected).map(difference).fold(0.0, f64::max);
        assert!(difference <= MOST_DIFFERENCE, "{name}: {values:?}: {found:?} instead of {expected:?}");
        difference
    }
}
