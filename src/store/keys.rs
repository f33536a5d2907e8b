//! Many keys, as a page has them: numbers in one piece of memory, texts in another.

use std::ops::Range;

use super::key::{Key, KeyRef};

/// Keys of items, all of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Whole numbers.
    Ids(Vec<i64>),
    /// Anything else, in its notation: one text behind the other, and where each of them ends.
    Texts(String, Vec<usize>),
}

impl Default for Keys {
    fn default() -> Self {
        Self::Ids(Vec::new())
    }
}

impl Keys {
    /// None, with room for so many numbers.
    pub fn with_capacity(keys: usize) -> Self {
        Self::Ids(Vec::with_capacity(keys))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Ids(ids) => ids.len(),
            Self::Texts(_, ends) => ends.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// None any more, in the same memory.
    pub fn clear(&mut self) {
        match self {
            Self::Ids(ids) => ids.clear(),
            Self::Texts(texts, ends) => {
                texts.clear();
                ends.clear();
            }
        }
    }

    /// Adds a key behind the others. The first one says of which kind all are.
    pub fn push(&mut self, key: KeyRef<'_>) {
        match (&mut *self, key) {
            (Self::Ids(ids), KeyRef::Id(id)) => ids.push(id),
            (Self::Texts(texts, ends), KeyRef::Text(text)) => {
                texts.push_str(text);
                ends.push(texts.len());
            }
            (Self::Ids(_), KeyRef::Text(text)) => *self = Self::Texts(text.to_owned(), vec![text.len()]),
            (Self::Texts(..), KeyRef::Id(id)) => *self = Self::Ids(vec![id]),
        }
    }

    /// The key at a place.
    pub fn get(&self, place: usize) -> Option<KeyRef<'_>> {
        match self {
            Self::Ids(ids) => ids.get(place).map(|id| KeyRef::Id(*id)),
            Self::Texts(texts, ends) => {
                let begin = place.checked_sub(1).map_or(0, |before| ends[before]);
                ends.get(place).map(|end| KeyRef::Text(&texts[begin..*end]))
            }
        }
    }

    /// The last one.
    pub fn last(&self) -> Option<KeyRef<'_>> {
        self.get(self.len().checked_sub(1)?)
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = KeyRef<'_>> {
        (0..self.len()).map(|place| self.get(place).expect("there are so many"))
    }

    /// Those from one place to another.
    #[must_use]
    pub fn part(&self, places: Range<usize>) -> Self {
        match self {
            Self::Ids(ids) => Self::Ids(ids[places].to_vec()),
            Self::Texts(..) => places.filter_map(|place| self.get(place)).collect(),
        }
    }

    /// Adds others behind these.
    pub fn append(&mut self, others: &Self) {
        match (&mut *self, others) {
            (Self::Ids(ids), Self::Ids(others)) => ids.extend_from_slice(others),
            _ => others.iter().for_each(|key| self.push(key)),
        }
    }

    /// Each of them as a key of its own.
    pub fn to_vec(&self) -> Vec<Key> {
        self.iter().map(Key::from).collect()
    }
}

impl<'k> FromIterator<KeyRef<'k>> for Keys {
    fn from_iter<T: IntoIterator<Item = KeyRef<'k>>>(keys: T) -> Self {
        let mut all = Self::default();
        keys.into_iter().for_each(|key| all.push(key));
        all
    }
}

impl From<Vec<i64>> for Keys {
    fn from(ids: Vec<i64>) -> Self {
        Self::Ids(ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_either_kind_come_back_as_they_went_in() {
        let texts: Vec<KeyRef<'_>> = ["b", "", "äx", "a"].map(KeyRef::Text).to_vec();
        let ids: Vec<KeyRef<'_>> = [3, -1, i64::MIN].map(KeyRef::Id).to_vec();
        for all in [texts, ids] {
            let keys: Keys = all.iter().copied().collect();
            assert_eq!(keys.iter().collect::<Vec<_>>(), all);
            assert_eq!(keys.last(), all.last().copied());
            assert_eq!(keys.part(1..3).iter().collect::<Vec<_>>(), all[1..3]);
            let mut twice = keys.part(0..1);
            twice.append(&keys.part(1..all.len()));
            assert_eq!(twice, keys);
        }
        assert_eq!(Keys::default().last(), None);
    }
}
