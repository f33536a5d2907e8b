//! `rowscore release`: another chance for items that were set aside.

use std::collections::HashSet;
use std::error::Error;
use std::process::ExitCode;

use rowscore::store::key::Key;
use rowscore::store::{failures, notation};
use rowscore::values::ReasonCode;
use rowscore::words::{self, items};
use serde_json::json;

use crate::out::Out;
use crate::whose::Whose;

/// Let the next run try items again that were set aside, whatever the failure policy
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  rowscore release --code wrong_length\n  rowscore release 17 42\n  rowscore release --all"
)]
pub(crate) struct Args {
    #[command(flatten)]
    whose: Whose,
    /// Keys of items
    #[arg(value_name = "KEY", conflicts_with = "all", required_unless_present_any = ["all", "code"], allow_negative_numbers = true)]
    keys: Vec<String>,
    /// Only items with this reason code
    #[arg(long, value_name = "CODE")]
    code: Option<ReasonCode>,
    /// Every item that is set aside
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = args.whose.open().await?;
    let (table, code) = (opened.look().await?, &args.code);
    let keys: Vec<Key> = args.keys.iter().map(|text| notation::read(&table.key, text)).collect::<Result<_, _>>()?;
    let release = || failures::chosen(table, &keys, *code).and(failures::release(table, &keys, *code));
    let (chosen, _) = opened.ask(async |conn| release().ask(conn).await).await?;
    if chosen == 0 && !(args.all && code.is_none()) {
        let said = format!("no item {} is set aside; `rowscore failures` shows which are", asked(&keys, *code));
        return Err(opened.said(&said).into());
    }
    let named: HashSet<&Key> = keys.iter().collect();
    let others = (named.len() as u64).saturating_sub(chosen);
    let done = match (chosen, others) {
        (0, _) => "No item is set aside.".to_owned(),
        (chosen, 0) => format!("Released {}; the next run tries again: `rowscore run`.", items(chosen)),
        (chosen, others) => format!(
            "Released {}; {} of those that were named {} not set aside so. The next run tries again: `rowscore run`.",
            items(chosen),
            words::count(others),
            if others == 1 { "is" } else { "are" }
        ),
    };
    out.tell(&json!({"released": chosen}), [opened.said(&done)])?;
    Ok(ExitCode::SUCCESS)
}

/// Keys that an error names.
const NAMED: usize = 10;

/// Like `with a key of 17, 42 and the code wrong_length`.
fn asked(keys: &[Key], code: Option<ReasonCode>) -> String {
    let named: Vec<String> = keys.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if keys.len() > NAMED { ", …" } else { "" };
    let of_keys = (!keys.is_empty()).then(|| format!("a key of {}{more}", named.join(", ")));
    let of_code = code.map(|code| format!("the code {code}"));
    format!("with {}", of_keys.into_iter().chain(of_code).collect::<Vec<_>>().join(" and "))
}
