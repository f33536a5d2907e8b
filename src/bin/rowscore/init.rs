//! `rowscore init`: the tables, a login's grants, and sample items to try them with.

use std::error::Error;
use std::process::ExitCode;

use chrono::TimeDelta;
use mysql_async::TxOpts;
use rand_mt::Mt64;
use rowscore::config::{Config, ItemsTable, RunColumn};
use rowscore::store::{Database, items, schema};
use rowscore::window::Time;
use rowscore::{hop, model};

/// Make the database and the tables, where they are missing
///
/// Idempotent and safe on a live table. A table of your own, named by ITEMS_TABLE and FEATURE_COLUMNS or
/// other columns than the default ones, gains a column and a key, and is looked at. The account needs CREATE, ALTER, INDEX, CREATE VIEW and DROP
/// (to renew the view).
#[derive(clap::Args)]
pub struct Args {
    /// Grant an existing login what rowscore needs, and nothing else
    #[arg(long, value_name = "LOGIN")]
    grant: Option<String>,
    /// Grant an existing login what reading results needs, and nothing else
    #[arg(long, value_name = "LOGIN")]
    grant_reader: Option<String>,
    /// Fill an empty items table with so many sample items: four measurements with one decimal
    #[arg(long, value_name = "N")]
    rows: Option<u32>,
    /// Seed of the sample items: the same seed makes the same items
    #[arg(long, value_name = "S", default_value_t = 1, requires = "rows")]
    seed: u64,
    /// The sample items are created within the day before this time; the default is the time in
    /// events/schedule.json
    #[arg(long, value_name = "TIME", default_value = SAMPLE_TICK, requires = "rows")]
    until: Time,
}

/// The time of the sample event, so that its window holds the sample items.
const SAMPLE_TICK: &str = "2026-11-22T15:19:00Z";

/// Rows of one INSERT, well below a statement's 65,535 parameters.
const ROWS_PER_INSERT: usize = 5000;

/// The least and the greatest of each iris measurement, in tenths of a centimetre.
const RANGES_MM: [(u64, u64); 4] = [(43, 79), (20, 44), (10, 69), (1, 25)];

pub async fn run(args: Args) -> Result<ExitCode, Box<dyn Error>> {
    let config = Config::from_env()?;
    let table = &config.work.items_table;
    if args.rows.is_some() && !table.has_default_columns() {
        return Err("--rows makes sample items in a table with the default columns only".into());
    }
    let mut conn = Database::new(&config.mysql, table).await.connect_or_create().await?;
    let model = model::embedded()?;
    if !table.has_default_columns() {
        // Before anything is added to a table that is not the one which is meant.
        let without_run = ItemsTable { run: RunColumn::None, ..table.clone() };
        hop::check_columns(&mut conn, &without_run, model).await??;
    }
    schema::migrate(&mut conn, table).await?;
    hop::check_columns(&mut conn, table, model).await??;
    eprintln!("The tables are in place in database `{}`.", config.mysql.database);
    if let Some(login) = args.grant {
        schema::grant(&mut conn, table, &login).await?;
        eprintln!("Login `{login}` may do what rowscore needs, and nothing else.");
    }
    if let Some(login) = args.grant_reader {
        schema::grant_reader(&mut conn, table, &login).await?;
        eprintln!("Login `{login}` may read results, and nothing else.");
    }
    if let Some(rows) = args.rows {
        let first: Option<i64> = items::next_id(&mut conn, table, i64::MIN, i64::MAX).await?;
        if first.is_some() {
            eprintln!("Table `{}` has items already; no sample items were added.", table.as_str());
        } else {
            fill(&mut conn, table, &samples(rows, args.seed, args.until)).await?;
            eprintln!("Added {rows} sample items to table `{}`.", table.as_str());
        }
    }
    conn.disconnect().await?;
    Ok(ExitCode::SUCCESS)
}

async fn fill(
    conn: &mut mysql_async::Conn,
    table: &ItemsTable,
    samples: &[(String, Time)],
) -> Result<(), Box<dyn Error>> {
    // All or nothing: half of them would look like a filled table next time.
    let mut tx = conn.start_transaction(TxOpts::default()).await?;
    for rows in samples.chunks(ROWS_PER_INSERT) {
        items::insert(&mut tx, table, rows).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Items as the pattern's: `[4.3, 2.4, 3.0, 2.1]`, created in order over the day before `until`.
fn samples(rows: u32, seed: u64, until: Time) -> Vec<(String, Time)> {
    let mut random = Mt64::new(seed);
    let day_s = TimeDelta::days(1).num_seconds();
    (0..rows)
        .map(|row| {
            let tenths = RANGES_MM.map(|(least, most)| least + random.next_u64() % (most - least + 1));
            let values = tenths.map(|tenth| format!("{}.{}", tenth / 10, tenth % 10)).join(", ");
            let before_s = 1 + (day_s - 1) * i64::from(rows - row) / i64::from(rows);
            (format!("[{values}]"), until - TimeDelta::seconds(before_s))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_items_and_another_makes_others() {
        let until: Time = SAMPLE_TICK.parse().unwrap();
        assert_eq!(samples(100, 7, until), samples(100, 7, until));
        assert_ne!(samples(100, 7, until), samples(100, 8, until));
    }

    #[test]
    fn sample_items_are_created_in_order_on_the_day_before() {
        let until: Time = SAMPLE_TICK.parse().unwrap();
        let times: Vec<Time> = samples(1000, 7, until).into_iter().map(|(_, created)| created).collect();
        assert!(times.is_sorted());
        assert!(until - TimeDelta::days(1) <= times[0] && times[999] < until);
    }

    #[test]
    fn the_default_time_is_that_of_the_sample_event() {
        let event: serde_json::Value = serde_json::from_str(include_str!("../../../events/schedule.json")).unwrap();
        assert_eq!(event["time"], SAMPLE_TICK);
    }
}
