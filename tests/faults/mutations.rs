//! The code with one thing wrong after the other: either the replay notices it, or the audit of what is left does. What is
//! wrong is a patch in `tests/faults/mutations/`, which is applied to a copy of the code.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::report::{Report, Tally};
use crate::schedules::{Traces, Weather, folder, play_all, replayed, seeds};

/// Where the patches are.
const PATCHES: &str = "tests/faults/mutations";

/// Where the copy is. It is built into the same folder as the code: what both depend on is built once.
const COPY: &str = "target/mutations";

/// What is not copied: it is large, or a package of its own.
const LEFT_OUT: [&str; 6] = ["target", ".dev", ".git", "proof", "fuzz", "docs"];

/// Schedules on each server that are played of a mutation, at most: one that is not noticed by then goes unnoticed.
const MOST: usize = 150;

/// Schedules on each server that are played without any mutation.
const CONTROL: usize = 30;

/// Where they stand in the table that is printed.
const PLACE: usize = 1001;

/// Something that is done wrong.
struct Mutation {
    name: String,
    patch: PathBuf,
    /// Words of the shapes of schedules in which it can make a difference at all.
    shapes: String,
}

/// Plays schedules of each mutation until it is noticed, beginning with that of `seed`.
pub(crate) fn run(seed: u64, only: &str, times: Option<usize>) -> Report {
    let (mut report, mut tally) = (Report::default(), Tally::default());
    // What is noticed must be the mutation, and not what the schedules do anyway.
    let (traces, seeds) = (&folder("control"), &seeds(seed, "").take(CONTROL).collect::<Vec<_>>());
    let wrongs = play_all(seeds, Weather::Storm, traces).wrongs;
    if !wrongs.is_empty() || replayed(traces, Stdio::inherit()) == Traces::Part {
        report.problem(format!("without any mutation something was noticed\n{}", wrongs.join("\n")));
    }
    for mutation in mutations().iter().filter(|mutation| mutation.name.contains(only)) {
        let name = &mutation.name;
        tally.tried += 1;
        match noticed(mutation, seed, times.unwrap_or(MOST)) {
            Ok(Some(how)) => {
                tally.struck += 1;
                println!("{name:<30} {how}");
            }
            Ok(None) => report.problem(format!("{name} went unnoticed")),
            Err(why) => report.problem(format!("{name}: {why}")),
        }
    }
    println!("mutations: {} of {} noticed", tally.struck, tally.tried);
    report.add((PLACE, 0), "mutations", tally);
    report
}

fn mutations() -> Vec<Mutation> {
    let patches = fs::read_dir(PATCHES).unwrap().map(|file| file.unwrap().path());
    let mut all: Vec<Mutation> = patches
        .map(|patch| {
            let text = fs::read_to_string(&patch).unwrap();
            let shapes = text.lines().find_map(|line| line.strip_prefix("Schedules: ")).unwrap_or_default().to_owned();
            Mutation { name: patch.file_stem().unwrap().to_string_lossy().into_owned(), patch, shapes }
        })
        .collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

/// What noticed a mutation, and within how many schedules.
///
/// # Errors
/// It cannot be applied, built or played.
fn noticed(mutation: &Mutation, first: u64, most: usize) -> Result<Option<String>, String> {
    bring(Path::new("."), Path::new(COPY), &LEFT_OUT).map_err(|error| format!("copying the code: {error}"))?;
    let mut apply = Command::new("git");
    apply.args(["apply", "--unsafe-paths"]).arg(format!("--directory={COPY}")).arg(&mutation.patch);
    done(&mut apply)?;
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--locked", "--features", "faults", "--example", "schedules"]);
    build.args(["--target-dir", "target", "--manifest-path"]).arg(Path::new(COPY).join("Cargo.toml"));
    done(&mut build)?;
    let mut play = Command::new("target/debug/examples/schedules");
    play.args(["--shapes", &mutation.shapes, "--seed", &first.to_string(), "--times", &most.to_string()]);
    let Output { status, stdout, stderr } = play.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&stdout).lines().last().unwrap_or_default().to_owned();
    match status.code() {
        Some(0) => Ok(None),
        Some(1) => Ok(Some(said)),
        _ => Err(format!("it gave up: {}", String::from_utf8_lossy(&stderr))),
    }
}

fn done(command: &mut Command) -> Result<(), String> {
    let Output { status, stderr, .. } = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {}", String::from_utf8_lossy(&stderr))) }
}

/// Makes a folder the same as another one. What is the same already stays as it is, and need not be built again.
fn bring(from: &Path, to: &Path, but: &[&str]) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        if !from.join(entry.file_name()).exists() {
            if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
        }
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if but.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            bring(&source, &target, &[])?;
        } else if fs::read(&source)? != fs::read(&target).unwrap_or_default() {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}
