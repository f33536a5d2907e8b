//! `rowscore failures`: the items set aside, each with its reason.

use std::error::Error;
use std::process::ExitCode;

use rowscore::config::KeyColumns;
use rowscore::run::RunId;
use rowscore::store::failures::{self, Failure};
use rowscore::store::key::Key;
use rowscore::store::{notation, runs};
use serde_json::{Value, json};

use crate::out::{Out, say};
use crate::report;
use crate::whose::Whose;

/// Show the items that could not be scored, with the reason of each
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore failures\n  rowscore failures 12 --limit 100\n  \
                        rowscore failures --json --limit 1000000 > failures.jsonl\n\n\
                        Correct the values, and the next run scores the item; or see `rowscore release`.")]
pub(crate) struct Args {
    #[command(flatten)]
    whose: Whose,
    /// Only items whose last try was in this run
    #[arg(value_name = "RUN", value_parser = clap::value_parser!(u64).range(1..))]
    run: Option<u64>,
    /// Show at most this many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Begin after the item with this key
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    after: Option<String>,
}

/// Failures read at once, which bounds the memory whatever the limit.
const PAGE: u32 = 1000;

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let of_run = args.run.map(RunId);
    let opened = args.whose.open_of(of_run).await?;
    let (table, mut session) = (opened.look().await?, opened.session());
    let after = args.after.map(|text| notation::read(&table.key, &text)).transpose()?;
    let begins_at = after.clone();
    let (mut left, mut after) = (args.limit, after.unwrap_or(Key::Start));
    while left > 0 {
        let page = session.ask(|| failures::list(table, of_run, &after, left.min(PAGE))).await?;
        let Some(last) = page.last() else { break };
        after = last.item.clone();
        left -= page.len() as u32;
        for failure in &page {
            out.show(&object(&table.key, failure), || [sentence(failure)])?;
        }
    }
    out.flush()?;
    let of_run = match of_run.filter(|_| left == args.limit) {
        Some(run) => Some((run, session.ask(|| runs::find(table, run)).await?)),
        None => None,
    };
    session.close().await;
    if let Some((run, None)) = of_run {
        return Err(format!("table `{}` has no run {run}; see `rowscore status`", table.as_str()).into());
    }
    if left == args.limit {
        let by = of_run.map_or_else(String::new, |(run, _)| format!(" whose last try was in run {run}"));
        let behind = begins_at.map_or_else(String::new, |key| format!(" behind key {key}"));
        say!("No item{by}{behind} is set aside.");
    } else if left == 0 {
        say!("There may be more; `--after {}` shows them.", report::argument(&after));
    }
    Ok(ExitCode::SUCCESS)
}

fn object(key: &KeyColumns, failure: &Failure) -> Value {
    let Failure { item, run, attempts, code, reason, first_failed_at, last_failed_at } = failure;
    json!({
        "item_id": notation::json(key, item), "run_id": run, "attempts": attempts, "code": code, "reason": reason,
        "first_failed_at": first_failed_at, "last_failed_at": last_failed_at,
    })
}

fn sentence(failure: &Failure) -> String {
    let Failure { item, run, attempts, code, reason, last_failed_at, .. } = failure;
    let tries = if *attempts == 1 { "try" } else { "tries" };
    format!("item {item} {code}; {attempts} {tries}, the last in run {run} at {last_failed_at:.0}: {reason}")
}
