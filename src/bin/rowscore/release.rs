//! `rowscore release`: another chance for items that were set aside.

use std::error::Error;
use std::process::ExitCode;

use rowscore::store::failures;
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
    /// Ids of items
    #[arg(value_name = "ID", conflicts_with = "all", required_unless_present_any = ["all", "code"], allow_negative_numbers = true)]
    ids: Vec<i64>,
    /// Only items with this reason code
    #[arg(long, value_name = "CODE")]
    code: Option<ReasonCode>,
    /// Every item that is set aside
    #[arg(long)]
    all: bool,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = args.whose.open().await?;
    let Args { ids, code, .. } = &args;
    let release = || failures::chosen(opened.table(), ids, *code).and(failures::release(opened.table(), ids, *code));
    let (chosen, _) = opened.ask(async |conn| release().ask(conn).await).await?;
    if chosen == 0 && !(args.all && code.is_none()) {
        let said = format!("no item {} is set aside; `rowscore failures` shows which are", asked(ids, *code));
        return Err(opened.said(&said).into());
    }
    let mut ids = ids.clone();
    ids.sort_unstable();
    ids.dedup();
    let others = (ids.len() as u64).saturating_sub(chosen);
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

/// Ids that an error names.
const NAMED: usize = 10;

/// Like `with an id of 17, 42 and the code wrong_length`.
fn asked(ids: &[i64], code: Option<ReasonCode>) -> String {
    let named: Vec<String> = ids.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if ids.len() > NAMED { ", …" } else { "" };
    let of_ids = (!ids.is_empty()).then(|| format!("an id of {}{more}", named.join(", ")));
    let of_code = code.map(|code| format!("the code {code}"));
    format!("with {}", of_ids.into_iter().chain(of_code).collect::<Vec<_>>().join(" and "))
}
