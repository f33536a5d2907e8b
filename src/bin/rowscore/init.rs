//! `rowscore init`: the tables, a login's grants, and sample items to try them with.

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use mysql_async::{Conn, TxOpts};
use rowscore::config::{ItemsTable, Rows, RunColumn, Target};
use rowscore::hop::{self, HopError, Means};
use rowscore::model::{Model, Purpose};
use rowscore::store::inventory::{self, Made};
use rowscore::store::jobs::{self, JobState};
use rowscore::store::{catalog, items, samples as mark, schema};
use rowscore::window::{self, Time};
use rowscore::words;
use serde_json::json;

use crate::chosen::ForJob;
use crate::opened::Opened;
use crate::out::{Out, say};
use crate::samples::{SAMPLE_TICK, features, samples};

/// Make the tables, where they are missing
///
/// It is safe on a live table, and again at any time. A table of your own (ITEMS_TABLE, FEATURE_COLUMNS and
/// the other variables about the table name it) is checked, and gains a column and a key. The user needs
/// CREATE, ALTER, INDEX, CREATE VIEW and DROP (to replace the view). A database or an items table that is not there
/// is made with --create only, or if you say so when you are asked: its name might be a slip.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore init --grant scorer\n  rowscore init --create\n  \
                        rowscore init --rows 10000\n  rowscore init --grant-reader reader@10.%")]
pub(crate) struct Args {
    #[command(flatten)]
    chosen: ForJob,
    /// Make the database and the items table, if there are none of their names
    #[arg(long)]
    create: bool,
    /// Allow an existing login what rowscore needs, and nothing else: NAME, or NAME@HOST as the server has it
    #[arg(long, value_name = "LOGIN")]
    grant: Option<String>,
    /// Allow an existing login to read results, and nothing else: NAME, or NAME@HOST
    #[arg(long, value_name = "LOGIN")]
    grant_reader: Option<String>,
    /// Fill an empty items table with this many sample items, distributed like the model's training rows; includes
    /// --create
    #[arg(long, value_name = "N")]
    rows: Option<u32>,
    /// Seed of the sample items: the same seed makes the same items
    #[arg(long, value_name = "S", default_value_t = 1, requires = "rows")]
    seed: u64,
    /// The sample items arrived in the 24 hours before this time; the default is the time in
    /// events/schedule.json
    #[arg(long, value_name = "TIME", default_value = SAMPLE_TICK, requires = "rows", value_parser = window::read)]
    until: Time,
}

/// Rows of one INSERT, well below a statement's 65,535 parameters.
const ROWS_PER_INSERT: usize = 5000;

/// Tables that are named to whom there is no table of the wanted name.
const NAMED: u32 = 10;

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::from_env().await?;
    let (table, mut done) = (opened.table(), Vec::new());
    if args.rows.is_some() && !table.has_default_columns() {
        return Err("--rows needs a table with the default columns".into());
    }
    let notices = match make(&opened, &args, &mut done).await {
        Ok(notices) => notices,
        Err(error) => {
            // What was done is done.
            done.iter().for_each(|line| say!("{line}"));
            return Err(error);
        }
    };
    let database = &opened.config.mysql.database;
    out.tell(&json!({"database": database, "table": table.as_str(), "done": done}), done)?;
    notices.iter().for_each(|notice| say!("{notice}"));
    Ok(ExitCode::SUCCESS)
}

/// Makes what is wanted, and notes each thing that is done. Answers what is to be minded.
async fn make(opened: &Opened, args: &Args, done: &mut Vec<String>) -> Result<Vec<String>, Box<dyn Error>> {
    let (table, mut conn) = (opened.table(), connect(opened, args, done).await?);
    let model = args.chosen.over(&mut conn, &opened.database).await?;
    if table.has_default_columns() {
        // Who wants a new database wants what is in it.
        if done.is_empty() {
            may_make_items(&mut conn, opened, args).await?;
        }
    } else {
        // Before anything is added to a table that is not the one which is meant.
        let without_run = match table.target {
            Target::Columns => ItemsTable { run: RunColumn::None, ..table.clone() },
            Target::Scores(_) => table.clone(),
        };
        hop::check_before_making(&mut conn, &without_run, &model).await?;
    }
    let made = schema::migrate(&mut conn, table).await?;
    done.extend(made.iter().map(|(made, took)| described(made, *took)));
    let fit = hop::check_columns(&mut conn, table, &model).await?;
    let before = if done.is_empty() { "Nothing was missing. " } else { "" };
    done.push(format!("{before}The tables are in place in database `{}`.", opened.config.mysql.database));
    let of_jobs = tables_of_jobs(&mut conn, opened).await?;
    let tables: Vec<&ItemsTable> = std::iter::once(table).chain(&of_jobs).collect();
    if let Some(login) = &args.grant {
        for table in &tables {
            schema::grant(&mut conn, table, login).await?;
        }
        done.push(format!(
            "Login `{login}` may do what rowscore needs{}, and nothing else.{}",
            also(&of_jobs),
            by_hand(table)
        ));
    }
    if let Some(login) = &args.grant_reader {
        for table in &tables {
            schema::grant_reader(&mut conn, table, login).await?;
        }
        done.push(format!("Login `{login}` may read results{}, and nothing else.{}", also(&of_jobs), by_hand(table)));
    }
    if let Some(rows) = args.rows {
        done.push(add_samples(&mut conn, table, (&model, rows), args).await?);
    }
    let mut notices: Vec<String> = fit.local_time.iter().map(|notice| format!("Mind the time: {notice}.")).collect();
    notices.extend(of_model(&mut conn, opened, &model).await?);
    conn.disconnect().await?;
    notices.extend(fit.unknown.iter().map(|unknown| format!("Not checked: {unknown}.")));
    Ok(notices)
}

/// What only its owner knows of a query.
fn by_hand(table: &ItemsTable) -> &'static str {
    match table.source.rows {
        Rows::Query(_) => " Grant it SELECT on the tables that SOURCE_QUERY reads.",
        Rows::Table | Rows::View => "",
    }
}

/// What is to be minded if no run would be opened with this model.
async fn of_model(conn: &mut Conn, opened: &Opened, model: &Model) -> Result<Option<String>, HopError> {
    let means = Means { database: &opened.database, work: &opened.config.work, model, challenger: None };
    match hop::check_use(conn, means).await {
        Ok(_) => Ok(None),
        Err(HopError::Unfit(unfit)) => Ok(Some(format!("Mind the model: {}.", unfit.problems.join("; ")))),
        Err(error) => Err(error),
    }
}

/// The tables of the jobs that were described, which are there: `rowscore apply` has seen to what is in them.
async fn tables_of_jobs(conn: &mut Conn, opened: &Opened) -> Result<Vec<ItemsTable>, Box<dyn Error>> {
    let rows = jobs::known(conn).await?;
    let mut tables = Vec::new();
    for row in rows.iter().filter(|row| row.state != JobState::Removed && !row.settings.name.is_default()) {
        let table = opened.config.of_job(&row.settings)?.items_table;
        if !catalog::describe(&table).ask(conn).await?.columns.is_empty() {
            tables.push(table);
        }
    }
    Ok(tables)
}

/// Of which tables, where there are jobs.
fn also(of_jobs: &[ItemsTable]) -> String {
    match of_jobs.len() {
        0 => String::new(),
        1 => ", also of the table of 1 job".to_owned(),
        jobs => format!(", also of the tables of {jobs} jobs"),
    }
}

/// Connects. Makes the database first, where there is none of the name and somebody wants it.
async fn connect(opened: &Opened, args: &Args, done: &mut Vec<String>) -> Result<Conn, Box<dyn Error>> {
    match opened.database.connect().await {
        Err(error) if error.lacks_database() => {
            let mysql = &opened.config.mysql;
            let missing = format!("there is no database `{}` on {}:{}", mysql.database, mysql.server, mysql.port);
            wanted(args, &missing, "check MYSQL_DATABASE")?;
            let begun = Instant::now();
            let conn = opened.database.connect_or_create().await?;
            done.push(format!("Created database `{}` in {}.", mysql.database, took(begun.elapsed())));
            Ok(conn)
        }
        connected => Ok(connected?),
    }
}

/// An items table that is not there is made only if somebody wants it.
async fn may_make_items(conn: &mut Conn, opened: &Opened, args: &Args) -> Result<(), Box<dyn Error>> {
    let (table, database) = (opened.table(), &opened.config.mysql.database);
    if !catalog::describe(table).ask(conn).await?.columns.is_empty() {
        return Ok(());
    }
    let others: Vec<String> =
        inventory::tables(NAMED).ask(conn).await?.iter().map(|name| format!("`{name}`")).collect();
    let others = if others.is_empty() { String::new() } else { format!(", but {}", others.join(", ")) };
    let missing = format!("there is no table {} in database `{database}`{others}", table.quoted());
    wanted(args, &missing, "check ITEMS_TABLE").map_err(Into::into)
}

/// Whether what is missing is to be made.
fn wanted(args: &Args, missing: &str, check: &str) -> Result<(), String> {
    if args.create || args.rows.is_some() {
        return Ok(());
    }
    let mut answer = String::new();
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "{}. Make it? [y/N] ", words::plain(missing));
        let _ = io::stdin().read_line(&mut answer);
    }
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(format!("{missing}; {check}, or make it with `rowscore init --create`")),
    }
}

/// Like ``Added column `run_id` and key `items_window` to table `readings` in 2.3 s.``
fn described(made: &Made, time: Duration) -> String {
    let took = took(time);
    match made {
        Made::Table(name) => format!("Created table `{name}` in {took}."),
        Made::View(name) => format!("Created view `{name}` in {took}."),
        Made::Parts { table, columns, keys } => {
            let named = |what: &str, names: &[String]| {
                let many = if names.len() == 1 { "" } else { "s" };
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                (!names.is_empty()).then(|| format!("{what}{many} {}", names.join(", ")))
            };
            let parts: Vec<String> = named("column", columns).into_iter().chain(named("key", keys)).collect();
            format!("Added {} to table `{table}` in {took}.", parts.join(" and "))
        }
    }
}

fn took(time: Duration) -> String {
    words::took(TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX))
}

/// Fills an empty table, and says so.
async fn add_samples(
    conn: &mut Conn,
    table: &ItemsTable,
    (model, rows): (&Model, u32),
    args: &Args,
) -> Result<String, Box<dyn Error>> {
    if items::any(table).ask(conn).await? {
        return Ok(format!("Table `{}` has items already; no sample items were added.", table.as_str()));
    }
    let features = features(model)?;
    fill(conn, table, &samples(&features, rows, args.seed, args.until), model.purpose()).await?;
    Ok(format!("Added {} sample items to table `{}`.", words::count(rows.into()), table.as_str()))
}

async fn fill(
    conn: &mut Conn,
    table: &ItemsTable,
    samples: &[(String, Time)],
    purpose: Purpose,
) -> Result<(), Box<dyn Error>> {
    // All or nothing: half of them would look like a filled table next time.
    let mut tx = conn.start_transaction(TxOpts::default()).await?;
    for rows in samples.chunks(ROWS_PER_INSERT) {
        items::insert(table, rows).ask(&mut tx).await?;
    }
    if purpose == Purpose::Sample {
        mark::note(table).ask(&mut tx).await?;
    }
    tx.commit().await?;
    Ok(())
}
