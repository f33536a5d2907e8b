//! One schedule: hops under way together on a real server, and a seed that draws whose round trip comes next.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use rowscore::answer::Answer;
use rowscore::event::{Continuation, Trigger};
use rowscore::hop::{self, Clock, Runner};
use rowscore::run::{RunId, RunState};
use rowscore::store::session::Session;
use rowscore::store::turn::{Verdict, refereed};
use serde_json::{Value, json};
use tokio::task::{JoinHandle, spawn_local, yield_now};
use tokio::time::timeout;

use super::ground::{Ground, ITEMS};
use super::lot::{Lot, Luck};
use super::queue::{Queue, Way};
use super::table::{Table, Ticket};
use crate::support::{at, model, tick};

/// Hops under way together, at most.
const HOPS: usize = 3;

/// Turns of a schedule, at most: one that takes longer comes to no end.
const TURNS: usize = 3000;

/// Ticks without faults after which everything must be done.
pub(super) const CALM_TICKS: usize = 6;

/// A round trip that has taken so long may wait for a lock of somebody who waits for a turn.
const LONG: Duration = Duration::from_millis(3);

/// How much later than their tick hops begin.
const LATE: TimeDelta = TimeDelta::seconds(7);

/// Polls after which every hop that can go on has gone on.
const POLLS: usize = 30;

/// What started a hop.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cause {
    Tick(usize),
    Message(Continuation),
    /// An operator's command is under way as a hop is.
    Steering(RunId, RunState),
}

impl Cause {
    fn told(&self) -> Value {
        match self {
            Self::Tick(number) => json!({ "tick": at(&time_of(*number)).timestamp() }),
            Self::Message(message) => {
                json!({ "run": message.run_id, "worker": message.worker, "number": message.hop })
            }
            Self::Steering(run, to) => json!({ "run": run, "to": to }),
        }
    }
}

struct Seated {
    cause: Cause,
    task: JoinHandle<Result<Option<Answer>, String>>,
}

/// What may happen next.
#[derive(Clone, Debug)]
enum Move {
    Turn(Ticket, Verdict),
    Kill(usize),
    Tick(usize),
    Deliver(Continuation),
    Twice(Cause),
    Steer(RunId, RunState),
    LateRow,
}

/// A schedule under way.
pub(super) struct Game<'g> {
    ground: &'g Ground<'g>,
    lot: Lot,
    luck: Luck,
    table: Table,
    queue: Queue,
    hops: BTreeMap<usize, Seated>,
    started: usize,
    /// Ticks that did not fire yet, or are to come again, by number.
    ticks: Vec<usize>,
    /// What happened, a line each.
    pub trace: Vec<String>,
}

impl<'g> Game<'g> {
    pub(super) fn new(ground: &'g Ground<'g>, seed: u64, luck: Luck) -> Self {
        let lot = Lot::new(seed);
        let ticks = (0..ground.shape.ticks).collect();
        let (table, queue) = Default::default();
        Self { ground, lot, luck, table, queue, hops: BTreeMap::new(), started: 0, ticks, trace: Vec::new() }
    }

    /// Plays it to its end: first with what may go wrong, then without.
    pub(super) async fn play(&mut self) -> Result<(), String> {
        self.round().await?;
        self.luck = Luck::NONE;
        // Later than this, it would be beyond the look-back.
        if self.ground.has_late_row() {
            self.late_row().await;
        }
        self.ground.resume_all().await;
        self.table.tell(json!({ "resumed": true }));
        for number in 0..CALM_TICKS {
            if self.ground.is_done().await {
                return Ok(());
            }
            self.trace.push("calm".into());
            self.ticks.push(self.ground.shape.ticks + number);
            self.round().await?;
        }
        if self.ground.is_done().await { Ok(()) } else { Err("ticks without faults do not end it".into()) }
    }

    async fn late_row(&self) {
        self.ground.insert_late_row().await;
        self.table.tell(json!({ "arrives": ITEMS }));
    }

    /// What was done, for the replay.
    pub(super) fn told(&self) -> Vec<Value> {
        self.table.told()
    }

    /// Ends the hops that are still under way, where it came to no end: their locks would keep the database.
    pub(super) async fn clear(&mut self) {
        for (hop, seated) in std::mem::take(&mut self.hops) {
            seated.task.abort();
            let _ = seated.task.await;
            self.table.leave(hop);
        }
        let _ = self.ground.wait_for_end_of(&self.table.gone()).await;
    }

    /// Makes moves until there is none.
    async fn round(&mut self) -> Result<(), String> {
        for _ in 0..TURNS {
            self.settle().await?;
            let moves = self.moves().await;
            let Some(chosen) = self.choose(&moves) else { return Ok(()) };
            self.make(chosen).await;
        }
        Err(format!("no end in {TURNS} turns"))
    }

    /// Waits until everybody waits for a turn, or for a lock of somebody who does.
    async fn settle(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            for _ in 0..POLLS {
                yield_now().await;
            }
            if self.table.busy() == 0 {
                break;
            }
            if timeout(LONG, self.table.answered()).await.is_ok() {
                continue;
            }
            // Nobody waits for a turn who waits for a lock of somebody that is gone.
            self.ground.wait_for_end_of(&self.table.gone()).await?;
            let (waits, busy) = (self.ground.lock_waits(&self.table.connections()).await, self.table.busy());
            if waits == busy {
                break;
            }
            if begun.elapsed() > Duration::from_secs(60) {
                return Err("the server does not answer".into());
            }
        }
        let over: Vec<usize> =
            self.hops.iter().filter(|(_, seated)| seated.task.is_finished()).map(|(at, _)| *at).collect();
        for hop in over {
            let seated = self.hops.remove(&hop).unwrap();
            let ended = seated.task.await.map_err(|error| format!("hop {hop} panicked: {error}"))?;
            self.table.leave(hop);
            let word = match &ended {
                Ok(Some(answer)) => answer.outcome.to_string(),
                Ok(None) => "steered".into(),
                Err(error) => format!("failed: {error}"),
            };
            self.table.tell(json!({ "hop": hop, "over": word, "is_done": ended.is_ok() }));
            self.trace.push(format!("hop {hop} {word}"));
            self.ended(seated.cause, ended.is_ok());
        }
        self.ground.wait_for_end_of(&self.table.gone()).await
    }

    fn ended(&mut self, cause: Cause, is_done: bool) {
        match cause {
            Cause::Message(message) => self.queue.settle(message, is_done),
            // Lambda tries an event again that failed.
            Cause::Tick(number) if !is_done => self.ticks.push(number),
            Cause::Tick(_) | Cause::Steering(..) => {}
        }
    }

    /// What may happen now.
    async fn moves(&self) -> Vec<Move> {
        let mut moves: Vec<Move> =
            self.table.waiting().into_iter().map(|ticket| Move::Turn(ticket, Verdict::Made)).collect();
        let has_room = self.hops.len() < HOPS;
        if has_room {
            moves.extend(self.ticks.iter().min().map(|number| Move::Tick(*number)));
            moves.extend(self.queue.deliverable().into_iter().map(Move::Deliver));
        }
        if moves.is_empty() {
            return moves;
        }
        let turns: Vec<Ticket> = self.table.waiting();
        if self.luck.losses > 0 {
            let lost = [Verdict::LostBefore, Verdict::LostAfter];
            let lossy = turns.iter().filter(|(_, doing, _)| *doing != "waiting");
            moves.extend(lossy.flat_map(|ticket| lost.map(|verdict| Move::Turn(*ticket, verdict))));
        }
        if self.luck.kills > 0 {
            moves.extend(self.hops.keys().filter(|hop| self.table.is_idle(**hop)).map(|hop| Move::Kill(*hop)));
        }
        if self.luck.again > 0 && has_room {
            let again = self
                .hops
                .values()
                .map(|seated| seated.cause.clone())
                .filter(|cause| !matches!(cause, Cause::Steering(..)));
            moves.extend(again.map(Move::Twice));
        }
        if self.luck.steering > 0 && has_room {
            for (run, state) in self.ground.unfinished().await {
                let to: &[RunState] = match state {
                    RunState::Paused => &[RunState::Running],
                    _ => &[RunState::Paused, RunState::Cancelled],
                };
                moves.extend(to.iter().map(|to| Move::Steer(run, *to)));
            }
        }
        if self.ground.has_late_row() {
            moves.push(Move::LateRow);
        }
        moves
    }

    /// Draws one. Turns come most of the time, or nothing would get on.
    fn choose(&mut self, moves: &[Move]) -> Option<Move> {
        let (plain, odd): (Vec<Move>, Vec<Move>) = moves
            .iter()
            .cloned()
            .partition(|one| matches!(one, Move::Turn(_, Verdict::Made) | Move::Tick(_) | Move::Deliver(_)));
        if !odd.is_empty() && self.lot.one_in(self.luck.odds) {
            return Some(self.lot.one_of(&odd));
        }
        (!plain.is_empty()).then(|| self.lot.one_of(&plain))
    }

    async fn make(&mut self, chosen: Move) {
        self.trace.push(match &chosen {
            Move::Turn((hop, doing, _), Verdict::Made) => format!("hop {hop}: {doing}"),
            Move::Turn((hop, doing, _), verdict) => format!("hop {hop}: {doing}: {verdict:?}"),
            other => format!("{other:?}"),
        });
        match chosen {
            Move::Turn(ticket, verdict) => {
                self.luck.losses -= u32::from(verdict != Verdict::Made);
                self.table.decide(ticket, verdict);
            }
            Move::Kill(hop) => {
                self.luck.kills -= 1;
                let seated = self.hops.remove(&hop).unwrap();
                seated.task.abort();
                let _ = seated.task.await;
                self.table.leave(hop);
                self.table.tell(json!({ "hop": hop, "over": "killed", "is_done": false }));
                self.ended(seated.cause, false);
            }
            Move::Tick(number) => {
                self.ticks.retain(|other| *other != number);
                self.table.pass(Duration::from_secs(3600) * number as u32);
                self.start(Cause::Tick(number));
            }
            Move::Deliver(message) => {
                self.queue.deliver(message.clone());
                self.start(Cause::Message(message));
            }
            Move::Twice(cause) => {
                self.luck.again -= 1;
                self.start(cause);
            }
            Move::Steer(run, to) => {
                self.luck.steering -= 1;
                self.start(Cause::Steering(run, to));
            }
            Move::LateRow => self.late_row().await,
        }
    }

    /// Starts a hop.
    fn start(&mut self, cause: Cause) {
        let number = self.started;
        self.started += 1;
        let seat = self.table.seat(number);
        let (database, work) = (self.ground.setup.database.clone(), self.ground.setup.config.work.clone());
        let is_hurried = self.lot.one_in(2);
        let queue = self.queue.clone();
        let caused = cause.clone();
        let now = at(&time_of(0)) + LATE + self.table.passed();
        self.table.tell(json!({ "hop": number, "starts": cause.told() }));
        let hop = async move {
            let means = hop::Means { database: &database, work: &work, model: model(), challenger: None };
            let trigger = match caused {
                Cause::Tick(number) => tick(&time_of(number)),
                Cause::Message(message) => Trigger::Continue(message),
                Cause::Steering(run, to) => return steer(means, run, to).await.map(|()| None),
            };
            let clock = if is_hurried {
                Clock::immediately(now)
            } else {
                Clock::new(now, None, Duration::ZERO, Duration::from_secs(600))
            };
            let relay = Way { queue, seat };
            let runner = Runner { means, relay: &relay };
            runner.hop(&trigger, clock).await.map(Some).map_err(|error| error.to_string())
        };
        let task = spawn_local(refereed(self.table.seat(number), hop));
        self.hops.insert(number, Seated { cause, task });
    }
}

/// The time of a tick.
pub(super) fn time_of(number: usize) -> String {
    format!("2024-03-05T{:02}:00:00Z", 10 + number)
}

async fn steer(means: hop::Means<'_>, run: RunId, to: RunState) -> Result<(), String> {
    let mut session = Session::new(means.database);
    let steered = session.run(async |conn| match to {
        RunState::Cancelled => hop::stop(conn, means, run, to, None).await,
        _ => hop::steer(conn, means.database.items_table(), run, to).await,
    });
    let steered = steered.await.map(|_| ()).map_err(|error| error.to_string());
    session.close().await;
    steered
}
