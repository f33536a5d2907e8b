//! Chooses the model that is embedded into the binaries: see `rowscore::model::embedded`.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

/// Path of an artifact, relative to the crate's root unless absolute.
const VARIABLE: &str = "MODEL_FILE";
const DEFAULT: &str = "model/iris.json";

fn main() {
    let root = env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it for build scripts");
    let given = env::var_os(VARIABLE).filter(|file| !file.is_empty());
    tell_what_is_missing(given.as_deref());
    let model = Path::new(&root).join(given.as_deref().unwrap_or(DEFAULT.as_ref()));
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    println!("cargo::rerun-if-changed={}", model.display());
    if !model.is_file() {
        println!(
            "cargo::error=there is no model at {}: set {VARIABLE} to an artifact that `rowscore train` wrote",
            model.display()
        );
    }
    println!("cargo::rustc-env=ROWSCORE_MODEL={}", model.display());
}

/// Whoever builds from a shell without the variable, after builds with it, is told that the sample is built in.
fn tell_what_is_missing(given: Option<&OsStr>) {
    let folder = env::var_os("OUT_DIR").expect("Cargo sets it for build scripts");
    let note = Path::new(&folder).join("model-file");
    let before = fs::read_to_string(&note).unwrap_or_default();
    if given.is_none() && !before.is_empty() {
        println!(
            "cargo::warning={VARIABLE} is not set, so the sample {DEFAULT} is built in; the build before had {VARIABLE}={before}"
        );
    }
    // Without it nothing is told, which is no reason to fail.
    let _ = fs::write(note, given.unwrap_or_default().to_string_lossy().as_ref());
}
