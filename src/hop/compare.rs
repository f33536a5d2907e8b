//! What a backfill changes: new predictions beside those that the items had.

use crate::model::{Outputs, PredictionKind};
use crate::run::Changes;
use crate::store::pending::PendingItems;
use crate::store::predictions::Predictions;

/// Compares the predictions of a page with those that its items had. Both are in the order of the page, and
/// every prediction is one of an item of the page.
pub(super) fn compare(items: &PendingItems, new: &Predictions<'_>) -> Changes {
    let mut items = items.iter();
    let mut changes = Changes::default();
    for (key, row) in new.keys.iter().zip(new.rows()) {
        let text = items.find(|item| item.key == key).and_then(|item| item.prediction);
        if let Some(old) = text.and_then(|text| read(text, row.len())) {
            let change: f64 = old.iter().zip(row).map(|(old, new)| (new - old).abs()).sum();
            changes.compared += 1;
            changes.changed_class += u64::from(is_of_another_class(new.of, &old, row));
            changes.absolute_change += change / row.len() as f64;
        }
    }
    changes
}

/// An old prediction, if it is one number, or as many as the model gives.
fn read(text: &[u8], width: usize) -> Option<Vec<f64>> {
    let array = || serde_json::from_slice(text).ok();
    let number = || serde_json::from_slice(text).ok().map(|number| vec![number]);
    array().or_else(number).filter(|old: &Vec<f64>| old.len() == width)
}

/// Whether no class is the most probable one in both. Rounding may make several of them equal, and
/// which it was cannot be told any more; but it stays among them, so that the same numbers are of no
/// other class, whatever decimals either was written with.
fn is_of_another_class(of: Outputs<'_>, old: &[f64], new: &[f64]) -> bool {
    if matches!(of.kind, PredictionKind::Value | PredictionKind::Score) {
        return of.label(old) != of.label(new);
    }
    let most = |row: &[f64]| row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (most_old, most_new) = (most(old), most(new));
    !old.iter().zip(new).any(|(old, new)| *old == most_old && *new == most_new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::pending::PendingItem;

    fn item(id: i64, prediction: &str) -> PendingItem<'_> {
        PendingItem { key: id.into(), values: &[], prediction: Some(prediction.as_bytes()) }
    }

    #[test]
    fn each_item_is_held_against_its_own_old_prediction() {
        let items = [
            item(1, "[0.5, 0.5]"),
            // It cannot be scored any more, and has no new prediction.
            item(2, "[0.0, 1.0]"),
            item(3, "[0.25, 0.75]"),
            item(4, "[0.2, 0.3, 0.5]"),
            item(5, r#"{"setosa": 1}"#),
            item(6, "[0.25, 0.75]"),
        ];
        let classes = ["pear", "plum"].map(str::to_owned);
        let new = Predictions {
            keys: vec![1, 3, 4, 5, 6].into(),
            outputs: vec![0.5, 0.5, 0.75, 0.25, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0],
            of: Outputs::probabilities(&classes),
        };
        let items = items.into_iter().collect();
        assert_eq!(compare(&items, &new), Changes { compared: 3, changed_class: 1, absolute_change: 0.0 + 0.5 + 0.25 });
    }

    #[test]
    fn a_class_that_rounding_made_equal_to_another_is_not_another_one() {
        let classes = ["a", "b", "c"].map(str::to_owned);
        let is_another = |old: &[f64], new: &[f64]| is_of_another_class(Outputs::probabilities(&classes), old, new);
        let (full, one, two) = ([0.4449, 0.4451, 0.11], [0.4, 0.4, 0.1], [0.44, 0.45, 0.11]);
        for old in [full, one, two] {
            for new in [full, one, two] {
                assert!(!is_another(&old, &new), "{old:?}, {new:?}");
            }
            assert!(is_another(&old, &[0.4, 0.1, 0.5]) && is_another(&[0.4, 0.1, 0.5], &old));
        }
    }

    #[test]
    fn a_number_is_held_against_the_number_that_it_was() {
        let items = [item(1, "2.5"), item(2, "[2.5]"), item(3, "null"), item(4, "[1, 2]")].into_iter().collect();
        let of = Outputs { kind: PredictionKind::Value, classes: &[] };
        let new = Predictions { keys: vec![1, 2, 3, 4].into(), outputs: vec![2.0, 4.0, 1.0, 1.0], of };
        assert_eq!(compare(&items, &new), Changes { compared: 2, changed_class: 0, absolute_change: 0.5 + 1.5 });
        let classes = ["inlier", "outlier"].map(str::to_owned);
        let score = Outputs { kind: PredictionKind::Score, classes: &classes };
        assert!(is_of_another_class(score, &[0.1], &[0.0]) && !is_of_another_class(score, &[-1.0], &[0.0]));
    }
}
