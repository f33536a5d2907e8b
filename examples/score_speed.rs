//! How long scoring alone takes: prints the nanoseconds per row of each round, one thread, many rows
//! at a time, as a page does.
//!
//! ```sh
//! cargo run --release --example score_speed -- ROWS.csv [ARTIFACT.json]
//! cargo run --release --example score_speed -- --pipeline
//! ```
//!
//! `ROWS.csv` has one row of features per line, without a header. The model is the embedded one, or
//! the artifact. `scripts/bench` compares it with others on the same rows. With `--pipeline` a line has two
//! numbers: of a pipeline of ten numbers with gaps and ten categories of five each, and of its machine
//! alone, on the seventy columns that it takes.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};
use std::{env, fs};

use rand_mt::Mt;
use rowscore::model::{self, Artifact, Content, Model};
use serde_json::{Value, json};

/// A round goes over the rows again and again for so long.
const ROUND: Duration = Duration::from_millis(300);
const ROUNDS: usize = 7;

/// Of the made pipeline.
const NUMBERS: usize = 10;
const CATEGORICAL: usize = 10;
const CATEGORIES: usize = 5;
const ROWS: usize = 2000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let first = arguments.next().ok_or("which ROWS.csv?")?;
    if first == "--pipeline" {
        return pipeline();
    }
    let rows = read(&first)?;
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
    let mut outputs = vec![0.0; count * model.outputs().width()];
    let begun = Instant::now();
    let mut scored = 0;
    while begun.elapsed() < ROUND {
        scorer.score_rows(black_box(rows), &mut outputs)?;
        black_box(&outputs);
        scored += count;
    }
    Ok(begun.elapsed().as_nanos() as f64 / scored as f64)
}

fn pipeline() -> Result<(), Box<dyn Error>> {
    let rows = rows();
    let whole = made(features(), json!([layer()]))?;
    let names = (0..2 * NUMBERS + CATEGORICAL * CATEGORIES).map(|column| json!(format!("column {column}")));
    let alone = made(names.collect(), json!([]))?;
    let columns: Vec<f64> = rows.chunks_exact(NUMBERS + CATEGORICAL).flat_map(columns).collect();
    let score = |model: &Model, rows: &[f64]| -> Result<Vec<f64>, Box<dyn Error>> {
        let mut outputs = vec![0.0; ROWS * 2];
        model.scorer().score_rows(rows, &mut outputs)?;
        Ok(outputs)
    };
    if score(&whole, &rows)? != score(&alone, &columns)? {
        return Err("the two do not compute the same".into());
    }
    for _ in 0..ROUNDS {
        println!("{:.1} {:.1}", round(&whole, &rows)?, round(&alone, &columns)?);
    }
    Ok(())
}

/// Raw rows: a tenth of the numbers are gaps, a tenth of the categories unseen.
fn rows() -> Vec<f64> {
    let mut rng = Mt::new(1);
    let mut share = || f64::from(rng.next_u32()) / 4_294_967_296.0;
    let mut row = || -> Vec<f64> {
        let numbers: Vec<f64> = (0..NUMBERS).map(|_| if share() < 0.1 { f64::NAN } else { share() - 0.5 }).collect();
        numbers.into_iter().chain((0..CATEGORICAL).map(|_| (share() * 5.5).floor())).collect()
    };
    (0..ROWS).flat_map(|_| row()).collect()
}

fn features() -> Vec<Value> {
    let numbers = (0..NUMBERS).map(|i| json!({"name": format!("number {i}"), "kind": "number", "missing": "taken"}));
    let categories: Vec<String> = (0..CATEGORIES).map(|category| format!("category {category}")).collect();
    let categorical = (0..CATEGORICAL).map(
        |i| json!({"name": format!("feature {i}"), "kind": "category", "categories": categories, "unseen": "taken"}),
    );
    numbers.chain(categorical).collect()
}

/// Each number filled, whether it is missing, and whether it is each category.
fn layer() -> Value {
    let filled = (0..NUMBERS).map(|from| json!({"from": from, "ops": [{"fill": 0.25}]}));
    let missing = (0..NUMBERS).map(|from| json!({"from": from, "ops": ["is_missing"]}));
    let is = |from: usize| {
        (0..CATEGORIES).map(move |category| json!({"from": from, "ops": [{"is_among": [category as f64]}]}))
    };
    filled.chain(missing).chain((NUMBERS..NUMBERS + CATEGORICAL).flat_map(is)).collect()
}

/// The same of one row.
fn columns(row: &[f64]) -> Vec<f64> {
    let (numbers, categorical) = row.split_at(NUMBERS);
    let filled = numbers.iter().map(|number| if number.is_nan() { 0.25 } else { *number });
    let missing = numbers.iter().map(|number| f64::from(u8::from(number.is_nan())));
    let is = |code: &f64| {
        let code = *code;
        (0..CATEGORIES).map(move |category| f64::from(u8::from(category as f64 == code)))
    };
    filled.chain(missing).chain(categorical.iter().flat_map(is)).collect()
}

/// Logistic regression of these features, after these layers.
fn made(features: Vec<Value>, layers: Value) -> Result<Model, Box<dyn Error>> {
    let columns = 2 * NUMBERS + CATEGORICAL * CATEGORIES;
    let weights: Vec<f64> = (0..columns).map(|column| (column * 37 % 101) as f64 / 101.0 - 0.5).collect();
    let scaler = json!({"mean": vec![0.1; columns], "scale": vec![0.5; columns]});
    let machine = json!({"linear": {"scaler": scaler, "weights": [weights], "intercepts": [0.1]}});
    let golden = json!({"values": vec![0.0; features.len()], "probabilities": [0.5, 0.5]});
    let content: Content = serde_json::from_value(json!({
        "label": "made",
        "features": features,
        "classes": ["no", "yes"],
        "pipelines": [{"layers": layers, "machine": machine, "output": "logistic"}],
        "training": {"source": "scikit-learn", "file_sha256": "0".repeat(64), "reference": null},
        "distribution": [],
        "golden": [golden],
    }))?;
    Ok(Model::new(Artifact::seal(content))?)
}
