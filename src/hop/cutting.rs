//! How the items of a run are cut into lanes.

use std::time::{Duration, Instant};

use mysql_async::Conn;

use crate::config::{PartKind, Rows, WorkConfig};
use crate::store::counts::{self, Extent};
use crate::store::ids::Ids;
use crate::store::key::Key;
use crate::store::lanes::{NewLane, Source};
use crate::store::order::Order;
use crate::store::wanted::Wanted;
use crate::store::{StoreError, items, notation, share};

/// How long the edges of lanes are looked for among rows that were not counted: a small part of a hop.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lanes of a run whose items lie in these extents; those of its window are the `wanted` ones. The items set aside
/// are few and scattered: one lane takes them.
pub(super) async fn cut(
    conn: &mut Conn,
    wanted: Wanted<'_>,
    extents: &[(Source, Extent)],
    work: &WorkConfig,
) -> Result<Vec<NewLane>, StoreError> {
    let mut lanes = Vec::new();
    for (source, extent) in extents {
        let cut = match (source, extent.ids.numbers()) {
            (Source::Items, Some(numbers)) => equal_ranges(numbers, work.workers, work.lanes),
            (Source::Items | Source::Arrivals, _) => {
                let edges = equal_shares(conn, wanted.by(source.order()), extent, work).await?;
                lanes_between(edges, *source, work.lanes)
            }
            (Source::Failures, _) => vec![NewLane { worker: 0, source: *source, ids: extent.ids.clone() }],
        };
        lanes.extend(cut);
    }
    Ok(lanes)
}

/// The ids as `workers × lanes_each` lanes of equal ranges. Where there are fewer ids than lanes, the
/// last lanes are empty.
pub(super) fn equal_ranges((after, upto): (i64, i64), workers: u16, lanes_each: u16) -> Vec<NewLane> {
    let count = u128::from(workers) * u128::from(lanes_each);
    let ids = u128::from(after.abs_diff(upto));
    // An edge lies between the two ends, so it is an i64 like them.
    let edge = |lane: u128| Key::Id((i128::from(after) + (ids * lane).div_ceil(count) as i128) as i64);
    lanes_between((0..=count).map(edge).collect(), Source::Items, lanes_each)
}

/// The edges of as many equal shares of the wanted items as there are lanes: texts have no middle that could be
/// computed. Where the items are too many to be counted, equal parts of random digits are equal shares, too; of other
/// keys, equal numbers of the table's rows are. What is not cut in time is left to the last lane that is.
async fn equal_shares(
    conn: &mut Conn,
    wanted: Wanted<'_>,
    extent: &Extent,
    work: &WorkConfig,
) -> Result<Vec<Key>, StoreError> {
    let Ids { after, upto } = extent.ids.clone();
    let count = usize::from(work.workers) * usize::from(work.lanes);
    let mut edges = vec![after.clone()];
    match extent.items {
        // In order of arrival, they are found at once or not at all.
        None if wanted.by == Order::Arrival => {}
        None => {
            let first = counts::first(wanted.table).ask(conn).await?;
            // MariaDB orders UUIDs by other digits than the first.
            let first = first.filter(|_| !wanted.table.key.parts.iter().any(|part| part.kind == PartKind::Uuid));
            edges.extend(first.map_or_else(Vec::new, |first| notation::between(&first, &upto, count)));
            if edges.len() == 1 {
                edges_between_rows(conn, wanted, (&mut edges, &upto), count).await?;
            }
        }
        Some(items) => {
            let before_next = items.div_ceil(count as u64).saturating_sub(1);
            while edges.len() < count {
                match items::nth(conn, wanted, &edges[edges.len() - 1], before_next).await? {
                    Some(edge) if edge != upto => edges.push(edge),
                    _ => break,
                }
            }
        }
    }
    edges.resize(count + 1, upto);
    Ok(edges)
}

/// Adds the edges of shares of the table's rows, whatever their state, by how many the server believes there are. Of a view
/// or a query nobody knows.
async fn edges_between_rows(
    conn: &mut Conn,
    wanted: Wanted<'_>,
    (edges, upto): (&mut Vec<Key>, &Key),
    count: usize,
) -> Result<(), StoreError> {
    if wanted.table.source.rows != Rows::Table {
        return Ok(());
    }
    let rows = share::of_table(wanted.table).ask(conn).await?.div_ceil(count as u64);
    let begun = Instant::now();
    while rows > 0 && edges.len() < count && begun.elapsed() < PATIENCE {
        let ids = Ids { after: edges[edges.len() - 1].clone(), upto: upto.clone() };
        match items::edge(conn, wanted, &ids, rows).await? {
            Some(edge) if edge != *upto => edges.push(edge),
            _ => break,
        }
    }
    Ok(())
}

/// The lanes between one edge and the next.
fn lanes_between(edges: Vec<Key>, source: Source, lanes_each: u16) -> Vec<NewLane> {
    let lane = |(number, edges): (usize, &[Key])| NewLane {
        worker: (number / usize::from(lanes_each)) as u16,
        source,
        ids: Ids { after: edges[0].clone(), upto: edges[1].clone() },
    };
    edges.windows(2).enumerate().map(lane).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(after: i64, upto: i64, workers: u16, lanes: u16) -> Vec<(i64, i64)> {
        equal_ranges((after, upto), workers, lanes).iter().map(|lane| lane.ids.numbers().unwrap()).collect()
    }

    #[test]
    fn lanes_cover_the_extent_without_gap_or_overlap() {
        assert_eq!(edges(0, 10, 1, 2), [(0, 5), (5, 10)]);
        assert_eq!(edges(99, 109, 2, 2), [(99, 102), (102, 104), (104, 107), (107, 109)]);
    }

    #[test]
    fn fewer_ids_than_lanes_leave_lanes_empty() {
        assert_eq!(edges(41, 42, 1, 4), [(41, 42), (42, 42), (42, 42), (42, 42)]);
    }

    #[test]
    fn the_widest_extent_does_not_overflow() {
        let lanes = edges(i64::MIN, i64::MAX, 64, 16);
        assert_eq!((lanes[0].0, lanes[1023].1), (i64::MIN, i64::MAX));
    }

    #[test]
    fn a_worker_has_neighbouring_lanes() {
        let workers: Vec<u16> = equal_ranges((0, 100), 2, 3).iter().map(|lane| lane.worker).collect();
        assert_eq!(workers, [0, 0, 0, 1, 1, 1]);
    }
}
