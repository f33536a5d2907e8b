//! `write_page`: what a page came to goes into the tables, and what the database refuses is set aside.

use mysql_async::Conn;

use super::compare::compare;
use super::page::ScoredPage;
use crate::run::{Pass, RunKind};
use crate::store::key::Key;
use crate::store::lanes::{Advance, Place, Position};
use crate::store::pages::{self, Challenge, Page};
use crate::store::pending::{PendingItem, PendingItems};
use crate::store::predictions::Predictions;
use crate::store::{StoreError, failures, reading};
use crate::values::{Reason, ReasonCode};

/// How a page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// By one statement.
    AtOnce,
    /// By halves of halves, as far down as the database refuses one: so it is found which items it refuses. For
    /// small pages only, of which many statements do not take long.
    InParts,
}

/// What a page came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It is written.
    Done {
        /// Items predicted.
        predicted: u64,
        /// Items set aside.
        failed: u64,
    },
    /// The database refuses one of its items, at least, or one that was not locked has gone. The transaction is to be
    /// rolled back.
    Refused,
}

/// A page to be written.
pub(super) struct Writing<'w> {
    pub page: &'w Page<'w>,
    /// Where its lane stood.
    pub from: &'w Position,
    /// Where its lane goes on.
    pub to: &'w Place,
    /// Its items.
    pub found: &'w PendingItems,
    /// The lane's drift profile, with this page.
    pub profile: String,
    /// What the challenger says of them, where one is asked.
    pub challenge: Option<Challenge<'w>>,
    /// The memory of the statement.
    pub statement: &'w mut Vec<u8>,
}

impl Writing<'_> {
    /// Writes the page: each of its items gets a prediction or is set aside, and the lane advances. In a run's
    /// first pass nothing is predicted, and a dry run has but its counts.
    pub(super) async fn write(
        &mut self,
        conn: &mut Conn,
        scored: &ScoredPage<'_>,
        manner: Manner,
    ) -> Result<Written, StoreError> {
        match self.try_to_write(conn, scored, manner).await {
            // Two rows that have a key get one score, as if another run had been there in between.
            Err(undone @ StoreError::Undone(_)) => {
                let (table, keys) = (self.page.wanted.table, self.found.iter().map(|item| item.key));
                let shared = reading::shared(table, keys).ask(conn).await.unwrap_or_default();
                Err(shared.map_or(undone, |key| reading::is_shared(table, key)))
            }
            written => written,
        }
    }

    async fn try_to_write(
        &mut self,
        conn: &mut Conn,
        scored: &ScoredPage<'_>,
        manner: Manner,
    ) -> Result<Written, StoreError> {
        let run = self.page.run;
        let writes = run.mode.writes();
        if writes {
            failures::set_aside(conn, self.page.wanted.table, run.id, &scored.failures).await?;
        }
        let (failed, nothing) = (scored.failures.len() as u64, scored.predictions.part(0..0));
        if !writes || run.pass == Pass::Check {
            let counted = if run.pass == Pass::Check { &nothing } else { &scored.predictions };
            let advance = self.advance(counted, failed);
            pages::write(conn, self.page, (&nothing, None), &advance, self.statement).await?;
            return Ok(Written::Done { predicted: advance.predicted, failed });
        }
        match manner {
            Manner::AtOnce => self.at_once(conn, &scored.predictions, failed).await,
            Manner::InParts => self.in_parts(conn, &scored.predictions, failed).await,
        }
    }

    async fn at_once(
        &mut self,
        conn: &mut Conn,
        predictions: &Predictions<'_>,
        failed: u64,
    ) -> Result<Written, StoreError> {
        self.forget(conn, predictions).await?;
        let advance = self.advance(predictions, failed);
        let challenge = self.challenge.as_ref().map(|challenge| challenge.of(&predictions.keys));
        match pages::write(conn, self.page, (predictions, challenge.as_ref()), &advance, self.statement).await {
            // An item has gone since it was read, and nothing kept it: what is written in parts needs no item.
            Ok(changed) if self.is_only_read() && changed < predictions.keys.len() as u64 => {
                return Ok(Written::Refused);
            }
            Ok(changed) => all_changed(predictions, changed)?,
            Err(error) if error.refusal().is_some() => return Ok(Written::Refused),
            Err(error) => return Err(error),
        }
        Ok(Written::Done { predicted: advance.predicted, failed })
    }

    async fn in_parts(
        &mut self,
        conn: &mut Conn,
        predictions: &Predictions<'_>,
        failed: u64,
    ) -> Result<Written, StoreError> {
        let (mut taken, mut refused) = (predictions.part(0..0), Vec::new());
        let mut parts = vec![predictions.part(0..predictions.keys.len())];
        while let Some(part) = parts.pop() {
            match pages::write_items(conn, self.page, &part, self.statement).await {
                Ok(changed) => {
                    all_changed(&part, changed)?;
                    taken.append(part);
                }
                Err(error) => match (error.refusal(), part.keys.len()) {
                    (None, _) => return Err(error),
                    (Some(words), 1) => refused.extend(part.keys.to_vec().into_iter().map(|key| (key, words.clone()))),
                    // The first half is to come first.
                    (Some(_), items) => {
                        parts.extend([part.part(items / 2..items), part.part(0..items / 2)]);
                    }
                },
            }
        }
        self.forget(conn, &taken).await?;
        self.challenge_in_parts(conn, &taken).await?;
        let refused = self.refused(&refused);
        failures::set_aside(conn, self.page.wanted.table, self.page.run.id, &refused).await?;
        let failed = failed + refused.len() as u64;
        let advance = self.advance(&taken, failed);
        pages::write(conn, self.page, (&predictions.part(0..0), None), &advance, self.statement).await?;
        Ok(Written::Done { predicted: advance.predicted, failed })
    }

    /// What the challenger says of these items. What the database refuses of it is not in its history, and no item is
    /// set aside for it.
    async fn challenge_in_parts(&mut self, conn: &mut Conn, taken: &Predictions<'_>) -> Result<(), StoreError> {
        let all = self.challenge.as_ref().map(|challenge| challenge.of(&taken.keys));
        let mut parts = Vec::from_iter(all);
        while let Some(part) = parts.pop() {
            let items = part.predictions.keys.len();
            if items == 0 {
                continue;
            }
            match pages::write_challenge(conn, self.page, &part, self.statement).await {
                Err(error) if error.refusal().is_some() => {
                    if items > 1 {
                        parts.extend([part.part(items / 2..items), part.part(0..items / 2)]);
                    } else {
                        tracing::debug!(%error, "the database refuses a prediction of the challenger");
                    }
                }
                written => written?,
            }
        }
        Ok(())
    }

    /// Whether its items were read without locks.
    fn is_only_read(&self) -> bool {
        self.page.wanted.table.target.scores().is_some()
    }

    /// Items that are predicted now are set aside no longer.
    async fn forget(&self, conn: &mut Conn, predictions: &Predictions<'_>) -> Result<(), StoreError> {
        let wanted = self.page.wanted;
        if wanted.which.has_set_aside() {
            failures::forget(wanted.table, predictions.keys.iter()).ask(conn).await?;
        }
        Ok(())
    }

    /// The page's progress, with these predictions.
    fn advance(&self, predictions: &Predictions<'_>, failed: u64) -> Advance {
        Advance {
            from: self.from.clone(),
            to: self.to.clone(),
            predicted: predictions.keys.len() as u64,
            failed,
            changes: (self.page.run.kind == RunKind::Backfill).then(|| compare(self.found, predictions)),
            page_size: self.page.limit,
            rows: self.found.len() as u64,
            profile: self.profile.clone(),
        }
    }

    /// Why these items are set aside, which the database refuses in these words. Both are in the order of the page.
    fn refused(&self, refused: &[(Key, String)]) -> Vec<(PendingItem<'_>, Reason)> {
        let mut items = self.found.iter();
        let one = |(key, words): &(Key, String)| {
            let item = items.find(|item| Some(item.key) == key.of_item())?;
            Some((item, Reason::new(ReasonCode::Refused, words.as_str())))
        };
        refused.iter().filter_map(one).collect()
    }
}

/// The rows are locked and were pending or another run's, so each of them changes.
fn all_changed(predictions: &Predictions<'_>, changed: u64) -> Result<(), StoreError> {
    let predicted = predictions.keys.len() as u64;
    if changed == predicted {
        return Ok(());
    }
    Err(StoreError::Undone(format!("{predicted} predictions changed {changed} rows")))
}
