//! At which place of a page a key is that is no whole number: by its checksum, of which the servers have a function.

use std::borrow::Cow;

use super::bound::bytes_literal;
use super::by_key::{is_utf8, items, parts, shown};
use super::density::Density;
use super::key::KeyRef;
use super::keys::Keys;
use super::perfect_hash::PerfectHash;
use super::places::{Places, joined, places};
use super::predictions::Predictions;
use crate::config::{ItemsTable, KeyPart, PartKind};

/// The places of a page's keys, and the page in the order of these, if that is not its own.
pub(super) fn of_page<'m>(
    table: &ItemsTable,
    page: &Predictions<'m>,
    density: Density,
) -> (Places, Option<Predictions<'m>>) {
    match &page.keys {
        Keys::Ids(ids) => (places(ids, &table.key.quoted()), None),
        Keys::Texts(..) => {
            let (places, sorted) = hashed_places(table, page, density);
            (places, Some(sorted))
        }
    }
}

/// The same of keys that are no whole numbers.
fn hashed_places<'m>(table: &ItemsTable, page: &Predictions<'m>, density: Density) -> (Places, Predictions<'m>) {
    let all: Vec<Cow<'_, [u8]>> = page.keys.iter().map(|key| hashed_bytes(table, key)).collect();
    let mut sums: Vec<(u32, usize)> = (0..).zip(&all).map(|(place, key)| (crc32fast::hash(key), place)).collect();
    sums.sort_unstable();
    let groups: Vec<&[(u32, usize)]> = sums.chunk_by(|(one, _), (next, _)| one == next).collect();
    let distinct: Vec<u32> = groups.iter().map(|same| same[0].0).collect();
    let sum = format!("CRC32({})", hashed(table));
    let (slots, mut place) = match PerfectHash::over(&distinct) {
        Some(hash) => (hash.slots.clone(), format!("{} + 1", hash.sql(&sum))),
        None => ((0..distinct.len()).collect(), format!("INTERVAL({sum},{})", joined(&distinct, ","))),
    };
    let mut order = vec![0; sums.len()];
    let mut behind = distinct.len();
    for (same, slot) in groups.iter().zip(slots) {
        order[slot] = same[0].1;
        // Of keys with the same sum, the others stand behind all and are told by themselves.
        for (_, of_page) in &same[1..] {
            let key = bytes_literal(&all[*of_page]);
            place.push_str(&format!(" + ({} = {key}) * {}", hashed(table), behind - slot));
            order[behind] = *of_page;
            behind += 1;
        }
    }
    let which = match density {
        Density::Dense => among_all(table, &page.keys, order.iter().map(|of_page| &all[*of_page]), &place),
        Density::Sparse => None,
    };
    let which = which.unwrap_or_else(|| items(table).without_alias().one_of(in_order(&page.keys).into_iter()));
    (Places { place, which }, page.sorted(&order))
}

/// The condition that a key is one of `keys`, which are in the order of the index, by a look at all from the first to the
/// last of them: each is compared with the bytes of the one that has its place. `None`: it takes keys of one column and
/// one length.
///
/// A row that is not one of them may be locked by others. It is not waited for: at READ COMMITTED an UPDATE that walks the
/// primary key judges it as it was committed last.
/// (<https://dev.mysql.com/doc/refman/8.4/en/innodb-transaction-isolation-levels.html#isolevel_read-committed>)
fn among_all<'k>(
    table: &ItemsTable,
    keys: &Keys,
    mut by_place: impl Iterator<Item = &'k Cow<'k, [u8]>>,
    place: &str,
) -> Option<String> {
    let (first, last) = (keys.get(0)?, keys.last()?);
    let mut all = by_place.next()?.to_vec();
    let length = all.len();
    if length == 0 || table.key.parts.len() != 1 || !table.key.is_primary() {
        return None;
    }
    all.reserve(length * keys.len());
    for key in by_place {
        if key.len() != length {
            return None;
        }
        all.extend_from_slice(key);
    }
    let (column, of) = (table.key.quoted(), |key| parts(table, key));
    let its_own = format!("SUBSTR({}, ({place}) * {length} - {}, {length})", bytes_literal(&all), length - 1);
    Some(format!("{column} BETWEEN {} AND {} AND {} = {its_own}", of(first), of(last), hashed(table)))
}

/// A page's keys, about in the order of the index: with such a list, both servers write a page in four fifths of the time
/// that one in no order takes. A page that follows the key is in that order. In a page that follows the time of arrival,
/// every second key comes before the one ahead of it. Then the order of the keys' texts is taken, which is the index's, or
/// near it.
fn in_order(keys: &Keys) -> Vec<KeyRef<'_>> {
    let mut all: Vec<KeyRef<'_>> = keys.iter().collect();
    let descents = all.windows(2).filter(|pair| pair[0] > pair[1]).count();
    if descents > all.len() * 2 / 5 {
        all.sort_unstable();
    }
    all
}

/// What the places of a page's keys are told by: bytes of which both sides have the same checksum.
fn hashed(table: &ItemsTable) -> String {
    match table.key.parts.as_slice() {
        // Without making digits of them.
        [KeyPart { column, kind: PartKind::Bytes }] => column.quoted(),
        // Their bytes are those of UTF-8 already.
        [KeyPart { column, kind: PartKind::Text { charset, .. } }] if is_utf8(charset) => {
            format!("CAST({} AS BINARY)", column.quoted())
        }
        _ => shown(table, ""),
    }
}

/// The same bytes of a key that was read.
fn hashed_bytes<'k>(table: &ItemsTable, key: KeyRef<'k>) -> Cow<'k, [u8]> {
    match (table.key.parts.as_slice(), key) {
        (_, KeyRef::Id(id)) => id.to_string().into_bytes().into(),
        ([KeyPart { kind: PartKind::Bytes, .. }], KeyRef::Text(text)) => {
            from_digits(text).map_or(text.as_bytes().into(), Cow::Owned)
        }
        (_, KeyRef::Text(text)) => text.as_bytes().into(),
    }
}

fn from_digits(text: &str) -> Option<Vec<u8>> {
    let half = |digit: u8| char::from(digit).to_digit(16).and_then(|half| u8::try_from(half).ok());
    let byte = |pair: &[u8]| Some(half(pair[0])? << 4 | half(*pair.get(1)?)?);
    text.as_bytes().chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Outputs;

    #[test]
    fn keys_in_no_order_are_listed_by_their_texts() {
        let listed = |keys: &[&'static str]| {
            let keys = keys.iter().copied().map(KeyRef::Text).collect();
            in_order(&keys).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(listed(&["d", "a", "c", "b"]), ["a", "b", "c", "d"]);
        assert_eq!(listed(&["a", "B", "c", "d", "ä"]), ["a", "B", "c", "d", "ä"]);
    }

    #[test]
    fn keys_with_the_same_checksum_have_places_of_their_own() {
        let classes = ["pear", "plum"].map(str::to_owned);
        let mut table = ItemsTable::default();
        table.key.parts[0].kind = PartKind::Text { charset: "utf8mb4".into(), collation: "utf8mb4_bin".into() };
        // Two words of which the checksum is known to be the same.
        let keys = ["plumless", "a", "buckeroo"].map(KeyRef::Text).into_iter().collect();
        let page =
            Predictions { keys, outputs: vec![0.1, 0.9, 0.2, 0.8, 0.3, 0.7], of: Outputs::probabilities(&classes) };
        let (Places { place, which }, sorted) = hashed_places(&table, &page, Density::Sparse);
        // The first of the two has a slot, and the second one stands behind all.
        let first = |row: &[f64]| row[0];
        let mut of_slots: Vec<f64> = sorted.rows().map(first).collect();
        assert_eq!(of_slots.pop(), Some(0.3));
        of_slots.sort_by(f64::total_cmp);
        assert_eq!(of_slots, [0.1, 0.2]);
        // In the order of the page.
        assert_eq!(which, "`id` IN ('plumless','a','buckeroo')");
        let told = "+ (CAST(`id` AS BINARY) = x'6275636b65726f6f') * ";
        assert!(place.contains(told), "{place}");
    }

    #[test]
    fn keys_of_one_length_that_lie_close_together_are_found_between_the_first_and_the_last() {
        let classes = ["pear", "plum"].map(str::to_owned);
        let which = |kind: PartKind, index: &str, keys: [&'static str; 2], density| {
            let mut table = ItemsTable::default();
            table.key.parts[0].kind = kind;
            table.key.index = index.to_owned();
            let keys = keys.map(KeyRef::Text).into_iter().collect();
            let page = Predictions { keys, outputs: vec![0.5; 4], of: Outputs::probabilities(&classes) };
            hashed_places(&table, &page, density).0.which
        };
        let dense = which(PartKind::Bytes, "PRIMARY", ["0aff", "0b00"], Density::Dense);
        assert!(dense.starts_with("`id` BETWEEN x'0aff' AND x'0b00' AND `id` = SUBSTR(x'0"), "{dense}");
        assert!(dense.ends_with(" % 2 + 1) * 2 - 1, 2)"), "{dense}");
        let list = "`id` IN (x'0aff',x'0b00')";
        assert_eq!(which(PartKind::Bytes, "PRIMARY", ["0aff", "0b00"], Density::Sparse), list);
        assert_eq!(which(PartKind::Bytes, "other", ["0aff", "0b00"], Density::Dense), list);
        assert_eq!(which(PartKind::Uuid, "PRIMARY", ["a", "bc"], Density::Dense), "`id` IN ('a','bc')");
    }

    #[test]
    fn where_no_perfect_hash_is_found_the_sums_are_listed() {
        // Sums of these many bytes are whatever is wanted: those of a page that meet in one bucket.
        let classes = ["pear", "plum"].map(str::to_owned);
        let mut table = ItemsTable::default();
        table.key.parts[0].kind = PartKind::Text { charset: "utf8mb4".into(), collation: "utf8mb4_bin".into() };
        let all: Vec<String> = (0..200_000).map(|number| number.to_string()).collect();
        let meeting: Vec<&str> =
            all.iter().map(String::as_str).filter(|key| crc32fast::hash(key.as_bytes()) % 100 == 7).take(200).collect();
        let outputs = meeting.iter().flat_map(|_| [0.5, 0.5]).collect();
        let page = Predictions {
            keys: meeting.iter().copied().map(KeyRef::Text).collect(),
            outputs,
            of: Outputs::probabilities(&classes),
        };
        let (Places { place, .. }, _) = hashed_places(&table, &page, Density::Sparse);
        assert!(place.starts_with("INTERVAL(CRC32("), "{place}");
    }
}
