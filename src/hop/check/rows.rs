//! Whether rows are for another model: told from many, for single bad rows stop nothing.

use crate::config::listed;
use crate::model::Feature;
use crate::store::key::KeyRef;
use crate::store::pending::PendingItems;
use crate::values::{Reader, Shape};

/// So many rows for another model, and none for this one, are no accident.
pub(super) const ENOUGH: usize = 20;

/// Items that are looked at from each end of a run: old rows may be for another model than the one
/// that new rows are for, and then the run is wanted.
pub(super) const FROM_EACH_END: usize = 50;

/// What is wrong, if the items are for a model with other features.
pub(super) fn problem(features: &[Feature], items: &PendingItems) -> Option<String> {
    let reader = Reader::new(features);
    let shapes: Vec<(KeyRef<'_>, Shape)> = items.iter().map(|item| (item.key, reader.shape(item.values))).collect();
    let others = shapes.iter().filter(|(_, shape)| shape.is_anothers());
    let (first, shape) = others.clone().next()?;
    let others = others.count();
    if others < ENOUGH || shapes.iter().any(|(_, shape)| *shape == Shape::Fits) {
        return None;
    }
    Some(format!(
        "the rows do not fit the model: the model's {} features are {}; item {first} has {shape}; \
         of {} items from both ends of the run none fits",
        features.len(),
        listed(features),
        items.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::pending::PendingItem;

    fn found(texts: &[&str], times: usize) -> Option<String> {
        let items = (1..).zip(texts.iter().cycle().take(texts.len() * times));
        let items = items
            .map(|(id, text)| PendingItem { key: KeyRef::Id(id), values: text.as_bytes(), prediction: None })
            .collect();
        problem(&["x", "y"].map(Feature::number), &items)
    }

    #[test]
    fn many_rows_of_another_length_are_for_another_model() {
        assert_eq!(
            found(&["[1,2,3]"], 20).unwrap(),
            "the rows do not fit the model: the model's 2 features are `x`, `y`; item 1 has 3 values without names; \
             of 20 items from both ends of the run none fits"
        );
        assert!(found(&[r#"{"a":1,"b":2}"#], 20).unwrap().contains("item 1 has 2 keys: `a`, `b`;"));
        // Rows that tell nothing do not speak for the model either.
        assert!(found(&["null", "[1]"], 20).unwrap().contains("item 2 has 1 values"));
    }

    #[test]
    fn few_bad_rows_or_one_that_fits_stop_nothing() {
        assert_eq!(found(&["[1,2,3]"], 19), None);
        assert_eq!(found(&["[1,2,3]", "[1]", "[1,2]"], 20), None);
        assert_eq!(found(&["null"], 100), None);
        assert_eq!(found(&[r#"{"x":1}"#, r#"{"y":1,"x":null}"#], 20), None);
        assert_eq!(found(&[], 1), None);
    }
}
