//! Folds: those of the calibration, as scikit-learn's libsvm draws them, and stratified ones.

use rand_mt::Mt;

use crate::model::ClassIndex;

/// Number of folds. libsvm uses five for the calibration; the held-out metrics do the same.
pub(super) const FOLDS: usize = 5;

/// A fold: positions of the rows to train on and of those to test on.
pub(super) struct Fold {
    pub(super) train: Vec<usize>,
    pub(super) test: Vec<usize>,
}

/// The seed that scikit-learn hands to libsvm for `random_state=seed`:
/// `RandomState(seed).randint(2**31 - 1)`, numpy's masked rejection on MT19937.
pub(super) fn libsvm_seed(seed: u32) -> u32 {
    const MASK: u32 = i32::MAX as u32;
    let mut rng = Mt::new(seed);
    loop {
        let draw = rng.next_u32() & MASK;
        if draw != MASK {
            return draw;
        }
    }
}

/// libsvm's folds of the `rows` rows of a pair: parts of a permutation. The generator starts again for
/// each pair, because in libsvm each training inside a fold seeds it again.
pub(super) fn calibration_folds(rows: usize, libsvm_seed: u32) -> impl Iterator<Item = Fold> {
    let order = permutation(rows, &mut Mt::new(libsvm_seed));
    (0..FOLDS).map(move |fold| {
        let test = fold * rows / FOLDS..(fold + 1) * rows / FOLDS;
        Fold { train: [&order[..test.start], &order[test.end..]].concat(), test: order[test].to_vec() }
    })
}

/// Stratified folds of all rows. The rows of each class are shuffled and dealt to the folds in turn.
/// Each class begins where the one before ended, so that all folds have the same size.
pub(super) fn stratified_folds(labels: &[ClassIndex], classes: usize, seed: u32) -> Vec<Fold> {
    let mut rng = Mt::new(seed);
    let mut fold_of = vec![0; labels.len()];
    let mut dealt = 0;
    for class in 0..classes {
        let rows: Vec<usize> = (0..labels.len()).filter(|&row| labels[row] == class).collect();
        for position in permutation(rows.len(), &mut rng) {
            fold_of[rows[position]] = dealt % FOLDS;
            dealt += 1;
        }
    }
    (0..FOLDS)
        .map(|fold| {
            let (test, train) = (0..labels.len()).partition(|&row| fold_of[row] == fold);
            Fold { train, test }
        })
        .collect()
}

/// libsvm's Fisher-Yates shuffle.
fn permutation(length: usize, rng: &mut Mt) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    for i in 0..length {
        order.swap(i, i + bounded(rng, length - i));
    }
    order
}

/// A draw from `0..range` as in scikit-learn's newrand.h: D. Lemire, "Fast random integer
/// generation in an interval", ACM TOMACS 29 (2019).
fn bounded(rng: &mut Mt, range: usize) -> usize {
    let range = range as u32;
    let threshold = range.wrapping_neg() % range;
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(range);
        if product as u32 >= threshold {
            return (product >> 32) as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_those_of_numpy() {
        // [np.random.RandomState(r).randint(2**31 - 1) for r in (0, 1, 42)]
        assert_eq!([0, 1, 42].map(libsvm_seed), [209_652_396, 1_791_095_845, 1_608_637_542]);
    }

    #[test]
    fn permutations_are_those_of_scikit_learn() {
        // sklearn.svm._newrand: set_seed_wrap(s), then i + bounded_rand_int_wrap(n - i)
        assert_eq!(permutation(10, &mut Mt::new(0)), [5, 6, 7, 8, 2, 9, 3, 0, 1, 4]);
    }

    #[test]
    fn calibration_folds_cover_every_row_once_and_never_train_on_it() {
        for rows in [2, 5, 7, 100] {
            let mut tested = Vec::new();
            for fold in calibration_folds(rows, 7) {
                assert_eq!(fold.train.len() + fold.test.len(), rows);
                assert!(fold.test.iter().all(|row| !fold.train.contains(row)));
                tested.extend(fold.test);
            }
            tested.sort_unstable();
            assert!(tested.into_iter().eq(0..rows));
        }
    }

    #[test]
    fn stratified_folds_hold_a_fifth_of_each_class() {
        let labels: Vec<ClassIndex> = (0..103).map(|row| usize::from(row % 4 == 0)).collect();
        for fold in stratified_folds(&labels, 2, 1) {
            assert!((20..=21).contains(&fold.test.len()));
            let rare = fold.test.iter().filter(|&&row| labels[row] == 1).count();
            assert!((5..=6).contains(&rare));
            assert_eq!(fold.train.len() + fold.test.len(), labels.len());
        }
    }

    #[test]
    fn two_rows_of_a_class_are_never_tested_in_one_fold() {
        for fold in stratified_folds(&[0, 0, 1, 1], 2, 3) {
            assert!(fold.train.len() >= 3);
        }
    }
}
