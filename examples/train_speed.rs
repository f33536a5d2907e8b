//! How long a training takes and how good it is, for `scripts/train-speed`.
//!
//!     train_speed DATA.csv LABEL RESULT.json
//!
//! Trains with the card, as `rowscore train` does, and then writes the seconds that it took and the held-out
//! predictions with their folds.

use std::error::Error;
use std::fs::{self, File};
use std::time::Instant;

use rowscore::model::TrainOptions;
use rowscore::training::{Card, Dataset, Workload, cross_validate, train_and_evaluate};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, data, label, result] = &arguments[..] else { return Err("DATA.csv LABEL RESULT.json".into()) };
    let begun = Instant::now();
    let data = Dataset::from_csv(File::open(data)?, label)?;
    let options = TrainOptions::default();
    let trained = train_and_evaluate(&data, &options, |_| ())?;
    let artifact = trained.artifact.to_json();
    let training = trained.artifact.content.training().ok_or("no training")?;
    let card = Card::new(&trained, training);
    let seconds = begun.elapsed().as_secs_f64();
    // Before more memory is taken: the kernel's high-water mark.
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let peak: f64 = peak.trim().trim_end_matches("kB").trim().parse()?;
    let validated = cross_validate(&data, &options, |_| ())?;
    let text = serde_json::json!({
        "seconds": seconds,
        "estimate": Workload::of(&data, &options).estimate.as_secs_f64(),
        "peak_mb": peak / 1024.0,
        "version": trained.artifact.version.to_string(),
        "bytes": artifact.len() + card.text("card").len(),
        "steps": training.convergence.steps,
        "kkt_gap": training.convergence.kkt_gap,
        "log_loss": training.held_out.probabilities().map(|metrics| metrics.log_loss),
        "folds": validated.folds,
        "predictions": validated.predictions,
    });
    fs::write(result, text.to_string())?;
    Ok(())
}
