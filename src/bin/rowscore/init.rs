//! `rowscore init`: the tables, a login's grants, and sample items to try them with.

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use mysql_async::{Conn, TxOpts};
use rowscore::config::ItemsTable;
use rowscore::model::{Model, Purpose};
use rowscore::setup::{Grants, Missing, Site};
use rowscore::store::{items, samples as mark};
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

pub(crate) async fn run(args: Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::from_env().await?;
    let table = opened.table();
    if args.rows.is_some() && !table.has_default_columns() {
        return Err("--rows needs a table with the default columns".into());
    }
    let consent = |missing: &Missing| wanted(&args, missing);
    let mut site = Site { config: &opened.config, database: &opened.database, consent: &consent, done: Vec::new() };
    let notices = match make(&mut site, &args).await {
        Ok(notices) => notices,
        Err(error) => {
            // What was done is done.
            site.done.iter().for_each(|line| say!("{line}"));
            return Err(error);
        }
    };
    let database = &opened.config.mysql.database;
    out.tell(&json!({"database": database, "table": table.as_str(), "done": site.done}), site.done.iter().cloned())?;
    notices.iter().for_each(|notice| say!("{notice}"));
    Ok(ExitCode::SUCCESS)
}

/// Makes what is wanted, and notes each thing that is done. Answers what is to be minded.
async fn make(site: &mut Site<'_>, args: &Args) -> Result<Vec<String>, Box<dyn Error>> {
    let mut conn = site.connect().await?;
    let model = args.chosen.over(&mut conn, site.database).await?;
    let fit = site.make_tables(&mut conn, &model).await?;
    let grants = Grants { scorer: args.grant.as_deref(), reader: args.grant_reader.as_deref() };
    let mut notices = site.grant(&mut conn, grants).await?;
    if let Some(rows) = args.rows {
        let added = add_samples(&mut conn, site.database.items_table(), (&model, rows), args).await?;
        site.done.push(added);
    }
    notices.extend(site.notices(&mut conn, &model, &fit).await?);
    conn.disconnect().await?;
    Ok(notices)
}

/// Whether what is missing is to be made.
fn wanted(args: &Args, Missing { said, check }: &Missing) -> Result<(), String> {
    if args.create || args.rows.is_some() {
        return Ok(());
    }
    let mut answer = String::new();
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        let _ = write!(io::stderr(), "{}. Make it? [y/N] ", words::plain(said));
        let _ = io::stdin().read_line(&mut answer);
    }
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(format!("{said}; {check}, or make it with `rowscore init --create`")),
    }
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
