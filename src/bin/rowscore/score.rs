//! `rowscore score`: what the function would write, for the rows of a CSV file.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use rowscore::training::{self, DataError, Row, Rows};

use crate::files;

/// Score the rows of a CSV file: one JSON array of probabilities per line
///
/// The columns are found by their names, and may stand in any order; others are not read. A line
/// is exactly what the function would write for the row, with every digit. It ends at the first row
/// that has no prediction.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  rowscore score --model model/iris.json --data model/iris.csv")]
pub struct Args {
    /// The artifact; without it, the model that is built in
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// CSV file with a header line that names the model's features
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
}

/// Rows in work, which bounds the memory whatever the size of the file.
const CHUNK: usize = 1000;

pub fn run(args: &Args) -> Result<ExitCode, Box<dyn Error>> {
    let model = files::model(args.model.as_deref())?;
    let name = args.data.display();
    let mut rows = Rows::new(files::open(&args.data)?, model.features()).map_err(|error| format!("{name}: {error}"))?;
    let mut scorer = model.scorer();
    let mut out = io::BufWriter::new(io::stdout().lock());
    loop {
        let (chunk, failure) = read(&mut rows);
        let probabilities =
            training::score_lines(model, &mut scorer, &chunk).map_err(|error| format!("{name}: {error}"))?;
        for row in probabilities.chunks_exact(model.classes().len()) {
            match serde_json::to_writer(&mut out, row).map_err(io::Error::from).and_then(|()| out.write_all(b"\n")) {
                // The reader has seen enough, as `head` does.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
                written => written?,
            }
        }
        if let Some(error) = failure {
            out.flush()?;
            return Err(format!("{name}: {error}").into());
        }
        if chunk.len() < CHUNK {
            out.flush()?;
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// The next rows, and what stopped the reading, if it was not their number or the end.
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
