//! `rowscore evaluate`: a model's quality on rows whose classes are known.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use rowscore::model::Model;
use rowscore::training::{self, Evaluation, Rows};
use rowscore::words;

use crate::files;
use crate::out::Out;

/// Measure a model on a CSV file with the true classes
///
/// The predicted class is the one with the largest probability. Use rows that the model was not
/// trained on: on its own training rows it looks better than it is.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  rowscore evaluate --model mine/model.json --data newer.csv --label species")]
pub(crate) struct Args {
    /// The artifact [default: the model that is built in]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// CSV file with a header line that names the model's features and the label
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// The column that holds the class
    #[arg(long, value_name = "COLUMN")]
    label: String,
}

pub(crate) fn run(args: &Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let model = files::model(args.model.as_deref())?;
    let data = Rows::new(files::open(&args.data)?, model.features())
        .and_then(|rows| rows.labelled(&args.label, model.classes()))
        .map_err(files::of(&args.data))?;
    let evaluation = training::evaluate(model, &data).map_err(files::of(&args.data))?;
    out.show(&evaluation, || describe(model, &evaluation))?;
    Ok(ExitCode::SUCCESS)
}

fn describe(model: &Model, evaluation: &Evaluation) -> Vec<String> {
    let metrics = &evaluation.metrics;
    let rows = words::count(evaluation.rows as u64);
    let mut lines = vec![
        format!("model {}, {rows} rows", model.version()),
        String::new(),
        format!("accuracy           {:.4}", metrics.accuracy),
        format!("macro F1           {:.4}", metrics.macro_f1),
        format!("log-loss           {:.4}", metrics.log_loss),
        format!("Brier              {:.4}", metrics.brier),
        format!("calibration error  {:.4}", metrics.calibration_error),
        String::new(),
    ];
    let name = |class: &str| class.chars().count();
    let wide = evaluation.classes.iter().map(|class| name(&class.class)).max().unwrap_or(0).max("class".len());
    lines.push(format!("{:wide$}      rows  precision  recall  F1", "class"));
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
