//! One page's transaction in two round trips: write and advance; commit, and begin the next one: lock
//! the lane and read. The statements are their tables' own.

use std::collections::HashSet;
use std::ops::Range;
use std::time::Instant;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, QueryResult, Row, TextProtocol};

use super::codes::Meaning;
use super::density::Density;
use super::ids::Ids;
use super::items::{self, Locking};
use super::key::KeyRef;
use super::keys::Keys;
use super::lanes::{self, Advance, Position};
use super::pending::PendingItems;
use super::predictions::Predictions;
use super::runs::Run;
use super::scores::{self, By, Onto, Stamp};
use super::selection::Selection;
use super::turn::{now, round_trip};
use super::wanted::Wanted;
use super::{Doing, StoreError};
use crate::config::ScoreTable;

/// Which page is meant.
#[derive(Clone, Debug)]
pub(crate) struct Page<'a> {
    /// The run, of the pass that the page is for.
    pub run: &'a Run,
    /// The lane's number.
    pub lane: u16,
    /// The items that it may take,
    pub wanted: Wanted<'a>,
    /// with these keys,
    pub ids: Ids,
    /// at most so many.
    pub limit: u32,
    /// How they are locked.
    pub locking: Locking,
    /// How closely they lie together.
    pub density: Density,
    /// How many times as long its lane takes as its pages alone, since it rests after each.
    pub stretch: f64,
}

/// What another model than the run's says of a page's items, for the history only.
#[derive(Debug)]
pub(crate) struct Challenge<'m> {
    /// Its version.
    pub model: String,
    /// Its predictions, in the order of the page.
    pub predictions: Predictions<'m>,
}

impl Challenge<'_> {
    /// What it says of these items.
    pub(crate) fn of(&self, keys: &Keys) -> Self {
        let wanted: HashSet<KeyRef<'_>> = keys.iter().collect();
        let own = self.predictions.keys.iter().enumerate();
        let places: Vec<usize> = own.filter(|(_, key)| wanted.contains(key)).map(|(place, _)| place).collect();
        Self { model: self.model.clone(), predictions: self.predictions.sorted(&places) }
    }

    /// What it says of the items from one place to another.
    pub(crate) fn part(&self, places: Range<usize>) -> Self {
        Self { model: self.model.clone(), predictions: self.predictions.part(places) }
    }
}

/// What became of a page that was to begin.
#[derive(Debug)]
pub(crate) enum Beginning {
    /// It is under way.
    Begun(Box<Begun>),
    /// Others have some of its rows locked, see [`Locking::AllOrNone`]. The transaction is to be rolled back.
    Locked,
}

/// A page under way: its lane and its items are locked.
#[derive(Debug)]
pub(crate) struct Begun {
    /// Where the lane stands.
    pub position: Position,
    /// The lane's drift profile.
    pub profile: Option<String>,
    /// The items, by key.
    pub found: PendingItems,
    /// When the server turned to it.
    pub since: Instant,
}

impl Page<'_> {
    /// What its predictions are written with.
    fn stamp(&self, by: By) -> Stamp<'_> {
        let onto = if matches!(self.wanted.which, Selection::Outdated(_)) { Onto::Earlier } else { Onto::Nothing };
        let density = if self.wanted.is_in_order_of_key() { self.density } else { Density::Sparse };
        Stamp { run: self.run.id, model: self.run.model.as_str(), onto, by, density }
    }

    /// Appends the statements that write predictions, one at least, for [`Page::changed`].
    fn append_write(&self, sql: &mut Vec<u8>, by: By, predictions: &Predictions<'_>) -> Result<(), StoreError> {
        let (table, stamp) = (self.wanted.table, self.stamp(by));
        items::append_write_statement(sql, table, stamp, predictions)?;
        if let Some(scores) = self.counted() {
            sql.extend_from_slice(b"; ");
            scores::append_count(sql, (table, scores), stamp, predictions);
        }
        Ok(())
    }

    /// Appends the statement that writes what another model says of items that this page predicts.
    fn append_challenge(&self, sql: &mut Vec<u8>, by: By, challenge: &Challenge<'_>) -> Result<(), StoreError> {
        let stamp = Stamp { model: &challenge.model, ..self.stamp(by) };
        items::append_write_statement(sql, self.wanted.table, stamp, &challenge.predictions)
    }

    /// How many items got their prediction by what [`Page::append_write`] has made. Then the next answer comes.
    async fn changed(
        &self,
        results: &mut QueryResult<'_, '_, TextProtocol>,
        doing: &'static str,
    ) -> Result<u64, StoreError> {
        let changed = results.affected_rows();
        results.collect::<Row>().await.doing(doing)?;
        if self.counted().is_none() {
            return Ok(changed);
        }
        let counted: Option<u64> = results.collect().await.doing(doing)?.pop();
        counted.ok_or_else(|| StoreError::Unexpected("a count was answered no row".into()))
    }

    /// The score table in which the page replaces scores: there nothing but a count tells how many.
    fn counted(&self) -> Option<&ScoreTable> {
        self.wanted.table.target.scores().filter(|_| self.stamp(By::Key).onto == Onto::Earlier)
    }

    /// What it means that its predictions are refused.
    fn refused(&self, error: StoreError) -> StoreError {
        if self.wanted.table.target.scores().is_some() { scores::undone(error) } else { error }
    }

    /// The statements that lock the lane's row and read where it stands, and its drift profile; then read
    /// the next items, and lock those that are to be written.
    fn begin_statements(&self) -> String {
        let &Page { run, lane, wanted, ref ids, limit, locking, stretch, .. } = self;
        let lock = lanes::lock_statement(run.id, run.pass, lane, (wanted.table, stretch));
        let read = items::read_statement(wanted, ids, limit, locking);
        format!("START TRANSACTION; {lock}; {read}")
    }
}

/// Begins a page's transaction. The memory of an earlier page is used for this one's items.
pub(crate) async fn begin(conn: &mut Conn, page: &Page<'_>, memory: PendingItems) -> Result<Beginning, StoreError> {
    let trip = async {
        let since = now();
        let results = conn.query_iter(page.begin_statements()).await.doing(READING)?;
        begun(results, page, memory, since).await
    };
    round_trip(READING, trip).await
}

/// A page that was committed.
#[derive(Debug)]
pub(crate) struct Committed {
    /// The page after it, or why that did not begin.
    pub next: Result<Beginning, StoreError>,
}

/// Commits a page and begins the next one, as [`begin`] does.
///
/// # Errors
/// The commit's. The page may be committed all the same, if only the answer was lost.
pub(crate) async fn commit_and_begin(
    conn: &mut Conn,
    page: &Page<'_>,
    memory: PendingItems,
) -> Result<Committed, StoreError> {
    // The servers answer each statement when it is done: the first answer is the commit's.
    let sql = format!("COMMIT; {}", page.begin_statements());
    let trip = async {
        let mut results = conn.query_iter(sql).await.doing(COMMITTING)?;
        let since = now();
        let next = match results.collect::<Row>().await.doing(READING) {
            Ok(_) => begun(results, page, memory, since).await,
            Err(error) => Err(error),
        };
        Ok(Committed { next })
    };
    round_trip(COMMITTING, trip).await
}

const READING: &str = "reading a page";
const COMMITTING: &str = "committing a page";

async fn begun(
    mut results: QueryResult<'_, '_, TextProtocol>,
    page: &Page<'_>,
    memory: PendingItems,
    since: Instant,
) -> Result<Beginning, StoreError> {
    let &Page { run, lane, locking, wanted, .. } = page;
    let doing = READING;
    results.collect::<Row>().await.doing(doing)?;
    let position = results.collect::<Row>().await.doing(doing)?.pop();
    let position = position.ok_or_else(|| StoreError::Unexpected(format!("run {} has no lane {lane}", run.id)))?;
    let found = match memory.emptied().read((wanted.table, wanted.by), &mut results).await.doing(doing) {
        Err(error) if locking == Locking::AllOrNone && error.means(Meaning::Locked) => return Ok(Beginning::Locked),
        found => found?,
    };
    results.drop_result().await.doing(doing)?;
    let begun = Begun { position: lanes::position(&position)?, profile: lanes::profile(&position)?, found, since };
    Ok(Beginning::Begun(Box::new(begun)))
}

/// Writes the predictions of some of a page's locked items, one at least. Answers how many items changed.
/// The memory is an earlier statement's.
pub(crate) async fn write_items(
    conn: &mut Conn,
    page: &Page<'_>,
    predictions: &Predictions<'_>,
    memory: &mut Vec<u8>,
) -> Result<u64, StoreError> {
    memory.clear();
    page.append_write(memory, By::Key, predictions)?;
    let doing = "writing predictions";
    let trip = async {
        let results = conn.query_iter(memory.as_slice()).await.doing(doing);
        let mut results = results.map_err(|error| page.refused(error))?;
        let changed = page.changed(&mut results, doing).await?;
        results.drop_result().await.doing(doing)?;
        Ok(changed)
    };
    round_trip(doing, trip).await
}

/// Writes what another model says of some of a page's items, one at least, which have their predictions.
pub(crate) async fn write_challenge(
    conn: &mut Conn,
    page: &Page<'_>,
    challenge: &Challenge<'_>,
    memory: &mut Vec<u8>,
) -> Result<(), StoreError> {
    memory.clear();
    page.append_challenge(memory, By::Key, challenge)?;
    let doing = "writing the challenger's predictions";
    let trip = async {
        let results = conn.query_iter(memory.as_slice()).await.doing(doing);
        results.map_err(|error| page.refused(error))?.drop_result().await.doing(doing)
    };
    round_trip(doing, trip).await
}

/// Writes the predictions of a page's locked items, and advances its lane. Answers how many items
/// changed. What a challenger says of them is written, too. The memory is an earlier statement's.
pub(crate) async fn write(
    conn: &mut Conn,
    page: &Page<'_>,
    (predictions, challenge): (&Predictions<'_>, Option<&Challenge<'_>>),
    advance: &Advance,
    memory: &mut Vec<u8>,
) -> Result<u64, StoreError> {
    let &Page { run, lane, .. } = page;
    let challenge = challenge.filter(|challenge| !challenge.predictions.keys.is_empty());
    memory.clear();
    if !predictions.keys.is_empty() {
        page.append_write(memory, By::Place, predictions)?;
        memory.extend_from_slice(b"; ");
    }
    if let Some(challenge) = challenge {
        page.append_challenge(memory, By::Place, challenge)?;
        memory.extend_from_slice(b"; ");
    }
    memory.extend_from_slice(lanes::advance_statement(run.id, lane, advance).as_bytes());
    let doing = "writing a page";
    let trip = async {
        let results = conn.query_iter(memory.as_slice()).await.doing(doing);
        let mut results = results.map_err(|error| page.refused(error))?;
        let mut changed = 0;
        if !predictions.keys.is_empty() {
            // A refusal of the next statement is told where this one's answer ends.
            changed = page.changed(&mut results, doing).await.map_err(|error| page.refused(error))?;
        }
        if challenge.is_some() {
            results.collect::<Row>().await.doing(doing).map_err(|error| page.refused(error))?;
        }
        let advanced = results.affected_rows();
        results.drop_result().await.doing(doing)?;
        Ok((changed, advanced))
    };
    let (changed, advanced) = round_trip(doing, trip).await?;
    if advanced != 1 {
        return Err(StoreError::Undone("the server ended the transaction meanwhile".into()));
    }
    Ok(changed)
}
