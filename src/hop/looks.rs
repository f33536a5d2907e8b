//! What others have locked is not waited for: it is skipped, and looked at again at the end of the lane.

use std::time::Duration;

use crate::store::ids::Ids;
use crate::store::key::Key;
use crate::store::lanes::{Place, Position};
use crate::store::looks::{Look, Skipped};

/// The wait before the second look; before each one after it twice as long. The sum of all is 3.1 s, longer
/// than most transactions last, and little beside a run.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Looks after the first one. What is locked then stays pending, for a later window.
const AGAIN: u8 = 5;

/// Where a lane goes on after a page that took all items with keys up to `cursor`, but `skipped` of them.
pub(super) fn after_page(from: &Position, cursor: Key, skipped: u64) -> Place {
    let Look { number, upto, skipped: before } = from.look.clone();
    let skipped = add(before, skipped, Ids { after: from.cursor.clone(), upto: cursor.clone() });
    let is_over = Ids { after: cursor.clone(), upto: upto.clone() }.is_empty();
    match skipped {
        Skipped::Some(_, ids) if is_over && number < AGAIN => {
            let look = Look { number: number + 1, upto: ids.upto, skipped: Skipped::None };
            Place { cursor: ids.after, look, finished: false }
        }
        skipped => Place { cursor, look: Look { number, upto, skipped }, finished: is_over },
    }
}

/// How long to wait before a lane goes on from one place to another.
pub(super) fn wait(from: &Look, to: &Look) -> Option<Duration> {
    (to.number > from.number).then(|| FIRST_WAIT * 2_u32.pow(u32::from(from.number)))
}

/// How long to wait before a hop begins in the middle of a lane: the one before it may have had no time to.
pub(super) fn wait_first(look: &Look) -> Option<Duration> {
    let before = look.number.checked_sub(1)?;
    Some(FIRST_WAIT * 2_u32.pow(u32::from(before)))
}

fn add(known: Skipped, items: u64, page: Ids) -> Skipped {
    match known {
        known if items == 0 => known,
        Skipped::None => Skipped::Some(items, page),
        Skipped::Some(before, ids) => Skipped::Some(before + items, Ids { after: ids.after, upto: page.upto }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Changes;
    use crate::store::tempo::Tempo;

    fn at(cursor: impl Into<Key>, look: Look) -> Position {
        Position {
            cursor: cursor.into(),
            look,
            finished: false,
            claim: 1,
            running: true,
            failures_ahead: false,
            pages: 0,
            predicted: 0,
            failed: 0,
            changes: Changes::default(),
            tempo: Tempo {
                busy_ms: 0.0,
                recent_rows: 0.0,
                recent_ms: 0.0,
                stretch: 1.0,
                since: chrono::NaiveDateTime::default(),
            },
        }
    }

    fn first(upto: i64) -> Look {
        Look { number: 0, upto: Key::Id(upto), skipped: Skipped::None }
    }

    #[test]
    fn a_lane_of_which_nothing_is_locked_has_one_look() {
        let place = after_page(&at(0, first(100)), Key::Id(60), 0);
        assert_eq!(place, Place { cursor: Key::Id(60), look: first(100), finished: false });
        assert!(after_page(&at(60, place.look), Key::Id(100), 0).finished);
    }

    #[test]
    fn what_was_locked_is_looked_at_again_from_the_first_page_to_the_last_that_has_it() {
        let mut place = Place { cursor: Key::Id(0), look: first(100), finished: false };
        for (cursor, skipped) in [(20, 0), (40, 2), (60, 0), (80, 1), (100, 0)] {
            place = after_page(&at(place.cursor, place.look), Key::Id(cursor), skipped);
        }
        assert_eq!(place, Place { cursor: Key::Id(20), look: Look { number: 1, ..first(80) }, finished: false });
        let place = after_page(&at(20, place.look), Key::Id(80), 0);
        assert!(place.finished);
        assert_eq!(place.look.skipped, Skipped::None);
    }

    #[test]
    fn what_is_locked_at_every_look_is_left_and_counted_once() {
        let (mut place, mut waited, mut looks) =
            (Place { cursor: Key::Id(0), look: first(10), finished: false }, Duration::ZERO, 0);
        while !place.finished {
            let next = after_page(&at(place.cursor.clone(), place.look.clone()), Key::Id(10), 3);
            waited += wait(&place.look, &next.look).unwrap_or_default();
            assert_eq!(wait(&place.look, &next.look), wait_first(&next.look).filter(|_| !next.finished));
            (place, looks) = (next, looks + 1);
        }
        assert_eq!((looks, waited), (6, Duration::from_millis(3100)));
        assert_eq!(place.look.skipped, Skipped::Some(3, Ids::new(0, 10)));
    }
}
