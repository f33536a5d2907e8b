//! The progress bar of a run.

use std::convert::Infallible;
use std::io::{self, IsTerminal};
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use indicatif::{ProgressBar, ProgressStyle};
use rowscore::run::RunState;
use rowscore::store::session::Session;
use rowscore::store::{Database, status};
use rowscore::words;

/// How often the progress is read from the database.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// Does the work, with a bar on a terminal.
pub(crate) async fn with_bar<T>(database: &Database, work: impl Future<Output = T>) -> T {
    if !io::stderr().is_terminal() {
        return work.await;
    }
    let bar = ProgressBar::new(0);
    let done = match select(pin!(work), pin!(show_progress(database, &bar))).await {
        Either::Left((done, _)) => done,
        Either::Right((never, _)) => match never {},
    };
    bar.finish_and_clear();
    done
}

/// Keeps the bar at what the database says of the run.
async fn show_progress(database: &Database, bar: &ProgressBar) -> Infallible {
    let style = "{bar:40} {human_pos}/{human_len} {percent}% {msg}, about {eta} to go";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut session = Session::new(database);
    let table = database.items_table();
    loop {
        tokio::time::sleep(PROGRESS_EVERY).await;
        // Progress that cannot be read now is read the next time.
        let Ok(lines) = session.run(async |conn| status::latest(conn, table, None, 1).await).await else { continue };
        if let Some(line) = lines.first().filter(|line| line.state == RunState::Running) {
            bar.set_length(line.total.unwrap_or(line.done));
            bar.set_position(line.done);
            bar.set_message(format!("{} rows/s", words::count(line.rows_per_second.unwrap_or(0))));
        }
    }
}
