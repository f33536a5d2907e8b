//! The stages of a hop, one by one: each is given a run, and says what comes next.
//!
//! They are tests of the library's inside, so `src/hop/mod.rs` takes this file in; they need the servers.

#![expect(clippy::disallowed_methods, reason = "a test that cannot go on says so by panicking")]

use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::{FromRow, Queryable};
use rowscore_tests::{PrivateDatabase, Server};
use rstest::rstest;

use super::canary::try_out;
use super::clock::Clock;
use super::finish::finish;
use super::go_on::go_on;
use super::hand_over::hand_over;
use super::lane_sessions::LaneSessions;
use super::look_up::look_up;
use super::means::Means;
use super::next::Next;
use super::open::open;
use super::relay::InAnswer;
use super::respond::respond;
use super::set_off::{set_off, take_up};
use super::succession::succeed;
use super::under_way::{Done, Hop};
use super::work::work;
use crate::answer::Outcome;
use crate::config::{Config, JobName};
use crate::event::{Continuation, Request};
use crate::model;
use crate::run::{RunId, RunKind, RunState};
use crate::store::lanes::Due;
use crate::store::runs::{self, Run};
use crate::store::session::Session;
use crate::store::{Database, hold, schema};
use crate::window::Time;

/// Every server, for each test.
macro_rules! on_every_server {
    ($(async fn $name:ident($server:ident) $body:block)+) => { $(
        #[rstest]
        #[tokio::test]
        async fn $name(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] $server: Server) $body
    )+ };
}

/// rowscore in a database of its own, in which hops are begun and not looped.
pub(super) struct Ground {
    private: PrivateDatabase,
    config: Config,
    pub(super) database: Database,
    lanes: LaneSessions,
}

impl Ground {
    /// With so many items, of which some lanes of pages of 100 are made.
    pub(super) async fn new(server: Server, items: u32, settings: &[(&str, &str)]) -> Self {
        let ground = Self::over(server, "DO 0", settings).await;
        for number in 0..items {
            let values = if number % 2 == 0 { "[5.1, 3.5, 1.4, 0.2]" } else { "[6.7, 3.0, 5.2, 2.3]" };
            ground
                .execute(&format!(
                    "INSERT INTO `items` (`values`, `created_datetime`) VALUES ('{values}', '2024-03-05 09:30:00')"
                ))
                .await;
        }
        ground
    }

    /// The same without items, where `ddl` makes the table that is scored.
    pub(super) async fn over(server: Server, ddl: &str, settings: &[(&str, &str)]) -> Self {
        let private = PrivateDatabase::new(server).await;
        private.client().await.query_drop(ddl).await.unwrap();
        let mut variables = private.variables().clone();
        variables.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        variables.insert("PAGE_SIZE".into(), "100".into());
        let config = Config::read(|name| variables.get(name).cloned()).unwrap();
        let database = Database::new(&config.mysql, &config.work.items_table).await;
        schema::migrate(&mut database.connect().await.unwrap(), &config.work.items_table).await.unwrap();
        let lanes = LaneSessions::new(&database, config.work.lanes);
        Self { private, config, database, lanes }
    }

    pub(super) async fn client(&self) -> Conn {
        self.private.client().await
    }

    pub(super) async fn execute(&self, sql: &str) {
        self.private.client().await.query_drop(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub(super) async fn value<T: FromRow + Send + 'static>(&self, sql: &str) -> T {
        self.private.client().await.query_first(sql).await.unwrap().unwrap_or_else(|| panic!("{sql}: no row"))
    }

    fn hop_with(&self, clock: Clock) -> Hop<'_> {
        let model = model::embedded().unwrap();
        let means = Means { database: &self.database, work: &self.config.work, model, challenger: None };
        let session = Session::new(&self.database);
        let began = clock.told().unwrap();
        Hop { means, relay: &InAnswer, clock, began, session, lanes: &self.lanes, asked: None, done: Done::default() }
    }

    /// A hop with time enough.
    pub(super) fn hop(&self) -> Hop<'_> {
        self.hop_with(Clock::new(now(), None, Duration::ZERO, Duration::from_secs(60)))
    }

    /// A hop with time for one page of each lane.
    fn hurried_hop(&self) -> Hop<'_> {
        self.hop_with(Clock::immediately(now()))
    }

    /// A run of its own, and the workers that have something to do.
    pub(super) async fn opened(&self) -> (Run, Vec<Due>) {
        let mut hop = self.hop();
        match open(&mut hop, request()).await.unwrap() {
            Next::SetOff(run, due) => {
                assert!(hop.done.oldest_pending_seconds.is_some(), "the run begins");
                (run, due)
            }
            other => panic!("{other:?}"),
        }
    }

    /// The run as it stands.
    pub(super) async fn found(&self, id: RunId) -> Run {
        let table = self.database.items_table();
        Session::new(&self.database).ask(|| runs::find(table, id)).await.unwrap().unwrap()
    }
}

fn now() -> Time {
    "2024-03-05T10:00:07Z".parse().unwrap()
}

pub(super) fn request() -> Request {
    Request { tick: Some("2024-03-05T10:00:00Z".parse().unwrap()), ..Request::by_hand(RunKind::Window) }
}

pub(super) fn message(run: &Run, hop: u32) -> Continuation {
    Continuation { job: JobName::default(), run_id: run.id, worker: 0, hop, not_before: None }
}

pub(super) const FIRST: Due = Due { worker: 0, hop: 1 };

/// What comes next, without the run.
#[track_caller]
pub(super) fn is_over(next: &Next, wanted: Outcome) {
    assert!(matches!(next, Next::Over(_, outcome) if *outcome == wanted), "{next:?}");
}

macro_rules! assert_next {
    ($next:expr, $pattern:pat $(if $guard:expr)?) => {
        match $next {
            $pattern $(if $guard)? => {}
            other => panic!("{other:?}"),
        }
    };
}
pub(super) use {assert_next, on_every_server};

on_every_server! {
    async fn a_run_that_is_asked_for_is_opened_once(server) {
        let ground = Ground::new(server, 3, &[("WORKERS", "2"), ("LANES", "1")]).await;
        let (run, due) = ground.opened().await;
        assert_eq!(due, [Due { worker: 0, hop: 0 }, Due { worker: 1, hop: 0 }]);

        let mut hop = ground.hop();
        assert_next!(open(&mut hop, request()).await.unwrap(), Next::TakeUp(again) if again.id == run.id);
        assert_eq!(hop.asked, None, "it is the tick's own");
        let later = Request { tick: None, ..request() };
        assert_next!(open(&mut hop, later.clone()).await.unwrap(), Next::TakeUp(first) if first.id == run.id);
        assert_eq!(hop.asked, Some(later), "what is asked for comes after it");

        ground.execute("UPDATE `batch_runs` SET `model_version` = 'another'").await;
        assert_next!(open(&mut hop, request()).await.unwrap(), Next::Succeed(old) if old.id == run.id);
        ground.execute("UPDATE `batch_runs` SET `state` = 'succeeded', `finished_at` = NOW()").await;
        is_over(&open(&mut hop, request()).await.unwrap(), Outcome::NothingToDo);
    }

    async fn a_run_without_an_item_is_over_when_it_is_opened(server) {
        let ground = Ground::new(server, 0, &[]).await;
        let mut hop = ground.hop();
        let next = open(&mut hop, request()).await.unwrap();
        is_over(&next, Outcome::NothingToDo);
        assert_next!(next, Next::Over(id, _) if id == hop.done.part_in);
    }

    async fn a_continuation_is_trusted_for_nothing_but_where_to_look(server) {
        let ground = Ground::new(server, 3, &[]).await;
        let (run, _) = ground.opened().await;
        let unknown = Continuation { job: JobName::default(), run_id: RunId(99), worker: 0, hop: 1, not_before: None };
        assert_next!(go_on(&mut ground.hop(), unknown).await.unwrap(), Next::Over(None, Outcome::Stale));

        ground.execute("UPDATE `batch_lanes` SET `hop` = 3").await;
        let mut hop = ground.hop();
        is_over(&go_on(&mut hop, message(&run, 2)).await.unwrap(), Outcome::Stale);
        assert_eq!(hop.done.sent, [message(&run, 3)], "the one that is due is sent again");
        let mut at_work = Session::new(&ground.database);
        assert!(at_work.ask(|| hold::hold(run.id, 0)).await.unwrap());
        is_over(&go_on(&mut ground.hop(), message(&run, 3)).await.unwrap(), Outcome::AlreadyRunning);
        at_work.close().await;

        for number in [3, 70] {
            let mut hop = ground.hop();
            let next = go_on(&mut hop, message(&run, number)).await.unwrap();
            assert_next!(next, Next::Work(work, Due { worker: 0, hop: 3 }) if work.id == run.id);
            hop.session.close().await;
        }
        ground.execute("UPDATE `batch_lanes` SET `finished_at` = NOW()").await;
        let mut hop = ground.hop();
        assert_next!(go_on(&mut hop, message(&run, 3)).await.unwrap(), Next::Finish(done) if done.id == run.id);
        hop.session.close().await;
    }

    async fn a_continuation_of_a_run_that_does_not_run_goes_on_with_nothing(server) {
        let ground = Ground::new(server, 3, &[]).await;
        let (run, _) = ground.opened().await;
        let ends = [
            ("paused", Outcome::Stopped),
            ("failed", Outcome::Stopped),
            ("cancelled", Outcome::Stopped),
            ("succeeded", Outcome::Stale),
            ("succeeded_with_failures", Outcome::Stale),
        ];
        for (state, outcome) in ends {
            ground.execute(&format!("UPDATE `batch_runs` SET `state` = '{state}'")).await;
            is_over(&go_on(&mut ground.hop(), message(&run, 1)).await.unwrap(), outcome);
        }
        ground.execute("UPDATE `batch_runs` SET `state` = 'running', `model_version` = 'another'").await;
        assert_next!(go_on(&mut ground.hop(), message(&run, 1)).await.unwrap(), Next::Succeed(old) if old.id == run.id);
    }

    async fn a_run_of_another_model_is_replaced_or_what_was_asked_for_is_looked_for_again(server) {
        let ground = Ground::new(server, 3, &[]).await;
        let (run, _) = ground.opened().await;
        ground.execute("UPDATE `batch_runs` SET `model_version` = 'another'").await;
        let old = ground.found(run.id).await;

        let mut hop = ground.hop();
        hop.asked = Some(request());
        assert_next!(
            succeed(&mut hop, old.clone()).await.unwrap(),
            Next::TakeUp(successor) if successor.id != old.id && successor.state == RunState::Running
        );
        assert_eq!(hop.asked, None, "of the tick's own run the successor is what was asked for");
        assert_eq!(ground.found(old.id).await.state, RunState::Cancelled);
        // Delivered once more: the same one is found.
        assert_next!(succeed(&mut ground.hop(), old.clone()).await.unwrap(), Next::TakeUp(run) if run.id != old.id);

        ground.execute("UPDATE `batch_runs` SET `state` = 'paused' WHERE `state` = 'running'").await;
        ground.execute(&format!("UPDATE `batch_runs` SET `model_version` = 'third' WHERE `id` <> {}", old.id)).await;
        is_over(&succeed(&mut ground.hop(), old.clone()).await.unwrap(), Outcome::Stopped);
        hop.asked = Some(request());
        assert_next!(succeed(&mut hop, old).await.unwrap(), Next::Open(asked) if asked == request());
    }

    async fn an_unfinished_run_is_taken_up_with_the_workers_that_have_lanes(server) {
        let ground = Ground::new(server, 4, &[("WORKERS", "2"), ("LANES", "1")]).await;
        let (run, _) = ground.opened().await;
        ground.execute("UPDATE `batch_lanes` SET `finished_at` = NOW() WHERE `worker` = 0").await;
        assert_next!(
            take_up(&mut ground.hop(), run.clone()).await.unwrap(),
            Next::SetOff(_, due) if due == [Due { worker: 1, hop: 0 }]
        );
        ground.execute("UPDATE `batch_lanes` SET `finished_at` = NOW()").await;
        assert_next!(take_up(&mut ground.hop(), run.clone()).await.unwrap(), Next::Finish(_));
        let paused = Run { state: RunState::Paused, ..run };
        is_over(&take_up(&mut ground.hop(), paused).await.unwrap(), Outcome::Stopped);
    }

    async fn a_hop_holds_one_workers_lanes_and_sends_off_the_others_that_nobody_holds(server) {
        let ground = Ground::new(server, 6, &[("WORKERS", "3"), ("LANES", "1")]).await;
        let (run, due) = ground.opened().await;
        let mut first = ground.hop();
        assert_next!(
            set_off(&mut first, run.clone(), due.clone()).await.unwrap(),
            Next::Work(_, due) if due == FIRST
        );
        let sent: Vec<(u16, u32)> = first.done.sent.iter().map(|sent| (sent.worker, sent.hop)).collect();
        assert_eq!(sent, [(1, 1), (2, 1)]);

        // Worker 0 is held, and so is worker 2: the next hop takes worker 1, and sends off nobody.
        let mut held = Session::new(&ground.database);
        assert!(held.ask(|| hold::hold(run.id, 2)).await.unwrap());
        let mut second = ground.hop();
        assert_next!(
            set_off(&mut second, run.clone(), due.clone()).await.unwrap(),
            // The first hop is on its way to it: its message is stale then.
            Next::Work(_, Due { worker: 1, hop: 2 })
        );
        assert_eq!(second.done.sent, []);
        is_over(&set_off(&mut ground.hop(), run, due).await.unwrap(), Outcome::AlreadyRunning);
    }

    async fn lanes_are_worked_on_until_they_are_done_or_time_is_up(server) {
        let ground = Ground::new(server, 250, &[("LANES", "1")]).await;
        let (run, _) = ground.opened().await;
        let mut hop = ground.hurried_hop();
        assert_next!(work(&mut hop, run.clone(), FIRST).await.unwrap(), Next::HandOver(_, due) if due == FIRST);
        assert_eq!((hop.done.part_in, hop.done.work.predicted), (Some(run.id), 100));

        ground.execute("UPDATE `batch_runs` SET `state` = 'paused'").await;
        is_over(&work(&mut ground.hop(), run.clone(), FIRST.next()).await.unwrap(), Outcome::Stopped);
        ground.execute("UPDATE `batch_runs` SET `state` = 'running'").await;
        assert_next!(work(&mut ground.hop(), run, FIRST.next()).await.unwrap(), Next::Finish(_));
        assert_eq!(ground.value::<u64>("SELECT COUNT(*) FROM `items` WHERE `prediction` IS NOT NULL").await, 250);
    }

    async fn too_many_failures_stop_the_work(server) {
        let ground = Ground::new(server, 0, &[("LANES", "1")]).await;
        let row = "('{}', '2024-03-05 09:30:00')";
        let rows = vec![row; 1500].join(", ");
        ground.execute(&format!("INSERT INTO `items` (`values`, `created_datetime`) VALUES {rows}")).await;
        // Were there none of the model's, no run would be opened.
        ground.execute("UPDATE `items` SET `values` = '[5.1, 3.5, 1.4, 0.2]' WHERE `id` <= 20").await;
        let (run, _) = ground.opened().await;
        is_over(&work(&mut ground.hop(), run.clone(), FIRST).await.unwrap(), Outcome::Stopped);
        assert_eq!(ground.found(run.id).await.state, RunState::Failed);
    }

    async fn lanes_are_handed_over_to_the_next_hop_until_there_is_none(server) {
        let ground = Ground::new(server, 3, &[("MAX_HOPS", "2")]).await;
        let (run, _) = ground.opened().await;
        let mut hop = ground.hop();
        is_over(&hand_over(&mut hop, &run, FIRST).await.unwrap(), Outcome::Continued);
        assert_eq!(hop.done.sent, [message(&run, 2)]);
        assert_eq!(ground.value::<u32>("SELECT MIN(`hop`) FROM `batch_lanes`").await, 2);
        let mut last = ground.hop();
        is_over(&hand_over(&mut last, &run, FIRST.next()).await.unwrap(), Outcome::Stopped);
        assert_eq!((last.done.sent, ground.found(run.id).await.state), (vec![], RunState::Failed));
    }

    async fn the_last_worker_ends_the_run_and_goes_on_with_what_was_asked_for(server) {
        let ground = Ground::new(server, 3, &[("WORKERS", "2"), ("LANES", "1")]).await;
        let (run, _) = ground.opened().await;
        work(&mut ground.hop(), run.clone(), FIRST).await.unwrap();
        is_over(&finish(&mut ground.hop(), run.clone()).await.unwrap(), Outcome::LanesFinished);
        work(&mut ground.hop(), run.clone(), Due { worker: 1, hop: 1 }).await.unwrap();
        let mut hop = ground.hop();
        hop.asked = Some(request());
        assert_next!(finish(&mut hop, run.clone()).await.unwrap(), Next::Open(asked) if asked == request());
        assert_eq!(ground.found(run.id).await.state, RunState::Succeeded);
        // It is over, whoever says so again.
        is_over(&finish(&mut ground.hop(), run).await.unwrap(), Outcome::LanesFinished);
    }

    async fn a_hops_time_is_added_to_each_of_its_runs_once(server) {
        let ground = Ground::new(server, 3, &[("LANES", "1")]).await;
        let (run, _) = ground.opened().await;
        work(&mut ground.hop(), run.clone(), FIRST).await.unwrap();
        let mut hop = ground.hop();
        hop.asked = Some(Request::by_hand(RunKind::Window));
        tokio::time::sleep(Duration::from_millis(500)).await;
        let Next::Open(asked) = finish(&mut hop, run.clone()).await.unwrap() else { panic!("it is not asked for") };
        let Next::Over(second, outcome) = open(&mut hop, asked).await.unwrap() else { panic!("there is an item") };
        respond(&mut hop, second, outcome).await.unwrap();
        let billed = |id: RunId| format!("SELECT `billed_ms` FROM `batch_runs` WHERE `id` = {id}");
        assert!(ground.value::<u64>(&billed(run.id)).await >= 500);
        assert!(ground.value::<u64>(&billed(second.unwrap())).await < 500);
    }

    async fn a_run_in_one_piece_goes_on_with_its_second_pass(server) {
        let ground = Ground::new(server, 3, &[("FAILURE_POLICY", "retry_all"), ("LANES", "1")]).await;
        let (run, _) = ground.opened().await;
        assert_next!(work(&mut ground.hop(), run.clone(), FIRST).await.unwrap(), Next::Finish(_));
        let Next::TakeUp(second) = finish(&mut ground.hop(), run).await.unwrap() else { panic!("no second pass") };
        assert_next!(work(&mut ground.hop(), second.clone(), FIRST.next()).await.unwrap(), Next::Finish(_));
        is_over(&finish(&mut ground.hop(), second).await.unwrap(), Outcome::Finished);
    }

    async fn a_canary_is_tried_out_once_a_tick(server) {
        let ground = Ground::new(server, 3, &[]).await;
        let canary = Request { kind: RunKind::Canary, ..request() };
        is_over(&try_out(&mut ground.hop(), &canary).await.unwrap(), Outcome::Finished);
        is_over(&try_out(&mut ground.hop(), &canary).await.unwrap(), Outcome::NothingToDo);
        assert_eq!(ground.value::<u64>("SELECT COUNT(*) FROM `items` WHERE `prediction` IS NOT NULL").await, 0);
    }

    async fn whoever_asks_is_told_of_the_last_run(server) {
        let ground = Ground::new(server, 3, &[]).await;
        assert_next!(look_up(&mut ground.hop()).await.unwrap(), Next::Over(None, Outcome::Status));
        let (run, _) = ground.opened().await;
        assert_next!(look_up(&mut ground.hop()).await.unwrap(), Next::Over(Some(id), Outcome::Status) if id == run.id);
    }
}
