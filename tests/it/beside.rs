//! Columns of the scored table that get parts of a prediction, beside the prediction itself.

use mysql_async::prelude::Queryable;
use rowscore::event::{Request, Trigger};
use rowscore::model::Output;
use rowscore::run::{Mode, RunKind, RunState};
use rstest::rstest;

use crate::support::backfills::backfill;
use crate::support::items::{label, sample, score};
use crate::support::linear::linear;
use crate::support::models::other;
use crate::support::readings::{DDL, Own, SETTINGS, insert_samples, own, refusal};
use crate::support::{Server, TestDb, at, model, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

const BESIDE: [(&str, &str); 7] = [
    ("LABEL_COLUMN", "label"),
    ("CONFIDENCE_COLUMN", "sure"),
    ("CLASS_COLUMNS", "virginica,setosa=p setosa"),
    ("DECISION_COLUMN", "is_setosa"),
    ("THRESHOLD", "setosa=0.4"),
    ("MODEL_COLUMN", "model"),
    ("PREDICTED_AT_COLUMN", "scored"),
];

const COLUMNS: &str = "`label` VARCHAR(20), `sure` DOUBLE, `virginica` DOUBLE, `p setosa` DOUBLE, `is_setosa` BOOL, \
    `model` CHAR(12), `scored` DATETIME, `seen` TIMESTAMP NOT NULL DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP";

async fn with_columns(server: Server, columns: &str, settings: &[(&str, &str)]) -> Own {
    let ddl = DDL.replace("`note`", &format!("{columns}, `note`"));
    own(server, &ddl, &[&SETTINGS[..], &BESIDE[..], settings].concat()).await
}

#[rstest]
#[tokio::test]
async fn all_parts_of_a_prediction_are_written_with_it_exactly_and_other_columns_are_left(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = with_columns(server, COLUMNS, &[("PAGE_SIZE", "40")]).await;
    insert_samples(&owner, 120).await;
    // Gaps of all kinds: places on a page are looked up, not counted.
    owner.execute("DELETE FROM `Readings` WHERE `Reading No` % 7 = 3 OR `Reading No` BETWEEN 60 AND 75").await;
    let canary = Trigger::Open(Request::by_hand(RunKind::Canary));
    assert_eq!(scorer.hop(&canary, unhurried(at(TICK))).await.state, Some(RunState::Succeeded));
    assert_eq!(owner.count("`Readings` WHERE `label` IS NOT NULL").await, 0, "a canary keeps nothing");
    let rows = owner.count("`Readings`").await;

    let first = scorer.hop_by(other(), &tick(TICK), unhurried(at(TICK))).await;
    assert_eq!(first.counts.predicted, rows);
    assert_eq!(owner.count(&format!("`Readings` WHERE `model` = '{}'", other().version())).await, rows);
    let renewed = scorer.hop(&backfill(Mode::Write), unhurried(at(LATER))).await;
    assert_eq!(renewed.counts.predicted, rows);

    let sql = "SELECT `Reading No`, `label`, `sure`, `virginica`, `p setosa`, `is_setosa`, `model`, \
                 CAST(`scores` AS CHAR), ABS(TIMESTAMPDIFF(SECOND, `scored`, UTC_TIMESTAMP())) < 600 \
                   AND `seen` = '2020-01-01' AND `note` = 'mine' FROM `Readings`";
    type Row = (i64, String, f64, f64, f64, bool, String, String, bool);
    let found: Vec<Row> = owner.connect().await.exec(sql, ()).await.unwrap();
    assert_eq!(found.len() as u64, rows);
    for (id, class, sure, virginica, setosa, is_setosa, version, json, is_well) in found {
        let right = score(&sample(id));
        assert_eq!(serde_json::from_str::<Vec<f64>>(&json).unwrap(), right, "{id}");
        let most = right.iter().copied().fold(0.0, f64::max);
        assert_eq!((class.as_str(), sure), (label(&sample(id)), most), "{id}");
        assert_eq!((virginica, setosa, is_setosa), (right[2], right[0], right[0] >= 0.4), "{id}");
        assert_eq!((version, is_well), (model().version().to_string(), true), "{id}");
    }
}

#[rstest]
#[tokio::test]
async fn a_number_its_label_and_a_decision_go_to_columns_without_json(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let owner = TestDb::new(server, &[]).await;
    owner
        .execute("ALTER TABLE `items` MODIFY `prediction` DOUBLE, ADD COLUMN `kind` TEXT, ADD COLUMN `alarm` INT")
        .await;
    owner.fill(1..=60, CREATED).await;
    let settings =
        [("PREDICTION_FORMAT", "value"), ("LABEL_COLUMN", "kind"), ("DECISION_COLUMN", "alarm"), ("THRESHOLD", "0")];
    let owner = owner.with(&[&settings[..], &[("MYSQL_USER", owner.config.mysql.user.as_str())]].concat()).await;
    let mut conn = owner.connect().await;
    rowscore::store::schema::grant(&mut conn, &owner.config.work.items_table, &owner.config.mysql.user).await.unwrap();
    let score = linear(Output::Score, &["inlier", "outlier"], &[[-1.3, 0.0, 0.0, 0.0, 1.0]]);
    assert_eq!(owner.hop_by(&score, &tick(TICK), unhurried(at(TICK))).await.counts.predicted, 60);
    let wrong = "`items` WHERE `kind` <> IF(`prediction` > 0, 'inlier', 'outlier') OR `alarm` <> (`prediction` >= 0)";
    assert_eq!((owner.count(wrong).await, owner.count("`items` WHERE `alarm` = 1").await > 5), (0, true));
}

#[rstest]
#[case("`label` VARCHAR(20)", "`label` VARCHAR(4)", "LABEL_COLUMN `label` is varchar(4); accepted: one that has room")]
#[case("`sure` DOUBLE", "`sure` INT", "CONFIDENCE_COLUMN `sure` is int; accepted: DOUBLE, FLOAT or DECIMAL")]
#[case("`virginica` DOUBLE", "`virginica` JSON", "CLASS_COLUMNS `virginica` is json; accepted: DOUBLE")]
#[case("`is_setosa` BOOL", "`is_setosa` DOUBLE", "DECISION_COLUMN `is_setosa` is double; accepted: BOOL")]
#[case("`model` CHAR(12)", "`model` CHAR(11)", "MODEL_COLUMN `model` is char(11); accepted: CHAR, VARCHAR or TEXT")]
#[case("`scored` DATETIME", "`scored` DATE", "PREDICTED_AT_COLUMN `scored` is date; accepted: TIMESTAMP or DATETIME")]
#[case("`scored` DATETIME,", "", "PREDICTED_AT_COLUMN names `scored`, which is no column of the table")]
#[tokio::test]
async fn a_column_that_cannot_hold_its_part_is_refused_before_a_run_is_opened(
    #[case] fits: &str,
    #[case] unfit: &str,
    #[case] told: &str,
) {
    let owner = TestDb::bare(Server::Mysql, &[&SETTINGS[..], &BESIDE[..]].concat()).await;
    owner.execute(&DDL.replace("`note`", &format!("{}, `note`", COLUMNS.replace(fits, unfit)))).await;
    owner
        .execute("ALTER TABLE `Readings` ADD COLUMN `run_id` BIGINT COMMENT 'the run that wrote the prediction'")
        .await;
    let made = owner
        .with(&[
            ("LABEL_COLUMN", ""),
            ("CONFIDENCE_COLUMN", ""),
            ("CLASS_COLUMNS", ""),
            ("DECISION_COLUMN", ""),
            ("THRESHOLD", ""),
            ("MODEL_COLUMN", ""),
            ("PREDICTED_AT_COLUMN", ""),
        ])
        .await;
    rowscore::store::schema::migrate(&mut owner.connect().await, &made.config.work.items_table).await.unwrap();
    let error = refusal(&owner).await;
    assert!(error.contains(told), "{error}");
}

#[rstest]
#[case(&[("VALUE_COLUMN", "note")], "VALUE_COLUMN is set, but the model predicts classes; accepted: CLASS_COLUMNS")]
#[case(&[("CLASS_COLUMNS", "rose=note")], "CLASS_COLUMNS names the class `rose`; the model gives numbers of these classes: setosa")]
#[case(&[("THRESHOLD", "rose=1")], "THRESHOLD names the class `rose`")]
#[case(&[("THRESHOLD", "0.5")], "THRESHOLD is a number alone; the model has classes: say which, as in virginica=0.5")]
#[tokio::test]
async fn what_the_model_does_not_give_is_refused_before_anything_is_touched(
    #[case] settings: &[(&str, &str)],
    #[case] told: &str,
) {
    let own = with_columns(Server::Mysql, COLUMNS, &[]).await;
    let error = refusal(&own.scorer.with(settings).await).await;
    assert!(error.contains(told), "{error}");
}
