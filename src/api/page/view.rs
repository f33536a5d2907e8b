//! What the status page shows, read in a few short statements.

use std::cmp::Reverse;
use std::collections::HashMap;

use mysql_async::Conn;

use super::history::is_idle;
use crate::api::shared::{InUse, Reading};
use crate::drift::{Profile, Report};
use crate::model::Model;
use crate::run::{RunId, RunState};
use crate::standing::Standing;
use crate::store::failures::{self, Reasoned};
use crate::store::key::Key;
use crate::store::keys::Keys;
use crate::store::lane_lines::{self, LaneLine};
use crate::store::lanes;
use crate::store::listing::{self, Listing, SeenTable, Width};
use crate::store::predicted::Writers;
use crate::store::status::{self, StatusLine};
use crate::store::{Fault, StoreError, measures};

/// Runs that did something, in history and charts.
const WORKED: u32 = 20;
/// Items set aside that are shown of each kind.
const EXAMPLES: u32 = 3;
/// Characters of an item's values that are shown where it was set aside.
pub(super) const EXCERPT: usize = 60;
/// The latest items, whose classes are counted: one short look at the table's end.
pub(super) const LATEST: u32 = 500;
/// Items that are looked at where each lane of a run under way stands.
const AT_EACH_LANE: u32 = 20;

/// Everything on the page.
#[derive(Debug)]
pub(super) struct View {
    /// The model that scores.
    pub in_use: InUse,
    /// How things stand.
    pub standing: Standing,
    /// The latest runs that did something, the latest first.
    pub worked: Vec<StatusLine>,
    /// What the runs saw, the latest last.
    pub profiles: Vec<(RunId, Report)>,
    /// What the run at work has predicted so far, by class.
    pub under_way: Option<Vec<u64>>,
    /// The items that are set aside, by reason.
    pub reasons: Vec<Reasoned>,
    /// How their values begin, by key.
    pub excerpts: HashMap<Key, String>,
    /// The latest items, the latest first; of a run at work those that it worked off last.
    pub latest: Vec<Listing>,
}

impl View {
    /// Reads it.
    pub(super) async fn read(conn: &mut Conn, seen: &SeenTable, reading: Reading) -> Result<Self, StoreError> {
        let (table, in_use) = (&seen.table, reading.in_use(conn).await?);
        let width = in_use.width();
        let standing = reading.standing(conn, table).await?;
        let worked = status::worked(conn, table, WORKED).await?;
        let ids: Vec<RunId> = worked.iter().map(|run| run.id).collect();
        let profiles = measures::profiles(&ids).ask(conn).await?;
        // One that is not understood was written by another version.
        let read = |(run, text): (RunId, String)| Some((run, serde_json::from_str(&text).ok()?));
        let profiles = profiles.into_iter().filter_map(read).collect();
        let reasons = failures::by_reason(table, None, EXAMPLES).ask(conn).await?;
        let shown = reasons.iter().flat_map(|reason| &reason.examples);
        let shown: Keys = shown.filter_map(|failure| failure.item.of_item()).collect();
        // One more than is shown tells whether there is more.
        let excerpts = readable(listing::excerpts(table, width, &shown, EXCERPT + 1).ask(conn).await)?;
        let excerpts = excerpts.into_iter().collect();
        let at_work = worked.iter().find(|run| !run.state.is_over());
        let (mut under_way, mut latest) = (None, Vec::new());
        if let Some(run) = at_work {
            let (lanes, counted) = lane_lines::all(run.id).and(lanes::profiles(run.id)).ask(conn).await?;
            under_way = Some(classes(&counted, &in_use.model));
            latest = readable(of_run(conn, seen, width, (run.id, &lanes)).await)?;
        }
        if latest.is_empty() {
            latest = readable(listing::latest(seen, width, &Key::End, LATEST).ask(conn).await)?;
        }
        // Another model's numbers may be of other classes.
        let writers = Writers::of(in_use.model.clone(), &latest).ask(conn).await?;
        latest.retain(|item| writers.may_have_written(item));
        Ok(Self { in_use, standing, worked, profiles, under_way, reasons, excerpts, latest })
    }

    /// The run that the page is about. Idle ticks hide none that did something, however many there are.
    pub(super) fn current(&self) -> Option<&StatusLine> {
        let current = self.standing.current.as_ref();
        current.filter(|run| !is_idle(run)).or(self.worked.first()).or(current)
    }

    /// Whether something is at work, so that the page is soon another.
    pub(super) fn is_moving(&self) -> bool {
        self.standing.facts.runs.iter().any(|run| run.state == RunState::Running)
    }
}

/// The items of a table that does not fit any more cannot be shown; how things stand can, and says so.
fn readable<T: Default>(read: Result<T, StoreError>) -> Result<T, StoreError> {
    match read {
        Err(error) if error.fault() == Fault::Permanent => Ok(T::default()),
        read => read,
    }
}

/// Rows by class, as the lanes counted them.
fn classes(lanes: &[String], model: &Model) -> Vec<u64> {
    let mut sum = Profile::empty(model);
    lanes.iter().for_each(|lane| sum.add(&Profile::read(Some(lane), model)));
    sum.classes
}

/// What a run wrote last: the items behind which its lanes stand, the latest lane first.
async fn of_run(
    conn: &mut Conn,
    seen: &SeenTable,
    width: Width<'_>,
    (run, lanes): (RunId, &[LaneLine]),
) -> Result<Vec<Listing>, StoreError> {
    let mut lanes: Vec<&LaneLine> = lanes.iter().filter(|lane| lane.predicted > 0).collect();
    lanes.sort_by_key(|lane| Reverse(lane.updated_at));
    let mut found = Vec::new();
    for lane in lanes.into_iter().take(2) {
        found.extend(listing::latest(seen, width, &lane.cursor, AT_EACH_LANE).ask(conn).await?);
    }
    // Without the column nobody knows whose a prediction is.
    let knows = seen.table.run.column().is_some();
    found.retain(|item| item.prediction.is_some() && (!knows || item.run == Some(run)));
    Ok(found)
}
