//! Models that give something else than probabilities: margins, a value, a score.

use rowscore::answer::Outcome;
use rowscore::event::{Request, Trigger};
use rowscore::hop::Runner;
use rowscore::model::{Model, Output};
use rowscore::run::{Mode, RunKind};
use rstest::rstest;

use crate::support::backfills::backfill;
use crate::support::items::sample;
use crate::support::linear::linear;
use crate::support::readings::Own;
use crate::support::{Server, TestDb, at, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

fn value() -> Model {
    linear(Output::Value, &[], &[[1.0, 2.0, 0.0, 0.0, -0.5]])
}

fn score() -> Model {
    linear(Output::Score, &["inlier", "outlier"], &[[-1.3, 0.0, 0.0, 0.0, 1.0]])
}

fn margins() -> Model {
    let decisions = [[0.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0, 0.0], [0.5, 0.0, 0.0, 1.0, 0.0]];
    linear(Output::Margins, &["pear", "plum", "fig"], &decisions)
}

fn sampled(id: i64) -> [f64; 4] {
    serde_json::from_str(&sample(id)).unwrap()
}

/// What the value model says, in the order of its sum.
fn right_value([a, b, c, d]: [f64; 4]) -> f64 {
    1.0 + (2.0 * a + 0.0 * b + 0.0 * c + -0.5 * d)
}

/// A table whose prediction column is of this kind, with sixty items.
async fn items(server: Server, kind: &str, format: &str) -> Own {
    let owner = TestDb::new(server, &[]).await;
    owner.execute(&format!("ALTER TABLE `items` MODIFY `prediction` {kind}")).await;
    owner.fill(1..=60, CREATED).await;
    let scorer = owner.with(&[("PREDICTION_FORMAT", format), ("PAGE_SIZE", "25")]).await;
    Own { owner, scorer }
}

async fn run(Own { scorer: db, .. }: &Own, model: &Model) {
    let canary = Trigger::Open(Request { tick: Some(at(TICK)), ..Request::by_hand(RunKind::Canary) });
    assert_eq!(db.hop_by(model, &canary, unhurried(at(TICK))).await.outcome, Outcome::Finished);
    let answer = db.hop_by(model, &tick(TICK), unhurried(at(TICK))).await;
    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 60));
}

#[rstest]
#[tokio::test]
async fn a_regression_writes_a_number_into_a_column_for_numbers_or_json(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(("DOUBLE", "value", 0.0), ("FLOAT", "value", 1e-5), ("DECIMAL(6,2)", "value", 0.00501), ("JSON", "probabilities", 0.0))]
    (kind, format, tolerance): (&str, &str, f64),
) {
    let db = items(server, kind, format).await;
    run(&db, &value()).await;
    // Cast to text first: a JSON number is no DOUBLE to the driver.
    let written: Vec<(i64, f64)> =
        db.owner.rows("SELECT `id`, CAST(CAST(`prediction` AS CHAR) AS DOUBLE) FROM `items` ORDER BY `id`").await;
    assert_eq!(written.len(), 60);
    for (id, found) in written {
        let right = right_value(sampled(id));
        assert!((found - right).abs() <= tolerance, "{id}: {found}, {right}");
    }
}

#[rstest]
#[tokio::test]
async fn a_score_is_a_number_or_one_of_two_labels(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let numbers = items(server, "JSON", "probabilities").await;
    let labels = items(server, "ENUM('inlier','outlier')", "label").await;
    run(&numbers, &score()).await;
    run(&labels, &score()).await;
    let scores: Vec<(i64, String)> = numbers.owner.rows("SELECT `id`, CAST(`prediction` AS CHAR) FROM `items`").await;
    let labels: Vec<(i64, String)> = labels.owner.rows("SELECT `id`, CAST(`prediction` AS CHAR) FROM `items`").await;
    let mut inliers = 0;
    for ((id, score), (_, label)) in scores.into_iter().zip(labels) {
        let right = -1.3 + 0.0 + sampled(id)[3];
        assert_eq!(score.parse::<f64>().unwrap(), right, "{id}");
        assert_eq!(label, if right > 0.0 { "inlier" } else { "outlier" }, "{id}");
        inliers += u32::from(right > 0.0);
    }
    assert!((5..55).contains(&inliers), "{inliers} is no test");
}

#[rstest]
#[tokio::test]
async fn margins_are_written_for_each_class_and_the_largest_is_the_label(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let arrays = items(server, "JSON", "probabilities").await;
    let labels = items(server, "VARCHAR(4)", "label").await;
    run(&arrays, &margins()).await;
    run(&labels, &margins()).await;
    let labels: Vec<(i64, String)> = labels.owner.rows("SELECT `id`, `prediction` FROM `items`").await;
    for (id, label) in labels {
        let [a, b, c, _] = sampled(id);
        let right = [a, 2.0 * b, 0.5 + c];
        assert_eq!(arrays.owner.prediction(id).await, Some(right.to_vec()), "{id}");
        let most = right.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let place = right.iter().position(|margin| *margin == most).unwrap();
        assert_eq!(label, ["pear", "plum", "fig"][place], "{id}");
    }
}

#[rstest]
#[tokio::test]
async fn a_backfill_says_by_how_much_numbers_change(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(("DOUBLE", "value"), ("JSON", "probabilities"))] (kind, format): (&str, &str),
) {
    let db = items(server, kind, format).await;
    run(&db, &value()).await;
    let shifted = linear(Output::Value, &[], &[[1.25, 2.0, 0.0, 0.0, -0.5]]);
    for mode in [Mode::DryRun, Mode::Write] {
        let answer = db.scorer.hop_by(&shifted, &backfill(mode), unhurried(at("2024-03-05T11:00:00Z"))).await;
        let told = answer.backfill.unwrap();
        assert_eq!((told.compared, told.incomparable, told.changed_class), (60, 0, 0), "{told:?}");
        assert!((told.mean_absolute_change.unwrap() - 0.25).abs() < 1e-12, "{told:?}");
    }
}

#[rstest]
#[case(value(), "label", "the model predicts a number; accepted: value, or probabilities for JSON")]
#[case(margins(), "value", "the model predicts classes; accepted: probabilities or label")]
#[tokio::test]
async fn a_format_that_the_model_cannot_give_is_refused(
    #[case] model: Model,
    #[case] format: &str,
    #[case] told: &str,
) {
    let db = items(Server::Mysql, "VARCHAR(20)", format).await;
    let runner = Runner { means: db.scorer.means(&model), ..db.scorer.runner() };
    let error = runner.hop(&tick(TICK), unhurried(at(TICK))).await.unwrap_err();
    assert!(rowscore::words::chain(&error).contains(told), "{error}");
    db.owner.assert_refused(told).await;
}
