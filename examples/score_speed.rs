//! How long scoring alone takes: prints the nanoseconds per row of each round, one thread, many rows
//! at a time, as a page does.
//!
//! ```sh
//! cargo run --release --example score_speed -- ROWS.csv [ARTIFACT.json]
//! ```
//!
//! `ROWS.csv` has one row of features per line, without a header. The model is the embedded one, or
//! the artifact. `scripts/bench` compares it with others on the same rows.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};
use std::{env, fs};

use rowscore::model::{self, Model};

/// A round goes over the rows again and again for so long.
const ROUND: Duration = Duration::from_millis(300);
const ROUNDS: usize = 7;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let rows = read(&arguments.next().ok_or("which ROWS.csv?")?)?;
    let loaded;
    let model = match arguments.next() {
        Some(artifact) => {
            loaded = Model::from_json(&fs::read(artifact)?)?;
            &loaded
        }
        None => model::embedded()?,
    };
    for _ in 0..ROUNDS {
        println!("{:.1}", round(model, &rows)?);
    }
    Ok(())
}

/// The rows' features, one row after the other.
fn read(file: &str) -> Result<Vec<f64>, Box<dyn Error>> {
    let text = fs::read_to_string(file)?;
    Ok(text.lines().flat_map(|line| line.split(',').map(str::parse)).collect::<Result<_, _>>()?)
}

/// Nanoseconds per row.
fn round(model: &Model, rows: &[f64]) -> Result<f64, Box<dyn Error>> {
    let mut scorer = model.scorer();
    let count = rows.len() / model.features().len();
    let mut probabilities = vec![0.0; count * model.classes().len()];
    let begun = Instant::now();
    let mut scored = 0;
    while begun.elapsed() < ROUND {
        scorer.score_rows(black_box(rows), &mut probabilities)?;
        black_box(&probabilities);
        scored += count;
    }
    Ok(begun.elapsed().as_nanos() as f64 / scored as f64)
}
