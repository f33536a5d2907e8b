//! `rowscore status`: one line per run.

use std::error::Error;
use std::fmt::Write as _;
use std::process::ExitCode;

use indicatif::HumanCount;
use rowscore::config::Config;
use rowscore::store::status::{self, StatusLine};
use rowscore::store::{Database, session::Session};

use crate::report;

/// Show the latest runs, one line each
#[derive(clap::Args)]
pub struct Args {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

pub async fn run(args: Args) -> Result<ExitCode, Box<dyn Error>> {
    let config = Config::from_env()?;
    let database = Database::new(&config.mysql, &config.work.items_table).await;
    let mut session = Session::at_once(&database);
    let table = database.items_table();
    let lines = session.run(async |conn| status::latest(conn, table, None, args.limit).await).await?;
    session.close().await;
    if lines.is_empty() {
        eprintln!("There is no run yet; `rowscore run` makes one.");
    }
    for line in &lines {
        println!("{}", describe(line)?);
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(line: &StatusLine) -> Result<String, std::fmt::Error> {
    let mut text = format!(
        "run {} {} {} {}; {}/{}",
        line.id,
        line.kind,
        line.window,
        line.state,
        HumanCount(line.done),
        line.total.map_or_else(|| "?".to_owned(), |total| HumanCount(total).to_string()),
    );
    if let Some(total) = line.total.filter(|total| *total > 0) {
        write!(text, " {:.1}%", 100.0 * line.done as f64 / total as f64)?;
    }
    write!(text, "; set aside {}", HumanCount(line.failed))?;
    if let Some(backfill) = line.backfill.filter(|_| line.done > line.failed) {
        write!(text, "; {}", report::changes(&backfill))?;
    }
    if let Some(rate) = line.rows_per_second {
        write!(text, "; {} rows/s", HumanCount(rate))?;
    }
    if let Some(seconds) = line.eta_seconds {
        write!(text, "; ETA {seconds} s")?;
    }
    if let Some(seconds) = line.spare_seconds {
        write!(text, "; to spare {seconds} s")?;
    }
    if let Some(error) = &line.last_error {
        write!(text, "; last error: {error}")?;
    }
    Ok(text)
}
