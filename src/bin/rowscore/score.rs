//! `rowscore score`: what the function would write, for the rows of a CSV file.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use rowscore::model::{Model, PredictionKind};
use rowscore::training::{self, DataError, Row, Rows};

use crate::chosen::Chosen;
use crate::files;
use crate::out::Out;
use crate::report;
use crate::written::Written;

/// Score the rows of a CSV file, a line each: a JSON value, or words
///
/// The value is an array of probabilities or margins, one for each class; a number; or a score. The columns are
/// found by their names, in any order. Other columns are ignored. Each value is exactly what the function would
/// write for the row, with every digit; a gap stands for NULL. The command stops at the first row that cannot be
/// scored.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  rowscore score --model model/iris.json --data model/iris.csv")]
pub(crate) struct Args {
    #[command(flatten)]
    chosen: Chosen,
    /// CSV file with a header line that names the model's features
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    #[command(flatten)]
    written: Written,
}

/// So many rows are in memory at a time, however large the file is.
const CHUNK: usize = 1000;

pub(crate) fn run(args: &Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let model = args.chosen.model()?;
    let file = files::open(&args.data)?;
    let mut rows = Rows::written(file, model.features(), args.written.format()).map_err(files::of(&args.data))?;
    let mut scorer = model.scorer();
    loop {
        let (chunk, failure) = read(&mut rows);
        let outputs = training::score_lines(model, &mut scorer, &chunk).map_err(files::of(&args.data))?;
        for row in outputs.chunks_exact(model.outputs().width()) {
            show(model, row, out)?;
        }
        if let Some(error) = failure {
            out.flush()?;
            return Err(files::of(&args.data)(error).into());
        }
        if chunk.len() < CHUNK {
            out.flush()?;
            return Ok(ExitCode::SUCCESS);
        }
    }
}

fn show(model: &Model, row: &[f64], out: &mut Out) -> io::Result<()> {
    let named = || model.classes().iter().map(String::as_str).zip(row.iter().copied());
    match model.outputs().kind {
        PredictionKind::Probabilities | PredictionKind::Margins => out.show(&row, || [report::probabilities(named())]),
        PredictionKind::Value => out.show(&row[0], || [row[0].to_string()]),
        PredictionKind::Score => out.show(&row[0], || {
            let label = model.outputs().label(row).map_or("", |class| &model.classes()[class]);
            [format!("{label} {:.4}", row[0])]
        }),
    }
}

/// The next rows, and the error that stopped the reading, if there was one.
fn read(rows: &mut Rows<'_, impl io::Read>) -> (Vec<Row>, Option<DataError>) {
    let mut chunk = Vec::with_capacity(CHUNK);
    for row in rows.take(CHUNK) {
        match row {
            Ok(row) => chunk.push(row),
            Err(error) => return (chunk, Some(error)),
        }
    }
    (chunk, None)
}
