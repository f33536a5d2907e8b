//! Values that are objects keyed by feature, and rows that are for another model.

use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::{Item, object, sample, score};
use crate::support::readings::refusal;
use crate::support::{Server, TestDb, at, sweep, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";
#[rstest]
#[tokio::test]
async fn an_object_keyed_by_feature_is_scored_as_the_array_is(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let values = |id: i64| if id % 2 == 0 { object(id) } else { sample(id) };
    db.insert(&(1..=100).map(|id| Item::new(id, values(id))).collect::<Vec<_>>()).await;
    // Of a key that is there twice the last counts: MySQL stores only that, MariaDB both.
    db.insert(&[
        Item::new(
            101,
            r#"{"sepal_length": 9, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2, "sepal_length": 5.1}"#,
        ),
        Item::new(102, r#"{"sepal_length": 5.1, "petal_length": 1.4, "petal_width": 0.2}"#),
        Item::new(103, r#"{"sepal_length": 5.1, "sepal_width": null, "petal_length": 1.4, "petal_width": 0.2}"#),
    ])
    .await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed), (101, 2));
    for id in 1..=100 {
        assert_eq!(db.prediction(id).await.unwrap(), score(&sample(id)), "{id}");
    }
    assert_eq!(db.prediction(101).await.unwrap(), score("[5.1, 3.5, 1.4, 0.2]"));
    let reasons: Vec<(i64, String, String)> =
        db.rows("SELECT `item_id`, `code`, `reason` FROM `item_failures` ORDER BY `item_id`").await;
    let expected = [
        (102, "missing_value", "values has no `sepal_width`"),
        (103, "not_a_number", "value 2 (`sepal_width`) is null, not a number"),
    ];
    assert_eq!(reasons, expected.map(|(id, code, reason)| (id, code.to_owned(), reason.to_owned())));
}

#[rstest]
#[tokio::test]
async fn rows_for_another_model_are_refused_before_the_first_page_with_both_lists(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(("[5.1, 3.5, 1.4]", "3 values without names"), (r#"{"age": 44, "income": 1e5}"#, "2 keys: `age`, `income`"))]
    (values, told): (&str, &str),
) {
    let db = TestDb::new(server, &[("MAX_FAILED_PERCENT", "100")]).await;
    db.insert(&(11..=40).map(|id| Item::new(id, values)).collect::<Vec<_>>()).await;
    let before = db.snapshot().await;

    let error = refusal(&db).await;

    let lists = format!(
        "table `items` cannot be scored: the rows do not fit the model: the model's 4 features are `sepal_length`, \
         `sepal_width`, `petal_length`, `petal_width`; item 11 has {told}; of 30 items from both ends of the run none fits"
    );
    assert_eq!(error, lists);
    assert_eq!(db.snapshot().await, before);
    // One that fits, and the others are single bad rows.
    db.insert(&[Item::new(41, sample(41))]).await;
    assert_eq!(db.tick(TICK).await.counts.failed, 30);
    assert_eq!(db.predicted().await, [41]);
    // So they are where they are few.
    db.insert(&(50..69).map(|id| Item::new(id, values)).collect::<Vec<_>>()).await;
    assert_eq!(db.run(2).await, RunRow::over("succeeded_with_failures", 1, 30, 0));
    assert_eq!(db.hop(&sweep(), unhurried(at(LATER))).await.counts.failed, 19 + 30);
}
