//! Whether the audit sees what is wrong: everything that it looks for is planted once, before the noise begins.

use super::audit::Audit;
use super::diary::Diary;
use super::ground;
use crate::ledger::Verdict;
use crate::support::items::{sample, score};
use crate::support::{OwnServer, Setup, model};

/// A prediction that no model makes.
const WRONG: &str = "[0.25, 0.25, 0.5]";

/// Asserts that the audit finds each of it, and leaves an empty database.
pub(super) async fn check(server: &OwnServer, owner: &Setup, diary: &Diary) {
    ground::make(owner).await;
    let mut audit = Audit::of_planted(server.folder());
    let right = format!("{:?}", score(&sample(1)));
    for (what, sql, expected) in planted(&right) {
        let before = audit.verdict();
        owner.execute(&sql).await;
        audit.look_once(owner, diary).await;
        let Verdict { lost, twice, hanging, different } = audit.verdict();
        let found = (lost - before.lost, twice - before.twice, hanging - before.hanging, different - before.different);
        assert_eq!(found, expected, "{what}: (lost, twice, hanging, different); {:?}", audit.problems().last());
    }
    owner.execute("DROP DATABASE `own`; CREATE DATABASE `own`").await;
}

/// How many are lost, written twice, hanging and different.
type Counts = (u64, u64, u64, u64);

/// What is planted, step by step, in words and in SQL, and what the audit must count for it.
fn planted(right: &str) -> Vec<(&'static str, String, Counts)> {
    let version = model().version();
    let run = |id: u64, kind: &str, state: &str, minutes: u64, predicted: &str| {
        format!(
            "INSERT INTO `batch_runs` (`id`, `items_table`, `job`, `kind`, `tick`, `window_to`, `chained`, `policy`, \
               `model_version`, `lanes`, `workers`, `state`, `attempted_at`, `pass`, `predicted`, `started_at`) \
             VALUES ({id}, 'plain', 'plain', '{kind}', NULL, UTC_TIMESTAMP(), FALSE, 'retry_failed', '{version}', 1, 1, \
               '{state}', UTC_TIMESTAMP(3), 'write', {predicted}, UTC_TIMESTAMP(3) - INTERVAL {minutes} MINUTE); \
             INSERT INTO `batch_lanes` (`run_id`, `lane`, `worker`, `source`, `low_id`, `high_id`, `cursor_id`, `page_size`, \
               `predicted`) VALUES ({id}, 0, 0, 'items', 0, 9, 9, 9, COALESCE({predicted}, 0));"
        )
    };
    let predict = |run: u64, prediction: &str| {
        format!("UPDATE `plain` SET `prediction` = '{prediction}', `run_id` = {run} WHERE `id` = 1;")
    };
    let item = format!("INSERT INTO `plain` (`id`, `values`) VALUES (1, '{}');", sample(1));
    let reset = "UPDATE `plain` SET `prediction` = NULL WHERE `id` = 1;";
    vec![
        ("all is well", item + &run(1, "window", "succeeded", 0, "1") + &predict(1, right), (0, 0, 0, 0)),
        ("a window writes over another", run(2, "window", "cancelled", 0, "1") + &predict(2, right), (0, 1, 0, 0)),
        ("a backfill does", run(3, "backfill", "cancelled", 0, "1") + &predict(3, right), (0, 0, 0, 0)),
        (
            "a run writes it again, and counts it",
            run(4, "backfill", "cancelled", 0, "2") + &predict(4, right) + &predict(4, WRONG),
            // Its second prediction is no model's, either.
            (0, 1, 0, 1),
        ),
        ("no model says so", reset.to_owned() + &run(5, "window", "cancelled", 0, "1") + &predict(5, WRONG), (0, 0, 0, 1)),
        ("a run counts what it did not write", run(6, "window", "cancelled", 0, "3"), (0, 0, 0, 1)),
        ("a run does not end", run(7, "window", "running", 60, "NULL"), (0, 0, 1, 0)),
        (
            "a row is forgotten",
            format!("{reset} UPDATE `plain` SET `touched` = NOW(3) - INTERVAL 1 HOUR WHERE `id` = 1;"),
            (1, 0, 0, 0),
        ),
        (
            "a prediction vanishes unseen",
            "DELETE FROM `ledger` WHERE `after` IS NULL ORDER BY `entry` DESC LIMIT 1; \
             INSERT INTO `ledger` (`job`, `item`, `run`, `version`, `before_run`, `after`) VALUES ('plain', 1, NULL, '', 99, NULL)"
                .to_owned(),
            (0, 0, 0, 1),
        ),
    ]
}
