//! What was written to the items, noted by the servers themselves, and the judgement of it:
//!
//! 1. No run wrote an item twice, and only backfills wrote over a prediction.
//! 2. The counts of each run and of its lanes are the writes that it made.
//! 3. In the end, every prediction is the model's score of the item's values, every item without one is
//!    set aside, and every run is over.

use std::collections::HashMap;

use crate::ledger::Verdict;
use crate::support::{Setup, model};

/// From here on, every update of an item is noted, except for those of neighbours.
pub(crate) async fn watch(db: &Setup) {
    for sql in [
        "CREATE TABLE `neighbours` (`client` BIGINT UNSIGNED NOT NULL, `number` BIGINT UNSIGNED NOT NULL, \
           PRIMARY KEY (`client`, `number`))",
        "CREATE TABLE `takeovers` (`entry` BIGINT AUTO_INCREMENT PRIMARY KEY)",
        "CREATE TABLE `writes` (`entry` BIGINT AUTO_INCREMENT PRIMARY KEY, `item` BIGINT NOT NULL, \
           `run` BIGINT, `over_another` BOOLEAN NOT NULL)",
        "CREATE TRIGGER `note_writes` AFTER UPDATE ON `items` FOR EACH ROW \
         INSERT INTO `writes` (`item`, `run`, `over_another`) \
         SELECT NEW.`id`, NEW.`run_id`, OLD.`prediction` IS NOT NULL FROM DUAL WHERE @is_neighbour IS NULL",
    ] {
        db.execute(sql).await;
    }
}

const NO_FAILURE: &str = "NOT EXISTS (SELECT 1 FROM `item_failures` f WHERE f.`item_id` = i.`id`)";

/// Whether no run is unfinished, and every item is done.
pub(crate) async fn nothing_left(db: &Setup) -> bool {
    unfinished(db).await == 0 && undone(db).await == 0
}

async fn unfinished(db: &Setup) -> u64 {
    db.value("SELECT COUNT(*) FROM `batch_runs` WHERE `unfinished` = 1").await
}

/// Items that are neither predicted by a run nor set aside.
async fn undone(db: &Setup) -> u64 {
    let sql = format!(
        "SELECT COUNT(*) FROM `items` i WHERE (`prediction` IS NULL AND {NO_FAILURE}) \
           OR (`prediction` IS NOT NULL AND `run_id` IS NULL)"
    );
    db.value(&sql).await
}

/// The verdict, its reasons, and a summary of what was judged.
pub(crate) async fn judge(db: &Setup) -> (Verdict, Vec<String>, String) {
    let mut problems = Vec::new();
    let lost = undone(db).await;
    let hanging = unfinished(db).await;
    let twice: u64 = db.value("SELECT COUNT(*) - COUNT(DISTINCT `item`, `run`) FROM `writes`").await;
    let over_another: u64 = db
        .value(
            "SELECT COUNT(*) FROM `writes` w LEFT JOIN `batch_runs` r ON r.`id` = w.`run` \
             WHERE w.`over_another` AND NOT (r.`kind` <=> 'backfill')",
        )
        .await;
    for (count, what) in [
        (lost, "items are neither predicted nor set aside"),
        (hanging, "runs are not over"),
        (twice, "writes came a second time in their run"),
        (over_another, "writes of windows and sweeps replaced a prediction"),
    ] {
        if count > 0 {
            problems.push(format!("{count} {what}"));
        }
    }
    let wrong = wrong_predictions(db).await;
    let miscounted = miscounted(db).await;
    let different = wrong.len() as u64 + miscounted.len() as u64;
    problems.extend(wrong.into_iter().chain(miscounted).take(20));
    let summary: String = db
        .value(
            "SELECT CONCAT((SELECT COUNT(*) FROM `writes`), ' predictions written; runs: ', \
               (SELECT GROUP_CONCAT(line SEPARATOR ', ') FROM (SELECT CONCAT(COUNT(*), ' ', `kind`, ' ', `state`) line \
                FROM `batch_runs` GROUP BY `kind`, `state`) l))",
        )
        .await;
    (Verdict { lost, twice: twice + over_another, hanging, different }, problems, summary)
}

/// Predictions that are not the model's score of the values beside them.
async fn wrong_predictions(db: &Setup) -> Vec<String> {
    type Row = (i64, String, String);
    let sql = "SELECT `id`, `values`, `prediction` FROM `items` WHERE `prediction` IS NOT NULL";
    let mut scores: HashMap<String, Option<Vec<f64>>> = HashMap::new();
    let mut wrong = Vec::new();
    for (id, values, prediction) in db.rows::<Row>(sql).await {
        let written: Option<Vec<f64>> = serde_json::from_str(&prediction).ok();
        let score = scores.entry(values).or_insert_with_key(|values| score(values));
        if written.is_none() || written != *score {
            wrong.push(format!("item {id} has {prediction} instead of {score:?}"));
        }
    }
    wrong
}

fn score(values: &str) -> Option<Vec<f64>> {
    let features: Vec<f64> = serde_json::from_str(values).ok()?;
    let mut probabilities = vec![0.0; model().classes().len()];
    model().scorer().score(&features, &mut probabilities).ok()?;
    Some(probabilities)
}

/// Runs whose counts are not what they wrote.
async fn miscounted(db: &Setup) -> Vec<String> {
    db.rows(
        "SELECT CONCAT_WS(' ', 'run', r.`id`, r.`kind`, r.`state`, 'items', r.`items`, 'predicted', r.`predicted`, \
           'failed', r.`failed`, 'pending', r.`pending`, 'lanes', COALESCE(l.`predicted`, 0), \
           'written', COALESCE(w.`written`, 0)) \
         FROM `batch_runs` r \
           LEFT JOIN (SELECT `run_id`, SUM(`predicted`) `predicted` FROM `batch_lanes` GROUP BY `run_id`) l \
             ON l.`run_id` = r.`id` \
           LEFT JOIN (SELECT `run`, COUNT(*) `written` FROM `writes` GROUP BY `run`) w ON w.`run` = r.`id` \
         WHERE COALESCE(l.`predicted`, 0) <> COALESCE(w.`written`, 0) \
           OR (r.`unfinished` IS NULL AND r.`state` LIKE 'succeeded%' \
             AND (r.`predicted` <> COALESCE(w.`written`, 0) OR r.`items` <> r.`predicted` + r.`failed` + r.`pending`))",
    )
    .await
}
