//! `rowscore status`: one line per run.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::HumanCount;
use rowscore::config::{Config, Price};
use rowscore::drift::{Ratios, Report};
use rowscore::run::{RunId, RunState};
use rowscore::store::record::{self, Watched};
use rowscore::store::status::{self, StatusLine};
use rowscore::store::{Database, StoreError, session::Session};
use serde_json::{Value, json};

use crate::report;

/// Show the latest runs, one line each
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore status\n  rowscore status 12\n  rowscore status --watch\n  \
                        rowscore status --json | jq -c '[.run_id, .state, .drift_ratio]'\n\n\
                        A ratio of 1 or more is drift. Dollars are Lambda's, for a million items at this run's rate.\n\n\
                        Exit status: 0 shown; 1 something went wrong; 2 wrong arguments. With RUN or --watch it is the \
                        run's: 0 it succeeded, 1 it failed or was cancelled, 3 it is not over.")]
pub struct Args {
    /// Only this run
    #[arg(value_name = "RUN", value_parser = clap::value_parser!(u64).range(1..))]
    run: Option<u64>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000), conflicts_with_all = ["run", "watch"])]
    limit: u32,
    /// Again every second, until the run is over or held; without RUN the latest
    #[arg(long)]
    watch: bool,
    /// One JSON object per line
    #[arg(long)]
    json: bool,
}

/// How often a run is looked at.
const WATCH_EVERY: Duration = Duration::from_secs(1);

pub async fn run(args: Args) -> Result<ExitCode, Box<dyn Error>> {
    let config = Config::from_env()?;
    let database = Database::new(&config.mysql, &config.work.items_table).await;
    let mut session = Session::at_once(&database);
    let price = config.work.price;
    if args.run.is_none() && !args.watch {
        let lines =
            session.run(async |conn| status::latest(conn, database.items_table(), None, args.limit).await).await?;
        if lines.is_empty() {
            eprintln!("There is no run yet; `rowscore run` makes one.");
        }
        for line in &lines {
            print(&mut session, line, price, args.json).await?;
        }
        session.close().await;
        return Ok(ExitCode::SUCCESS);
    }
    let mut last = find(&mut session, &database, args.run).await?;
    print(&mut session, &last, price, args.json).await?;
    while args.watch && last.state == RunState::Running {
        tokio::time::sleep(WATCH_EVERY).await;
        last = find(&mut session, &database, Some(last.id.0)).await?;
        print(&mut session, &last, price, args.json).await?;
    }
    session.close().await;
    Ok(match last.state {
        RunState::Succeeded | RunState::SucceededWithFailures => ExitCode::SUCCESS,
        RunState::Failed | RunState::Cancelled => ExitCode::FAILURE,
        RunState::Running | RunState::Paused => ExitCode::from(3),
    })
}

/// A run's line, or the latest one's.
async fn find(session: &mut Session, database: &Database, run: Option<u64>) -> Result<StatusLine, Box<dyn Error>> {
    let table = database.items_table();
    let found = match run {
        Some(id) => session.run(async |conn| status::find(conn, table, RunId(id)).await).await?,
        None => session.run(async |conn| status::latest(conn, table, None, 1).await).await?.pop(),
    };
    found.ok_or_else(|| match run {
        Some(id) => format!("table `{}` has no run {id}; see `rowscore status`", table.as_str()).into(),
        None => "there is no run yet; `rowscore run` makes one".into(),
    })
}

async fn print(session: &mut Session, line: &StatusLine, price: Price, as_json: bool) -> Result<(), Box<dyn Error>> {
    let watched: Watched = session.run(async |conn| Ok::<_, StoreError>(record::watched(conn, line.id).await?)).await?;
    let seen = Seen::of(line, &watched, price);
    let text = if as_json { object(line, &watched, &seen).to_string() } else { describe(line, &seen)? };
    match writeln!(io::stdout(), "{text}") {
        // The reader has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        written => Ok(written?),
    }
}

/// What a run's figures come to.
struct Seen {
    drift: Ratios,
    dollars_per_million_rows: Option<f64>,
}

impl Seen {
    fn of(line: &StatusLine, watched: &Watched, price: Price) -> Self {
        let report: Option<Report> = watched.profile.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let drift = report.as_ref().map(Report::ratios).unwrap_or_default();
        let dollars = watched.memory_mb.map(|memory| price.dollars(watched.billed_ms, memory));
        let dollars_per_million_rows =
            dollars.filter(|_| line.done > 0).map(|dollars| dollars * 1e6 / line.done as f64);
        Self { drift, dollars_per_million_rows }
    }
}

fn percent(line: &StatusLine) -> Option<f64> {
    line.total.filter(|total| *total > 0).map(|total| 100.0 * line.done as f64 / total as f64)
}

fn object(line: &StatusLine, watched: &Watched, seen: &Seen) -> Value {
    json!({
        "run_id": line.id, "kind": line.kind, "state": line.state, "done": line.done, "total": line.total,
        "percent": percent(line), "failed": line.failed, "rows_per_second": line.rows_per_second,
        "eta_seconds": line.eta_seconds, "spare_seconds": line.spare_seconds, "drift_ratio": seen.drift.features,
        "class_drift_ratio": seen.drift.classes, "billed_ms": watched.billed_ms, "memory_mb": watched.memory_mb,
        "dollars_per_million_rows": seen.dollars_per_million_rows, "window_from": line.window.from,
        "window_to": line.window.to, "model_version": line.model_version, "started_at": line.started_at,
        "finished_at": line.finished_at, "last_error": line.last_error,
    })
}

fn describe(line: &StatusLine, seen: &Seen) -> Result<String, std::fmt::Error> {
    let mut text = format!(
        "run {} {} {} {}; {}/{}",
        line.id,
        line.kind,
        line.window,
        line.state,
        HumanCount(line.done),
        line.total.map_or_else(|| "?".to_owned(), |total| HumanCount(total).to_string()),
    );
    if let Some(percent) = percent(line) {
        write!(text, " {percent:.1}%")?;
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
    if let Some(ratio) = seen.drift.features {
        write!(text, "; drift {ratio:.2}")?;
    }
    if let Some(ratio) = seen.drift.classes {
        write!(text, "; class drift {ratio:.2}")?;
    }
    if let Some(dollars) = seen.dollars_per_million_rows {
        write!(text, "; ${dollars:.6} a million")?;
    }
    if let Some(error) = &line.last_error {
        write!(text, "; last error: {error}")?;
    }
    Ok(text)
}
