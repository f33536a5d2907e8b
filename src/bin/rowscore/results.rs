//! `rowscore results`: items and their predictions, a line each.

use std::error::Error;
use std::process::ExitCode;

use rowscore::config::PredictionFormat;
use rowscore::model;
use rowscore::store::catalog;
use rowscore::store::listing::{self, Listing, SeenTable};
use rowscore::window::Time;
use rowscore::words;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::opened::Opened;
use crate::out::Out;
use crate::report;

/// Show items with their predictions, a line each
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore results\n  rowscore results --after 17 --limit 3\n  \
                        rowscore results --json --limit 1000000 > results.jsonl")]
pub(crate) struct Args {
    /// Show at most this many
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: u32,
    /// Begin after the item with this id
    #[arg(long, value_name = "ID", default_value_t = i64::MIN, hide_default_value = true)]
    after: i64,
}

/// Items read at once, which bounds the memory whatever the limit.
const PAGE: u32 = 1000;

/// What stands in a column: a text that is no JSON, in a column that may hold such, is shown as text.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Json(&'a RawValue),
    Text(&'a str),
}

impl<'a> Shown<'a> {
    fn json(text: &'a str) -> Self {
        serde_json::from_str(text).map_or(Self::Text(text), Self::Json)
    }

    fn prediction(text: &'a str, format: PredictionFormat) -> Self {
        match format {
            PredictionFormat::Probabilities => Self::json(text),
            PredictionFormat::Label => Self::Text(text),
        }
    }
}

/// Probabilities by the names of their classes, in the model's order.
struct Named<'a> {
    classes: &'a [String],
    probabilities: Vec<f64>,
}

impl<'a> Named<'a> {
    fn of(text: &str, classes: &'a [String]) -> Option<Self> {
        let probabilities: Vec<f64> = serde_json::from_str(text).ok()?;
        (probabilities.len() == classes.len()).then_some(Self { classes, probabilities })
    }
}

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.classes.iter().zip(&self.probabilities))
    }
}

/// An item as its line shows it.
#[derive(Serialize)]
struct Line<'a> {
    id: i64,
    values: Option<Shown<'a>>,
    prediction: Option<Shown<'a>>,
    /// The prediction by the names of the classes; `None`: it is a label, or of another model.
    probabilities: Option<Named<'a>>,
    created_datetime: Option<Time>,
    updated_datetime: Option<Time>,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::from_env().await?;
    let (table, mut session) = (opened.table(), opened.session());
    let model = model::embedded()?;
    let features = model.features();
    table.feature_columns(features)?;
    let catalog = session.ask(|| catalog::describe(table)).await?;
    let seen = SeenTable { table: table.clone(), updated: catalog.column(catalog::UPDATED).cloned() };
    let (mut left, mut after) = (args.limit, args.after);
    while left > 0 {
        let page = session.ask(|| listing::whole(&seen, features, after, left.min(PAGE))).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        left -= page.len() as u32;
        for item in &page {
            out.show(&object(item, model.classes()), || [sentence(item, model.classes())])?;
        }
    }
    out.flush()?;
    session.close().await;
    Ok(ExitCode::SUCCESS)
}

fn object<'a>(item: &'a Listing, classes: &'a [String]) -> Line<'a> {
    Line {
        id: item.id,
        values: item.values.as_deref().map(Shown::json),
        prediction: item.prediction.as_deref().map(|text| Shown::prediction(text, item.format)),
        probabilities: item.prediction.as_deref().and_then(|text| Named::of(text, classes)),
        created_datetime: item.created_datetime.map(|time| time.and_utc()),
        updated_datetime: item.updated_datetime.map(|time| time.and_utc()),
    }
}

/// Characters of an item's values that are shown.
const EXCERPT: usize = 80;

fn sentence(item: &Listing, classes: &[String]) -> String {
    let Listing { id, values, prediction, .. } = item;
    let values = words::cut(values.as_deref().unwrap_or("no values"), EXCERPT);
    let prediction = match prediction {
        Some(text) => match Named::of(text, classes) {
            Some(named) => report::probabilities(classes, &named.probabilities),
            None => text.clone(),
        },
        None => "no prediction".to_owned(),
    };
    format!("item {id} {values}: {prediction}")
}
