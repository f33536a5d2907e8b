//! `rowscore train`: from a CSV file to an artifact, for `rowscore model push` or a build.

mod announce;
mod grid;
mod options;
mod reading;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use rowscore::model::{About, Convergence, Outcome, Purpose, Training};
use rowscore::training::{
    self, Card, ClassBaseline, ClassDetails, Dataset, Details, Evaluation, Progress, Ranking, Trained, ValueDetails,
};
use rowscore::words;
use serde_json::json;

use self::options::Options;
use self::reading::Columns;
use crate::files::{self, Outputs};
use crate::out::{Out, say};

/// Train a model on a CSV file and write its artifact
///
/// Learns a class, a number, or what rows usually are like. Text columns become categories, dates their parts, and
/// gaps are filled. What teaches nothing, such as a row number, is left out, and said. The same file and the same
/// options give the same artifact, byte for byte.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore train model/iris.csv --label species --out mine/model.json\n  \
                        rowscore train houses.csv --label price --task regression --model ridge --out mine/price.json\n\
                        `rowscore model push mine/model.json` stores it, and `rowscore model use` lets a job use it. A build \
                        embeds the file that MODEL_FILE names.")]
pub(crate) struct Args {
    /// CSV file with a header line
    #[arg(value_name = "FILE", required_unless_present = "data", conflicts_with = "data")]
    file: Option<PathBuf>,
    /// The same
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    #[command(flatten)]
    columns: Columns,
    /// The artifact to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The model card to write. Its plots go into a folder beside it [default: beside the artifact, named as
    /// it is: model.card.md for model.json]
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
    #[command(flatten)]
    says: Says,
    #[command(flatten)]
    options: Options,
    /// Which figure decides what is best
    #[arg(long, value_enum, default_value_t = grid::Rank::LogLoss, requires = "grid")]
    best_by: grid::Rank,
    /// Train even if it takes more than an hour
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let path = args.file.as_deref().or(args.data.as_deref()).ok_or("give a CSV file")?;
    let outputs = Outputs::new(&args.out, args.card.as_deref());
    outputs.check(&[path])?;
    let data = Dataset::read(files::open(path)?, &args.columns.reading()).map_err(files::of(path))?;
    let mut options = args.options.of(data.task())?;
    data.remarks().iter().for_each(|remark| say!("{remark}"));
    announce::announce(&data, &options, args.options.candidates(&data, &options), args.force)?;
    outputs.prepare()?;
    if args.options.grid {
        let grid = args.options.grid(&data);
        let candidates = with_bar("grid", |progress| training::search(&data, &options, &grid, progress))?;
        options = grid::choose(&candidates, args.best_by)?;
    }
    let trained = with_bar("training", |progress| training::train_and_evaluate(&data, &options, progress))?;
    let trained = Trained { artifact: trained.artifact.about(args.says.about()), ..trained };
    let artifact = &trained.artifact;
    outputs.write_artifact(artifact)?;
    let training = artifact.content.training();
    if let Some(training) = training {
        outputs.write_card(&Card::new(&trained, training))?;
    }
    let done = json!({
        "file": args.out,
        "version": artifact.version,
        "task": data.task().name(),
        "left_out": training.map(|training| &training.left_out),
        "held_out": training.map(|training| &training.held_out),
    });
    out.tell(&done, report(&args.out, &trained))?;
    Ok(ExitCode::SUCCESS)
}

/// What the artifact says of the model.
#[derive(clap::Args)]
struct Says {
    /// What the model is called, by which MODEL_NAME may pin it [default: by what it predicts]
    #[arg(long, value_name = "NAME", value_parser = files::model_name)]
    name: Option<String>,
    /// Make a sample: it scores only the sample items of `rowscore init --rows`, unless SAMPLE_MODEL=allow
    #[arg(long)]
    sample: bool,
}

impl Says {
    fn about(&self) -> About {
        let purpose = if self.sample { Purpose::Sample } else { Purpose::Use };
        About { name: self.name.clone(), purpose }
    }
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

fn report(path: &Path, Trained { artifact, held_out }: &Trained) -> Vec<String> {
    let mut lines = vec![files::described(path, artifact)];
    if let Some(training) = artifact.content.training() {
        let Training { folds, rows, convergence, .. } = training;
        let (rows, figures) = (words::count(*rows as u64), held_out.headline());
        lines.push(format!("{rows} rows, held out over {folds} folds: {figures}"));
        lines.extend(baseline(held_out));
        lines.extend(warning(convergence));
    }
    lines
}

/// What is reached without looking at a row.
fn baseline(held_out: &Evaluation) -> Option<String> {
    match &held_out.details {
        Details::Classes(ClassDetails { baseline, ranking, .. }) => {
            let ClassBaseline { accuracy, log_loss } = baseline;
            let of_two = ranking.map_or(String::new(), |Ranking { roc_auc, average_precision }| {
                format!("ROC AUC {roc_auc:.4}, average precision {average_precision:.4}; ")
            });
            Some(format!("{of_two}always the most frequent class: accuracy {accuracy:.4}, log-loss {log_loss:.4}"))
        }
        Details::Values(ValueDetails { baseline, .. }) => {
            let (absolute, squared) = (baseline.mean_absolute_error, baseline.root_mean_squared_error);
            Some(format!("always the mean: mean absolute error {absolute:.4}, root mean squared error {squared:.4}"))
        }
        Details::Scores(_) => None,
    }
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
