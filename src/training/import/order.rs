//! Whether the names of the classes stand in another order than those of the rows.

use crate::model::ClassIndex;

/// By so much, in share of the rows, must another order be better before it is believed.
const CLEARLY: f64 = 0.2;

/// With fewer rows chance may look like another order.
const LEAST_ROWS: usize = 20;

/// Another order of the class names with which far more rows are predicted as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// For each class of the model, the class whose name it should have.
    pub names: Vec<ClassIndex>,
    /// Share of the rows that are right with the names as they stand.
    pub accuracy: f64,
    /// With this order.
    pub better: f64,
}

impl Order {
    /// The order that fits `confusion`, the number of rows by true class and predicted class, if it is clearly another
    /// one than that of the names.
    #[must_use]
    pub fn clearly_better(confusion: &[Vec<usize>]) -> Option<Self> {
        let rows: usize = confusion.iter().flatten().sum();
        let names = fitting(confusion);
        let share = |right: usize| right as f64 / rows as f64;
        let accuracy = share((0..confusion.len()).map(|class| confusion[class][class]).sum());
        let better = share(names.iter().enumerate().map(|(predicted, &truth)| confusion[truth][predicted]).sum());
        (rows >= LEAST_ROWS && better - accuracy > CLEARLY).then_some(Self { names, accuracy, better })
    }
}

/// For each predicted class a true one, those first that have most rows in common.
fn fitting(confusion: &[Vec<usize>]) -> Vec<ClassIndex> {
    let classes = confusion.len();
    let mut common: Vec<(usize, ClassIndex, ClassIndex)> = (0..classes)
        .flat_map(|truth| (0..classes).map(move |predicted| (confusion[truth][predicted], truth, predicted)))
        .collect();
    common.sort_by_key(|&(rows, truth, predicted)| (std::cmp::Reverse(rows), truth != predicted, truth, predicted));
    let mut names = vec![None; classes];
    let mut is_taken = vec![false; classes];
    for (_, truth, predicted) in common {
        if names[predicted].is_none() && !is_taken[truth] {
            names[predicted] = Some(truth);
            is_taken[truth] = true;
        }
    }
    // As many names as classes: each has one.
    names.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_names_are_noticed_with_the_order_that_fits() {
        let found = Order::clearly_better(&[vec![10, 40], vec![42, 8]]).unwrap();
        assert_eq!((found.names, found.accuracy, found.better), (vec![1, 0], 0.18, 0.82));
        let turned = [vec![0, 30, 2], vec![1, 0, 30], vec![30, 1, 1]];
        assert_eq!(Order::clearly_better(&turned).unwrap().names, [2, 0, 1]);
    }

    #[test]
    fn a_model_that_is_right_or_weak_or_little_tried_is_believed() {
        for confusion in [[[40, 10], [8, 42]], [[24, 26], [27, 23]], [[0, 5], [5, 0]], [[0, 0], [0, 0]]] {
            assert_eq!(Order::clearly_better(&confusion.map(Vec::from)), None);
        }
    }
}
