//! `PREDICTION_DECIMALS`: predictions of fewer digits, the same for all who look at them.

use rowscore::event::{Request, Trigger};
use rowscore::run::{Mode, RunKind, RunState};
use rstest::rstest;
use serde_json::Value;

use crate::support::backfills::{backfill, predicted, touched};
use crate::support::items::{sample, score};
use crate::support::programs::rowscore;
use crate::support::{Server, TestDb, at, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T10:30:00Z";
const ITEMS: i64 = 300;

/// The setting; an empty one is the default.
fn setting(decimals: &str) -> [(&str, &str); 1] {
    [("PREDICTION_DECIMALS", decimals)]
}

/// What the model says of a sample, in decimal text rounded.
fn rounded(id: i64, decimals: usize) -> Vec<f64> {
    score(&sample(id)).iter().map(|full| format!("{full:.decimals$}").parse().unwrap()).collect()
}

/// The first class of the largest number.
fn first_of_most(row: &[f64]) -> usize {
    (0..row.len()).rev().max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap()
}

/// Samples of which another class is the first most probable one when they are rounded.
fn equal_by_rounding(decimals: usize) -> Vec<i64> {
    let differs = |id: &i64| first_of_most(&rounded(*id, decimals)) != first_of_most(&score(&sample(*id)));
    (1..=ITEMS).filter(differs).collect()
}

#[rstest]
#[tokio::test]
async fn the_table_holds_so_many_decimals_of_the_full_numbers(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(1, 3, 8, 15)] decimals: usize,
) {
    let db = TestDb::new(server, &[setting(&decimals.to_string())[0], ("PAGE_SIZE", "70")]).await;
    db.fill(1..=ITEMS, CREATED).await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` = 17").await;
    // It reads back what it wrote.
    let canary = db.hop(&Trigger::Open(Request::by_hand(RunKind::Canary)), unhurried(at(TICK))).await;
    assert_eq!(canary.state, Some(RunState::Succeeded));

    let answer = db.tick(TICK).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed), (ITEMS.unsigned_abs() - 1, 1));
    for id in (1..=ITEMS).filter(|id| *id != 17) {
        let written = db.prediction(id).await.unwrap();
        assert_eq!(written, rounded(id, decimals), "item {id}");
    }
    let texts: Vec<String> =
        db.rows("SELECT CAST(`prediction` AS CHAR) FROM `items` WHERE `prediction` IS NOT NULL").await;
    for text in texts {
        let numbers: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&text).unwrap();
        for number in numbers {
            let digits = number.get().split_once('.').map_or(0, |(_, fraction)| fraction.len());
            assert!(digits <= decimals || number.get().contains('e'), "{text}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn without_the_setting_every_bit_is_written(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &setting("")).await;
    db.fill(1..=ITEMS, CREATED).await;
    db.tick(TICK).await;
    assert_eq!(db.predicted().await, Vec::from_iter(1..=ITEMS));
}

#[rstest]
#[tokio::test]
async fn drift_counts_the_classes_that_stand_in_the_table(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let mut expected = [0; 3];
    (1..=ITEMS).for_each(|id| expected[first_of_most(&rounded(id, 1))] += 1);
    assert!(!equal_by_rounding(1).is_empty(), "rounding makes no classes equal: this is no test");
    let db = TestDb::new(server, &setting("1")).await;
    db.fill(1..=ITEMS, CREATED).await;

    db.tick(TICK).await;

    let profile: String = db.value("SELECT CAST(`profile` AS CHAR) FROM `batch_runs` WHERE `id` = 1").await;
    let profile: Value = serde_json::from_str(&profile).unwrap();
    assert_eq!(profile["classes"], serde_json::json!(expected));
}

#[rstest]
#[tokio::test]
async fn a_backfill_finds_no_other_class_in_the_same_models_numbers_whatever_their_decimals(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("", "1", "2")] old: &str,
    #[values("", "1", "2")] new: &str,
) {
    assert!(!equal_by_rounding(1).is_empty(), "rounding makes no classes equal: this is no test");
    let db = TestDb::new(server, &setting(old)).await;
    db.fill(1..=ITEMS, CREATED).await;
    db.tick(TICK).await;
    db.execute("UPDATE `batch_runs` SET `model_version` = 'earlier'").await;
    let (before, later) = (touched(&db).await, db.with(&setting(new)).await);

    let dry = later.hop(&backfill(Mode::DryRun), unhurried(at(LATER))).await.backfill.unwrap();

    assert_eq!((dry.compared, dry.incomparable, dry.changed_class), (ITEMS.unsigned_abs(), 0, 0));
    let change = dry.mean_absolute_change.unwrap();
    if old == new {
        assert_eq!(change, 0.0);
    } else {
        assert!(change > 0.0 && change <= 0.05, "{change}");
    }
    assert!(touched(&db).await == before, "the dry run touched items");
}

#[rstest]
#[tokio::test]
async fn a_backfill_reports_and_writes_another_models_numbers_rounded(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = predicted(server, &setting("3"), ITEMS).await;
    let mut old = Vec::new();
    for id in 1..=ITEMS {
        old.push(db.prediction(id).await.unwrap());
    }
    let changes: Vec<f64> = (1..=ITEMS)
        .zip(&old)
        .map(|(id, old)| rounded(id, 3).iter().zip(old).map(|(new, old)| (new - old).abs()).sum::<f64>() / 3.0)
        .collect();

    let report = db.hop(&backfill(Mode::Write), unhurried(at(LATER))).await.backfill.unwrap();

    let mean = changes.iter().sum::<f64>() / ITEMS as f64;
    assert!((report.mean_absolute_change.unwrap() - mean).abs() < 1e-12, "{report:?}, expected {mean}");
    assert!(report.changed_class > 10, "{report:?}");
    for id in 1..=ITEMS {
        assert_eq!(db.prediction(id).await.unwrap(), rounded(id, 3), "item {id}");
    }
}

#[tokio::test]
async fn a_number_that_is_none_or_of_labels_is_refused() {
    let variables = |extra: &[(&str, &str)]| {
        let login = [("MYSQL_DATABASE", "shop"), ("MYSQL_USER", "scorer"), ("MYSQL_PASSWORD", "")];
        login.iter().chain(extra).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let refused = rowscore(&["run"], &variables(&[("PREDICTION_DECIMALS", "17")])).await;
    assert_eq!(refused.status.code(), Some(1));
    let told = "PREDICTION_DECIMALS is `17`; accepted: a whole number from 1 to 15";
    assert!(refused.stderr.contains(told), "{refused:?}");
    let refused = rowscore(&["run"], &variables(&[("PREDICTION_DECIMALS", "2"), ("PREDICTION_FORMAT", "label")])).await;
    assert!(refused.stderr.contains("PREDICTION_FORMAT=label accepts none"), "{refused:?}");
}
