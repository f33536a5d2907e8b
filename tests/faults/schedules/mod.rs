//! Schedules by seed: the hop's core on real servers, with a queue, a clock and a Lambda that are simulated. A seed
//! draws how the work is divided, whose round trip comes next, what is lost, killed and delivered twice, and what
//! an operator does; the same seed draws the same again. `examples/schedules.rs` is the same as a program of its own.

mod game;
mod ground;
mod lot;
mod queue;
mod replay;
mod table;

use std::cell::RefCell;
use std::fs;
use std::iter;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use futures_util::future::join_all;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

use crate::support::Server;
use game::Game;
use ground::{Ground, Place, Shape};
use lot::{Lot, Luck};
pub(crate) use replay::{Traces, folder, replayed};

/// Schedules under way on each server, each in a database of its own.
const SIDE_BY_SIDE: usize = 5;

/// Of so many schedules one is played twice, to see that it is the same again.
const TWICE: u64 = 20;

/// How much goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// As the seed draws it.
    Drawn,
    /// As much as may.
    Storm,
}

/// The seeds from one on of schedules whose shapes have all of these words, such as `policy=leave workers=2`.
pub(crate) fn seeds(first: u64, words: &str) -> impl Iterator<Item = u64> {
    (first..).filter(move |seed| {
        let shape = Shape::draw(*seed).to_string();
        words.split_whitespace().all(|word| shape.split_whitespace().any(|known| known == word))
    })
}

/// What became of schedules.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// How many were played on each server.
    pub played: Vec<(Server, u64)>,
    /// What was wrong with them.
    pub wrongs: Vec<String>,
}

/// A schedule that was played.
struct Played {
    trace: Vec<String>,
    wrongs: Vec<String>,
    /// What was done, for the replay.
    told: String,
}

/// Plays schedules on both servers, and leaves what was done in a folder.
pub(crate) fn play_all(seeds: &[u64], weather: Weather, traces: &Path) -> Outcome {
    // Each server's schedules in a thread of their own: what is simulated takes as long as what the servers do.
    let parts = thread::scope(|scope| {
        let on = |server| scope.spawn(move || (server, wait_for(on_server(server, seeds, weather, traces))));
        [Server::Mysql, Server::Mariadb].map(on).map(|part| part.join().unwrap())
    });
    let mut outcome = Outcome::default();
    for (server, wrongs) in parts {
        outcome.played.push((server, seeds.len() as u64));
        outcome.wrongs.extend(wrongs);
    }
    outcome
}

fn wait_for<T>(work: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(LocalSet::new().run_until(work))
}

/// Plays schedules on a server, side by side. Answers what was wrong.
async fn on_server(server: Server, seeds: &[u64], weather: Weather, traces: &Path) -> Vec<String> {
    let (left, wrongs) = (RefCell::new(seeds.iter()), Mutex::new(Vec::new()));
    let next = || left.borrow_mut().next().copied();
    let one_after_the_other = async |_| {
        let place = Place::new(server).await;
        while let Some(seed) = next() {
            let played = schedule(&place, seed, weather).await;
            if seeds.len() == 1 {
                println!("{server:?}\n  {}", played.trace.join("\n  "));
            }
            fs::write(traces.join(format!("{server:?}-{seed}.jsonl")), &played.told).unwrap();
            for wrong in played.wrongs {
                let text = format!("{server:?}, seed {seed}: {wrong}\n{}", end_of(&played.trace));
                wrongs.lock().unwrap().push(text);
            }
        }
    };
    join_all((0..SIDE_BY_SIDE.min(seeds.len())).map(one_after_the_other)).await;
    wrongs.into_inner().unwrap()
}

/// Plays a schedule, some of them twice.
async fn schedule(place: &Place, seed: u64, weather: Weather) -> Played {
    let luck = match weather {
        Weather::Drawn => Luck::draw(&mut Lot::new(seed)),
        Weather::Storm => Luck::much(),
    };
    let mut played = play(place, seed, luck).await;
    if weather == Weather::Drawn && seed.is_multiple_of(TWICE) {
        let again = play(place, seed, luck).await.trace;
        if again != played.trace {
            played.wrongs.push(parting(&played.trace, &again));
        }
    }
    played
}

async fn play(place: &Place, seed: u64, luck: Luck) -> Played {
    let ground = Ground::new(place, Shape::draw(seed)).await;
    let mut game = Game::new(&ground, seed, luck);
    let ended = game.play().await;
    game.clear().await;
    let mut wrongs: Vec<String> = ended.err().into_iter().collect();
    wrongs.extend(ground.wrongs().await);
    let setup = serde_json::json!({ "setup": ground.told() });
    let told = iter::once(setup).chain(game.told()).map(|line| format!("{line}\n")).collect();
    Played { trace: game.trace, wrongs, told }
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
