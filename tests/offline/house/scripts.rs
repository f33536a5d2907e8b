//! The scripts say what they do to who asks, and do nothing else then.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[test]
fn every_script_of_the_shell_answers_the_question_for_help_with_its_first_lines_before_it_does_anything() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(root.join("scripts")).unwrap().map(|file| file.unwrap().path());
    let scripts: Vec<(PathBuf, String)> = files
        .filter_map(|file| Some((fs::read_to_string(&file).ok()?, file)))
        .filter(|(text, _)| text.starts_with("#!/usr/bin/env bash\n"))
        .map(|(text, file)| (file, text))
        .collect();
    assert!(scripts.len() > 10, "{scripts:?}");
    for (script, text) in scripts {
        let first = text.lines().nth(1).unwrap().trim_start_matches("# ");
        for option in ["-h", "--help"] {
            // As people call them, from the top of the repository.
            let called = Path::new("scripts").join(script.file_name().unwrap());
            let mut shell = Command::new("bash");
            let asked = shell.arg(called).arg(option).current_dir(root).stdin(Stdio::null()).output().unwrap();
            let said = String::from_utf8_lossy(&asked.stdout);
            assert!(asked.status.success() && said.starts_with(first), "{} {option}: {said}", script.display());
        }
    }
}
