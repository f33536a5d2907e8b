//! Ranges of keys.

use super::key::Key;

/// The keys in `(after, upto]`, in the order of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    /// Every key is greater.
    pub after: Key,
    /// Every key is at most this.
    pub upto: Key,
}

impl Ids {
    /// Every key there may be.
    pub const ALL: Self = Self { after: Key::Start, upto: Key::End };

    /// Those after one and up to another.
    pub fn new(after: impl Into<Key>, upto: impl Into<Key>) -> Self {
        Self { after: after.into(), upto: upto.into() }
    }

    /// Both ends, where they are numbers.
    pub fn numbers(&self) -> Option<(i64, i64)> {
        self.after.id().zip(self.upto.id())
    }

    /// Whether there is none. Of texts, the server alone knows which is greater.
    pub fn is_empty(&self) -> bool {
        self.numbers().map_or(self.after == self.upto, |(after, upto)| after >= upto)
    }

    /// How many keys lie in it, where they are numbers.
    pub fn len(&self) -> Option<u64> {
        self.numbers().map(|(after, upto)| after.abs_diff(upto))
    }

    /// The lower and the upper half, where they are numbers.
    pub fn halves(&self) -> Option<[Self; 2]> {
        let (after, upto) = self.numbers()?;
        let middle = after.saturating_add_unsigned(after.abs_diff(upto) / 2);
        Some([Self::new(after, middle), Self::new(middle, upto)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_halves_of_a_range_meet_in_its_middle_however_wide_it_is() {
        let halves = |after, upto| Ids::new(after, upto).halves();
        assert_eq!(halves(0, 1_000_000), Some([Ids::new(0, 500_000), Ids::new(500_000, 1_000_000)]));
        assert_eq!(halves(i64::MIN, i64::MAX), Some([Ids::new(i64::MIN, -1), Ids::new(-1, i64::MAX)]));
        assert_eq!(Ids { after: Key::Start, upto: Key::text("a") }.halves(), None);
    }
}
