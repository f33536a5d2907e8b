//! `rowscore train`: from a CSV file to the artifact that the build embeds.

mod announce;
mod grid;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use rowscore::model::{Artifact, ClassWeights, Convergence, Gamma, Kernel, Outcome, TrainOptions, Training};
use rowscore::training::{self, Card, Dataset, Grid, Progress, Trained};
use rowscore::words;
use serde_json::json;

use crate::files::{self, FileError};
use crate::out::{Out, say};

/// Train a model on a CSV file and write its artifact
///
/// Trains one support vector machine per class pair on scaled features, and calibrates its
/// probabilities. All columns except the label are features; a row's values must have the same
/// order. The same file and the same options give the same artifact, byte for byte.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  rowscore train --data model/iris.csv --label species --out model/iris.json\n\
                        The next build embeds model/iris.json, or the file that MODEL_FILE names.")]
pub(crate) struct Args {
    /// CSV file with a header line
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The column that holds the class
    #[arg(long, value_name = "COLUMN")]
    label: String,
    /// The artifact to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The model card to write. Its plots go into a folder beside it [default: MODEL_CARD.md beside
    /// the artifact]
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
    /// The function that compares two rows
    #[arg(long, value_enum, default_value_t = KernelName::Rbf)]
    kernel: KernelName,
    /// How much a row on the wrong side of the margin costs
    #[arg(long, value_name = "C", default_value_t = TrainOptions::default().c, conflicts_with = "grid")]
    c: f64,
    /// Inverse width of the kernel: a number, or `scale` for 1 / (features × variance)
    #[arg(long, value_name = "GAMMA", default_value = "scale", value_parser = gamma, conflicts_with = "grid")]
    gamma: Gamma,
    /// Exponent of the polynomial kernel
    #[arg(long, value_name = "N", default_value_t = 3)]
    degree: u32,
    /// Constant term of the polynomial and the sigmoid kernel
    #[arg(long, value_name = "X", default_value_t = 0.0, allow_negative_numbers = true)]
    coef0: f64,
    /// Whether a rare class counts as much as a frequent one (`balanced`)
    #[arg(long, value_enum, default_value_t = WeightName::Equal)]
    class_weight: WeightName,
    /// Try each C with each gamma in a cross-validation, and train with the best pair
    #[arg(long)]
    grid: bool,
    /// The values of C that the grid tries
    #[arg(long, value_name = "C,...", value_delimiter = ',', requires = "grid")]
    grid_c: Option<Vec<f64>>,
    /// The values of gamma that the grid tries
    #[arg(long, value_name = "GAMMA,...", value_delimiter = ',', value_parser = gamma, requires = "grid")]
    grid_gamma: Option<Vec<Gamma>>,
    /// Which figure decides what is best
    #[arg(long, value_enum, default_value_t = grid::Rank::LogLoss, requires = "grid")]
    best_by: grid::Rank,
    /// The seed of all random choices
    #[arg(long, value_name = "S", default_value_t = TrainOptions::default().seed)]
    seed: u32,
    /// Train even if it takes more than an hour
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum KernelName {
    Linear,
    Rbf,
    Polynomial,
    Sigmoid,
}

#[derive(Clone, Copy, ValueEnum)]
enum WeightName {
    Equal,
    Balanced,
}

fn gamma(text: &str) -> Result<Gamma, String> {
    match (text, text.parse()) {
        ("scale", _) => Ok(Gamma::Scale),
        (_, Ok(value)) => Ok(Gamma::Value(value)),
        _ => Err("accepted: `scale` or a number above 0".into()),
    }
}

impl Args {
    fn options(&self) -> TrainOptions {
        let &Self { gamma, degree, coef0, .. } = self;
        TrainOptions {
            kernel: match self.kernel {
                KernelName::Linear => Kernel::Linear,
                KernelName::Rbf => Kernel::Rbf { gamma },
                KernelName::Polynomial => Kernel::Polynomial { degree, gamma, coef0 },
                KernelName::Sigmoid => Kernel::Sigmoid { gamma, coef0 },
            },
            c: self.c,
            class_weights: match self.class_weight {
                WeightName::Equal => ClassWeights::Equal,
                WeightName::Balanced => ClassWeights::Balanced,
            },
            seed: self.seed,
            ..TrainOptions::default()
        }
    }

    fn grid(&self) -> Grid {
        let usual = Grid::default();
        Grid { c: self.grid_c.clone().unwrap_or(usual.c), gamma: self.grid_gamma.clone().unwrap_or(usual.gamma) }
    }
}

pub(crate) fn run(args: &Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let data = Dataset::from_csv(files::open(&args.data)?, &args.label).map_err(files::of(&args.data))?;
    let mut options = args.options();
    let gammas = if options.kernel == Kernel::Linear { 1 } else { args.grid().gamma.len() };
    let candidates = if args.grid { args.grid().c.len() * gammas } else { 0 };
    announce::announce(&data, candidates, args.force)?;
    files::make_folder_of(&args.out)?;
    if args.grid {
        let candidates = with_bar("grid", |progress| training::search(&data, &options, &args.grid(), progress))?;
        options = grid::choose(&candidates, args.best_by)?;
    }
    let trained = with_bar("training", |progress| training::train_and_evaluate(&data, &options, progress))?;
    files::write(&args.out, &trained.artifact.to_json())?;
    write_card(args, &trained)?;
    let artifact = &trained.artifact;
    let done = json!({"file": args.out, "version": artifact.version, "held_out": artifact.content.training().map(|training| &training.held_out)});
    out.tell(&done, report(&args.out, artifact))?;
    Ok(ExitCode::SUCCESS)
}

/// Between two lines of progress in a log.
const LOG_EVERY: Duration = Duration::from_secs(10);

fn with_bar<T, E>(what: &str, work: impl FnOnce(&mut dyn FnMut(Progress)) -> Result<T, E>) -> Result<T, Box<dyn Error>>
where
    E: Error + 'static,
{
    let bar = ProgressBar::new(0);
    let template = format!("{what} {{bar:40}} {{pos}}/{{len}} machines, ETA {{eta}}");
    bar.set_style(ProgressStyle::with_template(&template)?);
    let begun = Instant::now();
    let mut said = begun;
    let done = work(&mut |progress| {
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
        // No terminal: a line now and then, for whoever reads the log.
        if bar.is_hidden() && said.elapsed() >= LOG_EVERY {
            let rest = begun.elapsed().mul_f64((progress.total - progress.done) as f64 / progress.done as f64);
            say!(
                "{what}: {} of {} machines, {} to go",
                words::count(progress.done as u64),
                words::count(progress.total as u64),
                words::span(rest.as_secs())
            );
            said = Instant::now();
        }
    })?;
    bar.finish_and_clear();
    Ok(done)
}

fn write_card(args: &Args, trained: &Trained) -> Result<(), FileError> {
    let Some(training) = trained.artifact.content.training() else { return Ok(()) };
    files::write_card(&Card::new(trained, training), args.card.as_deref(), &args.out)
}

fn report(path: &Path, artifact: &Artifact) -> Vec<String> {
    let mut lines = vec![files::described(path, artifact)];
    if let Some(training) = artifact.content.training() {
        let Training { held_out: metrics, folds, rows, convergence, .. } = training;
        lines.push(format!(
            "{} rows, held out over {folds} folds: accuracy {:.4}, macro F1 {:.4}, log-loss {:.4}, Brier {:.4}, \
             calibration error {:.4}",
            words::count(*rows as u64),
            metrics.accuracy,
            metrics.macro_f1,
            metrics.log_loss,
            metrics.brier,
            metrics.calibration_error
        ));
        lines.extend(warning(convergence));
    }
    lines
}

fn warning(convergence: &Convergence) -> Option<String> {
    let Convergence { steps, kkt_gap, outcome, .. } = convergence;
    (*outcome == Outcome::StepsExhausted).then(|| {
        format!(
            "warning: after {} steps the solver is still {kkt_gap:e} from the optimum; a smaller C may help",
            words::count(*steps as u64)
        )
    })
}
