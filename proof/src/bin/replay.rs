//! Replays what the code did as paths of the model, and says where they part.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use rowscore_proof::replay::{Parting, Replayed, replay};

/// Replay traces of the code as paths of the model
///
/// Each file that ends with .jsonl is one trace. Exit status: 0 each is a path of the model; 1 one is none; 2 there are
/// no traces.
#[derive(Parser)]
struct Args {
    /// Traces, or folders of such
    #[arg(required = true)]
    traces: Vec<PathBuf>,
    /// Say only which traces are no path, one a line
    #[arg(long)]
    names: bool,
}

fn main() -> ExitCode {
    let (args, begun) = (Args::parse(), Instant::now());
    let mut files: Vec<PathBuf> = args.traces.iter().flat_map(|path| traces(path)).collect();
    files.sort();
    if files.is_empty() {
        eprintln!("no file there ends with .jsonl; `scripts/faults schedules` writes some");
        return ExitCode::from(2);
    }
    let (mut steps, mut moments, mut parted) = (0, 0, 0);
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        match replay(&text) {
            Ok(Replayed { steps: of_this, moments: most }) => {
                steps += of_this;
                moments = moments.max(most);
            }
            Err(parting) => {
                parted += 1;
                if args.names {
                    println!("{}", file.display());
                } else {
                    tell(file, &parting, &text);
                }
            }
        }
    }
    let count = files.len();
    eprintln!(
        "{count} traces replayed, {parted} unexplained, {steps} steps, {moments} moments at most, {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    if parted == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The traces at a path.
fn traces(path: &Path) -> Vec<PathBuf> {
    let Ok(folder) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let paths = folder.flatten().map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect()
}

/// How much is shown of what came before.
const BEFORE: usize = 25;

fn tell(file: &Path, Parting { line, observed, model }: &Parting, text: &str) {
    println!("{}, step {line}: code and model part", file.display());
    let before: Vec<&str> = text.lines().take(*line).collect();
    before[before.len().saturating_sub(BEFORE)..].iter().for_each(|line| println!("    {line}"));
    println!("  observed {observed}");
    let mut said: Vec<&String> = model.iter().collect();
    said.dedup();
    said.iter().take(5).for_each(|why| println!("  model: {why}"));
}
