//! What hops did, held against the model.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What became of traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traces {
    /// Each is a path of the model.
    Paths,
    /// Some are none; which, the replay has said.
    Part,
}

/// Replays all traces of a folder in the model in `proof/`, which says where one is none, if that is wanted.
pub(crate) fn replayed(traces: &Path, says: impl Into<Stdio>) -> Traces {
    let cargo =
        ["run", "--quiet", "--locked", "--release", "--manifest-path", "proof/Cargo.toml", "--features", "replay"];
    let mut replay = Command::new("cargo");
    replay.args(cargo).args(["--bin", "replay", "--"]).arg(traces).stdout(says);
    match replay.status().unwrap().code() {
        Some(0) => Traces::Paths,
        Some(1) => Traces::Part,
        other => panic!("the replay answered {other:?}"),
    }
}

/// An empty folder for traces, below that in which cargo runs tests.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new("target/tmp/traces").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}
