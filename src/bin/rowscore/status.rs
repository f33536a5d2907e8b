//! `rowscore status`: one line per run.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use rowscore::config::Price;
use rowscore::drift::{Ratios, Report};
use rowscore::run::{RunId, RunState};
use rowscore::standing::{Expected, Facts, Mood, Standing, Trouble, attended};
use rowscore::store::measures::{self, Watched};
use rowscore::store::session::Session;
use rowscore::store::status::{self, StatusLine};
use rowscore::store::{clock, hold};
use rowscore::words;
use serde_json::{Value, json};

use crate::opened::Opened;
use crate::out::{Out, say};
use crate::report;
use crate::whose::RunOrJob;

/// Show the latest runs, one line each
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore status\n  rowscore status 12\n  rowscore status --watch\n  \
                        rowscore status --json | jq -c '[.run_id, .state, .drift_ratio]'\n\n\
                        A drift of 1 or more means that the items are not like the training rows. Dollars are Lambda's, for a \
                        million items at this run's rate.\n\n\
                        Below the runs stands what is wrong and what to do about it, if anything is.\n\n\
                        Exit status: 0 all is well; 1 something is to be done, or went wrong; 2 wrong arguments; 3 something \
                        wants a look. With RUN or --watch, about the run: 0 it succeeded; 1 it failed or was cancelled; 3 it \
                        is not over.")]
pub(crate) struct Args {
    /// Show only this run, or the runs of this job [default: those of the variables' job]
    #[arg(value_name = "RUN|JOB")]
    whose: Option<RunOrJob>,
    /// Show at most this many; not with RUN, which is one [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), conflicts_with = "watch")]
    limit: Option<u32>,
    /// Show the run again every second, until it is over or paused; without RUN, the latest run
    #[arg(long)]
    watch: bool,
}

/// How often a run is looked at.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Runs that are shown where it is not said how many.
const SHOWN: u32 = 10;

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let run = match &args.whose {
        Some(RunOrJob::Run(run)) => Some(*run),
        _ => None,
    };
    if let (Some(run), Some(_)) = (run, args.limit) {
        let why = format!("{run} is one run, and --limit says how many to show; accepted: one of them");
        clap::Error::raw(ErrorKind::ArgumentConflict, format!("{why}\n")).exit();
    }
    let opened = match &args.whose {
        Some(RunOrJob::Run(run)) => Opened::of_run(*run).await?,
        Some(RunOrJob::Job(job)) => Opened::of(Some(job)).await?,
        None => Opened::of(None).await?,
    };
    let mut screen =
        Screen { session: opened.session(), price: opened.config.work.price, out, told: None, opened: &opened };
    let table = opened.look().await?;
    if run.is_none() && !args.watch {
        let limit = args.limit.unwrap_or(SHOWN);
        let latest = screen.session.run(async |conn| status::latest(conn, table, None, limit).await).await?;
        for line in &latest {
            screen.show(line).await?;
        }
        let mood = screen.tell_troubles().await?;
        screen.session.close().await;
        return Ok(match mood {
            Mood::Calm | Mood::Busy => ExitCode::SUCCESS,
            Mood::Odd => ExitCode::from(3),
            Mood::Bad => ExitCode::FAILURE,
        });
    }
    let mut last = screen.find(run).await?;
    screen.show(&last).await?;
    while args.watch && last.state == RunState::Running {
        tokio::time::sleep(WATCH_EVERY).await;
        last = screen.find(Some(last.id)).await?;
        screen.show(&last).await?;
        screen.tell_who_is_missing(&last).await?;
    }
    screen.session.close().await;
    Ok(match last.state {
        RunState::Succeeded | RunState::SucceededWithFailures => ExitCode::SUCCESS,
        RunState::Failed | RunState::Cancelled => ExitCode::FAILURE,
        RunState::Running | RunState::Paused => ExitCode::from(3),
    })
}

/// Where runs come from, and where they are shown.
struct Screen<'o> {
    opened: &'o Opened,
    out: &'o mut Out,
    session: Session,
    price: Price,
    /// The trouble that was told last of a run which is watched.
    told: Option<&'static str>,
}

impl Screen<'_> {
    /// A run's line, or the latest one's.
    async fn find(&mut self, run: Option<RunId>) -> Result<StatusLine, Box<dyn Error>> {
        let table = self.opened.table();
        let found = match run {
            Some(id) => self.session.ask(|| status::find(table, id)).await?,
            None => self.session.run(async |conn| status::latest(conn, table, None, 1).await).await?.pop(),
        };
        found.ok_or_else(|| match run {
            Some(id) => format!("table `{}` has no run {id}; see `rowscore status`", table.as_str()).into(),
            None => self.opened.said("there is no run yet; `rowscore run` makes one").into(),
        })
    }

    /// Says, when it begins, that nobody is at work on a run which is watched, or that it is held up.
    async fn tell_who_is_missing(&mut self, line: &StatusLine) -> Result<(), Box<dyn Error>> {
        if line.state != RunState::Running {
            return Ok(());
        }
        let (attendance, now) = self.session.ask(|| hold::attendance(line.id).and(clock::present())).await?;
        let trouble = attended(line, attendance, now);
        let name = trouble.as_ref().map(Trouble::name);
        if let Some(trouble) = trouble.filter(|_| self.told != name) {
            say!("{} {}", trouble.sentence(now), self.opened.said(&trouble.remedy()));
        }
        self.told = name;
        Ok(())
    }

    /// Says what is wrong, and what waits. Beside the runs, which may be piped.
    async fn tell_troubles(&mut self) -> Result<Mood, Box<dyn Error>> {
        let (table, expected) = (self.opened.table(), Expected::from(&self.opened.config.work));
        let facts = self.session.run(async |conn| Facts::read(conn, table, expected).await).await?;
        let standing = Standing::of(facts);
        for trouble in &standing.troubles {
            say!("{} {}", trouble.sentence(standing.facts.now), self.opened.said(&standing.remedy(trouble)));
        }
        if standing.facts.runs.is_empty() && standing.troubles.is_empty() {
            say!("{}", self.opened.said("There is no run yet; `rowscore run` makes one."));
        }
        say!("{}", standing.waiting());
        Ok(standing.mood)
    }

    async fn show(&mut self, line: &StatusLine) -> Result<(), Box<dyn Error>> {
        let watched = self.session.ask(|| measures::watched(line.id)).await?;
        let seen = Seen::of(line, &watched, self.price);
        self.out.show(&object(line, &watched, &seen), || [describe(line, &seen)])?;
        Ok(self.out.flush()?)
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
        "percent": percent(line), "failed": line.failed, "skipped": line.skipped, "pending": line.pending,
        "rows_per_second": line.rows_per_second,
        "eta_seconds": line.eta_seconds, "spare_seconds": line.spare_seconds, "drift_ratio": seen.drift.features,
        "class_drift_ratio": seen.drift.classes, "billed_ms": watched.billed_ms, "memory_mb": watched.memory_mb,
        "dollars_per_million_rows": seen.dollars_per_million_rows, "window_from": line.window.from,
        "window_to": line.window.to, "model_version": line.model_version, "started_at": line.started_at,
        "finished_at": line.finished_at, "waiting_for": line.waits.as_ref().map(|waits| &waits.why),
        "waiting_since": line.waits.as_ref().map(|waits| waits.since), "last_error": line.last_error,
    })
}

fn describe(line: &StatusLine, seen: &Seen) -> String {
    let StatusLine { id, kind, window, state, .. } = line;
    let total = line.total.map_or_else(|| "?".to_owned(), words::count);
    let percent = percent(line).map_or_else(String::new, |percent| format!(" {percent:.1}%"));
    let backfill = line.backfill.as_ref().filter(|_| line.done > line.failed);
    let parts = [
        Some(format!("run {id} {kind} {window} {}", words::state(*state))),
        Some(format!("{}/{total}{percent}", words::count(line.done))),
        Some(format!("set aside {}", words::count(line.failed))),
        Some(line.skipped)
            .filter(|skipped| *skipped > 0)
            .map(|skipped| format!("locked by others {}", words::count(skipped))),
        backfill.map(report::changes),
        line.rows_per_second.map(|rate| format!("{} rows/s", words::count(rate))),
        line.eta_seconds.map(words::to_go),
        line.spare_seconds.map(words::spare),
        seen.drift.features.map(|ratio| format!("drift {ratio:.2}")),
        seen.drift.classes.map(|ratio| format!("class drift {ratio:.2}")),
        seen.dollars_per_million_rows.map(|dollars| format!("${dollars:.6} a million")),
        line.waits.as_ref().map(|waits| format!("waits: {}", words::plain(&waits.why))),
        line.last_error.as_ref().map(|error| format!("last error: {error}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
