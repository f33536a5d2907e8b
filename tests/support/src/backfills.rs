//! What a backfill begins with, and what it should report.

use rowscore::answer::Answer;
use rowscore::event::{Request, Trigger};
use rowscore::run::{Backfill, Mode, RunKind};

use super::items::{sample, score, score_by};
use super::models::other;
use super::{Server, Setup, TestDb, at, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// When backfills are asked for.
pub const LATER: &str = "2024-03-05T10:30:00Z";

/// A backfill up to now.
pub fn backfill(mode: Mode) -> Trigger {
    Trigger::Open(Request { mode, ..Request::by_hand(RunKind::Backfill) })
}

/// Items that the other model has predicted, in run 1.
pub async fn predicted(server: Server, settings: &[(&str, &str)], items: i64) -> TestDb {
    let db = TestDb::new(server, settings).await;
    db.fill(1..=items, CREATED).await;
    let alone = db.with(&[("WORKERS", "1")]).await;
    let answer = alone.hop_by(other(), &tick(TICK), unhurried(at(TICK))).await;
    assert_eq!(answer.counts.predicted, items.unsigned_abs());
    db
}

/// A whole backfill by the embedded model.
pub async fn run(db: &Setup, mode: Mode) -> Answer {
    db.hop(&backfill(mode), unhurried(at(LATER))).await
}

/// Items, changed classes and the mean change, where the other model's predictions of these items are
/// replaced by the embedded one's: computed anew.
pub fn expected(ids: impl IntoIterator<Item = i64>) -> (u64, u64, f64) {
    let best = |row: &[f64]| (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b]));
    let (mut compared, mut changed, mut sum) = (0, 0, 0.0);
    for id in ids {
        let (old, new) = (score_by(other(), &sample(id)), score(&sample(id)));
        compared += 1;
        changed += u64::from(best(&old) != best(&new));
        sum += old.iter().zip(&new).map(|(old, new)| (old - new).abs()).sum::<f64>() / 3.0;
    }
    (compared, changed, sum / compared as f64)
}

/// Asserts that a backfill reported this.
pub fn assert_report(
    report: Option<Backfill>,
    dry_run: bool,
    incomparable: u64,
    (compared, changed, mean): (u64, u64, f64),
) {
    let report = report.expect("a backfill reports");
    assert_eq!((report.dry_run, report.compared, report.incomparable), (dry_run, compared, incomparable));
    assert_eq!(report.changed_class, changed);
    assert!((report.mean_absolute_change.unwrap() - mean).abs() < 1e-12, "{report:?}, expected {mean}");
}

/// Every column of every item.
pub async fn touched(db: &TestDb) -> String {
    let updated: Vec<String> = db.rows("SELECT CAST(`updated_datetime` AS CHAR) FROM `items` ORDER BY `id`").await;
    db.snapshot().await + &updated.join("\n")
}
