//! The protocol with one thing wrong after the other: either the replay finds it, or the audit of what is left does.

use std::fs;
use std::path::Path;

use futures_util::future::join_all;
use rowscore::run::FailurePolicy;
use rowscore::store::mutation::{Mutation, mutate};
use tokio::task::LocalSet;

use super::ground::Shape;
use super::lot::Luck;
use super::{folder, play, replayed};
use crate::report::{Report, Tally};
use crate::support::Server;

/// Schedules that are played before the replay looks at them.
const AT_ONCE: usize = 2;

/// Schedules of one mutation on each server, at most: one that is not noticed by then goes unnoticed.
const MOST: usize = 150;

/// Schedules that are played on each server without any mutation.
const CONTROL: usize = 10;

/// Where they stand in the table that is printed.
const PLACE: usize = 1001;

/// Plays schedules with each mutation until it is noticed, beginning with that of `seed`.
pub(crate) async fn run(seed: u64, only: &str, times: Option<usize>) -> Report {
    let (mut report, mut tally) = (Report::default(), Tally::default());
    // What is noticed must be the mutation, and not what the schedules do anyway.
    if LocalSet::new().run_until(noticed(None, seed, CONTROL)).await.is_some() {
        report.problem("without any mutation something was noticed".to_owned());
    }
    let wanted = Mutation::ALL.iter().copied().filter(|mutation| mutation.name().contains(only));
    for mutation in wanted {
        mutate(Some(mutation));
        let noticed = LocalSet::new().run_until(noticed(Some(mutation), seed, times.unwrap_or(MOST))).await;
        mutate(None);
        tally.tried += 1;
        match noticed {
            Some((by, after)) => {
                tally.struck += 1;
                println!("{:<26} noticed by the {by} within {after} schedules", mutation.name());
            }
            None => report.problem(format!("{mutation} went unnoticed")),
        }
    }
    println!("mutations: {} of {} noticed", tally.struck, tally.tried);
    report.add((PLACE, 0), "mutations", tally);
    report
}

/// What noticed a mutation, and within how many schedules.
async fn noticed(mutation: Option<Mutation>, first: u64, most: usize) -> Option<(String, usize)> {
    let traces = &folder(mutation.map_or("control", Mutation::name));
    let shows = |seed: &u64| mutation.is_none_or(|mutation| may_show(mutation, Shape::draw(*seed)));
    let seeds: Vec<u64> = (first..).filter(shows).take(most).collect();
    for (number, seeds) in seeds.chunks(AT_ONCE).enumerate() {
        let both = [Server::Mysql, Server::Mariadb].map(async |server| played(server, seeds, traces).await);
        let is_wrong = join_all(both).await.contains(&true);
        let by: Vec<&str> = [("audit", is_wrong), ("replay", !replayed(traces, true))]
            .into_iter()
            .filter_map(|(by, is_noticed)| is_noticed.then_some(by))
            .collect();
        if !by.is_empty() {
            return Some((by.join(" and the "), (number * AT_ONCE + seeds.len()) * 2));
        }
        fs::read_dir(traces).unwrap().flatten().for_each(|file| fs::remove_file(file.path()).unwrap());
    }
    None
}

/// Whether the audit finds something wrong with one of these schedules.
async fn played(server: Server, seeds: &[u64], traces: &Path) -> bool {
    let played = seeds.iter().map(async |seed| {
        let played = play(server, *seed, Luck::much()).await;
        fs::write(traces.join(format!("{server:?}-{seed}.jsonl")), &played.told).unwrap();
        !played.wrongs.is_empty()
    });
    join_all(played).await.contains(&true)
}

/// Whether it can make a difference in such a schedule at all.
fn may_show(mutation: Mutation, shape: Shape) -> bool {
    use Mutation as M;
    let is_one_piece = shape.policy == FailurePolicy::RetryAll;
    match mutation {
        M::PassNotLookedAt | M::NoLastLook | M::LookBeforeRelease | M::RewoundUnclaimed => {
            is_one_piece && shape.bad == 0 && shape.workers > 1
        }
        M::FailuresNotLookedAt => is_one_piece && shape.bad > 0,
        M::LanesNotCounted => shape.workers > 1,
        M::CursorTooFar => shape.page == 1,
        _ => true,
    }
}
