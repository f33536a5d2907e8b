//! What was done to the items, noted by the server itself, and the judgement of it:
//!
//! 1. Every prediction that was written is exactly the model's score of the values that the item
//!    had in that moment, and was written where none was.
//! 2. In the end, every item that can be scored has a prediction, and every other one is set aside.
//! 3. The lanes' counts are the writes that were made: each once.
//! 4. Every run is over, and its counts add up.

use std::collections::HashMap;

use mysql_async::prelude::Queryable;

use crate::ledger::Verdict;
use crate::support::{Setup, model};

/// From here on, every change of a prediction or of values is noted, with what was there before.
pub(super) async fn watch(db: &Setup) {
    let mut conn = db.connect().await;
    conn.query_drop(
        "CREATE TABLE `changes` (`entry` BIGINT AUTO_INCREMENT PRIMARY KEY, `item` BIGINT NOT NULL, \
           `before` LONGTEXT, `after` LONGTEXT, `values_then` LONGTEXT NOT NULL)",
    )
    .await
    .unwrap();
    conn.query_drop(
        "CREATE TRIGGER `note_changes` AFTER UPDATE ON `items` FOR EACH ROW \
         INSERT INTO `changes` (`item`, `before`, `after`, `values_then`) \
         SELECT NEW.`id`, OLD.`prediction`, NEW.`prediction`, NEW.`values` FROM DUAL \
         WHERE NOT (OLD.`prediction` <=> NEW.`prediction`)",
    )
    .await
    .unwrap();
}

/// An item without a prediction, or with a JSON `null`.
const PENDING: &str = "(`prediction` IS NULL OR JSON_TYPE(`prediction`) = 'NULL')";

/// Whether no run is unfinished and every item that can be scored is.
pub(super) async fn nothing_left(db: &Setup) -> bool {
    unfinished(db).await == 0 && unscored(db).await == 0
}

async fn unfinished(db: &Setup) -> u64 {
    db.value("SELECT COUNT(*) FROM `batch_runs` WHERE `unfinished` = 1").await
}

/// Items that can be scored and are not.
async fn unscored(db: &Setup) -> u64 {
    let pending: Vec<String> = db.rows(&format!("SELECT `values` FROM `items` WHERE {PENDING}")).await;
    pending.iter().filter(|values| score(values).is_some()).count() as u64
}

/// What the model says of `values`, if it can be scored.
fn score(values: &str) -> Option<Vec<f64>> {
    let features: Vec<f64> = serde_json::from_str(values).ok()?;
    let mut probabilities = vec![0.0; model().classes().len()];
    if features.len() != model().features().len() {
        return None;
    }
    model().scorer().score(&features, &mut probabilities).ok()?;
    Some(probabilities)
}

/// The verdict, its reasons, and a summary of what was judged.
pub(super) async fn judge(db: &Setup) -> (Verdict, Vec<String>, String) {
    let mut problems = Vec::new();
    let mut verdict = Verdict::default();
    let writes = judge_writes(db, &mut verdict, &mut problems).await;
    judge_items(db, &mut verdict, &mut problems).await;
    let runs = judge_runs(db, writes, &mut verdict, &mut problems).await;
    (verdict, problems, format!("{writes} predictions written by {runs} runs"))
}

async fn judge_writes(db: &Setup, verdict: &mut Verdict, problems: &mut Vec<String>) -> u64 {
    type Change = (i64, Option<String>, Option<String>, String);
    let changes: Vec<Change> =
        db.rows("SELECT `item`, `before`, `after`, `values_then` FROM `changes` ORDER BY `entry`").await;
    let is_empty = |prediction: &Option<String>| prediction.as_deref().is_none_or(|text| text == "null");
    let mut writes = 0;
    let mut scores: HashMap<String, Option<Vec<f64>>> = HashMap::new();
    for (item, before, after, values) in changes {
        // Taking a prediction away is what the client does.
        if is_empty(&after) {
            continue;
        }
        writes += 1;
        if !is_empty(&before) {
            verdict.twice += 1;
            problems.push(format!("item {item} was scored again over {before:?}"));
        }
        let written: Option<Vec<f64>> = after.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let score = scores.entry(values).or_insert_with_key(|values| score(values));
        if written.is_none() || written != *score {
            verdict.different += 1;
            problems.push(format!("item {item} got {after:?} instead of {score:?}, the score of its values then"));
        }
    }
    writes
}

async fn judge_items(db: &Setup, verdict: &mut Verdict, problems: &mut Vec<String>) {
    let unscored = unscored(db).await;
    if unscored > 0 {
        verdict.lost += unscored;
        problems.push(format!("{unscored} items can be scored and are not"));
    }
    let unnoted: u64 = db
        .value(&format!(
            "SELECT COUNT(*) FROM `items` LEFT JOIN `item_failures` ON `item_id` = `id` AND `items_table` = 'items' \
             WHERE {PENDING} AND `item_id` IS NULL"
        ))
        .await;
    if unnoted > 0 {
        verdict.lost += unnoted;
        problems.push(format!("{unnoted} items have neither a prediction nor a reason why not"));
    }
    let both: u64 = db
        .value(&format!(
            "SELECT COUNT(*) FROM `items` JOIN `item_failures` ON `item_id` = `id` AND `items_table` = 'items' \
             WHERE NOT {PENDING}"
        ))
        .await;
    if both > 0 {
        verdict.different += both;
        problems.push(format!("{both} items have both a prediction and a reason why not"));
    }
}

async fn judge_runs(db: &Setup, writes: u64, verdict: &mut Verdict, problems: &mut Vec<String>) -> usize {
    let hanging = unfinished(db).await;
    if hanging > 0 {
        verdict.hanging += hanging;
        problems.push(format!("{hanging} runs are not over"));
    }
    let predicted: u64 = db.value("SELECT CAST(SUM(`predicted`) AS UNSIGNED) FROM `batch_lanes`").await;
    if predicted != writes {
        verdict.different += predicted.abs_diff(writes);
        problems.push(format!("the lanes count {predicted} predictions, {writes} were written"));
    }
    let runs: Vec<(u64, String, bool)> = db
        .rows(
            "SELECT r.`id`, CONCAT_WS(' ', r.`kind`, r.`state`, r.`items`, r.`predicted`, r.`failed`, r.`pending`), \
               r.`state` LIKE 'succeeded%' AND r.`items` = r.`predicted` + r.`failed` + r.`pending` \
               AND r.`predicted` = COALESCE((SELECT SUM(l.`predicted`) FROM `batch_lanes` l WHERE l.`run_id` = r.`id`), 0) \
             FROM `batch_runs` r WHERE r.`unfinished` IS NULL",
        )
        .await;
    for (run, line, _) in runs.iter().filter(|(_, _, adds_up)| !adds_up) {
        verdict.different += 1;
        problems.push(format!("run {run} does not add up: {line}"));
    }
    runs.len()
}
