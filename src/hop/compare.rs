//! What a backfill changes: new predictions beside those that the items had.

use crate::answer::Changes;
use crate::store::items::PendingItem;
use crate::store::predictions::{Predictions, most_probable};
use crate::values::Reader;

/// Compares the predictions of a page with those that its items had. Both are in order of id, and
/// every prediction is one of an item of the page.
pub(super) fn compare(items: &[PendingItem], new: &Predictions<'_>) -> Changes {
    let mut items = items.iter();
    let (reader, mut old) = (Reader::new(new.classes), Vec::with_capacity(new.classes.len()));
    let mut changes = Changes::default();
    for (id, new) in new.ids.iter().zip(new.rows()) {
        let text = items.find(|item| item.id == *id).and_then(|item| item.prediction.as_deref());
        // An old prediction is comparable exactly if it would do as values, one for each class.
        if text.is_some_and(|text| reader.read(text, &mut old).is_ok()) {
            let change: f64 = old.iter().zip(new).map(|(old, new)| (new - old).abs()).sum();
            changes.compared += 1;
            changes.changed_class += u64::from(most_probable(&old) != most_probable(new));
            changes.absolute_change += change / new.len() as f64;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: i64, prediction: &str) -> PendingItem {
        PendingItem { id, values: Vec::new(), prediction: Some(prediction.into()) }
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
            ids: vec![1, 3, 4, 5, 6],
            probabilities: vec![0.5, 0.5, 0.75, 0.25, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0],
            classes: &classes,
        };
        assert_eq!(compare(&items, &new), Changes { compared: 3, changed_class: 1, absolute_change: 0.0 + 0.5 + 0.25 });
    }
}
