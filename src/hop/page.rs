//! `score_page`: from rows to predictions and failures, with no database in sight.

use crate::model::Model;
use crate::store::items::{PendingItem, Predictions};
use crate::values::{self, Reason, ReasonCode};

/// A page, scored: every item is in one of the two.
#[derive(Debug)]
pub(super) struct ScoredPage<'i> {
    pub predictions: Predictions,
    pub failures: Vec<(&'i PendingItem, Reason)>,
}

/// Scores a page. An item that cannot be scored is set apart with its reason; the rest go on.
pub(super) fn score_page<'i>(model: &Model, items: &'i [PendingItem]) -> ScoredPage<'i> {
    let classes = model.classes().len();
    let mut predictions = Predictions {
        ids: Vec::with_capacity(items.len()),
        probabilities: Vec::with_capacity(items.len() * classes),
        classes,
    };
    let mut failures = Vec::new();
    let mut features = Vec::with_capacity(model.features().len());
    let mut scorer = model.scorer();
    for item in items {
        let from = predictions.probabilities.len();
        predictions.probabilities.resize(from + classes, 0.0);
        let scored = values::read(&item.values, model.features().len(), &mut features).and_then(|()| {
            scorer
                .score(&features, &mut predictions.probabilities[from..])
                .map_err(|error| Reason::new(ReasonCode::TooLarge, error.to_string()))
        });
        match scored {
            Ok(()) => predictions.ids.push(item.id),
            Err(reason) => {
                predictions.probabilities.truncate(from);
                failures.push((item, reason));
            }
        }
    }
    ScoredPage { predictions, failures }
}
