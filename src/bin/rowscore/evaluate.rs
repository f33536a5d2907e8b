//! `rowscore evaluate`: a model's quality on rows whose classes are known.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use rowscore::model::Model;
use rowscore::training::{self, ClassDetails, Details, Evaluation, Quantiles, Rows, ScoreDetails, ValueDetails};
use rowscore::words;

use crate::chosen::Chosen;
use crate::files;
use crate::judged::{Unjudged, judge};
use crate::out::Out;
use crate::written::Written;

/// Measure a model on a CSV file with the truth
///
/// The predicted class is the one with the largest probability or margin. Use rows that the model was not
/// trained on: on its own training rows it looks better than it is.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  rowscore evaluate --model mine/model.json --data newer.csv --label species")]
pub(crate) struct Args {
    #[command(flatten)]
    chosen: Chosen,
    /// CSV file with a header line that names the model's features and the label
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The column that holds the class or the number. A model of what is usual needs none; with one, whose
    /// entries are `inlier` and `outlier` (or 1 and -1), it is judged
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    #[command(flatten)]
    written: Written,
}

pub(crate) fn run(args: &Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let model = args.chosen.model()?;
    let rows = Rows::written(files::open(&args.data)?, model.features(), args.written.format());
    let rows = rows.map_err(files::of(&args.data))?;
    let evaluation = match judge(model, rows, args.label.as_deref()) {
        // It is about no file.
        Err(Unjudged::NoLabel) => return Err(Unjudged::NoLabel.into()),
        judged => judged.map_err(files::of(&args.data))?,
    };
    out.show(&evaluation, || describe(model, &evaluation))?;
    Ok(ExitCode::SUCCESS)
}

fn describe(model: &Model, evaluation: &Evaluation) -> Vec<String> {
    let rows = words::count(evaluation.rows as u64);
    let mut figures = training::figures(&evaluation.quality);
    match &evaluation.details {
        Details::Classes(ClassDetails { ranking, baseline, .. }) => {
            figures.extend(
                ranking.iter().flat_map(|r| [("ROC AUC", r.roc_auc), ("average precision", r.average_precision)]),
            );
            figures.push(("baseline accuracy", baseline.accuracy));
        }
        Details::Values(ValueDetails { baseline, .. }) => {
            figures.push(("error of the mean", baseline.root_mean_squared_error));
        }
        Details::Scores(ScoreDetails { ranking, accuracy, .. }) => {
            figures.extend(accuracy.map(|accuracy| ("accuracy", accuracy)));
            figures.extend(ranking.map(|ranking| ("ROC AUC", ranking.roc_auc)));
        }
    }
    let wide = figures.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut lines = vec![format!("model {}, {rows} rows", model.version()), String::new()];
    lines.extend(figures.iter().map(|(name, figure)| format!("{name:wide$}  {figure:.4}")));
    lines.push(String::new());
    match &evaluation.details {
        Details::Classes(details) => lines.extend(of_classes(details)),
        Details::Values(details) => lines.extend(quantiles("true number minus predicted one", &details.residuals)),
        Details::Scores(details) => lines.extend(quantiles("scores", &details.scores)),
    }
    lines
}

fn quantiles(what: &str, quantiles: &Quantiles) -> [String; 2] {
    let Quantiles { least, p05, p25, median, p75, p95, most } = quantiles;
    [
        format!("{what}: least, 5 %, 25 %, median, 75 %, 95 %, most"),
        format!("{least:.4}  {p05:.4}  {p25:.4}  {median:.4}  {p75:.4}  {p95:.4}  {most:.4}"),
    ]
}

fn of_classes(evaluation: &ClassDetails) -> Vec<String> {
    let name = |class: &str| class.chars().count();
    let wide = evaluation.classes.iter().map(|class| name(&class.class)).max().unwrap_or(0).max("class".len());
    let mut lines = vec![format!("{:wide$}      rows  precision  recall  F1", "class")];
    lines.extend(evaluation.classes.iter().map(|class| {
        let rows = words::count(class.rows as u64);
        format!("{:wide$}  {rows:>8}     {:.4}  {:.4}  {:.4}", class.class, class.precision, class.recall, class.f1)
    }));
    let column = wide.max(7);
    let classes = || evaluation.classes.iter().map(|class| &class.class);
    let head = classes().map(|class| format!("  {class:>column$}")).collect::<String>();
    lines.extend([String::new(), format!("{:wide$}  predicted", "true"), format!("{:wide$}{head}", "")]);
    lines.extend(classes().zip(&evaluation.confusion).map(|(class, row)| {
        let counts = row.iter().map(|count| format!("  {count:>column$}")).collect::<String>();
        format!("{class:wide$}{counts}")
    }));
    lines
}
