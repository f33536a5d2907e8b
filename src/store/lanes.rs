//! All SQL of `batch_lanes`.

use mysql_async::{Params, Row, params};

use super::StoreError;
use super::bound::key_value;
use super::bound::{IN_TRANSACTION, bound};
use super::ids::Ids;
use super::key::Key;
use super::looks::{self, LOOK, LOOK_BY_TEXT, Look};
use super::order::Order;
use super::places::joined;
use super::row::{column, key_text, name};
use super::statement::Statement;
use super::tempo::{self, Tempo};
use crate::config::ItemsTable;
use crate::run::{Changes, Pass, RunId, named};

/// A lane: the keys from its cursor to the end of its look are still to be worked off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Counted from 0 over all workers of the run.
    pub number: u16,
    /// Where its items come from.
    pub source: Source,
    /// Every key up to here is worked off.
    pub cursor: Key,
    /// Which look at its items it is in.
    pub look: Look,
    /// The hop that is due or at work.
    pub hop: u32,
    /// The fencing token.
    pub claim: u32,
    /// At most so many items a page.
    pub page_size: u32,
}

/// A hop of one of a run's workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// Whose lanes.
    pub worker: u16,
    /// The hop, counted from 1.
    pub hop: u32,
}

impl Due {
    /// The worker's next hop.
    #[must_use]
    pub fn next(self) -> Self {
        Self { hop: self.hop.saturating_add(1), ..self }
    }
}

named! {
    /// Where a lane's items come from.
    pub enum Source {
        /// From the window.
        Items = "items",
        /// From what earlier runs set aside.
        Failures = "failures",
        /// From the window, in order of their arrival.
        Arrivals = "arrivals",
    }
}

impl Source {
    /// In which order a lane walks them.
    pub fn order(self) -> Order {
        match self {
            Self::Items | Self::Failures => Order::Key,
            Self::Arrivals => Order::Arrival,
        }
    }

    /// Whether they come from the window.
    pub fn is_window(self) -> bool {
        match self {
            Self::Items | Self::Arrivals => true,
            Self::Failures => false,
        }
    }
}

/// A lane to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLane {
    /// Whose.
    pub worker: u16,
    /// Where its items come from.
    pub source: Source,
    /// The keys that it works off.
    pub ids: Ids,
}

/// The hop that opens a run. The lanes of the first worker are born claimed by it.
pub const FIRST: Due = Due { worker: 0, hop: 1 };

/// The fencing token that [`FIRST`] has.
pub const FIRST_CLAIM: u32 = 1;

/// Makes the lanes of the run that this connection opened last, numbered in order. An empty one is born
/// finished.
pub fn insert(lanes: &[NewLane], page_size: u32) -> Statement<()> {
    let are_numbers = lanes.iter().all(|lane| lane.ids.upto.id().is_some());
    let row = "(LAST_INSERT_ID(), :lane, :worker, :source, {keys}, :page_size, :hop, :claim, {finished})";
    let rows = lanes.iter().enumerate().map(|(number, lane)| {
        let (hop, claim) = if lane.worker == FIRST.worker { (FIRST.hop, FIRST_CLAIM) } else { (0, 0) };
        let params = params! {
            "hop" => hop, "claim" => claim, "lane" => number, "worker" => lane.worker, "source" => lane.source.name(),
            "page_size" => page_size,
        };
        let (low, high) = (key_value(&lane.ids.after), key_value(&lane.ids.upto));
        let keys = if are_numbers { format!("{low}, {high}, {low}") } else { format!("0, 0, 0, {low}, {high}, {low}") };
        let finished = if lane.ids.is_empty() { "UTC_TIMESTAMP(3)" } else { "NULL" };
        bound(row, params).replace("{keys}", &keys).replace("{finished}", finished)
    });
    let texts = if are_numbers { "" } else { "`low_key`, `high_key`, `cursor_key`, " };
    let sql = format!(
        "INSERT INTO `batch_lanes` (`run_id`, `lane`, `worker`, `source`, `low_id`, `high_id`, `cursor_id`, {texts}`page_size`, \
           `hop`, `claim`, `finished_at`) VALUES {}",
        joined(rows, ", ")
    );
    Statement::change("making the run's lanes", &sql, Params::Empty)
}

/// Advances no lane, but whoever may not do so is told.
pub fn try_writing() -> Statement<()> {
    let sql = "UPDATE `batch_lanes` SET `cursor_id` = 0 WHERE FALSE";
    Statement::change("trying to advance a lane", sql, Params::Empty)
}

/// A worker's lanes that are not finished, in order.
pub fn unfinished(run: RunId, worker: u16) -> Statement<Vec<Lane>> {
    let sql = format!(
        "SELECT `lane`, `source`, `cursor_id`, `cursor_key`, {LOOK_BY_TEXT}, `hop`, `claim`, `page_size` FROM `batch_lanes` \
         WHERE `run_id` = :run AND `worker` = :worker AND `finished_at` IS NULL ORDER BY `lane`"
    );
    let lane = |row: &Row| {
        Ok(Lane {
            number: column(row, "lane")?,
            source: name(row, "source")?,
            cursor: cursor(row)?,
            look: looks::read(row)?,
            hop: column(row, "hop")?,
            claim: column(row, "claim")?,
            page_size: column(row, "page_size")?,
        })
    };
    let params = params! { "run" => run.0, "worker" => worker };
    Statement::all("reading the lanes", &sql, params, lane)
}

/// What is due of a run: of each worker that still has lanes to work off, the hop that was made due last,
/// or is at work; 0: none was.
pub fn due(run: RunId) -> Statement<Vec<Due>> {
    let sql = "SELECT `worker`, MAX(`hop`) AS `hop` FROM `batch_lanes` WHERE `run_id` = :run AND `finished_at` IS NULL \
               GROUP BY `worker` ORDER BY `worker`";
    let worker = |row: &Row| Ok(Due { worker: column(row, "worker")?, hop: column(row, "hop")? });
    Statement::all("reading the run's workers", sql, params! { "run" => run.0 }, worker)
}

/// The latest hop that was due for a worker, whether or not its lanes are finished, and the highest claim on them.
pub fn latest(run: RunId, worker: u16) -> Statement<(Due, u32)> {
    let sql = "SELECT COALESCE(MAX(`hop`), 0) AS `hop`, COALESCE(MAX(`claim`), 0) AS `claim` FROM `batch_lanes` \
               WHERE `run_id` = :run AND `worker` = :worker";
    let params = params! { "run" => run.0, "worker" => worker };
    let latest = move |row: &Row| Ok((Due { worker, hop: column(row, "hop")? }, column(row, "claim")?));
    Statement::one("reading the worker's latest hop", sql, params, latest)
}

/// Takes a worker's unfinished lanes for a hop: whoever had them before can commit no more.
pub fn claim(run: RunId, due: Due) -> Statement<()> {
    set_hop(run, due, "`claim` = `claim` + 1", " AND `finished_at` IS NULL")
}

/// Makes a hop the one that is due for its worker's lanes, unless a later one is. On finished ones it is noted, too:
/// the second pass begins with the numbers after those that were sent.
pub fn hand_over(run: RunId, due: Due) -> Statement<()> {
    set_hop(run, due, "`claim` = `claim`", "")
}

fn set_hop(run: RunId, Due { worker, hop }: Due, claim: &str, which: &str) -> Statement<()> {
    let sql = format!(
        "UPDATE `batch_lanes` SET `hop` = GREATEST(`hop`, :hop), {claim} WHERE `run_id` = :run AND `worker` = :worker{which}"
    );
    Statement::change("claiming the lanes", &sql, params! { "hop" => hop, "run" => run.0, "worker" => worker })
}

/// Locks all lanes of a run whose row is locked, once the pages under way are committed: from here on its
/// counts stay as they are.
pub fn lock_all(run: RunId) -> Statement<()> {
    let sql = "SELECT `lane` FROM `batch_lanes` WHERE `run_id` = :run ORDER BY `lane` FOR UPDATE";
    Statement::change("locking the run's lanes", sql, params! { "run" => run.0 })
}

/// Where a lane's cursor stands.
fn cursor(row: &Row) -> Result<Key, StoreError> {
    match key_text(row, "upto_key") {
        Some(_) => Ok(key_text(row, "cursor_key").unwrap_or(Key::Start)),
        None => column(row, "cursor_id").map(Key::Id),
    }
}

/// Where a lane stands, read under its lock.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// Every key up to here is worked off.
    pub cursor: Key,
    /// Which look at its items it is in.
    pub look: Look,
    /// Whether its last look is over.
    pub finished: bool,
    /// The fencing token.
    pub claim: u32,
    /// Whether hops may work on the run.
    pub running: bool,
    /// Whether items ahead of the cursor are set aside.
    pub failures_ahead: bool,
    /// Pages that the lane committed.
    pub pages: u64,
    /// Items that the lane predicted.
    pub predicted: u64,
    /// Items that the lane set aside.
    pub failed: u64,
    /// What the lane changes, in a backfill.
    pub changes: Changes,
    /// How fast it is.
    pub tempo: Tempo,
}

/// The statement that locks a lane's row and reads where it stands, for [`position`]. The run's own
/// row is only looked at: work that is meant for another `pass` of it may not go on. `stretch` is of [`tempo`].
pub(super) fn lock_statement(run: RunId, pass: Pass, lane: u16, (items, stretch): (&ItemsTable, f64)) -> String {
    let (look, keys, ahead) = match items.key.is_number() {
        true => (LOOK, "", " AND f.`item_id` > l.`cursor_id` AND f.`item_id` <= l.`high_id`"),
        // Of texts, the failures are in another order than the items.
        false => (LOOK_BY_TEXT, "l.`cursor_key`, ", ""),
    };
    let tempo = tempo::columns(stretch);
    format!(
        "SELECT l.`cursor_id`, {keys}l.`claim`, l.`pages`, l.`predicted`, l.`failed`, l.`compared`, l.`changed_class`, l.`absolute_change`, \
           l.`profile`, {look}, {tempo}, l.`finished_at` IS NOT NULL AS `finished`, \
           (SELECT r.`state` = 'running' AND r.`pass` = '{pass}' FROM `batch_runs` r WHERE r.`id` = l.`run_id`) AS `running`, \
           EXISTS (SELECT 1 FROM `item_failures` f WHERE {}{ahead}) AS `failures_ahead` \
         FROM `batch_lanes` l WHERE l.`run_id` = {run} AND l.`lane` = {lane} FOR UPDATE",
        items.is_of("f")
    )
}

/// The lane's drift profile that [`lock_statement`] read, as it was written.
pub(super) fn profile(row: &Row) -> Result<Option<String>, StoreError> {
    column(row, "profile")
}

/// What [`lock_statement`] read.
pub(super) fn position(row: &Row) -> Result<Position, StoreError> {
    Ok(Position {
        cursor: cursor(row)?,
        look: looks::read(row)?,
        finished: column(row, "finished")?,
        claim: column(row, "claim")?,
        running: column(row, "running")?,
        failures_ahead: column(row, "failures_ahead")?,
        pages: column(row, "pages")?,
        predicted: column(row, "predicted")?,
        failed: column(row, "failed")?,
        changes: changes(row)?,
        tempo: tempo::read(row)?,
    })
}

pub(super) fn changes(row: &Row) -> Result<Changes, StoreError> {
    Ok(Changes {
        compared: column(row, "compared")?,
        changed_class: column(row, "changed_class")?,
        absolute_change: column(row, "absolute_change")?,
    })
}

/// Where a lane goes on after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The new cursor.
    pub cursor: Key,
    /// The look that goes on or begins.
    pub look: Look,
    /// Whether there is nothing more to look at.
    pub finished: bool,
}

/// A page's progress of its lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Advance {
    /// Where the lane stood.
    pub from: Position,
    /// Where it goes on.
    pub to: Place,
    /// Items predicted.
    pub predicted: u64,
    /// Items set aside.
    pub failed: u64,
    /// What the page changes, in a backfill.
    pub changes: Option<Changes>,
    /// At most so many items the next page.
    pub page_size: u32,
    /// Items that were looked at.
    pub rows: u64,
    /// The lane's drift profile afterwards. It holds no quote and no backslash.
    pub profile: String,
}

/// The statement that advances a locked lane by one page.
pub(super) fn advance_statement(run: RunId, lane: u16, page: &Advance) -> String {
    let Advance { from, to: Place { cursor, look, finished }, predicted, failed, changes, page_size, rows, profile } =
        page;
    let tempo = tempo::set(from.tempo, *rows);
    let look = if *look == from.look { String::new() } else { looks::set(look) };
    let mark = if cursor.id().is_some() { "id" } else { "key" };
    let finished = if *finished { ", `finished_at` = UTC_TIMESTAMP(3)" } else { "" };
    let changes = changes.map_or_else(String::new, |page| {
        let Changes { compared, changed_class, absolute_change } = from.changes + page;
        format!("`compared` = {compared}, `changed_class` = {changed_class}, `absolute_change` = {absolute_change:e}, ")
    });
    format!(
        "UPDATE `batch_lanes` SET `cursor_{mark}` = {}, `page_size` = {page_size}, `pages` = {}, `predicted` = {}, \
           `failed` = {}, {changes}{look}{tempo}`profile` = '{profile}', `updated_at` = UTC_TIMESTAMP(3){finished} \
         WHERE `run_id` = {run} AND `lane` = {lane}{IN_TRANSACTION}",
        key_value(cursor),
        from.pages + 1,
        from.predicted + predicted,
        from.failed + failed,
    )
}

/// The drift profiles of a run's lanes, as they were written.
pub fn profiles(run: RunId) -> Statement<Vec<String>> {
    let sql = "SELECT `profile` FROM `batch_lanes` WHERE `run_id` = :run AND `profile` IS NOT NULL";
    let params = params! { "run" => run.0 };
    Statement::all("reading the profiles of the lanes", sql, params, |row| column(row, "profile"))
}

/// Where the items of a run's window come from; `None`: it has no lane.
pub fn source(run: RunId) -> Statement<Option<Source>> {
    let sql =
        "SELECT `source` FROM `batch_lanes` WHERE `run_id` = :run AND `source` <> 'failures' ORDER BY `lane` LIMIT 1";
    Statement::first("reading the lanes", sql, params! { "run" => run.0 }, |row| name(row, "source"))
}

/// Lets the first and the last of a run's lanes reach as far as its items do by now, before they are rewound. All of them
/// are lanes of its window. Of texts the first begins before all, and the server alone knows which is greater: what is
/// behind the last of them is no item's.
pub fn widen(run: RunId, ids: &Ids) -> Statement<()> {
    let (bounds, kind) = match ids.numbers() {
        Some((after, upto)) => {
            let low = format!("l.`low_id` = IF(l.`lane` = 0, LEAST(l.`low_id`, {after}), l.`low_id`)");
            let high = format!("l.`high_id` = IF(l.`lane` = m.`last`, GREATEST(l.`high_id`, {upto}), l.`high_id`)");
            (format!("{low}, {high}"), "IS NULL")
        }
        None => {
            let upto = key_value(&ids.upto);
            (format!("l.`high_key` = IF(l.`lane` = m.`last`, {upto}, l.`high_key`)"), "IS NOT NULL")
        }
    };
    let sql = format!(
        "UPDATE `batch_lanes` l JOIN (SELECT MAX(`lane`) AS `last` FROM `batch_lanes` WHERE `run_id` = :run) m SET {bounds} \
         WHERE l.`run_id` = :run AND l.`high_key` {kind}"
    );
    Statement::change("widening the lanes", &sql, params! { "run" => run.0 })
}

/// Puts a run's lanes back to their beginning, their counts too. Whoever had them can commit no more.
pub fn rewind(run: RunId) -> Statement<()> {
    let sql = "UPDATE `batch_lanes` SET `cursor_id` = `low_id`, `cursor_key` = `low_key`, `predicted` = 0, `failed` = 0, `profile` = NULL, \
                 `compared` = 0, `changed_class` = 0, `absolute_change` = 0, `claim` = `claim` + 1, \
                 `look` = 0, `look_upto` = NULL, `skipped` = 0, `skipped_after` = NULL, `skipped_upto` = NULL, `recent_rows` = 0, `recent_ms` = 0, \
                 `look_upto_key` = NULL, `skipped_after_key` = NULL, `skipped_upto_key` = NULL, \
                 `finished_at` = IF(`low_id` = `high_id` AND `low_key` <=> `high_key`, `finished_at`, NULL) WHERE `run_id` = :run";
    Statement::change("rewinding the lanes", sql, params! { "run" => run.0 })
}
