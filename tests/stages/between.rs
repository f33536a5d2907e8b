//! What happens between two statements of a hop: others came and went, and the hop does not rely on what it read
//! before.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use rowscore_tests::Server;
use rstest::rstest;

use super::finish::finish;
use super::go_on::go_on;
use super::hand_over::hand_over;
use super::next::Next;
use super::open::open;
use super::set_off::set_off;
use super::stages::{FIRST, Ground, assert_next, is_over, message, on_every_server, request};
use super::work::work;
use crate::answer::Outcome;
use crate::event::Request;
use crate::run::{Pass, RunKind, RunState};
use crate::store::hold;
use crate::store::lanes::Due;
use crate::store::runs::Run;
use crate::store::session::Session;

on_every_server! {
    async fn a_hop_that_takes_lanes_up_counts_on_from_whoever_came_and_went_meanwhile(server) {
        let ground = Ground::new(server, 3, &[]).await;
        let (run, before) = ground.opened().await;
        // Since these were read, two hops had the lanes, and the message of a third was sent.
        ground.execute("UPDATE `batch_lanes` SET `hop` = 3, `claim` = 3").await;
        assert_next!(set_off(&mut ground.hop(), run, before).await.unwrap(), Next::Work(_, Due { worker: 0, hop: 4 }));
    }

    async fn a_number_that_was_sent_is_noted_also_on_lanes_that_are_done(server) {
        let ground = Ground::new(server, 3, &[]).await;
        let (run, _) = ground.opened().await;
        ground.execute("UPDATE `batch_lanes` SET `finished_at` = NOW()").await;
        let mut hop = ground.hop();
        is_over(&hand_over(&mut hop, &run, FIRST).await.unwrap(), Outcome::Continued);
        assert_eq!(hop.done.sent, [message(&run, 2)]);
        // A second pass begins behind it: the queue would take the same number for a duplicate.
        assert_eq!(ground.value::<u32>("SELECT MIN(`hop`) FROM `batch_lanes`").await, 2);
    }

    async fn lanes_are_free_when_the_hop_that_is_due_is_sent_for_again(server) {
        let ground = Ground::new(server, 3, &[]).await;
        let (run, _) = ground.opened().await;
        ground.execute("UPDATE `batch_lanes` SET `hop` = 3").await;
        let mut hop = ground.hop();
        is_over(&go_on(&mut hop, message(&run, 2)).await.unwrap(), Outcome::Stale);
        assert_eq!(hop.done.sent, [message(&run, 3)]);
        // It may be delivered before this hop has ended.
        let mut next = Session::new(&ground.database);
        assert!(next.ask(|| hold::hold(run.id, 0)).await.unwrap());
    }

    async fn lanes_are_free_when_their_run_is_over_and_another_is_asked_for(server) {
        let ground = Ground::new(server, 3, &[]).await;
        let (run, _) = ground.opened().await;
        ground.execute("UPDATE `batch_lanes` SET `finished_at` = NOW()").await;
        let mut hop = ground.hop();
        hop.asked = Some(Request::by_hand(RunKind::Window));
        assert!(hop.session.ask(|| hold::hold(run.id, 1)).await.unwrap());
        assert_next!(finish(&mut hop, run.clone()).await.unwrap(), Next::Open(_));
        // A window in one piece is tried again by this very hop, which would take its own hold for another's.
        assert!(Session::new(&ground.database).ask(|| hold::hold(run.id, 1)).await.unwrap());
    }

    async fn a_window_in_one_piece_that_ended_and_failed_while_a_hop_was_at_work_is_left_whole(server) {
        let ground = Ground::new(server, 3, &[("FAILURE_POLICY", "retry_all")]).await;
        ground
            .execute(
                "INSERT INTO `batch_runs` (`items_table`, `kind`, `tick`, `window_to`, `chained`, `policy`, `model_version`, \
                   `lanes`, `workers`, `state`, `pass`, `attempt`, `started_at`, `attempted_at`) \
                 SELECT 'items', 'window', `at`, `at`, TRUE, 'retry_all', '', 1, 1, 'failed', 'check', 9, `at`, `at` \
                 FROM (SELECT TIMESTAMP '2024-03-05 10:05:00' AS `at`) ended",
            )
            .await;
        // The hop of the tick before began when that window was still to come. It has worked on an earlier run since.
        let mut hop = ground.hop();
        hop.began = hop.began.before(Duration::from_secs(600));
        is_over(&open(&mut hop, request()).await.unwrap(), Outcome::NothingToDo);
        assert_eq!(ground.value::<u64>("SELECT `items` FROM `batch_runs` WHERE `tick` = '2024-03-05 10:00:00'").await, 0);
    }

    async fn what_others_had_locked_is_left_also_where_what_is_left_takes_too_long_to_count(server) {
        let ground = Ground::new(server, 3, &[]).await;
        let (run, _) = ground.opened().await;
        ground.execute("UPDATE `batch_lanes` SET `finished_at` = NOW()").await;
        ground.execute("UPDATE `batch_lanes` SET `skipped` = 2, `predicted` = 1 WHERE `lane` = 0").await;
        // Nobody reads the items now.
        let mut client = ground.client().await;
        client.query_drop("LOCK TABLES `items` WRITE").await.unwrap();

        is_over(&finish(&mut ground.hop(), run).await.unwrap(), Outcome::Finished);

        assert_eq!(ground.value::<(u64, u64)>("SELECT `predicted`, `pending` FROM `batch_runs`").await, (1, 2));
    }

    async fn a_hop_that_finds_the_second_pass_begun_takes_it_up(server) {
        let ground = Ground::new(server, 3, &[("FAILURE_POLICY", "retry_all"), ("LANES", "1")]).await;
        let (run, _) = ground.opened().await;
        assert_eq!(run.pass, Pass::Check);
        ground.execute("UPDATE `batch_runs` SET `pass` = 'write'").await;
        let mut hop = ground.hop();
        assert!(hop.session.ask(|| hold::hold(run.id, 0)).await.unwrap());
        let next = work(&mut hop, run.clone(), FIRST).await.unwrap();
        assert_next!(next, Next::TakeUp(Run { pass: Pass::Write, .. }));
        assert!(Session::new(&ground.database).ask(|| hold::hold(run.id, 0)).await.unwrap(), "the lanes are free");

        ground.execute("UPDATE `batch_runs` SET `state` = 'paused'").await;
        is_over(&work(&mut ground.hop(), run.clone(), FIRST).await.unwrap(), Outcome::Stopped);
        assert_eq!(ground.found(run.id).await.state, RunState::Paused);
    }
}
