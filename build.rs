//! Chooses the model that is embedded into the binaries: see `rowscore::model::embedded`.

use std::env;
use std::path::Path;

/// Path of an artifact, relative to the crate's root unless absolute.
const VARIABLE: &str = "MODEL_FILE";
const DEFAULT: &str = "model/iris.json";

fn main() {
    let root = env::var_os("CARGO_MANIFEST_DIR").expect("Cargo sets it for build scripts");
    let file = env::var_os(VARIABLE).unwrap_or(DEFAULT.into());
    let model = Path::new(&root).join(file);
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
