//! `rowscore plan`: what a run would be, before anything is written.

use std::error::Error;
use std::process::ExitCode;

use chrono::TimeDelta;
use rowscore::config::{Config, JobName};
use rowscore::hop::{self, Means, Plan};
use rowscore::run::{Mode, RunKind};
use rowscore::words;
use serde_json::{Value, json};

use crate::asked::Options;
use crate::chosen::ForJob;
use crate::opened::Opened;
use crate::out::Out;

/// Say what a run would take: items, time, hops and dollars. Writes nothing
///
/// The rate is that of the last runs with at least a thousand items. If there is none, a rate is
/// assumed, and the answer says so. Counting the items takes two seconds at most.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore plan\n  rowscore plan --sweep --policy retry_all\n  \
                        rowscore plan --from 2026-11-22T00:00:00Z --json\n\n\
                        Exit status: 0 planned; 1 something went wrong; 2 wrong arguments.")]
pub(crate) struct Args {
    /// The job that is meant [default: that of the variables]
    #[arg(value_name = "JOB")]
    job: Option<JobName>,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    chosen: ForJob,
}

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let kind = args.options.kind();
    let request = args.options.request(kind, Mode::Write)?;
    let opened = Opened::of(args.job.as_ref()).await?;
    let Opened { config, database } = &opened;
    let model = args.chosen.model(&opened).await?;
    let means = Means { database, work: &config.work, model: &model, challenger: None };
    let plan = opened.ask(async |conn| hop::plan(conn, means, &request).await).await?;
    out.show(&object(&plan, kind, config), || describe(&plan, kind, config))?;
    Ok(ExitCode::SUCCESS)
}

fn object(plan: &Plan, kind: RunKind, config: &Config) -> Value {
    let takes = plan.takes;
    json!({
        "kind": kind, "window_from": plan.window.from, "window_to": plan.window.to, "policy": plan.policy,
        "unfinished_run_id": plan.unfinished, "new_items": plan.new_items, "set_aside_items": plan.set_aside_items,
        "rows_per_second": plan.basis.rows_per_second, "measured_runs": plan.basis.measured_runs,
        "seconds": takes.map(|takes| takes.seconds), "hops": takes.map(|takes| takes.hops),
        "dollars": takes.map(|takes| takes.dollars), "memory_mb": plan.basis.memory_mb,
        "price_per_gb_second": config.work.price.per_gb_second,
        "spare_seconds": takes.and_then(|takes| takes.spare_seconds),
    })
}

fn describe(plan: &Plan, kind: RunKind, config: &Config) -> Vec<String> {
    let count = |items: Option<u64>| items.map_or_else(|| "too many to count in time".into(), words::count);
    let work = &config.work;
    let mut lines = vec![
        format!("{kind} {}, {}", plan.window, plan.policy),
        format!("items: {} new, {} set aside earlier", count(plan.new_items), count(plan.set_aside_items)),
        format!(
            "workers: {} with {} lanes each, pages of at most {}",
            work.workers,
            work.lanes,
            words::count(work.page_size.into())
        ),
    ];
    let rate = words::count(plan.basis.rows_per_second as u64);
    let source = match plan.basis.measured_runs {
        0 => "which is assumed: no run has measured it yet".to_owned(),
        1 => "as the last run measured".to_owned(),
        runs => format!("as the last {runs} runs measured"),
    };
    lines.push(match plan.takes {
        Some(takes) => {
            let took = words::took(TimeDelta::milliseconds((takes.seconds * 1e3) as i64));
            format!("time: {took} at {rate} rows/s, {source}")
        }
        None => format!("time: unknown, at {rate} rows/s, {source}"),
    });
    if let Some(takes) = plan.takes {
        let (budget, memory) = (words::span(work.hop_budget.as_secs()), plan.basis.memory_mb);
        lines.push(format!("hops: {} of at most {budget}", words::count(takes.hops)));
        let price = work.price.per_gb_second;
        lines.push(format!("price: ${:.7} on Lambda, with {memory} MB at ${price:.10} for a GB-second", takes.dollars));
        if let Some(spare) = takes.spare_seconds {
            lines.push(format!("deadline: {}", words::spare(spare)));
        }
    }
    if let Some(run) = plan.unfinished {
        lines.push(format!("run {run} is not over; it would be continued first"));
    }
    lines.push("nothing was written".into());
    lines
}
