//! What the server said of a table, each time that it was asked anew.

use std::sync::OnceLock;

use crate::config::ItemsTable;

/// The answers, the last of which counts. Whoever has read an earlier one may go on with it.
#[derive(Debug, Default)]
pub(super) struct Seen(OnceLock<(ItemsTable, Box<Seen>)>);

impl Seen {
    /// The last answer, if there is any.
    pub(super) fn last(&self) -> Option<&ItemsTable> {
        let (table, next) = self.0.get()?;
        Some(next.last().unwrap_or(table))
    }

    /// Adds an answer, unless it is the same as the last.
    pub(super) fn add(&self, answer: ItemsTable) {
        let added = || (answer.clone(), Box::default());
        match self.0.get() {
            Some((_, next)) if self.last() != Some(&answer) => next.add(answer),
            Some(_) => {}
            None => {
                self.0.get_or_init(added);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_answer_counts_and_the_same_one_is_kept_once() {
        let of = |fingerprint: &str| ItemsTable { fingerprint: Some(fingerprint.into()), ..ItemsTable::default() };
        let seen = Seen::default();
        assert_eq!(seen.last(), None);
        for name in ["a", "a", "b", "a"] {
            seen.add(of(name));
            assert_eq!(seen.last(), Some(&of(name)));
        }
        let count = std::iter::successors(Some(&seen), |seen| seen.0.get().map(|(_, next)| &**next)).count();
        assert_eq!(count, 4, "three answers, and room for the next");
    }
}
