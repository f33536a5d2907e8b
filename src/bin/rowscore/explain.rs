//! `rowscore explain`: how the prediction of an item comes about.

use std::error::Error;
use std::process::ExitCode;

use rowscore::model::{self, Cell, Explanation, Feature, Model, PredictionKind, SharedModel};
use rowscore::store::listing::{self, SeenTable};
use rowscore::store::notation;
use rowscore::values::Reader;

use crate::chosen::ForJob;
use crate::opened::Opened;
use crate::out::Out;
use crate::whose::Whose;

/// Show how a prediction comes about: class pairs and the nearest support vectors
///
/// Give an item of the table, or values. The prediction is computed again, from the present values
/// and with the present model: of an item that is the one that its job uses, of values the one that is built in.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore explain --id 17\n  rowscore explain --values '[4.3, 2.4, 3.0, 2.1]'")]
pub(crate) struct Args {
    #[command(flatten)]
    row: Row,
    #[command(flatten)]
    chosen: ForJob,
    #[command(flatten)]
    whose: Whose,
    /// How many support vectors to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    nearest: usize,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Row {
    /// The item of this key
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    id: Option<String>,
    /// A JSON array or object of numbers; no database is needed
    #[arg(long, value_name = "JSON")]
    values: Option<String>,
}

pub(crate) async fn run(args: &Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let (model, text): (SharedModel, String) = match (&args.row.values, &args.row.id) {
        (Some(values), _) => (args.chosen.brought()?.into(), values.clone()),
        (None, Some(id)) => {
            let opened = args.whose.open().await?;
            let model = args.chosen.model(&opened).await?;
            let values = values_of(&opened, id, model.features()).await?;
            (model, values)
        }
        (None, None) => return Err("give --id or --values".into()),
    };
    let model: &Model = &model;
    let mut row = Vec::new();
    Reader::of(model)
        .read(text.as_bytes(), &mut row)
        .map_err(|reason| format!("{text} cannot be scored: {}", reason.text))?;
    let explanation = model::explain(model, &row, args.nearest)?;
    out.show(&explanation, || describe(model, &row, &explanation))?;
    Ok(ExitCode::SUCCESS)
}

/// The values of an item in the table.
async fn values_of(opened: &Opened, id: &str, features: &[Feature]) -> Result<String, Box<dyn Error>> {
    let table = opened.look().await?;
    table.feature_columns(features)?;
    let key = notation::read(&table.key, id)?;
    let seen = SeenTable { table: table.clone(), updated: None };
    let found = opened.ask(async |conn| listing::whole_one(&seen, features, &key).ask(conn).await).await?;
    let item = found.ok_or_else(|| format!("there is no item {id}"))?;
    Ok(item.values.ok_or_else(|| format!("item {id} has no values"))?)
}

fn describe(model: &Model, row: &[f64], explanation: &Explanation) -> Vec<String> {
    let mut lines = vec![format!("model {}", model.version()), String::new()];
    let names = model.features().iter().map(AsRef::as_ref).chain(model.classes().iter().map(String::as_str));
    let terms = explanation.sums.iter().flat_map(|sum| &sum.terms);
    let names = names.chain(terms.map(|term| term.column.as_str()));
    let wide = names.map(|name| name.chars().count()).max().unwrap_or(0);
    let features = model.features().iter().zip(row);
    lines.extend(features.map(|(feature, value)| format!("{:wide$}  {}", feature.name, shown(feature, *value))));
    lines.push(String::new());
    lines.extend(prediction(model, explanation.answer.outputs(), wide));
    if !explanation.pairs.is_empty() {
        let head = format!("{:wide$}  {:wide$}  margin     probability of the first", "class", "against");
        lines.extend([String::new(), head]);
    }
    lines.extend(explanation.pairs.iter().map(|pair| {
        let probability = pair.probability.map_or("none".into(), |probability| format!("{probability:.6}"));
        format!("{:wide$}  {:wide$}  {:>+9.4}  {probability}", pair.positive, pair.negative, pair.margin)
    }));
    for sum in &explanation.sums {
        let head = format!("{:wide$}  {:>+9.4}  is the sum for {}, of these and of their values", "", sum.sum, sum.of);
        lines.extend([String::new(), head, format!("{:wide$}  {:>+9.4}", "(always)", sum.intercept)]);
        let terms = sum.terms.iter();
        lines.extend(terms.map(|term| format!("{:wide$}  {:>+9.4}  {}", term.column, term.adds, short(term.value))));
    }
    if !explanation.nearest.is_empty() {
        let what = if explanation.columns.is_empty() { String::new() } else { explanation.columns.join(", ") + ": " };
        let head = format!("{:wide$}  distance   {what}nearest support vectors, in standard deviations", "class");
        lines.extend([String::new(), head]);
    }
    lines.extend(explanation.nearest.iter().map(|neighbour| {
        let values: Vec<String> = neighbour.values.iter().map(|value| short(*value)).collect();
        let class = neighbour.class.as_deref().unwrap_or("-");
        format!("{class:wide$}  {:>9.4}  {}", neighbour.distance, values.join(", "))
    }));
    lines
}

/// A value of a raw row, as people write it.
fn shown(feature: &Feature, value: f64) -> String {
    match feature.cell(value) {
        Some(Cell::Text(text)) => text,
        Some(Cell::Missing) => "missing".into(),
        Some(Cell::Number(number)) => number.to_string(),
        None => value.to_string(),
    }
}

fn prediction(model: &Model, outputs: &[f64], wide: usize) -> Vec<String> {
    let by_class = |what: &str| {
        let classes = model.classes().iter().zip(outputs).map(|(class, number)| format!("{class:wide$}  {number:.6}"));
        std::iter::once(format!("{:wide$}  {what}", "class")).chain(classes).collect()
    };
    match model.outputs().kind {
        PredictionKind::Probabilities => by_class("probability"),
        PredictionKind::Margins => by_class("margin"),
        PredictionKind::Value => vec![format!("{:wide$}  {}", model.artifact().content.label, outputs[0])],
        PredictionKind::Score => {
            let label = model.outputs().label(outputs).map_or("", |class| model.classes()[class].as_str());
            vec![format!("{label:wide$}  {}, above 0 for an inlier", outputs[0])]
        }
    }
}

/// Ten decimals hide the rounding errors of scaling and unscaling.
fn short(value: f64) -> String {
    let text = format!("{value:.10}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}
