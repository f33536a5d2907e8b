//! The mutations of `scripts/faults mutations` are patches of the code as it is.

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn every_mutation_can_be_applied_and_says_what_it_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let patches = fs::read_dir(root.join("tests/faults/mutations")).unwrap().map(|file| file.unwrap().path());
    let wrong: Vec<String> = patches.filter_map(|patch| wrong_with(root, &patch)).collect();
    assert!(
        wrong.is_empty(),
        "change the code as a patch does, and write `git diff` below its first line:\n{}",
        wrong.join("\n")
    );
}

fn wrong_with(root: &Path, patch: &Path) -> Option<String> {
    let text = fs::read_to_string(patch).unwrap();
    if !text.lines().next().is_some_and(|line| line.ends_with('.')) {
        return Some(format!("{}: its first line is no sentence", patch.display()));
    }
    let check = Command::new("git").args(["apply", "--check"]).arg(patch).current_dir(root).output().unwrap();
    let said = String::from_utf8_lossy(&check.stderr);
    (!check.status.success()).then(|| format!("{}: {said}", patch.display()))
}
