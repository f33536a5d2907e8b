//! `rowscore results`: items and their predictions, a line each.

use std::error::Error;
use std::process::ExitCode;

use rowscore::config::{KeyColumns, PredictionFormat};
use rowscore::store::key::Key;
use rowscore::store::listing::{self, Listing, SeenTable};
use rowscore::store::predicted::{ByClass, Writers};
use rowscore::store::{catalog, notation};
use rowscore::window::Time;
use rowscore::words;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::chosen::ForJob;
use crate::out::Out;
use crate::report;
use crate::whose::Whose;

/// Show items with their predictions, a line each
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore results\n  rowscore results --after 17 --limit 3\n  \
                        rowscore results --json --limit 1000000 > results.jsonl")]
pub(crate) struct Args {
    #[command(flatten)]
    chosen: ForJob,
    #[command(flatten)]
    whose: Whose,
    /// Show at most this many
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: u32,
    /// Begin after the item with this key
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    after: Option<String>,
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
            PredictionFormat::Probabilities | PredictionFormat::Value => Self::json(text),
            PredictionFormat::Label => Self::Text(text),
        }
    }
}

/// An item as its line shows it.
#[derive(Serialize)]
struct Line<'a> {
    id: Value,
    values: Option<Shown<'a>>,
    prediction: Option<Shown<'a>>,
    /// The same by the names of the classes, where a run of this model wrote it.
    probabilities: Option<ByClass>,
    created_datetime: Option<Time>,
    updated_datetime: Option<Time>,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = args.whose.open().await?;
    let (table, mut session) = (opened.table(), opened.session());
    let model = args.chosen.model(&opened).await?;
    let features = model.features();
    table.feature_columns(features)?;
    let (catalog, table) = session.run(async |conn| catalog::look(conn, table).await).await?;
    let after = args.after.map(|text| notation::read(&table.key, &text)).transpose()?;
    let seen = SeenTable { table, updated: catalog.column(catalog::UPDATED).cloned() };
    let (mut left, mut after) = (args.limit, after.unwrap_or(Key::Start));
    while left > 0 {
        let page = session.ask(|| listing::whole(&seen, features, &after, left.min(PAGE))).await?;
        let Some(last) = page.last() else { break };
        after = last.key.clone();
        left -= page.len() as u32;
        let writers = session.ask(|| Writers::of(model.clone(), &page)).await?;
        for item in &page {
            let probabilities = writers.by_class(item);
            let sentence = sentence(item, probabilities.as_ref());
            out.show(&object(&seen.table.key, item, probabilities), || [sentence])?;
        }
    }
    out.flush()?;
    session.close().await;
    Ok(ExitCode::SUCCESS)
}

fn object<'i>(key: &KeyColumns, item: &'i Listing, probabilities: Option<ByClass>) -> Line<'i> {
    Line {
        id: notation::json(key, &item.key),
        values: item.values.as_deref().map(Shown::json),
        prediction: item.prediction.as_deref().map(|text| Shown::prediction(text, item.format)),
        probabilities,
        created_datetime: item.created_datetime.map(|time| time.and_utc()),
        updated_datetime: item.updated_datetime.map(|time| time.and_utc()),
    }
}

/// Characters of an item's values that are shown.
const EXCERPT: usize = 80;

fn sentence(item: &Listing, probabilities: Option<&ByClass>) -> String {
    let Listing { key, values, prediction, .. } = item;
    let values = words::cut(values.as_deref().unwrap_or("no values"), EXCERPT);
    let prediction = match (probabilities, prediction) {
        (Some(probabilities), _) => report::probabilities(probabilities.pairs()),
        (None, Some(text)) => text.clone(),
        (None, None) => "no prediction".to_owned(),
    };
    format!("item {key} {values}: {prediction}")
}
