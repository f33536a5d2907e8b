//! `rowscore evaluate`: a model's quality on rows whose classes are known.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use rowscore::training::{self, Evaluation, Rows};

use crate::files;

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
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Box<dyn Error>> {
    let model = files::model(args.model.as_deref())?;
    let data = Rows::new(files::open(&args.data)?, model.features())
        .and_then(|rows| rows.labelled(&args.label, model.classes()))
        .map_err(files::of(&args.data))?;
    let evaluation = training::evaluate(model, &data).map_err(files::of(&args.data))?;
    if args.json {
        println!("{}", serde_json::to_string(&evaluation)?);
    } else {
        println!("model {}, {} rows", model.version(), evaluation.rows);
        print!("{}", text(&evaluation));
    }
    Ok(ExitCode::SUCCESS)
}

fn text(evaluation: &Evaluation) -> String {
    let metrics = &evaluation.metrics;
    let mut text = format!(
        "\naccuracy           {:.4}\nmacro F1           {:.4}\nlog-loss           {:.4}\nBrier              {:.4}\n\
         calibration error  {:.4}\n\n",
        metrics.accuracy, metrics.macro_f1, metrics.log_loss, metrics.brier, metrics.calibration_error
    );
    let name = |class: &str| class.chars().count();
    let wide = evaluation.classes.iter().map(|class| name(&class.class)).max().unwrap_or(0).max("class".len());
    text += &format!("{:wide$}      rows  precision  recall  F1\n", "class");
    for class in &evaluation.classes {
        text += &format!(
            "{:wide$}  {:>8}     {:.4}  {:.4}  {:.4}\n",
            class.class, class.rows, class.precision, class.recall, class.f1
        );
    }
    let column = wide.max(7);
    text += &format!("\n{:wide$}  predicted\n{:wide$}", "true", "");
    for class in &evaluation.classes {
        text += &format!("  {:>column$}", class.class);
    }
    text.push('\n');
    for (class, row) in evaluation.classes.iter().zip(&evaluation.confusion) {
        text += &format!("{:wide$}", class.class);
        text.extend(row.iter().map(|count| format!("  {count:>column$}")));
        text.push('\n');
    }
    text
}
