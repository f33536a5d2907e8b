//! `rowscore explain --id`.

use rstest::rstest;
use serde_json::Value as Json;

use crate::support::items::{Item, label, object, sample};
use crate::support::programs::rowscore;
use crate::support::{Server, TestDb};

const TICK: &str = "2024-03-05T10:00:00Z";
#[rstest]
#[tokio::test]
async fn explain_shows_what_an_items_prediction_rests_on(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.insert(&[Item::new(1, sample(1)), Item::new(2, object(2)), Item::new(3, "[1, 2]")]).await;
    db.tick(TICK).await;

    for id in [1, 2] {
        let json = rowscore(&["explain", "--id", &id.to_string(), "--json"], db.variables()).await;
        assert_eq!(json.status.code(), Some(0), "{json:?}");
        let explained: Json = serde_json::from_str(&json.stdout).unwrap();
        let probabilities: Vec<f64> = serde_json::from_value(explained["probabilities"].clone()).unwrap();
        assert_eq!(probabilities, db.prediction(id).await.unwrap());
        assert_eq!(
            (explained["pairs"].as_array().unwrap().len(), explained["nearest"].as_array().unwrap().len()),
            (3, 5)
        );
        let text = rowscore(&["explain", "--text", "--id", &id.to_string()], db.variables()).await;
        for part in ["sepal_length", "petal_width", label(&sample(id)), "nearest support vectors"] {
            assert!(text.stdout.contains(part), "{part} in {text:?}");
        }
    }
    let bad = rowscore(&["explain", "--id", "3"], db.variables()).await;
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    assert!(bad.stderr.contains("[1, 2] cannot be scored: values has 2 elements, the model takes 4"), "{bad:?}");
    let none = rowscore(&["explain", "--id", "-9"], db.variables()).await;
    assert_eq!((none.status.code(), none.stderr.as_str()), (Some(1), "rowscore: there is no item -9\n"));
}
