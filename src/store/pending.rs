//! Pending items as a page reads them.

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{FromRowError, QueryResult, Row, TextProtocol, from_row_opt};

use super::by_key::behind_arrival;
use super::key::{Key, KeyRef};
use super::keys::Keys;
use super::order::Order;
use super::turn::round_trip;
use super::{Doing, StoreError};
use crate::config::ItemsTable;

/// Items in the order in which they were read. Their texts lie side by side in one piece of memory,
/// which the next page can take over: a page costs no allocation for each of its items.
#[derive(Debug, Default)]
pub struct PendingItems {
    keys: Keys,
    /// Where the last one stands, if they are read in order of their arrival.
    place: Option<Key>,
    texts: Vec<u8>,
    /// For each item, where in `texts` its values end, and its prediction after them, if it has one.
    ends: Vec<(usize, Option<usize>)>,
    /// Whether the items behind these had no room.
    is_cut: bool,
}

/// Bytes of texts that a page holds, at most: 5000 rows of three kilobytes, or the first of longer ones.
const MOST_BYTES: usize = 16 << 20;

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct PendingItem<'p> {
    /// Its key.
    pub key: KeyRef<'p>,
    /// Its `values` as JSON text, cut one character beyond the longest text that is read.
    pub values: &'p [u8],
    /// In a backfill, its prediction so far, as JSON text that is cut like `values`.
    pub prediction: Option<&'p [u8]>,
}

impl PendingItems {
    /// The same memory with no items.
    #[must_use]
    pub fn emptied(mut self) -> Self {
        self.keys.clear();
        self.place = None;
        self.texts.clear();
        self.ends.clear();
        self.is_cut = false;
        self
    }

    /// Reads the rows of one result, each a key of the table, or where it stands in that order, values and perhaps a
    /// prediction.
    pub(super) async fn read(
        mut self,
        (table, by): (&ItemsTable, Order),
        rows: &mut QueryResult<'_, '_, TextProtocol>,
    ) -> mysql_async::Result<Self> {
        let (mut pushed, is_number) = (Ok(()), table.key.is_number());
        let push = |row| {
            if pushed.is_ok() {
                pushed = match by {
                    Order::Key if is_number => self.push_numbered(row),
                    Order::Key => self.push_row(row),
                    Order::Arrival => self.push_arrived(row),
                };
            }
        };
        rows.for_each(push).await?;
        pushed.map(|()| self).map_err(|error| mysql_async::Error::Other(error.into()))
    }

    /// The items that a statement answers.
    pub(super) async fn query(
        conn: &mut impl Queryable,
        of: (&ItemsTable, Order),
        (doing, sql): (&'static str, String),
    ) -> Result<Self, StoreError> {
        let trip = async {
            let mut rows = conn.query_iter(sql).await.doing(doing)?;
            let items = Self::default().read(of, &mut rows).await.doing(doing)?;
            rows.drop_result().await.doing(doing)?;
            Ok(items)
        };
        round_trip(doing, trip).await
    }

    fn push_numbered(&mut self, row: Row) -> Result<(), FromRowError> {
        let (id, values, prediction) = of_row(row)?;
        self.push_found(KeyRef::Id(id), values, prediction);
        Ok(())
    }

    fn push_row(&mut self, row: Row) -> Result<(), FromRowError> {
        let (key, values, prediction): (String, _, _) = of_row(row)?;
        self.push_found(KeyRef::Text(&key), values, prediction);
        Ok(())
    }

    fn push_arrived(&mut self, row: Row) -> Result<(), FromRowError> {
        let (place, values, prediction): (String, _, _) = of_row(row)?;
        self.push_found(KeyRef::Text(behind_arrival(&place)), values, prediction);
        if !self.is_cut {
            self.place = Some(Key::text(&place));
        }
        Ok(())
    }

    /// Values that are SQL NULL are read as a JSON `null`.
    fn push_found(&mut self, key: KeyRef<'_>, values: Option<Vec<u8>>, prediction: Option<Vec<u8>>) {
        let values = values.as_deref().unwrap_or(b"null");
        let length = values.len() + prediction.as_ref().map_or(0, Vec::len);
        // One is taken however long it is. Behind one that was left out all are: the next page begins there.
        self.is_cut |= !self.is_empty() && self.texts.len() + length > MOST_BYTES;
        if !self.is_cut {
            self.push(PendingItem { key, values, prediction: prediction.as_deref() });
        }
    }

    /// Whether items behind these were left out, because their texts would take too much memory.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Adds an item behind the others.
    pub fn push(&mut self, item: PendingItem<'_>) {
        self.keys.push(item.key);
        self.texts.extend_from_slice(item.values);
        let values = self.texts.len();
        self.texts.extend_from_slice(item.prediction.unwrap_or_default());
        self.ends.push((values, item.prediction.map(|_| self.texts.len())));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Where the last one stands, in the order in which they were read: its key, or that behind its time of arrival.
    #[must_use]
    pub fn last_place(&self) -> Option<KeyRef<'_>> {
        self.place.as_ref().map_or_else(|| self.keys.last(), Key::of_item)
    }

    /// The items, from first to last.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = PendingItem<'_>> {
        let mut begin = 0;
        self.keys.iter().zip(&self.ends).map(move |(key, &(values, prediction))| {
            let item = PendingItem {
                key,
                values: &self.texts[begin..values],
                prediction: prediction.map(|end| &self.texts[values..end]),
            };
            begin = prediction.unwrap_or(values);
            item
        })
    }
}

/// What a row has: its key, its values, and its prediction, if that was asked for.
type Found<K> = (K, Option<Vec<u8>>, Option<Vec<u8>>);

fn of_row<K>(row: Row) -> Result<Found<K>, FromRowError>
where
    Found<K>: FromRow,
    (K, Option<Vec<u8>>): FromRow,
{
    if row.len() > 2 {
        return from_row_opt(row);
    }
    let (key, values): (K, Option<Vec<u8>>) = from_row_opt(row)?;
    Ok((key, values, None))
}

impl<'p> FromIterator<PendingItem<'p>> for PendingItems {
    fn from_iter<T: IntoIterator<Item = PendingItem<'p>>>(items: T) -> Self {
        let mut all = Self::default();
        items.into_iter().for_each(|item| all.push(item));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_has_its_own_texts_also_in_memory_that_another_page_had() {
        let texts = |items: &PendingItems| -> Vec<(Key, String, Option<String>)> {
            let text = |text: &[u8]| String::from_utf8(text.to_vec()).unwrap();
            items.iter().map(|item| (item.key.into(), text(item.values), item.prediction.map(text))).collect()
        };
        let items = [(3, "[1]", Some("[0.5]")), (5, "", None), (8, "[22]", Some("")), (9, "[3]", None)];
        let read = |items: PendingItems, from: &[(i64, &str, Option<&str>)]| {
            from.iter().fold(items, |mut items, &(id, values, prediction)| {
                items.push(PendingItem {
                    key: id.into(),
                    values: values.as_bytes(),
                    prediction: prediction.map(str::as_bytes),
                });
                items
            })
        };
        let owned = |&(id, values, prediction): &(i64, &str, Option<&str>)| {
            (Key::Id(id), values.to_owned(), prediction.map(str::to_owned))
        };
        let first = read(PendingItems::default(), &items);
        assert_eq!(texts(&first), items.iter().map(owned).collect::<Vec<_>>());
        assert_eq!((first.len(), first.is_empty(), first.last_place()), (4, false, Some(KeyRef::Id(9))));
        let second = read(first.emptied(), &items[2..]);
        assert_eq!(texts(&second), items[2..].iter().map(owned).collect::<Vec<_>>());
        let none = second.emptied();
        assert_eq!((none.len(), none.is_empty(), none.last_place()), (0, true, None));
    }
}
