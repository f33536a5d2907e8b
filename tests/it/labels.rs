//! Predictions that are a label alone.

use std::collections::BTreeSet;

use mysql_async::prelude::Queryable;
use rowscore::event::{Request, Trigger};
use rowscore::hop::{InAnswer, Runner};
use rowscore::model::{Artifact, Model};
use rowscore::run::{Mode, RunId, RunKind, RunState};
use rowscore::store::density::Density;
use rowscore::store::items;
use rowscore::store::predictions::Predictions;
use rowscore::store::scores::{By, Onto, Stamp};
use rstest::rstest;
use serde_json::{Value as Json, json};

use crate::support::backfills::backfill;
use crate::support::items::{label, sample};
use crate::support::models::other;
use crate::support::programs::rowscore;
use crate::support::readings::{DDL, Own, SETTINGS, insert, insert_samples, numbers, outcomes, own, refusal, sampled};
use crate::support::{Server, at, model, tick, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";
/// `readings`, with a label instead of probabilities.
async fn labelled(server: Server, kind: &str) -> Own {
    let ddl = DDL.replace("`scores` JSON", &format!("`species` {kind}"));
    let settings = [("PREDICTION_FORMAT", "label"), ("PREDICTION_COLUMN", "species")];
    own(server, &ddl, &[&SETTINGS[..], &settings].concat()).await
}

#[rstest]
#[tokio::test]
async fn the_label_alone_goes_to_a_text_or_an_enum_column(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("VARCHAR(10)", "CHAR(10)", "TEXT", "ENUM('virginica', 'other', 'setosa', 'versicolor')")] kind: &str,
) {
    let Own { owner, scorer } = labelled(server, kind).await;
    insert_samples(&owner, 60).await;
    owner.execute("UPDATE `Readings` SET `species` = 'setosa' WHERE `Reading No` = 3").await;
    owner.execute("UPDATE `Readings` SET `width` = NULL WHERE `Reading No` = 4").await;

    let canary = Trigger::Open(Request::by_hand(RunKind::Canary));
    assert_eq!(scorer.hop(&canary, unhurried(at(TICK))).await.state, Some(RunState::Succeeded));
    assert_eq!(owner.count("`Readings` WHERE `species` IS NULL").await, 59, "a canary keeps nothing");
    assert_eq!(scorer.tick(TICK).await.counts.predicted, 58);

    let found = outcomes(&owner, "Readings", "Reading No", "species").await;
    for (id, species, _) in &found {
        let expected = match id {
            3 => Some("setosa"),
            4 => None,
            id => Some(label(&sample(*id))),
        };
        assert_eq!(species.as_deref(), expected, "{id}");
    }
    let kinds: BTreeSet<_> = found.iter().filter_map(|(_, species, _)| species.clone()).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert_eq!(scorer.tick(LATER).await.counts.predicted, 0);

    let results = rowscore(&["results", "--limit", "1"], scorer.variables()).await;
    let line: Json = serde_json::from_str(&results.stdout).unwrap_or_else(|error| panic!("{error}: {results:?}"));
    assert_eq!(line["prediction"], json!(label(&sample(1))));
    assert_eq!(serde_json::from_value::<Vec<f64>>(line["values"].clone()).unwrap(), sampled(1));
}

#[rstest]
#[tokio::test]
async fn a_backfill_replaces_the_labels_that_runs_wrote_and_nobody_elses(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = labelled(server, "VARCHAR(10)").await;
    insert_samples(&owner, 60).await;
    owner.execute("UPDATE `Readings` SET `species` = 'mine' WHERE `Reading No` = 3").await;
    assert_eq!(scorer.hop_by(other(), &tick(TICK), unhurried(at(TICK))).await.counts.predicted, 59);

    let answer = scorer.hop(&backfill(Mode::Write), unhurried(at(LATER))).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed, answer.counts.pending), (59, 0, 0));
    for (id, species, _) in outcomes(&owner, "Readings", "Reading No", "species").await {
        assert_eq!(species.unwrap(), if id == 3 { "mine" } else { label(&sample(id)) }, "{id}");
    }
    assert_eq!(owner.count("`Readings` WHERE `run_id` = 2").await, 59);
}

#[rstest]
#[case("VARCHAR(9)", "`versicolor`")]
#[case("ENUM('setosa', 'virginica')", "`versicolor`")]
#[case("INT", "accepted: CHAR, VARCHAR, TEXT or ENUM")]
#[case("JSON", "accepted: CHAR, VARCHAR, TEXT or ENUM")]
#[tokio::test]
async fn a_column_that_has_no_room_for_every_class_is_refused(#[case] kind: &str, #[case] told: &str) {
    let Own { owner, scorer } = labelled(Server::Mysql, kind).await;
    insert(&owner, &[(1, numbers(sampled(1)))]).await;
    let error = refusal(&scorer).await;
    assert!(error.contains("PREDICTION_COLUMN `species` is ") && error.contains(told), "{error}");
}

#[rstest]
#[tokio::test]
async fn a_class_of_any_name_is_written_as_it_is_in_any_sql_mode(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("", "NO_BACKSLASH_ESCAPES,ANSI_QUOTES")] mode: &str,
) {
    let names = ["it's'); DROP TABLE `Readings`; --", r#"back\slash\' "quoted""#, "Größe 🌷 `x`"].map(str::to_owned);
    let mut content = model().artifact().content.clone();
    content.classes = names.to_vec();
    let odd = Model::new(Artifact::seal(content)).unwrap();
    let Own { owner, scorer } = labelled(server, "VARCHAR(60) CHARACTER SET utf8mb4").await;
    insert(&owner, &[1, 2, 3].map(|id| (id, numbers(sampled(1))))).await;

    let mut conn = scorer.database.connect().await.unwrap();
    conn.query_drop(format!("SET SESSION sql_mode = CONCAT(@@sql_mode, ',{mode}')")).await.unwrap();
    let probabilities = vec![0.8, 0.1, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1, 0.8];
    let page = Predictions { keys: vec![1, 2, 3].into(), outputs: probabilities, of: odd.outputs() };
    conn.query_drop("BEGIN").await.unwrap();
    let stamp = Stamp { run: RunId(1), model: "odd", onto: Onto::Nothing, by: By::Key, density: Density::Sparse };
    items::write(&mut conn, scorer.database.items_table(), stamp, &page).await.unwrap();
    conn.query_drop("COMMIT").await.unwrap();
    let written: Vec<String> = owner.rows("SELECT `species` FROM `Readings` ORDER BY `Reading No`").await;
    assert_eq!(written, names);

    owner.execute("UPDATE `Readings` SET `species` = NULL").await;
    let runner = Runner { means: scorer.means(&odd), relay: &InAnswer };
    assert_eq!(runner.hop(&tick(TICK), unhurried(at(TICK))).await.unwrap().counts.predicted, 3);
    let at_most: Vec<String> = owner.rows("SELECT DISTINCT `species` FROM `Readings`").await;
    let place = model().classes().iter().position(|class| class == label(&sample(1))).unwrap();
    assert_eq!(at_most, [names[place].clone()]);
}
