//! Keys of a page as SQL: which they are, and at which place of the page each is.

use std::fmt::{self, Write as _};

/// Keys of a page, as SQL.
pub(super) struct Places {
    /// The place of a key among them, from 1.
    pub place: String,
    /// The condition that it is one of them.
    pub which: String,
}

/// With at least so many ids to a stretch without gaps, ranges are found faster than single ids.
const WORTH_A_RANGE: usize = 50;

/// The places of ascending `ids` of the column `id`, which is quoted. Mostly they follow each other,
/// with few gaps: then a server neither reads a list of them nor looks each of them up.
pub(super) fn places(ids: &[i64], id: &str) -> Places {
    let stretches: Vec<&[i64]> = ids.chunk_by(|one, next| one.checked_add(1) == Some(*next)).collect();
    // Far below zero there is no number before them.
    let is_ranged = stretches.len() * WORTH_A_RANGE <= ids.len().max(WORTH_A_RANGE) && ids[0] > i64::MIN / 2;
    if !is_ranged {
        let list = joined(ids, ",");
        return Places { place: format!("INTERVAL({id},{list})"), which: format!("{id} IN ({list})") };
    }
    let ranges = stretches.iter().map(|ids| format!("{id} BETWEEN {} AND {}", ids[0], ids[ids.len() - 1]));
    let which = joined(ranges, " OR ");
    // What is to be subtracted from the ids of each stretch.
    let offsets = stretches.iter().scan(0, |before, ids| {
        let offset = ids[0] - 1 - *before;
        *before += ids.len() as i64;
        Some(offset)
    });
    let offsets = joined(offsets, ",");
    let place = match stretches.len() {
        1 => format!("{id} - ({offsets})"),
        // What ELT answers is text, and text would be subtracted as a double.
        _ => {
            let firsts = joined(stretches.iter().map(|ids| ids[0]), ",");
            format!("{id} - CAST(ELT(INTERVAL({id},{firsts}),{offsets}) AS SIGNED)")
        }
    };
    Places { place, which }
}

/// The items' texts with separators between them.
pub(super) fn joined<T: fmt::Display>(items: impl IntoIterator<Item = T>, separator: &str) -> String {
    let mut text = String::new();
    for (number, item) in items.into_iter().enumerate() {
        let separator = if number == 0 { "" } else { separator };
        // Writing to a String does not fail.
        let _ = write!(text, "{separator}{item}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_gap_the_place_is_the_distance_from_the_first() {
        let Places { place, which } = places(&[7, 8], "`id`");
        assert_eq!((place.as_str(), which.as_str()), ("`id` - (6)", "`id` BETWEEN 7 AND 8"));
        assert_eq!(places(&[-3], "`id`").place, "`id` - (-4)");
    }

    #[test]
    fn with_many_gaps_it_is_looked_up() {
        let Places { place, which } = places(&[3, 8], "`id`");
        assert_eq!((place.as_str(), which.as_str()), ("INTERVAL(`id`,3,8)", "`id` IN (3,8)"));
        let ends = [i64::MIN, i64::MAX];
        assert_eq!(places(&ends, "`id`").which, "`id` IN (-9223372036854775808,9223372036854775807)");
    }

    #[test]
    fn with_few_gaps_it_is_the_distance_less_the_gaps_before() {
        let ids: Vec<i64> = (11..=210).chain(221..=300).collect();
        let Places { place, which } = places(&ids, "`id`");
        assert_eq!(place, "`id` - CAST(ELT(INTERVAL(`id`,11,221),10,20) AS SIGNED)");
        assert_eq!(which, "`id` BETWEEN 11 AND 210 OR `id` BETWEEN 221 AND 300");
    }
}
