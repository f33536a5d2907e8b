//! Schedules by seed: the hop's core on real servers, with a queue, a clock and a Lambda that are simulated. A seed
//! draws how the work is divided, whose round trip comes next, what is lost, killed and delivered twice, and what
//! an operator does; the same seed draws the same again.

mod game;
mod ground;
mod lot;
pub(crate) mod mutations;
mod queue;
mod table;

use std::fs;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use tokio::task::LocalSet;

use crate::report::{Report, Tally};
use crate::support::Server;
use game::Game;
use ground::{Ground, Shape};
use lot::{Lot, Luck};

/// Schedules of the short form and of the full one, on each server.
const FEW: usize = 12;
const MANY: usize = 500;

/// Where they stand in the table that is printed.
const PLACE: usize = 1000;

/// Schedules under way on each server, each in a database of its own.
const SIDE_BY_SIDE: usize = 3;

/// Of so many schedules one is played twice, to see that it is the same again.
const TWICE: u64 = 6;

/// A schedule that was played.
struct Played {
    trace: Vec<String>,
    wrongs: Vec<String>,
    /// What was done, for the replay.
    told: String,
}

/// Plays `times` schedules on each server, beginning with that of `seed`.
pub(crate) async fn run(short: bool, seed: u64, times: Option<usize>) -> Report {
    let times = times.unwrap_or(if short { FEW } else { MANY });
    let servers = [Server::Mysql, Server::Mariadb];
    let traces = &folder("schedules");
    let all = join_all(servers.map(async |server| {
        let mut report = Report::default();
        let mut schedules = stream::iter(seed..seed + times as u64)
            .map(async |seed| (seed, schedule(server, seed).await))
            .buffer_unordered(SIDE_BY_SIDE);
        while let Some((seed, played)) = schedules.next().await {
            if times == 1 {
                println!("{server:?}\n  {}", played.trace.join("\n  "));
            }
            fs::write(traces.join(format!("{server:?}-{seed}.jsonl")), &played.told).unwrap();
            for wrong in played.wrongs {
                report.problem(format!("{server:?}, seed {seed}: {wrong}\n{}", end_of(&played.trace)));
            }
            let tally = Tally { tried: 1, struck: 1, ..Tally::default() };
            report.add((PLACE, server as usize), &format!("schedules          {server:?}"), tally);
        }
        report
    }));
    let mut report = Report::default();
    for part in LocalSet::new().run_until(all).await {
        report.append(part);
    }
    if !replayed(traces, false) {
        report.problem(format!("code and model part, see above; the traces are in {}", traces.display()));
    }
    report
}

/// Whether all traces are paths of the model in `proof/`, which says where one is none.
fn replayed(traces: &Path, is_quiet: bool) -> bool {
    let cargo =
        ["run", "--quiet", "--locked", "--release", "--manifest-path", "proof/Cargo.toml", "--features", "replay"];
    let mut replay = Command::new("cargo");
    replay.args(cargo).args(["--bin", "replay", "--"]).arg(traces);
    if is_quiet {
        replay.stdout(Stdio::null()).stderr(Stdio::null());
    }
    let code = replay.status().unwrap().code();
    assert!(matches!(code, Some(0 | 1)), "the replay answered {code:?}");
    code == Some(0)
}

/// An empty folder for traces.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("traces").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Plays a schedule, some of them twice.
async fn schedule(server: Server, seed: u64) -> Played {
    let mut played = play(server, seed, Luck::draw(&mut Lot::new(seed))).await;
    if seed.is_multiple_of(TWICE) {
        let again = play(server, seed, Luck::draw(&mut Lot::new(seed))).await.trace;
        if again != played.trace {
            played.wrongs.push(parting(&played.trace, &again));
        }
    }
    played
}

async fn play(server: Server, seed: u64, luck: Luck) -> Played {
    let ground = Ground::new(server, Shape::draw(seed)).await;
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
