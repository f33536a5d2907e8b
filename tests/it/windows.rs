//! Windows: which items a run is answerable for, and which runs there are.

use chrono::TimeDelta;
use futures_util::future::join_all;
use mysql_async::prelude::Queryable;
use rowscore::answer::{Counts, Outcome};
use rowscore::event::{Request, Trigger};
use rowscore::hop::Deadline;
use rowscore::run::{FailurePolicy, RunKind, RunState};
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::{Item, UNTOUCHED, sample};
use crate::support::{Server, TestDb, at, sweep, tick, unhurried, window};

#[rstest]
#[tokio::test]
async fn a_whole_window_on_an_empty_past_is_worked_off_and_its_counts_add_up(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "500")]).await;
    db.fill(1..=2500, "2024-03-05T09:00:00Z").await;

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!((answer.outcome, answer.state), (Outcome::Finished, Some(RunState::Succeeded)));
    // Two lanes of 1250 items, three pages each.
    assert_eq!(answer.counts, Counts { predicted: 2500, failed: 0, pending: 0, pages: 6 });
    assert_eq!(answer.continuations, []);
    assert!(answer.rows_per_second > 0);
    let run = answer.run_id.unwrap().0;
    assert_eq!(db.run(run).await, RunRow::over("succeeded", 2500, 0, 0));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=2500));
    assert_eq!(db.ids(&format!("`run_id` = {run}")).await.len(), 2500);
}

#[rstest]
#[tokio::test]
async fn a_window_includes_its_first_second_and_excludes_its_last(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill([1], "2024-03-05T11:59:59Z").await;
    db.fill([2], "2024-03-05T12:00:00Z").await;
    db.fill([3], "2024-03-05T12:59:59Z").await;
    db.fill([4], "2024-03-05T13:00:00Z").await;
    // Between the window's ids, but not in it.
    db.fill([5], "2024-03-04T12:30:00Z").await;
    db.fill([6], "2024-03-05T12:30:00Z").await;

    let answer =
        db.hop(&window("2024-03-05T12:00:00Z", "2024-03-05T13:00:00Z"), at("2024-03-06T00:00:00Z"), unhurried()).await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 3));
    assert_eq!(db.predicted().await, [2, 3, 6]);
    assert_eq!(db.ids(&format!("`updated_datetime` = '{UNTOUCHED}'")).await, [1, 4, 5]);
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 3, 0, 0));
}

#[rstest]
#[tokio::test]
async fn the_next_tick_reaches_back_by_the_look_back_and_finds_a_row_that_was_committed_late(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "1h")]).await;
    db.fill(1..=10, "2024-03-05T09:30:00Z").await;
    assert_eq!(db.tick("2024-03-05T10:00:00Z").await.counts.predicted, 10);

    db.fill([11], "2024-03-05T08:59:59Z").await;
    db.fill([12], "2024-03-05T09:00:00Z").await;
    db.fill([13], "2024-03-05T10:00:00Z").await;
    db.fill([14], "2024-03-05T11:00:00Z").await;
    let answer = db.tick("2024-03-05T11:00:00Z").await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 2));
    assert_eq!(db.ids("`run_id` = 2").await, [12, 13]);
    assert_eq!(db.ids("`prediction` IS NULL").await, [11, 14]);
    let window: Vec<(String, String)> =
        db.rows("SELECT CAST(`window_from` AS CHAR), CAST(`window_to` AS CHAR) FROM `batch_runs` WHERE `id` = 2").await;
    assert_eq!(window, [("2024-03-05 09:00:00".to_owned(), "2024-03-05 11:00:00".to_owned())]);
}

#[rstest]
#[tokio::test]
async fn a_tick_that_is_delivered_twice_makes_one_run(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=50, "2024-03-05T09:30:00Z").await;
    let first = db.tick("2024-03-05T10:00:00Z").await;
    assert_eq!(first.outcome, Outcome::Finished);
    // It would belong to the window.
    db.fill([51], "2024-03-05T09:30:00Z").await;

    let second = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!((second.outcome, second.run_id), (Outcome::NothingToDo, first.run_id));
    assert_eq!((second.state, second.counts), (first.state, first.counts));
    assert_eq!(db.count("`batch_runs`").await, 1);
    assert_eq!(db.ids("`prediction` IS NULL").await, [51]);
}

#[rstest]
#[tokio::test]
async fn a_tick_that_is_delivered_four_times_at_once_makes_one_run(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "100")]).await;
    db.fill(1..=1000, "2024-03-05T09:30:00Z").await;
    db.audit().await;

    let answers = join_all((0..4).map(|_| db.tick("2024-03-05T10:00:00Z"))).await;

    let outcomes: Vec<Outcome> = answers.iter().map(|answer| answer.outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Finished).count(), 1, "{outcomes:?}");
    let idle = |outcome: &Outcome| matches!(outcome, Outcome::AlreadyRunning | Outcome::NothingToDo);
    assert_eq!(outcomes.iter().filter(|outcome| idle(outcome)).count(), 3, "{outcomes:?}");
    assert_eq!(db.count("`batch_runs`").await, 1);
    let runs: Vec<u64> = answers.iter().map(|answer| answer.run_id.unwrap().0).collect();
    assert_eq!(runs, [runs[0]; 4]);
    assert_eq!(db.run(runs[0]).await, RunRow::over("succeeded", 1000, 0, 0));
    assert_eq!(db.updated().await, Vec::from_iter(1..=1000));
    assert_eq!(db.pages().await, 10);
}

#[rstest]
#[tokio::test]
async fn a_window_by_hand_reaches_to_now_and_takes_its_own_policy(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("FAILURE_POLICY", "retry_failed")]).await;
    db.fill([1], "2024-03-05T09:59:59Z").await;
    db.fill([2], "2024-03-05T10:00:00Z").await;
    let request = Request { policy: Some(FailurePolicy::Leave), ..Request::by_hand(RunKind::Window) };

    let answer = db.hop(&Trigger::Open(request), at("2024-03-05T10:00:00.900Z"), unhurried()).await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 1));
    assert_eq!(db.predicted().await, [1]);
    let run: Vec<(String, String, Option<String>)> =
        db.rows("SELECT `policy`, CAST(`window_to` AS CHAR), CAST(`tick` AS CHAR) FROM `batch_runs`").await;
    assert_eq!(run, [("leave".to_owned(), "2024-03-05 10:00:00".to_owned(), None)]);
}

#[rstest]
#[tokio::test]
async fn a_window_by_hand_does_not_move_the_begin_of_the_next_tick(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "1s")]).await;
    db.fill([1], "2024-03-05T08:00:00Z").await;
    db.fill([2], "2024-03-05T09:00:00Z").await;
    let by_hand = window("2024-03-05T08:30:00Z", "2024-03-05T09:30:00Z");
    assert_eq!(db.hop(&by_hand, at("2024-03-05T09:45:00Z"), unhurried()).await.counts.predicted, 1);

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!(answer.counts.predicted, 1);
    assert_eq!(db.predicted().await, [1, 2]);
}

#[rstest]
#[tokio::test]
async fn a_sweep_finds_what_the_windows_cannot_see(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=20, "2024-03-05T06:00:00Z").await;
    db.tick("2024-03-05T10:00:00Z").await;
    db.execute("UPDATE `items` SET `prediction` = NULL WHERE `id` = 7").await;
    db.execute("UPDATE `items` SET `prediction` = 'null' WHERE `id` = 8").await;
    db.fill([21], "2023-01-01T00:00:00Z").await;
    db.insert(&[Item { id: 22, values: sample(22), created: None }]).await;

    let tick = db.tick("2024-03-05T11:00:00Z").await;
    assert_eq!((tick.outcome, tick.state), (Outcome::NothingToDo, Some(RunState::Succeeded)));
    let answer = db.hop(&sweep(), at("2024-03-05T11:30:00Z"), unhurried()).await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 4));
    assert_eq!(db.ids("`run_id` = 3").await, [7, 8, 21, 22]);
    assert_eq!(db.predicted().await, Vec::from_iter(1..=22));
    assert_eq!(db.ids("`run_id` = 1").await.len(), 18);
    let kind: Vec<(String, Option<String>)> =
        db.rows("SELECT `kind`, CAST(`window_from` AS CHAR) FROM `batch_runs` WHERE `id` = 3").await;
    assert_eq!(kind, [("sweep".to_owned(), None)]);
}

#[rstest]
#[tokio::test]
async fn a_json_null_is_pending_for_a_window_too(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=3, "2024-03-05T09:30:00Z").await;
    db.execute("UPDATE `items` SET `prediction` = 'null' WHERE `id` = 2").await;
    db.execute("UPDATE `items` SET `prediction` = '[0.5, 0.25, 0.25]' WHERE `id` = 3").await;

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!(answer.counts.predicted, 2);
    assert_eq!(db.ids("`run_id` = 1").await, [1, 2]);
    assert_eq!(db.prediction(3).await.unwrap(), [0.5, 0.25, 0.25]);
}

#[rstest]
#[tokio::test]
async fn a_sweep_and_a_window_may_be_at_work_side_by_side(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=50, "2024-03-05T09:30:00Z").await;
    db.audit().await;
    let now = at("2024-03-05T10:00:00Z");
    let window = db.hop(&tick("2024-03-05T10:00:00Z"), now, Deadline::immediately()).await;
    let sweep = db.hop(&sweep(), now, Deadline::immediately()).await;
    assert_eq!((window.outcome, sweep.outcome), (Outcome::Continued, Outcome::Continued));

    db.follow(window, now).await;
    db.follow(sweep, now).await;

    assert_eq!(db.predicted().await, Vec::from_iter(1..=50));
    assert_eq!(db.updated().await, Vec::from_iter(1..=50));
    let (window, sweep) = (db.run(1).await, db.run(2).await);
    assert_eq!((window.state.as_str(), sweep.state.as_str()), ("succeeded", "succeeded"));
    assert_eq!(window.predicted.unwrap() + sweep.predicted.unwrap(), 50);
}

#[rstest]
#[tokio::test]
async fn gaps_between_ids_and_the_highest_ids_are_crossed_in_a_few_pages(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[values("1", "2")] lanes: &str,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "100"), ("LANES", lanes)]).await;
    let ids: Vec<i64> = [1, 1_000_000, 4_000_000_000, 9_000_000_000_000_000_000, i64::MAX - 20]
        .into_iter()
        .flat_map(|first| first..first + 20)
        .collect();
    db.fill(ids.iter().copied(), "2024-03-05T09:30:00Z").await;

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 100));
    assert!(answer.counts.pages <= 12, "{} pages", answer.counts.pages);
    assert_eq!(db.predicted().await, ids);
}

#[rstest]
#[tokio::test]
async fn a_stretch_without_pending_items_is_crossed_in_a_few_pages(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=5000, "2024-03-05T09:30:00Z").await;
    db.execute("UPDATE `items` SET `prediction` = '[1, 0, 0]' WHERE `id` BETWEEN 2 AND 4999").await;

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 2));
    // The reach doubles from 160 ids on: 160 · (2⁶ − 1) > 5000.
    assert!(answer.counts.pages <= 6, "{} pages", answer.counts.pages);
}

#[rstest]
#[tokio::test]
async fn an_empty_table_is_nothing_to_do(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = TestDb::new(server, &[]).await;

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!((answer.outcome, answer.state), (Outcome::NothingToDo, Some(RunState::Succeeded)));
    assert_eq!((answer.counts, answer.continuations.len()), (Counts::default(), 0));
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 0, 0, 0));
    assert_eq!(db.count("`batch_lanes`").await, 0);
}

#[rstest]
#[tokio::test]
async fn the_time_zone_of_other_sessions_does_not_matter(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let db = TestDb::new(server, &[("DELIVER_WITHIN", "15m")]).await;
    let mut client = db.client().await;
    for (zone, before, at_the_end) in [
        ("+05:30", "2024-03-05 15:29:59", "2024-03-05 15:30:00"),
        ("-08:00", "2024-03-05 01:59:59", "2024-03-05 02:00:00"),
    ] {
        client.query_drop(format!("SET SESSION time_zone = '{zone}'")).await.unwrap();
        let sql = "INSERT INTO `items` (`values`, `created_datetime`, `updated_datetime`) VALUES (?, ?, '2020-01-01'), (?, ?, '2020-01-01')";
        client.exec_drop(sql, (sample(1), before, sample(2), at_the_end)).await.unwrap();
    }

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!(answer.counts.predicted, 2);
    assert_eq!(db.ids("`prediction` IS NOT NULL").await, [1, 3]);
    let times: Vec<(String, String)> =
        client.query("SELECT CAST(`started_at` AS CHAR), CAST(`deadline` AS CHAR) FROM `batch_runs`").await.unwrap();
    assert_eq!(times, [("2024-03-05 10:00:05.000".to_owned(), "2024-03-05 10:15:00".to_owned())]);
    let sql = "SELECT ABS(TIMESTAMPDIFF(SECOND, `finished_at`, UTC_TIMESTAMP())) FROM `batch_runs`";
    let off: Option<u64> = client.query_first(sql).await.unwrap();
    assert!(off.unwrap() < 60, "finished_at is {} s off", off.unwrap());
}

#[rstest]
#[tokio::test]
async fn an_earlier_ticks_unfinished_run_is_gone_on_with_before_the_ticks_own_window(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10")]).await;
    db.fill(1..=100, "2024-03-05T09:30:00Z").await;
    let first = db.hurried_tick("2024-03-05T10:00:00Z").await;
    assert_eq!((first.outcome, first.counts.pending), (Outcome::Continued, 80));
    // Its continuations are lost.
    db.fill(101..=130, "2024-03-05T10:30:00Z").await;

    let second = db.tick("2024-03-05T11:00:00Z").await;

    assert_eq!((second.outcome, second.run_id.unwrap().0), (Outcome::Finished, 2));
    assert_eq!(second.counts.predicted, 30);
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 100, 0, 0));
    assert_eq!(db.run(2).await, RunRow::over("succeeded", 30, 0, 0));
    assert_eq!(db.ids("`run_id` = 2").await, Vec::from_iter(101..=130));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=130));
}

#[rstest]
#[tokio::test]
async fn a_tick_in_a_hurry_goes_on_with_an_unfinished_run_only(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=20, "2024-03-05T09:30:00Z").await;
    assert_eq!(db.hurried_tick("2024-03-05T10:00:00Z").await.outcome, Outcome::Continued);
    db.fill([21], "2024-03-05T10:30:00Z").await;

    let second = db.hurried_tick("2024-03-05T11:00:00Z").await;
    assert_eq!((second.outcome, second.run_id.unwrap().0), (Outcome::Finished, 1));
    assert_eq!(db.count("`batch_runs`").await, 1);

    let third = db.hurried_tick("2024-03-05T12:00:00Z").await;
    assert_eq!((third.outcome, third.counts.predicted), (Outcome::Finished, 1));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=21));
}

#[rstest]
#[tokio::test]
async fn a_tick_that_comes_after_a_later_one_finds_nothing_to_do(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill([1], "2024-03-05T08:30:00Z").await;
    assert_eq!(db.tick("2024-03-05T11:00:00Z").await.outcome, Outcome::Finished);

    let late = db.hop(&tick("2024-03-05T09:00:00Z"), at("2024-03-05T11:01:00Z"), unhurried()).await;
    assert_eq!(late.outcome, Outcome::NothingToDo);

    // It does not set the next window back, nor forward.
    db.fill([2], "2024-03-05T10:00:00Z").await;
    db.fill([3], "2024-03-05T09:59:59Z").await;
    db.tick("2024-03-05T12:00:00Z").await;
    assert_eq!(db.predicted().await, [1, 2]);
}

#[rstest]
#[tokio::test]
async fn what_arrives_in_a_window_that_ended_in_the_future_belongs_to_the_next(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "1m")]).await;
    db.fill([1], "2024-03-05T09:00:00Z").await;
    let early = db.hop(&tick("2024-03-05T11:00:00Z"), at("2024-03-05T09:30:00Z"), unhurried()).await;
    assert_eq!(early.counts.predicted, 1);
    db.fill([2], "2024-03-05T09:45:00Z").await;

    let next = db.hop(&tick("2024-03-05T12:00:00Z"), at("2024-03-05T12:00:01Z"), unhurried()).await;

    assert_eq!(next.counts.predicted, 1);
    assert_eq!(db.predicted().await, [1, 2]);
}

#[rstest]
#[tokio::test]
async fn after_a_failed_run_the_next_window_covers_what_it_left(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("MAX_HOPS", "2")]).await;
    db.fill(1..=50, "2024-03-05T09:30:00Z").await;
    let first = db.hurried_tick("2024-03-05T10:00:00Z").await;
    let last = db.follow(first, at("2024-03-05T10:00:10Z")).await.pop().unwrap();
    assert_eq!(last.state, Some(RunState::Failed));

    let answer = db.tick("2024-03-06T10:00:00Z").await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 30));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=50));
}

#[rstest]
#[tokio::test]
async fn windows_follow_each_other_without_a_gap_or_a_second_prediction(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "30m")]).await;
    let begin = at("2024-03-05T00:00:00Z");
    let items: Vec<Item> =
        (1..=600).map(|id| Item { id, values: sample(id), created: Some(begin + TimeDelta::minutes(id)) }).collect();
    db.insert(&items).await;
    db.audit().await;

    for hour in 1..=11 {
        let time = (begin + TimeDelta::hours(hour)).to_rfc3339();
        let answer = db.tick(&time).await;
        // The eleventh has nothing but the item of its first second.
        assert_eq!(
            answer.counts.predicted,
            match hour {
                1 => 59,
                11 => 1,
                _ => 60,
            },
            "{time}"
        );
    }

    assert_eq!(db.updated().await, Vec::from_iter(1..=600));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=600));
}

#[rstest]
#[tokio::test]
async fn an_item_that_arrives_behind_the_cursor_counts_as_pending_even_if_another_went(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5"), ("LANES", "1")]).await;
    db.fill((1..=20).map(|number| 10 * number), "2024-03-05T09:30:00Z").await;
    let first = db.hurried_tick("2024-03-05T10:00:00Z").await;
    db.execute("DELETE FROM `items` WHERE `id` = 190").await;
    db.fill([15], "2024-03-05T09:30:00Z").await;

    db.follow(first, at("2024-03-05T10:00:00Z")).await;

    assert_eq!(db.run(1).await, RunRow::over("succeeded", 19, 0, 1));
    // The look-back of the next window finds it.
    assert_eq!(db.tick("2024-03-05T10:20:00Z").await.counts.predicted, 1);
}
