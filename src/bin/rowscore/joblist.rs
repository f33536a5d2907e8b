//! `rowscore jobs`: which jobs there are, and how each stands.

use std::error::Error;
use std::process::ExitCode;

use rowscore::config::{Config, ItemsTable};
use rowscore::hop::Jobs;
use rowscore::store::jobs::{self, JobRow, JobState};
use rowscore::store::status::{self, StatusLine};
use rowscore::words;
use serde_json::{Value, json};

use crate::opened::Opened;
use crate::out::{Out, say};

/// Show the jobs that were described, with state and last run
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore jobs\n  rowscore jobs --json | jq -c '[.job, .state, .run.state]'\n\n\
                        `rowscore apply jobs.toml` describes them.")]
pub(crate) struct Args {
    /// Show those that were removed, too
    #[arg(long)]
    removed: bool,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let jobs = Jobs::new(Config::from_env()?).await;
    let opened = Opened::at(&jobs, jobs.of_variables());
    let mut session = opened.session();
    let rows = session.run(async |conn| jobs::known(conn).await).await?;
    let mut shown = 0;
    for row in rows.iter().filter(|row| args.removed || row.state != JobState::Removed) {
        shown += 1;
        let (table, wrong) = match jobs.job(row) {
            Ok(job) => (Some(job.work.items_table.clone()), None),
            Err(error) => (None, Some(words::chain(&error))),
        };
        let last = match &table {
            Some(table) => session.run(async |conn| status::latest(conn, table, None, 1).await).await?.pop(),
            None => None,
        };
        let (table, wrong) = (table.as_ref(), wrong.as_deref());
        out.show(&object(row, table, last.as_ref(), wrong), || [sentence(row, table, last.as_ref(), wrong)])?;
    }
    out.flush()?;
    session.close().await;
    if shown == 0 {
        say!(
            "No job is described; the one job is `default`, that of the variables. `rowscore apply jobs.toml` describes more."
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn object(row: &JobRow, table: Option<&ItemsTable>, last: Option<&StatusLine>, wrong: Option<&str>) -> Value {
    let run = last.map(|line| {
        json!({
            "run_id": line.id, "kind": line.kind, "state": line.state, "done": line.done, "total": line.total,
            "failed": line.failed, "started_at": line.started_at, "finished_at": line.finished_at,
            "last_error": line.last_error,
        })
    });
    json!({
        "job": row.settings.name, "state": row.state, "version": row.version, "schedule": row.settings.schedule(),
        "table": table.map(ItemsTable::as_str), "settings": row.settings.texts, "applied_at": row.applied_at,
        "applied_by": row.applied_by, "wrong": wrong, "run": run,
    })
}

fn sentence(row: &JobRow, table: Option<&ItemsTable>, last: Option<&StatusLine>, wrong: Option<&str>) -> String {
    let state = if row.state == JobState::Active { String::new() } else { format!(" ({})", row.state) };
    let schedule = row.settings.schedule().map(|name| format!("schedule {}", name.as_str()));
    let run = match last {
        Some(line) => format!(
            "run {} {} {}, {} of {} items, begun {}",
            line.id,
            line.kind,
            words::state(line.state),
            words::count(line.done),
            line.total.map_or_else(|| "?".to_owned(), words::count),
            words::minute(line.started_at)
        ),
        None => "no run yet".to_owned(),
    };
    let parts = [
        Some(format!("{}{state}", row.settings.name)),
        table.map(|table| format!("table {}", table.as_str())),
        schedule,
        Some(run),
        last.and_then(|line| line.last_error.clone()),
        wrong.map(str::to_owned),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
