//! Where the truth stands, and of which runs and items it is looked for.

use rowscore::event::{Request, Trigger};
use rowscore::hop::Round;
use rowscore::model::Output;
use rowscore::run::RunKind;
use rstest::rstest;

use crate::quality::{comes, items, judge, quality};
use crate::support::linear::linear;
use crate::support::readings::Own;
use crate::support::{Server, Setup, at, model, tick, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

/// Gives the truth a column of another type, and begins anew.
async fn truth_in(owner: &Setup, kind: &str, truth: &str) {
    owner.execute("DELETE FROM `batch_judged`; DELETE FROM `batch_quality`").await;
    owner.execute(&format!("ALTER TABLE `items` DROP COLUMN `came`, ADD COLUMN `came` {kind} NULL")).await;
    owner.execute(&format!("UPDATE `items` SET `came` = {truth}")).await;
}

#[rstest]
#[tokio::test]
async fn a_class_is_known_in_a_column_of_any_type(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(["0", "1"], ["False", "True"])] classes: [&str; 2],
) {
    let two = linear(Output::Logistic, &classes, &[[-2.5, 0.0, 0.0, 1.0, 0.0]]);
    let Own { owner, scorer: db } = items(server, &[], 60).await;
    db.hop_by(&two, &tick(TICK), unhurried(at(TICK))).await;
    let [no, yes] = classes;
    let named = format!("IF(MOD(`id`, 2), '{yes}', '{no}')");
    truth_in(&owner, "VARCHAR(10)", &named).await;
    let right = judge(&db, &two, Round::Whole).await.by_run[0].figures();
    assert!(right.accuracy.is_some_and(|share| (0.1..0.9).contains(&share)), "{right:?}");

    let digit = "MOD(`id`, 2)";
    let shouted = "IF(MOD(`id`, 2), 'TRUE', 'FALSE')";
    for (kind, truth) in [
        ("BIT(1)", digit),
        ("BOOL", digit),
        ("INT", digit),
        ("FLOAT", digit),
        ("DOUBLE", digit),
        ("DECIMAL(4,2)", digit),
        ("VARCHAR(10) CHARACTER SET utf16", digit),
        ("VARBINARY(10)", &named),
        ("ENUM('TRUE', 'FALSE')", shouted),
        ("TEXT", shouted),
    ] {
        truth_in(&owner, kind, truth).await;
        let judgement = judge(&db, &two, Round::Whole).await;
        let [run] = &judgement.by_run[..] else { panic!("{kind}: {judgement:?}") };
        assert_eq!((run.sums.rows, run.strange, run.figures()), (60, 0, right), "{kind}");
    }
    // Bytes that are no text name no class, and hold nobody up.
    truth_in(&owner, "VARBINARY(10)", &format!("IF(`id` = 7, x'FF', {named})")).await;
    let judgement = judge(&db, &two, Round::Whole).await;
    assert_eq!((judgement.by_run[0].sums.rows, judgement.by_run[0].strange), (59, 1));
}

#[rstest]
#[tokio::test]
async fn a_class_with_more_digits_than_a_double_is_known_in_a_decimal(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let codes @ [even, odd] = ["12345678901234567890", "12345678901234567891"];
    let two = linear(Output::Logistic, &codes, &[[-2.5, 0.0, 0.0, 1.0, 0.0]]);
    let Own { owner, scorer: db } = items(server, &[], 60).await;
    db.hop_by(&two, &tick(TICK), unhurried(at(TICK))).await;
    let by_text = format!("IF(MOD(`id`, 2), '{odd}', '{even}')");
    truth_in(&owner, "VARCHAR(20)", &by_text).await;
    let right = judge(&db, &two, Round::Whole).await.by_run[0].figures();

    truth_in(&owner, "DECIMAL(20,0)", &by_text.replace('\'', "")).await;

    let run = judge(&db, &two, Round::Whole).await.by_run[0].clone();
    assert_eq!((run.sums.rows, run.strange, run.figures()), (60, 0, right));
}

#[rstest]
#[tokio::test]
async fn a_value_and_its_truth_are_compared_with_every_digit_that_the_column_has(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let value = linear(Output::Value, &[], &[[1.0, 2.0, 0.0, 0.0, -0.5]]);
    let Own { owner, scorer } = items(server, &[], 40).await;
    owner.execute("ALTER TABLE `items` MODIFY `prediction` FLOAT").await;
    let db = scorer.with(&[("PREDICTION_FORMAT", "value")]).await;
    db.hop_by(&value, &tick(TICK), unhurried(at(TICK))).await;
    truth_in(&owner, "DOUBLE", "`prediction`").await;
    assert_eq!(judge(&db, &value, Round::Whole).await.by_run[0].figures().mae, Some(0.0));
    // To six digits, 16777217 and its neighbours are one number.
    truth_in(&owner, "FLOAT", "16777220").await;
    let of_each: f64 = owner.value("SELECT AVG(16777220 - `prediction` * 1e0) FROM `items`").await;
    let found = judge(&db, &value, Round::Whole).await.by_run[0].figures().mae.unwrap();
    assert!((found - of_each).abs() < 1e-6, "{found}, {of_each}");

    // The square of such an error is no number: the truth is counted apart, and what others come to is known.
    truth_in(&owner, "DOUBLE", "IF(`id` = 3, 1e200, `prediction` + 1)").await;
    let run = judge(&db, &value, Round::Whole).await.by_run[0].clone();
    assert_eq!((run.sums.rows, run.strange, run.figures().rmse), (39, 1, Some(1.0)));
    // As an earlier version left it.
    let sums = "REGEXP_REPLACE(`sums`, '\"squared\":[^,]*', '\"squared\":null')";
    owner.execute(&format!("UPDATE `batch_quality` SET `sums` = {sums}")).await;
    let (lines, status) = quality(&db).await;
    assert_eq!((lines[0]["judged"].as_u64(), lines[0]["mae"].as_f64(), status), (Some(39), Some(1.0), Some(0)));
}

#[rstest]
#[tokio::test]
async fn what_is_pending_again_is_judged_once_it_is_predicted(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer: db } = items(server, &[], 30).await;
    db.tick(TICK).await;
    owner.execute("UPDATE `items` SET `prediction` = NULL WHERE `id` = 1").await;
    owner.execute("UPDATE `items` SET `prediction` = 'null' WHERE `id` = 2").await;
    comes(&owner, model().classes(), "TRUE").await;
    let first = judge(&db, model(), Round::Whole).await;
    assert_eq!((first.judged, first.by_run[0].sums.rows, first.by_run[0].strange), (28, 28, 0));
    let sweep = db.hop(&Trigger::Open(Request::by_hand(RunKind::Sweep)), unhurried(at(LATER))).await;
    assert_eq!(sweep.counts.predicted, 2);
    let rows: Vec<u64> = judge(&db, model(), Round::Whole).await.by_run.iter().map(|of| of.sums.rows).collect();
    assert_eq!(rows, [2, 28]);
}

#[rstest]
#[tokio::test]
async fn a_thousand_runs_that_predicted_nothing_hide_none_that_did(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer: db } = items(server, &[], 1001).await;
    db.tick(TICK).await;
    owner
        .execute(
            "INSERT INTO `batch_runs` (`items_table`, `kind`, `window_to`, `chained`, `policy`, `model_version`, `lanes`, \
               `workers`, `state`, `attempted_at`, `pass`, `items`, `predicted`, `failed`, `pending`, `started_at`, \
               `finished_at`) \
             SELECT r.`items_table`, r.`kind`, r.`window_to`, 0, r.`policy`, r.`model_version`, 1, 1, 'succeeded', \
               r.`attempted_at`, r.`pass`, 0, 0, 0, 0, r.`started_at`, r.`finished_at` \
             FROM `batch_runs` r JOIN `items` i ON r.`id` = 1",
        )
        .await;
    assert_eq!(owner.count("`batch_runs`").await, 1002);
    comes(&owner, model().classes(), "TRUE").await;
    let judgement = judge(&db, model(), Round::Next).await;
    assert_eq!((judgement.judged, judgement.by_run[0].run.0), (1001, 1));
    let (lines, _) = quality(&db).await;
    assert_eq!(lines[0]["judged"].as_u64(), Some(1001));
}
