//! `rowscore results`: items and their predictions, one JSON object per line.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use chrono::NaiveDateTime;
use rowscore::config::{Config, PredictionFormat};
use rowscore::model;
use rowscore::store::catalog;
use rowscore::store::items::{self, Item};
use rowscore::store::{Database, session::Session};
use serde::Serialize;
use serde_json::value::RawValue;

/// Show items with their predictions, one JSON object per line
#[derive(clap::Args)]
pub struct Args {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: u32,
    /// Begin after the item of this id
    #[arg(long, value_name = "ID", default_value_t = i64::MIN, hide_default_value = true)]
    after: i64,
}

/// Items read at once, which bounds the memory whatever the limit.
const PAGE: u32 = 1000;

/// The column that says when an item was last changed, where there is one.
const UPDATED: &str = "updated_datetime";

/// A prediction as it stands in the table.
#[derive(Serialize)]
#[serde(untagged)]
enum Prediction<'a> {
    Probabilities(&'a RawValue),
    Label(&'a str),
}

impl<'a> Prediction<'a> {
    fn read(text: &'a str, format: PredictionFormat) -> serde_json::Result<Self> {
        match format {
            PredictionFormat::Probabilities => serde_json::from_str(text).map(Self::Probabilities),
            PredictionFormat::Label => Ok(Self::Label(text)),
        }
    }
}

/// The pattern's shape of an item.
#[derive(Serialize)]
struct Line<'a> {
    id: i64,
    values: &'a RawValue,
    prediction: Option<Prediction<'a>>,
    created_datetime: Option<NaiveDateTime>,
    updated_datetime: Option<NaiveDateTime>,
}

pub async fn run(args: Args) -> Result<ExitCode, Box<dyn Error>> {
    let config = Config::from_env()?;
    let database = Database::new(&config.mysql, &config.work.items_table).await;
    let mut session = Session::at_once(&database);
    let table = database.items_table();
    let features = model::embedded()?.features();
    table.feature_columns(features)?;
    let catalog = session.run(async |conn| catalog::describe(conn, table).await).await?;
    let updated = catalog.column(UPDATED);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let (mut left, mut after) = (args.limit, args.after);
    while left > 0 {
        let bounds = (after, left.min(PAGE));
        let page = session.run(async |conn| items::list(conn, table, features, updated, bounds).await).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        left -= page.len() as u32;
        for item in &page {
            match write_line(&mut out, item, table.format) {
                // The reader has seen enough, as `head` does.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
                written => written?,
            }
        }
    }
    out.flush()?;
    session.close().await;
    Ok(ExitCode::SUCCESS)
}

fn write_line(out: &mut impl Write, item: &Item, format: PredictionFormat) -> io::Result<()> {
    let line = Line {
        id: item.id,
        values: serde_json::from_str(&item.values)?,
        prediction: item.prediction.as_deref().map(|text| Prediction::read(text, format)).transpose()?,
        created_datetime: item.created_datetime,
        updated_datetime: item.updated_datetime,
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}
