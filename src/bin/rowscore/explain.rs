//! `rowscore explain`: how the prediction of an item comes about.

use std::error::Error;
use std::process::ExitCode;

use rowscore::model::{self, Explanation, Feature, Model};
use rowscore::store::listing::{self, SeenTable};
use rowscore::values::Reader;

use crate::chosen::Chosen;
use crate::opened::Opened;
use crate::out::Out;

/// Show how a prediction comes about: class pairs and the nearest support vectors
///
/// Give an item of the table, or values. The prediction is computed again, from the present values
/// and with the present model.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore explain --id 17\n  rowscore explain --values '[4.3, 2.4, 3.0, 2.1]'")]
pub(crate) struct Args {
    #[command(flatten)]
    row: Row,
    #[command(flatten)]
    chosen: Chosen,
    /// How many support vectors to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    nearest: usize,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Row {
    /// The item of this id
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    id: Option<i64>,
    /// A JSON array or object of numbers; no database is needed
    #[arg(long, value_name = "JSON")]
    values: Option<String>,
}

pub(crate) async fn run(args: &Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let model = args.chosen.model()?;
    let text = match (&args.row.values, args.row.id) {
        (Some(values), _) => values.clone(),
        (None, Some(id)) => values_of(id, model.features()).await?,
        (None, None) => return Err("give --id or --values".into()),
    };
    let mut row = Vec::new();
    Reader::of(model)
        .read(text.as_bytes(), &mut row)
        .map_err(|reason| format!("{text} cannot be scored: {}", reason.text))?;
    let explanation = model::explain(model, &row, args.nearest)?;
    out.show(&explanation, || describe(model, &row, &explanation))?;
    Ok(ExitCode::SUCCESS)
}

/// The values of an item in the table.
async fn values_of(id: i64, features: &[Feature]) -> Result<String, Box<dyn Error>> {
    let opened = Opened::from_env().await?;
    let table = opened.table();
    table.feature_columns(features)?;
    let seen = SeenTable { table: table.clone(), updated: None };
    let after = id.saturating_sub(1);
    let found = opened.ask(async |conn| listing::whole(&seen, features, after, 1).ask(conn).await).await?;
    let item = found.into_iter().find(|item| item.id == id);
    let item = item.ok_or_else(|| format!("there is no item {id}"))?;
    Ok(item.values.ok_or_else(|| format!("item {id} has no values"))?)
}

fn describe(model: &Model, row: &[f64], explanation: &Explanation) -> Vec<String> {
    let mut lines = vec![format!("model {}", model.version()), String::new()];
    let names = model.features().iter().map(AsRef::as_ref).chain(model.classes().iter().map(String::as_str));
    let wide = names.map(|name| name.chars().count()).max().unwrap_or(0);
    lines
        .extend(model.features().iter().zip(row).map(|(Feature { name, .. }, value)| format!("{name:wide$}  {value}")));
    lines.extend([String::new(), format!("{:wide$}  probability", "class")]);
    let probabilities = model.classes().iter().zip(&explanation.probabilities);
    lines.extend(probabilities.map(|(class, probability)| format!("{class:wide$}  {probability:.6}")));
    let head = format!("{:wide$}  {:wide$}  margin     probability of the first", "class", "against");
    lines.extend([String::new(), head]);
    lines.extend(explanation.pairs.iter().map(|pair| {
        format!("{:wide$}  {:wide$}  {:>+9.4}  {:.6}", pair.positive, pair.negative, pair.margin, pair.probability)
    }));
    let head = format!("{:wide$}  distance   nearest support vectors, in standard deviations", "class");
    lines.extend([String::new(), head]);
    lines.extend(explanation.nearest.iter().map(|neighbour| {
        let values: Vec<String> = neighbour.values.iter().map(|value| short(*value)).collect();
        format!("{:wide$}  {:>9.4}  {}", neighbour.class, neighbour.distance, values.join(", "))
    }));
    lines
}

/// Ten decimals hide the rounding errors of scaling and unscaling.
fn short(value: f64) -> String {
    format!("{value:.10}").trim_end_matches('0').trim_end_matches('.').to_owned()
}
