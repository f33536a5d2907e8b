//! Predictions, held against their truth as it comes in: rounds over the items of the latest runs, in small pages, each
//! a transaction of its own. Nothing of the items is locked.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use mysql_async::Conn;

use super::check::check_truth;
use super::error::HopError;
use super::means::Means;
use super::under_way::Hop;
use crate::answer::Outcome;
use crate::model::{Model, SharedModel};
use crate::quality::{Basis, Judged, Ranks, judge, macro_average};
use crate::run::RunId;
use crate::store::catalog::Column;
use crate::store::ids::Ids;
use crate::store::key::Key;
use crate::store::predicted::Predicted;
use crate::store::qualities::{self, Qualities, Quality};
use crate::store::session::Session;
use crate::store::statement::rollback;
use crate::store::stored::{self, LoadError};
use crate::store::truths::{self, Arrived, Noted, Waiting};
use crate::store::{Fault, StoreError, models};
use crate::window::Time;

/// How long a hop looks for truth, at most: it is billed.
const IN_PASSING: Duration = Duration::from_secs(20);

/// Time that has to be left for a page of it.
const A_PAGE: Duration = Duration::from_millis(500);

/// How much of the items is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// All that may have a new truth, from the beginning.
    Whole,
    /// What comes next, unless nothing is waited for.
    Next,
}

/// What runs of a job came to, as far as their truth is known.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// By run and model, the latest run first.
    pub by_run: Qualities,
    /// Predictions that were judged just now.
    pub judged: u64,
    /// Whether the round came to its end. It does not where time is up, or somebody else is at it.
    pub is_whole: bool,
}

/// Looks for truth that has come once a tick's work is done, for as long as the hop has time, [`IN_PASSING`] at most.
/// What fails there fails no run: the next tick looks again.
pub(super) async fn judge_in_passing(hop: &mut Hop<'_>, outcome: Outcome) {
    let (means, clock, present) = (hop.means, hop.clock, hop.began.present());
    let is_asked = matches!(outcome, Outcome::Finished | Outcome::NothingToDo) && means.table().truth.is_some();
    if !is_asked || !clock.allows(A_PAGE) {
        return;
    }
    let begun = clock.elapsed();
    let goes_on = || clock.allows(A_PAGE) && clock.elapsed().saturating_sub(begun) < IN_PASSING;
    match Box::pin(judge_runs(&mut hop.session, means, (present, Round::Next), goes_on)).await {
        Ok(judgement) => {
            let bound = means.work.quality_bound;
            let figure = bound.and_then(|bound| judgement.by_run.figure(&means.model.version().to_string(), bound));
            hop.done.is_quality_missed = bound.and_then(|bound| Some(bound.is_missed_by(figure?)));
            if let (Some(true), Some(bound), Some(figure)) = (hop.done.is_quality_missed, bound, figure) {
                tracing::error!(%bound, figure, "predictions are worse than they may be");
            }
        }
        Err(HopError::Unfit(unfit)) => {
            hop.done.is_truth_missing = true;
            tracing::error!(error = %unfit, "no prediction is judged");
        }
        Err(error) => tracing::warn!(error = crate::words::chain(&error), "the truth could not be looked for"),
    }
}

/// Looks for truth that has come, page by page as long as it `goes_on`, and adds up what it says of predictions. Where
/// no column of the table holds the truth, nothing is known.
///
/// # Errors
/// The database, or [`HopError::Unfit`] where the table does not have that column.
pub async fn judge_runs(
    session: &mut Session,
    means: Means<'_>,
    (now, round): (Time, Round),
    goes_on: impl Fn() -> bool,
) -> Result<Judgement, HopError> {
    let table = means.table();
    let Some(truth) = session.run(async |conn| check_truth(conn, table).await).await? else {
        return Ok(Judgement::default());
    };
    let horizon = now - means.work.truth_within;
    let runs = session.ask(|| truths::latest_runs(table, horizon)).await?;
    let Some(least) = runs.last().map(|run| run.run) else { return Ok(Judgement::default()) };
    let before = session.ask(|| qualities::since(table, least)).await?;
    let mut judged = 0;
    let mut is_whole = !is_awaited(&runs, &before);
    if round == Round::Whole || !is_whole {
        let ids: Vec<RunId> = runs.iter().map(|run| run.run).collect();
        let (is_prepared, beginning) =
            session.ask(|| truths::is_prepared(table).and(truths::beginning(table, &ids))).await?;
        if !is_prepared {
            session.ask(|| truths::prepare(table)).await?;
        }
        let mut looking = Looking { means, truth: &truth, runs: &runs, models: Models::new(), least };
        let mut from = (round == Round::Whole).then(|| beginning.clone());
        loop {
            let page = session.run(async |conn| looking.page(conn, from.as_ref(), &beginning).await).await?;
            from = None;
            match page {
                Looked::On(found) => judged += found,
                Looked::ToTheEnd(found) => {
                    (judged, is_whole) = (judged + found, true);
                    break;
                }
                Looked::NotNow => break,
            }
            if !goes_on() {
                break;
            }
        }
    }
    // Also where nothing is waited for: time may have been up before.
    let rows = table_rows(session, means, least).await?;
    areas(session, rows, goes_on).await?;
    Ok(Judgement { by_run: table_rows(session, means, least).await?, judged, is_whole })
}

async fn table_rows(session: &mut Session, means: Means<'_>, least: RunId) -> Result<Qualities, StoreError> {
    session.ask(|| qualities::since(means.table(), least)).await
}

/// Whether predictions of these runs are not judged yet.
fn is_awaited(runs: &[Waiting], judged: &Qualities) -> bool {
    let of = |run: &Waiting| {
        let own = judged.iter().filter(|quality| quality.run == run.run && quality.model == run.model);
        own.map(|quality| quality.sums.rows + quality.strange).sum::<u64>()
    };
    runs.iter().any(|run| run.predicted.is_none_or(|predicted| predicted > of(run)))
}

/// The models of predictions, by the versions that the database shows. One that is not there is `None`: its classes are not
/// known.
type Models = HashMap<String, Option<SharedModel>>;

async fn stored_model(conn: &mut Conn, version: &str) -> Result<Option<SharedModel>, StoreError> {
    let found = models::beginning(version).ask(conn).await?;
    let [only] = found.as_slice() else { return Ok(None) };
    let Some(version) = crate::model::ModelVersion::from_digits(&only.version) else { return Ok(None) };
    match stored::shared(conn, version).await {
        Ok(model) => Ok(Some(model)),
        Err(LoadError::Store(error)) => Err(error),
        Err(LoadError::Unusable(_)) => Ok(None),
    }
}

/// What a round works with.
struct Looking<'l> {
    means: Means<'l>,
    truth: &'l Column,
    runs: &'l [Waiting],
    /// Those of the predictions that were met, other than the hop's own.
    models: Models,
    least: RunId,
}

/// How a page of a round ended.
enum Looked {
    /// So many were judged, and the round goes on.
    On(u64),
    /// So many were judged, and the round is over.
    ToTheEnd(u64),
    /// Somebody else is at it.
    NotNow,
}

impl Looking<'_> {
    /// The model of a version, if its classes are known.
    fn model(&self, version: &str) -> Option<&Model> {
        match self.models.get(version) {
            Some(stored) => stored.as_deref(),
            None => Some(self.means.model).filter(|model| model.version().to_string() == version),
        }
    }

    /// Judges what has come within the next keys: from where a round stands, or from a key that is told.
    async fn page(&mut self, conn: &mut Conn, from: Option<&Key>, beginning: &Key) -> Result<Looked, StoreError> {
        let table = self.means.table();
        let cursor = match truths::lock(table).ask(conn).await {
            Err(error) if error.fault() == Fault::Retry => {
                rollback().ask(conn).await?;
                return Ok(Looked::NotNow);
            }
            cursor => cursor?,
        };
        let after = from.cloned().or(cursor).unwrap_or_else(|| beginning.clone());
        let far = truths::far(table, &after).ask(conn).await?;
        let ids = Ids { after, upto: far.clone().unwrap_or(Key::End) };
        let arrived = truths::arrived(table, self.truth, &ids, self.least).ask(conn).await?;
        self.meet(conn, &arrived).await?;
        let before = qualities::since(table, self.least).ask(conn).await?;
        let (noted, sums) = self.judge(&arrived, before);
        truths::note(&noted).then(truths::keep(table, far.as_ref(), &sums)?).ask(conn).await?;
        let judged = noted.len() as u64;
        Ok(if far.is_some() { Looked::On(judged) } else { Looked::ToTheEnd(judged) })
    }

    /// Finds the models of predictions: those of runs, and of their challengers.
    async fn meet(&mut self, conn: &mut Conn, arrived: &[Arrived]) -> Result<(), StoreError> {
        let own = self.means.model.version().to_string();
        for one in arrived {
            let Some(version) = one.model.as_deref().or_else(|| self.version_of(one.run)) else { continue };
            if *version != own && !self.models.contains_key(version) {
                let version = version.to_owned();
                let model = stored_model(conn, &version).await?;
                self.models.insert(version, model);
            }
        }
        Ok(())
    }

    /// What has come, judged, and the sums that it changes.
    fn judge<'a>(&'a self, arrived: &'a [Arrived], before: Qualities) -> (Vec<Noted<'a>>, Vec<Quality>) {
        let mut sums: BTreeMap<(u64, String), Quality> =
            before.into_iter().map(|quality| ((quality.run.0, quality.model.clone()), quality)).collect();
        let (mut noted, mut changed) = (Vec::new(), Vec::new());
        for one in arrived {
            let version = one.model.as_deref().or_else(|| self.version_of(one.run));
            let Some((version, model)) = version.and_then(|version| Some((version, self.model(version)?))) else {
                continue;
            };
            let judged = self.judged(model, one);
            let place = (one.run.0, version.to_owned());
            let quality =
                sums.entry(place.clone()).or_insert_with(|| Quality::new(one.run, version.to_owned(), Basis::Classes));
            let outputs = match judged {
                Some(judged) => {
                    quality.add(&judged);
                    judged.outputs
                }
                None => {
                    quality.strange += 1;
                    Vec::new()
                }
            };
            changed.push(place);
            noted.push(Noted { key: &one.key, run: one.run, model: version, outputs });
        }
        changed.sort_unstable();
        changed.dedup();
        (noted, changed.into_iter().filter_map(|place| sums.remove(&place)).collect())
    }

    fn version_of(&self, run: RunId) -> Option<&str> {
        self.runs.iter().find(|waiting| waiting.run == run).map(|waiting| waiting.model.as_str())
    }

    fn judged(&self, model: &Model, one: &Arrived) -> Option<Judged> {
        let text = one.prediction.as_deref()?;
        let Predicted { class, outputs } = Predicted::read(model, self.means.table().format, text)?;
        judge(model.outputs(), (class, outputs.as_deref()), one.truth.as_deref()?)
    }
}

/// Counts the areas under the curves anew where predictions were judged since, as long as it `goes_on`. One that is not
/// counted to its end is not known until the next look.
async fn areas(session: &mut Session, rows: Qualities, goes_on: impl Fn() -> bool) -> Result<(), StoreError> {
    for quality in rows.iter().filter(|of| of.basis == Basis::Probabilities && of.auc.1 != of.sums.rows) {
        let classes = session.ask(|| truths::curves(quality)).await?;
        let mut found = Vec::new();
        for class in classes {
            match area(session, quality, class, &goes_on).await? {
                Counted::Whole(area) => found.push(area),
                Counted::TimeIsUp => return Ok(()),
            }
        }
        session.ask(|| truths::keep_area(quality, macro_average(&found))).await?;
    }
    Ok(())
}

/// How the counting of an area ended.
enum Counted {
    /// With the area, if there is one.
    Whole(Option<f64>),
    /// Before its end.
    TimeIsUp,
}

async fn area(
    session: &mut Session,
    of: &Quality,
    class: u16,
    goes_on: &impl Fn() -> bool,
) -> Result<Counted, StoreError> {
    let (mut ranks, mut after) = (Ranks::default(), None);
    loop {
        let read = session.ask(|| truths::curve(of, class, after)).await?;
        read.iter().for_each(|(_, of_class, others)| ranks.add(*of_class, *others));
        match read.last().filter(|_| truths::goes_on(&read)) {
            Some(_) if !goes_on() => return Ok(Counted::TimeIsUp),
            Some((score, ..)) => after = Some(*score),
            None => return Ok(Counted::Whole(ranks.area())),
        }
    }
}
