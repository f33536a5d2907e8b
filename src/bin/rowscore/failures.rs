//! `rowscore failures`: the items set aside, each with its reason.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use rowscore::config::Config;
use rowscore::run::RunId;
use rowscore::store::failures::{self, Failure};
use rowscore::store::{Database, session::Session};
use serde_json::json;

/// Show the items that could not be scored, with the reason of each
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore failures\n  rowscore failures 12 --limit 100\n  \
                        rowscore failures --json --limit 1000000 > failures.jsonl\n\n\
                        Correct the values, and the next run takes the item; or see `rowscore release`.")]
pub struct Args {
    /// Only those that this run failed on last
    #[arg(value_name = "RUN", value_parser = clap::value_parser!(u64).range(1..))]
    run: Option<u64>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    /// Begin after the item of this id
    #[arg(long, value_name = "ID", default_value_t = i64::MIN, hide_default_value = true)]
    after: i64,
    /// One JSON object per line
    #[arg(long)]
    json: bool,
}

/// Failures read at once, which bounds the memory whatever the limit.
const PAGE: u32 = 1000;

pub async fn run(args: Args) -> Result<ExitCode, Box<dyn Error>> {
    let config = Config::from_env()?;
    let database = Database::new(&config.mysql, &config.work.items_table).await;
    let mut session = Session::at_once(&database);
    let table = database.items_table();
    let of_run = args.run.map(RunId);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let (mut left, mut after) = (args.limit, args.after);
    while left > 0 {
        let page = session.run(async |conn| failures::list(conn, table, of_run, after, left.min(PAGE)).await).await?;
        let Some(last) = page.last() else { break };
        after = last.item;
        left -= page.len() as u32;
        for failure in &page {
            match write_line(&mut out, failure, args.json) {
                // The reader has seen enough, as `head` does.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
                written => written?,
            }
        }
    }
    out.flush()?;
    session.close().await;
    if left == args.limit {
        eprintln!("No item is set aside.");
    } else if left == 0 {
        eprintln!("There may be more: --after {after} goes on.");
    }
    Ok(ExitCode::SUCCESS)
}

fn write_line(out: &mut impl Write, failure: &Failure, as_json: bool) -> io::Result<()> {
    let Failure { item, run, attempts, code, reason, first_failed_at, last_failed_at } = failure;
    if as_json {
        let line = json!({
            "item_id": item, "run_id": run, "attempts": attempts, "code": code, "reason": reason,
            "first_failed_at": first_failed_at, "last_failed_at": last_failed_at,
        });
        return writeln!(out, "{line}");
    }
    let tries = if *attempts == 1 { "try" } else { "tries" };
    writeln!(out, "item {item} {code}; {attempts} {tries}, the last in run {run} at {last_failed_at:.0}: {reason}")
}
