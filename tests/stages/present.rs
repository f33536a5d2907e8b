//! The clock that decides is the database's, whatever that of the machine says.

#![expect(clippy::disallowed_methods, reason = "a test that cannot go on says so by panicking")]

use std::time::Duration;

use mysql_async::prelude::Queryable;
use rowscore_tests::{PrivateDatabase, Server};
use rstest::rstest;

use super::clock::Clock;
use super::means::Means;
use super::relay::InAnswer;
use super::runner::Runner;
use crate::answer::Outcome;
use crate::config::Config;
use crate::event::{Request, Trigger};
use crate::model;
use crate::run::RunKind;
use crate::store::{Database, schema};
use crate::window::Time;

#[rstest]
#[tokio::test]
async fn a_run_by_hand_ends_now_by_the_clock_of_the_database(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("2024-03-05 10:00:00", "2037-03-05 10:00:00")] present: &str,
) {
    let private = PrivateDatabase::new(server).await;
    let mut variables = private.variables().clone();
    variables.insert("DELIVER_WITHIN".into(), "1h".into());
    let config = Config::read(|name| variables.get(name).cloned()).unwrap();
    let database = Database::new(&config.mysql, &config.work.items_table).await.where_it_is(present);
    let mut conn = database.connect().await.unwrap();
    schema::migrate(&mut conn, &config.work.items_table).await.unwrap();
    // This second, five minutes ago, and what is still to come.
    let insert = "INSERT INTO `items` (`values`, `created_datetime`) VALUES ('[5.1, 3.5, 1.4, 0.2]', NOW()), \
                  ('[5.1, 3.5, 1.4, 0.2]', NOW() - INTERVAL 5 MINUTE), ('[6.7, 3.0, 5.2, 2.3]', NOW() + INTERVAL 1 SECOND)";
    conn.query_drop(insert).await.unwrap();
    let means = Means { database: &database, work: &config.work, model: model::embedded().unwrap(), challenger: None };
    let runner = Runner { means, relay: &InAnswer };
    let clock = || Clock::starting(None, Duration::ZERO, Duration::from_secs(60));

    let plan = super::plan(&mut conn, means, &Request::by_hand(RunKind::Window)).await.unwrap();
    let answer = runner.hop(&Trigger::Open(Request::by_hand(RunKind::Window)), clock()).await.unwrap();
    let status = runner.hop(&Trigger::Status(None), clock()).await.unwrap();

    assert_eq!((answer.outcome, answer.counts.predicted, plan.new_items), (Outcome::Finished, 2, Some(2)));
    let present: Time = format!("{}Z", present.replace(' ', "T")).parse().unwrap();
    assert_eq!((plan.window.to - present).num_milliseconds(), 1000);
    assert_eq!(status.oldest_pending_seconds, Some(0));
    let spare = [answer.spare_seconds, plan.takes.and_then(|takes| takes.spare_seconds)];
    assert!(spare.iter().all(|spare| spare.is_some_and(|spare| (3595..=3601).contains(&spare))), "{spare:?}");
    let sql = "SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), `started_at`), \
                 TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), `attempted_at`), TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), `finished_at`) \
               FROM `batch_runs`";
    let ages: (i64, i64, i64) = conn.query_first(sql).await.unwrap().unwrap();
    assert!([ages.0, ages.1, ages.2].iter().all(|age| (-1..=0).contains(age)), "{ages:?}");
}
