//! The area under the receiver operating characteristic, counted from scores in their order.

/// Counts pairs of a row of the class and a row of another: the area is the share of those in which the first has the
/// greater score, equal ones counted half (Mann and Whitney 1947). In whole numbers, so nothing is rounded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ranks {
    of_class: u128,
    others: u128,
    /// Twice the pairs in the right order.
    twice_right: u128,
}

impl Ranks {
    /// Adds the rows of the next greater score: those of the class, and the others.
    pub fn add(&mut self, of_class: u64, others: u64) {
        let (of_class, others) = (u128::from(of_class), u128::from(others));
        self.twice_right += of_class * (2 * self.others + others);
        self.of_class += of_class;
        self.others += others;
    }

    /// The area; `None` where all rows are of the class, or none.
    #[must_use]
    pub fn area(self) -> Option<f64> {
        let pairs = self.of_class * self.others;
        (pairs > 0).then(|| self.twice_right as f64 / (2 * pairs) as f64)
    }
}

/// The mean of the areas of several classes, each against the rest. `None` where one of them has none.
#[must_use]
pub fn macro_average(areas: &[Option<f64>]) -> Option<f64> {
    let known: Vec<f64> = areas.iter().copied().collect::<Option<_>>()?;
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_the_share_of_pairs_in_order_and_of_equal_ones_the_half() {
        let mut ranks = Ranks::default();
        // Scores 0.1: another; 0.4: one of each; 0.8: the class.
        for (of_class, others) in [(0, 1), (1, 1), (1, 0)] {
            ranks.add(of_class, others);
        }
        assert_eq!(ranks.area(), Some(3.5 / 4.0));
    }

    #[test]
    fn of_one_class_there_is_no_area() {
        let mut ranks = Ranks::default();
        ranks.add(3, 0);
        assert_eq!(ranks.area(), None);
        assert_eq!(macro_average(&[Some(0.5), None]), None);
        assert_eq!(macro_average(&[Some(0.5), Some(1.0)]), Some(0.75));
    }
}
