//! A run that cannot be opened: the table keeps why, so that an outage is seen where runs are looked at.

use mysql_async::Conn;

use super::opening::Opening;
use super::terms::new_run;
use crate::event::Request;
use crate::model::ModelVersion;
use crate::run::{Counts, FailurePolicy, RunState};
use crate::store::StoreError;
use crate::store::earlier::Ends;
use crate::store::refusals::{self, Noted};
use crate::store::runs::{self, NewRun};
use crate::store::statement::{begin, commit};

/// Why what was asked for was not opened, and the version of the model that would have scored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused<'a> {
    pub why: &'a str,
    pub model: ModelVersion,
}

/// Notes why what was asked for was not opened. Its tick stays free: delivered again, it is tried again.
pub(super) async fn note_refusal(
    conn: &mut Conn,
    Opening { means, began, .. }: Opening<'_>,
    request: &Request,
    refused: Refused<'_>,
) -> Result<(), StoreError> {
    let (table, error) = (means.table(), refused.why);
    match refusals::place(table, request.kind).ask(conn).await? {
        Noted::Unfinished(id) => return runs::note_error(id, error).ask(conn).await,
        Noted::Again(id) => return refusals::again(id, error, began.time).ask(conn).await,
        Noted::Anew => {}
    }
    let new = NewRun {
        tick: None,
        chained: false,
        // So it is neither tried again nor does a window begin where it ends.
        policy: FailurePolicy::Leave,
        lanes: 0,
        workers: 0,
        items: Some(0),
        model: refused.model.shown(),
        ..new_run(means, request, Ends::default(), began.time)
    };
    let opened = begin().then(runs::insert(table, &new)).then(runs::opened()).ask(conn).await?;
    runs::finish(opened.id, RunState::Failed, Counts::default(), Some(error)).then(commit()).ask(conn).await
}
