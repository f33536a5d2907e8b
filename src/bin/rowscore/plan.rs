//! `rowscore plan`: what a run would be, before anything is written.

use std::error::Error;
use std::process::ExitCode;

use chrono::Utc;
use indicatif::HumanCount;
use rowscore::config::Config;
use rowscore::hop::{self, Means, Plan};
use rowscore::model;
use rowscore::run::RunKind;
use rowscore::store::{Database, session::Session};
use rowscore::window::Time;
use serde_json::{Value, json};

use crate::asked::Asked;

/// Say what a run would be: rows, time, hops and dollars. Writes nothing
///
/// The rate is that of the last runs of a thousand items or more; without any, it is assumed, and
/// said so. Items are counted for two seconds at most.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore plan\n  rowscore plan --sweep --policy retry_all\n  \
                        rowscore plan --from 2026-11-22T00:00:00Z --json\n\n\
                        Exit status: 0 planned; 1 something went wrong; 2 wrong arguments.")]
pub struct Args {
    #[command(flatten)]
    asked: Asked,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Args) -> Result<ExitCode, Box<dyn Error>> {
    let request = match args.asked.request() {
        Ok(request) => request,
        Err(refusal) => {
            eprintln!("rowscore: {refusal}");
            return Ok(ExitCode::from(2));
        }
    };
    let config = Config::from_env()?;
    let database = Database::new(&config.mysql, &config.work.items_table).await;
    let means = Means { database: &database, work: &config.work, model: model::embedded()? };
    let mut session = Session::at_once(&database);
    let now = now();
    let plan = session.run(async |conn| hop::plan(conn, means, &request, now).await).await?;
    session.close().await;
    if args.json {
        println!("{}", object(&plan, request.kind, &config));
    } else {
        describe(&plan, request.kind, &config).iter().for_each(|line| println!("{line}"));
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::disallowed_methods, reason = "the edge: a plan by hand is made now")]
fn now() -> Time {
    Utc::now()
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
    let count =
        |items: Option<u64>| items.map_or_else(|| "too many to count in time".into(), |n| HumanCount(n).to_string());
    let work = &config.work;
    let mut lines = vec![
        format!("{kind} {}, {}", plan.window, plan.policy),
        format!("items: {} new, {} set aside earlier", count(plan.new_items), count(plan.set_aside_items)),
        format!(
            "workers: {} with {} lanes each, pages of at most {}",
            work.workers,
            work.lanes,
            HumanCount(work.page_size.into())
        ),
    ];
    let rate = HumanCount(plan.basis.rows_per_second as u64);
    let source = match plan.basis.measured_runs {
        0 => "assumed: no run has measured it yet".to_owned(),
        1 => "as the last run measured".to_owned(),
        runs => format!("as the last {runs} runs measured"),
    };
    lines.push(match plan.takes {
        Some(takes) => format!("time: {:.1} s at {rate} rows/s, {source}", takes.seconds),
        None => format!("time: unknown, at {rate} rows/s, {source}"),
    });
    if let Some(takes) = plan.takes {
        let (budget, memory) = (work.hop_budget.as_secs_f64(), plan.basis.memory_mb);
        lines.push(format!("hops: {} of at most {budget} s", HumanCount(takes.hops)));
        let price = work.price.per_gb_second;
        lines.push(format!("price: ${:.7} on Lambda, with {memory} MB at ${price:.10} for a GB-second", takes.dollars));
        if let Some(spare) = takes.spare_seconds {
            lines.push(format!("to spare before the deadline: {spare} s"));
        }
    }
    if let Some(run) = plan.unfinished {
        lines.push(format!("run {run} is not over, and would be gone on with first"));
    }
    lines.push("nothing was written".into());
    lines
}
