//! `rowscore train`: from a CSV file to the artifact that the build embeds.

use std::error::Error;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use rowscore::model::{self, Artifact, Dataset, Gamma, Kernel, Outcome, TrainOptions};

/// Train a model on a CSV file and write its artifact
///
/// One support vector machine per class pair, on scaled features, with calibrated probabilities.
/// The columns beside the label are the features, in the order of a row's values. The same file
/// and the same options make the same artifact, byte for byte.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  rowscore train --data model/iris.csv --label species --out model/iris.json\n\
                        The next build embeds model/iris.json, or the file that MODEL_FILE names.")]
pub struct Args {
    /// CSV file with a header line
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The column that holds the class
    #[arg(long, value_name = "COLUMN")]
    label: String,
    /// The artifact to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The price of a row on the wrong side of the margin
    #[arg(long, value_name = "C", default_value_t = TrainOptions::default().c)]
    c: f64,
    /// Inverse width of the RBF kernel: a number, or `scale` for 1 / (features × variance)
    #[arg(long, value_name = "GAMMA", default_value = "scale", value_parser = gamma)]
    gamma: Gamma,
    /// Draws the folds of the calibration
    #[arg(long, value_name = "S", default_value_t = TrainOptions::default().seed)]
    seed: u32,
}

fn gamma(text: &str) -> Result<Gamma, String> {
    match (text, text.parse()) {
        ("scale", _) => Ok(Gamma::Scale),
        (_, Ok(value)) => Ok(Gamma::Value(value)),
        _ => Err("accepted: `scale` or a number above 0".into()),
    }
}

pub fn run(args: &Args) -> Result<ExitCode, Box<dyn Error>> {
    let file = File::open(&args.data).map_err(|error| format!("{}: {error}", args.data.display()))?;
    let data = Dataset::from_csv(BufReader::new(file), &args.label)
        .map_err(|error| format!("{}: {error}", args.data.display()))?;
    let kernel = Kernel::Rbf { gamma: args.gamma };
    let options = TrainOptions { kernel, c: args.c, seed: args.seed, ..TrainOptions::default() };

    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("training {bar:40} {pos}/{len} machines, ETA {eta}")?);
    let artifact = model::train(&data, &options, |progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
    })?;
    bar.finish_and_clear();
    write(&args.out, &artifact.to_json())?;
    report(&args.out, &artifact);
    Ok(ExitCode::SUCCESS)
}

/// Writes beside the file first, so that an interrupted training leaves the old artifact whole.
fn write(path: &Path, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    written.map_err(|error| format!("{}: {error}", path.display()).into())
}

fn report(path: &Path, artifact: &Artifact) {
    let content = &artifact.content;
    let training = &content.training;
    let metrics = &training.held_out;
    eprintln!(
        "{}: version {}, {} rows, {} classes, {} support vectors",
        path.display(),
        artifact.version,
        training.rows,
        content.classes.len(),
        content.svm.support_vectors.len()
    );
    eprintln!(
        "held out over {} folds: accuracy {:.4}, macro F1 {:.4}, log-loss {:.4}, Brier {:.4}, calibration error {:.4}",
        training.folds, metrics.accuracy, metrics.macro_f1, metrics.log_loss, metrics.brier, metrics.calibration_error
    );
    if training.convergence.outcome == Outcome::EpochsExhausted {
        eprintln!(
            "warning: after {} epochs the solver is still {:e} from the optimum; a smaller C may help",
            training.convergence.epochs, training.convergence.kkt_gap
        );
    }
}
