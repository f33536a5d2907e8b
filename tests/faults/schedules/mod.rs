//! Schedules by seed: the hop's core on real servers, with a queue, a clock and a Lambda that are simulated. A seed
//! draws how the work is divided, whose round trip comes next, what is lost, killed and delivered twice, and what
//! an operator does; the same seed draws the same again.

mod game;
mod ground;
mod lot;
mod queue;
mod table;

use futures_util::future::join_all;
use tokio::task::LocalSet;

use crate::report::{Report, Tally};
use crate::support::Server;
use game::Game;
use ground::{Ground, Shape};

/// Schedules of the short form and of the full one, on each server.
const FEW: usize = 12;
const MANY: usize = 400;

/// Where they stand in the table that is printed.
const PLACE: usize = 1000;

/// Of so many schedules one is played twice, to see that it is the same again.
const TWICE: u64 = 6;

/// A schedule that was played.
struct Played {
    trace: Vec<String>,
    wrongs: Vec<String>,
}

/// Plays `times` schedules on each server, beginning with that of `seed`.
pub(crate) async fn run(short: bool, seed: u64, times: Option<usize>) -> Report {
    let times = times.unwrap_or(if short { FEW } else { MANY });
    let servers = [Server::Mysql, Server::Mariadb];
    let all = join_all(servers.map(async |server| {
        let mut report = Report::default();
        let mut tally = Tally::default();
        for seed in seed..seed + times as u64 {
            let played = play(server, seed).await;
            if times == 1 {
                println!("{server:?}\n  {}", played.trace.join("\n  "));
            }
            tally.tried += 1;
            tally.struck += 1;
            let mut wrongs = played.wrongs;
            if seed % TWICE == 0 {
                let again = play(server, seed).await.trace;
                if again != played.trace {
                    wrongs.push(parting(&played.trace, &again));
                }
            }
            for wrong in wrongs {
                report.problem(format!("{server:?}, seed {seed}: {wrong}\n{}", end_of(&played.trace)));
            }
        }
        report.add((PLACE, server as usize), &format!("schedules          {server:?}"), tally);
        report
    }));
    let mut report = Report::default();
    for part in LocalSet::new().run_until(all).await {
        report.append(part);
    }
    report
}

async fn play(server: Server, seed: u64) -> Played {
    let ground = Ground::new(server, Shape::draw(seed)).await;
    let mut game = Game::new(&ground, seed);
    let ended = game.play().await;
    let mut wrongs: Vec<String> = ended.err().into_iter().collect();
    wrongs.extend(ground.wrongs().await);
    Played { trace: game.trace, wrongs }
}

/// Where two traces of one seed part.
fn parting(one: &[String], other: &[String]) -> String {
    let at = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    format!("the same seed plays otherwise from turn {at} on: {:?}, then {:?}", one.get(at), other.get(at))
}

fn end_of(trace: &[String]) -> String {
    let from = trace.len().saturating_sub(60);
    format!("{} turns, of which the last are\n  {}", trace.len(), trace[from..].join("\n  "))
}
