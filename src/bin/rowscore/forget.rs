//! `rowscore forget`: what is deleted from a long history.

use std::error::Error;
use std::process::ExitCode;

use chrono::TimeDelta;
use rowscore::config::{Setting, Span};
use rowscore::store::statement::{begin, commit};
use rowscore::store::{clock, past};
use rowscore::{window, words};
use serde_json::json;

use crate::out::Out;
use crate::whose::Whose;

/// Delete old runs from the history that predicted nothing and set nothing aside
///
/// All other runs stay, since their items name them, and so does the last window: the next one begins where it ended. A
/// long history costs space and no time. Like `init`, it takes an administrator's login: the function's own may not
/// delete runs.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  rowscore forget --older-than 365d")]
pub(crate) struct Args {
    #[command(flatten)]
    whose: Whose,
    /// Keep younger ones, by a number and a unit, like 12h or 90d
    #[arg(long, value_name = "SPAN", default_value = "90d", value_parser = span)]
    older_than: Span,
}

fn span(text: &str) -> Result<Span, String> {
    Span::read(text).ok_or_else(|| format!("accepted: {}", Span::ACCEPTS))
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = args.whose.open().await?;
    let (table, mut session) = (opened.table(), opened.session());
    let (now, age) = (session.ask(clock::present).await?, TimeDelta::from_std(args.older_than.0)?);
    let before = window::after(now, -age).ok_or("there was no time then; give a shorter span")?;
    let mut forgotten = 0;
    loop {
        let runs = session.ask(|| past::empty(table, before)).await?;
        if runs.is_empty() {
            break;
        }
        session.ask(|| begin().then(past::forget(&runs)).then(commit())).await?;
        forgotten += runs.len() as u64;
    }
    session.close().await;
    let (count, before) = (words::count(forgotten), words::minute(before));
    let done = format!("Deleted {count} runs that began before {before} and had no item.");
    out.tell(&json!({"forgotten_runs": forgotten}), [done])?;
    Ok(ExitCode::SUCCESS)
}
