//! Items that cannot be scored: set aside with their reason, and in nobody's way.

use rowscore::answer::Outcome;
use rowscore::hop::Clock;
use rowscore::run::{Counts, RunState};
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::{Item, UNTOUCHED, sample};
use crate::support::{Server, Setup, TestDb, at, sweep, tick, unhurried};

/// Ten kinds of bad values, and the code that each is set aside with.
const KINDS: [(&str, &str); 10] = [
    ("null", "not_an_array"),
    (r#"{"sepal_length": 5.1}"#, "missing_value"),
    (r#""5.1, 3.5, 1.4, 0.2""#, "not_an_array"),
    ("5.1", "not_an_array"),
    ("true", "not_an_array"),
    ("[]", "wrong_length"),
    ("[5.1, 3.5, 1.4]", "wrong_length"),
    ("[5.1, 3.5, 1.4, 0.2, 0.0]", "wrong_length"),
    (r#"[5.1, "3.5", 1.4, 0.2]"#, "not_a_number"),
    ("[5.1, 3.5, null, 0.2]", "not_a_number"),
];

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

fn item(id: i64, values: &str) -> Item {
    Item { id, values: values.to_owned(), created: Some(at(CREATED)) }
}

/// The items set aside, with the code and how often they were tried.
async fn set_aside(db: &Setup) -> Vec<(i64, String, u32)> {
    db.rows(
        "SELECT `item_id`, `code`, `attempts` FROM `item_failures` WHERE `items_table` = 'items' ORDER BY `item_id`",
    )
    .await
}

#[rstest]
#[tokio::test]
async fn a_hundred_bad_items_of_ten_kinds_are_set_aside_and_the_others_are_scored(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "64")]).await;
    // Every seventh of 700 is bad; the kinds take turns.
    let kind = |id: i64| (id % 7 == 3).then(|| KINDS[usize::try_from(id / 7).unwrap() % KINDS.len()]);
    let items: Vec<Item> =
        (1..=700).map(|id| item(id, &kind(id).map_or_else(|| sample(id), |(values, _)| values.to_owned()))).collect();
    db.insert(&items).await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.outcome, answer.state), (Outcome::Finished, Some(RunState::SucceededWithFailures)));
    assert_eq!((answer.counts.predicted, answer.counts.failed, answer.counts.pending), (600, 100, 0));
    assert_eq!(db.run(1).await, RunRow::over("succeeded_with_failures", 600, 100, 0));
    let expected: Vec<(i64, String, u32)> =
        (1..=700).filter_map(|id| kind(id).map(|(_, code)| (id, code.to_owned(), 1))).collect();
    assert_eq!(expected.len(), 100);
    assert_eq!(set_aside(&db).await, expected);
    assert_eq!(db.predicted().await, Vec::from_iter((1..=700).filter(|id| kind(*id).is_none())));
}

#[rstest]
#[tokio::test]
async fn the_reason_says_what_was_found(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    db.insert(&[item(1, "{}"), item(2, "[1, 2, 3]"), item(3, "[1, [2], 3, 4]")]).await;

    db.tick(TICK).await;

    let reasons: Vec<String> = db.rows("SELECT `reason` FROM `item_failures` ORDER BY `item_id`").await;
    assert_eq!(
        reasons,
        [
            "values has no `sepal_length`, nor 3 more of the model's features",
            "values has 3 elements, the model takes 4",
            "value 2 (`sepal_width`) is an array, not a number",
        ]
    );
    let runs: Vec<(u64, bool)> =
        db.rows("SELECT DISTINCT `run_id`, `first_failed_at` = `last_failed_at` FROM `item_failures`").await;
    assert_eq!(runs, [(1, true)]);
}

#[rstest]
#[tokio::test]
async fn values_that_are_too_large_are_set_aside(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let long = |count: usize| format!("[{}]", vec!["1.5"; count].join(", "));
    db.insert(&[
        item(1, &sample(1)),
        // Divided by its standard deviation, which is below a half, it is no longer finite.
        item(2, "[5.1, 1.7e308, 1.4, 0.2]"),
        item(3, "[5.1, -1.7e308, 1.4, 0.2]"),
        item(4, &long(20_000)),
        item(5, &format!("\"{}\"", "é".repeat(500_000))),
        item(6, &sample(6)),
    ])
    .await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed), (2, 4));
    let codes: Vec<(i64, String)> = set_aside(&db).await.into_iter().map(|(id, code, _)| (id, code)).collect();
    assert_eq!(codes, [2, 3, 4, 5].map(|id| (id, "too_large".to_owned())));
    let reason: String = db.value("SELECT `reason` FROM `item_failures` WHERE `item_id` = 3").await;
    assert!(
        reason.starts_with("value 2 (`sepal_width`) is -17") && reason.ends_with("0, too large to be scaled"),
        "{reason}"
    );
    assert_eq!(db.predicted().await, [1, 6]);
}

#[tokio::test]
async fn a_number_beyond_a_float_is_set_aside_as_not_finite_where_the_server_stores_it() {
    // MySQL refuses to store it.
    let db = TestDb::new(Server::Mariadb, &[]).await;
    db.insert(&[item(1, "[5.1, 3.5, 1e999, 0.2]"), item(2, "[5.1, 3.5, 1.4, -1e999]"), item(3, &sample(3))]).await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed), (1, 2));
    assert_eq!(set_aside(&db).await, [1, 2].map(|id| (id, "not_finite".to_owned(), 1)));
}

#[rstest]
#[tokio::test]
async fn unusual_but_usable_numbers_are_scored(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let usable = [
        "[0, 0, 0, 0]",
        "[-1, -2.5, 1e-300, 4.9e-324]",
        "[1e2, 1E-2, 12345678901234567890, 0.1]",
        "[5.1, 3.5, 1.4, 0.30000000000000004]",
        "  [ 5.1 ,\n3.5, 1.4, 0.2 ]  ",
    ];
    let items: Vec<Item> = (1..).zip(usable).map(|(id, values)| item(id, values)).collect();
    db.insert(&items).await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed), (5, 0), "{:?}", set_aside(&db).await);
    assert_eq!(db.predicted().await, [1, 2, 3, 4, 5]);
}

#[rstest]
#[tokio::test]
async fn items_set_aside_are_not_read_again_by_a_later_window_or_sweep(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "2d"), ("FAILURE_POLICY", "leave")]).await;
    db.insert(&[item(1, "[]"), item(2, &sample(2)), item(3, "null")]).await;
    db.tick(TICK).await;
    let before = set_aside(&db).await;
    assert_eq!(before.len(), 2);

    let window = db.tick("2024-03-05T11:00:00Z").await;
    let sweep = db.hop(&sweep(), unhurried(at("2024-03-05T12:00:00Z"))).await;

    for answer in [window, sweep] {
        assert_eq!((answer.outcome, answer.counts), (Outcome::NothingToDo, Counts::default()));
    }
    assert_eq!(set_aside(&db).await, before);
    assert_eq!(db.predicted().await, [2]);
}

#[rstest]
#[tokio::test]
async fn a_window_of_nothing_but_bad_items_comes_to_its_end_hop_by_hop(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "4"), ("LANES", "1"), ("MAX_FAILED_PERCENT", "100")]).await;
    db.insert(&(1..=30).map(|id| item(id, "[1, 2, 3, null]")).collect::<Vec<_>>()).await;

    let first = db.hop(&tick(TICK), Clock::immediately(at(TICK))).await;
    let answers = db.follow(first, at(TICK)).await;

    assert_eq!(answers.len(), 8);
    assert_eq!(answers.last().unwrap().outcome, Outcome::Finished);
    assert_eq!(db.run(1).await, RunRow::over("succeeded_with_failures", 0, 30, 0));
    assert_eq!(db.ids(&format!("`updated_datetime` = '{UNTOUCHED}'")).await.len(), 30);
}
