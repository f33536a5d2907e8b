//! `rowscore quality`: what predictions came to, as far as their truth is known.

use std::error::Error;
use std::process::ExitCode;

use rowscore::config::JobName;
use rowscore::hop::{Means, Round, judge_runs};
use rowscore::quality::{Figures, Sums};
use rowscore::store::clock;
use rowscore::words;
use serde_json::{Value, json};

use crate::chosen::ForJob;
use crate::opened::Opened;
use crate::out::{Out, say};

/// Show how good predictions were, once the column TRUTH_COLUMN says what was right
///
/// Looks for truth that has come since the last look, in the rows of the runs within TRUTH_WITHIN, and shows what the
/// predictions of each run came to, and those of each model in all of these runs.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore quality\n  rowscore quality churn\n  \
                        rowscore quality --json | jq -c '[.run_id, .model_version, .judged, .accuracy]'\n\n\
                        Exit status: 0 done; 1 something went wrong; 3 the predictions of the model in use are worse than \
                        QUALITY_BOUND.")]
pub(crate) struct Args {
    /// Show that of this job [default: that of the variables]
    #[arg(value_name = "JOB")]
    job: Option<JobName>,
    #[command(flatten)]
    chosen: ForJob,
}

pub(crate) async fn run(args: &Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::of(args.job.as_ref()).await?;
    let table = opened.look().await?;
    if table.truth.is_none() {
        return Err(
            "no column says what was right: set TRUTH_COLUMN, or `truth` in jobs.toml, to the one in which that \
                    arrives"
                .into(),
        );
    }
    let model = args.chosen.model(&opened).await?;
    let means = Means { database: &opened.database, work: &opened.config.work, model: &model, challenger: None };
    let mut session = opened.session();
    let now = session.ask(clock::present).await?;
    let judgement = Box::pin(judge_runs(&mut session, means, (now, Round::Whole), || true)).await?;
    session.close().await;
    let version = model.version().to_string();
    for quality in judgement.by_run.iter() {
        let of = Line { run: Some(quality.run.0), model: &quality.model, strange: quality.strange };
        show(out, &of, &quality.sums, &quality.figures())?;
    }
    for model in judgement.by_run.models() {
        let (sums, figures) = judgement.by_run.of_model(model);
        let of_model = judgement.by_run.iter().filter(|quality| quality.model == model);
        let strange = of_model.map(|quality| quality.strange).sum();
        show(out, &Line { run: None, model, strange }, &sums, &figures)?;
    }
    out.flush()?;
    if judgement.by_run.is_empty() {
        say!("No truth has come for any run within TRUTH_WITHIN yet.");
    }
    if !judgement.is_whole {
        say!("Somebody else looks for truth just now; the figures are those of what was found until now.");
    }
    let Some(bound) = opened.config.work.quality_bound else { return Ok(ExitCode::SUCCESS) };
    Ok(match judgement.by_run.figure(&version, bound) {
        Some(figure) if bound.is_missed_by(figure) => {
            say!("Model {version} misses {bound}: {} is {figure:.4}.", bound.measure);
            ExitCode::from(3)
        }
        _ => ExitCode::SUCCESS,
    })
}

/// What a line is about.
struct Line<'l> {
    /// `None`: all runs together.
    run: Option<u64>,
    model: &'l str,
    strange: u64,
}

fn show(out: &mut Out, of: &Line<'_>, sums: &Sums, figures: &Figures) -> Result<(), Box<dyn Error>> {
    out.show(&object(of, sums, figures), || [sentence(of, sums, figures)])?;
    Ok(())
}

fn object(of: &Line<'_>, sums: &Sums, figures: &Figures) -> Value {
    json!({
        "run_id": of.run, "model_version": of.model, "judged": sums.rows, "strange": of.strange,
        "accuracy": figures.accuracy, "log_loss": figures.log_loss, "auc": figures.auc, "brier": figures.brier,
        "calibration_error": figures.calibration_error, "mae": figures.mae, "rmse": figures.rmse,
        "reliability": sums.bins.iter().filter(|_| figures.brier.is_some()).collect::<Vec<_>>(),
    })
}

fn sentence(of: &Line<'_>, sums: &Sums, figures: &Figures) -> String {
    let whose = of.run.map_or_else(|| "all runs".to_owned(), |run| format!("run {run}"));
    let told = [
        ("accuracy", figures.accuracy),
        ("log-loss", figures.log_loss),
        ("AUC", figures.auc),
        ("Brier", figures.brier),
        ("calibration error", figures.calibration_error),
        ("MAE", figures.mae),
        ("RMSE", figures.rmse),
    ];
    let told = told.iter().filter_map(|(name, figure)| Some(format!("{name} {:.4}", (*figure)?)));
    let strange =
        (of.strange > 0).then(|| format!("{} with a truth that is no class or number", words::count(of.strange)));
    let head = format!("{whose}, model {}: {} judged", of.model, words::count(sums.rows));
    [head].into_iter().chain(told).chain(strange).collect::<Vec<_>>().join(", ")
}
