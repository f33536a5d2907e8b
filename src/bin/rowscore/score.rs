//! `rowscore score`: what the function would write, for the rows of a CSV file.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use rowscore::training::{self, DataError, Row, Rows};

use crate::files;
use crate::out::Out;
use crate::report;

/// Score the rows of a CSV file, a line each: a JSON array of probabilities, or words
///
/// The columns are found by their names, in any order. Other columns are ignored. Each array is
/// exactly what the function would write for the row, with every digit. The command stops at the
/// first row that cannot be scored.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  rowscore score --model model/iris.json --data model/iris.csv")]
pub(crate) struct Args {
    /// The artifact [default: the model that is built in]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// CSV file with a header line that names the model's features
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
}

/// So many rows are in memory at a time, however large the file is.
const CHUNK: usize = 1000;

pub(crate) fn run(args: &Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let model = files::model(args.model.as_deref())?;
    let mut rows = Rows::new(files::open(&args.data)?, model.features()).map_err(files::of(&args.data))?;
    let mut scorer = model.scorer();
    loop {
        let (chunk, failure) = read(&mut rows);
        let probabilities = training::score_lines(model, &mut scorer, &chunk).map_err(files::of(&args.data))?;
        for row in probabilities.chunks_exact(model.classes().len()) {
            out.show(&row, || {
                [report::probabilities(model.classes().iter().map(String::as_str).zip(row.iter().copied()))]
            })?;
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

/// The next rows, and the error that stopped the reading, if there was one.
fn read(rows: &mut Rows<impl io::Read>) -> (Vec<Row>, Option<DataError>) {
    let mut chunk = Vec::with_capacity(CHUNK);
    for row in rows.take(CHUNK) {
        match row {
            Ok(row) => chunk.push(row),
            Err(error) => return (chunk, Some(error)),
        }
    }
    (chunk, None)
}
