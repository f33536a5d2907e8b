//! Pipelines of scikit-learn, drawn at random, score typed columns as they do there.

use std::fmt::Write as _;
use std::path::Path;

use rowscore::answer::Outcome;
use rowscore::hop::{InAnswer, Runner};
use rowscore::model::{Category, Cell, Feature, FeatureKind};
use rowscore::store::schema;
use rstest::rstest;

use crate::support::drawn::{Drawn, drawn};
use crate::support::{Server, Setup, TestDb, at, tick, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";

/// The type of a feature's column.
fn column(feature: &Feature) -> &'static str {
    match &feature.kind {
        FeatureKind::Category { categories, .. } if categories.iter().any(|one| matches!(one, Category::Text(_))) => {
            "VARCHAR(40) CHARACTER SET utf8mb4"
        }
        _ => "DOUBLE",
    }
}

/// A value as SQL has it.
fn written(cell: &Cell) -> String {
    match cell {
        Cell::Missing => "NULL".to_owned(),
        Cell::Number(number) => format!("{number:e}"),
        Cell::Text(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
    }
}

/// The table `name` with the rows of `drawn`, ids from 1.
async fn make(db: &TestDb, name: &str, drawn: &Drawn) -> Setup {
    let features = drawn.model.features();
    let names: Vec<&str> = features.iter().map(AsRef::as_ref).collect();
    let columns: String = features.iter().fold(String::new(), |mut columns, feature| {
        write!(columns, "`{}` {}, ", feature.name, column(feature)).unwrap();
        columns
    });
    db.execute(&format!(
        "CREATE TABLE `{name}` (`id` INT NOT NULL PRIMARY KEY, {columns}`said` JSON, \
         `arrived` TIMESTAMP NOT NULL DEFAULT '2024-03-05 09:30:00')"
    ))
    .await;
    let rows = drawn.rows.iter().enumerate().map(|(position, row)| {
        format!("({}, {})", position + 1, row.iter().map(written).collect::<Vec<_>>().join(", "))
    });
    let quoted = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let rows = rows.collect::<Vec<_>>().join(", ");
    db.execute(&format!("INSERT INTO `{name}` (`id`, {quoted}) VALUES {rows}")).await;
    let setup = db
        .with(&[
            ("ITEMS_TABLE", name),
            ("FEATURE_COLUMNS", &names.join(",")),
            ("PREDICTION_COLUMN", "said"),
            ("CREATED_COLUMN", "arrived"),
        ])
        .await;
    schema::migrate(&mut setup.connect().await, &setup.config.work.items_table).await.unwrap();
    setup
}

#[rstest]
#[tokio::test]
async fn forty_pipelines_of_scikit_learn_score_typed_columns_as_they_do_there(
    #[values(Server::Mysql, Server::Mariadb11)] server: Server,
) {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let db = TestDb::bare(server, &[]).await;
    let all = drawn(project, Path::new(env!("CARGO_TARGET_TMPDIR")));
    assert!(all.len() >= 40, "{}", all.len());
    for (position, one) in all.iter().enumerate() {
        let setup = make(&db, &format!("t{position:02}"), one).await;
        let runner = Runner { means: setup.means(&one.model), relay: &InAnswer };
        let answer = runner.hop(&tick(TICK), unhurried(at(TICK))).await.unwrap();
        let right = one.outputs.iter().flatten().count() as u64;
        assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, right), "{}", one.name);
        let found: Vec<Option<String>> =
            db.rows(&format!("SELECT CAST(`said` AS CHAR) FROM `t{position:02}` ORDER BY `id`")).await;
        for (row, said) in found.iter().enumerate() {
            let numbers = said.as_deref().map(|said| match serde_json::from_str::<f64>(said) {
                Ok(number) => vec![number],
                Err(_) => serde_json::from_str(said).unwrap(),
            });
            one.difference(row, numbers.as_deref());
        }
    }
}
