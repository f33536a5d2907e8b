//! Every step × every kind of fault × several positions, on both servers and several divisions of
//! the work: one fault in one run, and then the final state must be the undisturbed run's.

use std::collections::BTreeMap;
use std::fmt;
use std::iter;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{FutureExt, join_all};
use futures_util::{StreamExt, stream};
use rowscore::hop::step::Step;
use rowscore::run::{FailurePolicy, Mode};

use crate::aws::{Aws, Habits, LogLine};
use crate::ledger::{Differences, Ledger};
use crate::options::Options;
use crate::report::{Report, Tally};
use crate::support::Server;
use crate::tables::Table;
use crate::workload::{Shape, drop_table, work_off};

/// Faults under way at the same time.
const SIDE_BY_SIDE: usize = 4;

/// How often it is tried to make a fault strike: twice where it is meant to, then earlier.
const TRIES: usize = 4;

/// How long a delayed step takes, the whole process with it; and when its event comes a second time.
const DELAY: Duration = Duration::from_millis(300);
const DOUBLED_AFTER: Duration = Duration::from_millis(120);

/// What can happen to a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It fails for good.
    Error,
    /// The process is killed.
    Kill,
    /// It is done twice; of a commit, the answer is lost.
    Repeat,
    /// It takes long, and the event is delivered a second time meanwhile.
    Delay,
    /// The connection is lost.
    Lost,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Error, Self::Kill, Self::Repeat, Self::Delay, Self::Lost];

    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Kill => "kill",
            Self::Repeat => "repeat",
            Self::Delay => "delay",
            Self::Lost => "lost",
        }
    }

    fn action(self) -> String {
        match self {
            Self::Delay => format!("sleep({})", DELAY.as_millis()),
            _ => format!("return({})", self.name()),
        }
    }

    fn habits(self) -> Habits {
        Habits { doubles_after: (self == Self::Delay).then_some(DOUBLED_AFTER), ..Habits::default() }
    }

    /// Whether `line` says that a fault of this kind struck `step`.
    fn is_said_by(self, step: Step, line: &LogLine) -> bool {
        let delay_ms = u64::try_from(DELAY.as_millis()).unwrap();
        line.step() == Some(step.name())
            && match self {
                Self::Delay => line.fields["waited_ms"].as_u64() >= Some(delay_ms),
                _ => line.fields["fault"] == self.name(),
            }
    }
}

/// One fault in one run.
#[derive(Clone, Copy, Debug)]
struct Fault {
    shape: Shape,
    step: Step,
    kind: Kind,
    /// So often the step is done undisturbed first.
    after: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shape, step, kind, after } = self;
        write!(f, "{} at {step} number {} on {shape}", kind.name(), after + 1)
    }
}

impl Fault {
    fn failpoints(self) -> String {
        let action = self.kind.action();
        match self.after {
            0 => format!("{}=1*{action}", self.step),
            after => format!("{}={after}*off->1*{action}", self.step),
        }
    }

    /// The fault's row and column in the report, and its name there.
    fn place(self) -> ((usize, usize), String) {
        let row = Step::ALL.iter().position(|step| *step == self.step).unwrap();
        let column = Kind::ALL.iter().position(|kind| *kind == self.kind).unwrap();
        ((row, column), format!("{:<18} {}", self.step.name(), self.kind.name()))
    }
}

/// What an undisturbed run comes to, and how often each environment that faults are injected into
/// does each step.
struct Reference {
    shape: Shape,
    ledger: Ledger,
    hits: BTreeMap<&'static str, usize>,
}

fn least_hits(logs: &[Vec<LogLine>], step: Step) -> usize {
    logs.iter().map(|log| log.iter().filter(|line| line.step() == Some(step.name())).count()).min().unwrap_or(0)
}

impl Reference {
    /// Runs undisturbed, and checks that everything is right.
    async fn of(shape: Shape) -> Self {
        let db = shape.database().await;
        let aws = Aws::new(db.variables(), Habits::default()).await;
        let armed = shape.armed();
        for _ in 0..armed {
            aws.arm("").await;
        }
        assert_eq!(
            work_off(shape, &db, &aws, || ()).await,
            0,
            "{shape}: the undisturbed run was not finished by its own hops"
        );
        let logs = aws.end();
        let ledger = Ledger::read(&shape, &db).await;
        assert_eq!(shape.written(&db).await, shape.predicted(), "{shape}: the undisturbed run's predictions");
        assert_eq!(ledger.set_aside(), shape.set_aside(), "{shape}");
        let by_arrival = db.count("`batch_lanes` WHERE `source` = 'arrivals'").await > 0;
        assert_eq!(by_arrival, shape.table == Table::Arrivals, "{shape}: whether a window walked the times of arrival");
        let differences = ledger.compare(&ledger);
        assert_eq!(differences.verdict, Default::default(), "{shape}, undisturbed:\n{differences}");
        drop_table(db).await;

        let hits = Step::ALL.iter().map(|&step| (step.name(), least_hits(&logs[..armed], step))).collect();
        Self { shape, ledger, hits }
    }

    /// Positions of `step`: its first time, one in the middle and its last; that in the middle alone
    /// where there are few hops, and on tables whose hops are like those by numbers.
    fn positions(&self, step: Step) -> Vec<usize> {
        let times = self.hits[step.name()];
        let middle = times / 2;
        let has_many = self.shape.hurried && self.shape.table == Table::Numbers;
        let mut positions = if has_many { vec![0, middle, times.saturating_sub(1)] } else { vec![middle] };
        positions.retain(|position| *position < times);
        positions.dedup();
        positions
    }
}

/// The divisions of the work that faults are injected into: one and four lanes, two workers, four
/// lanes in a single hop; windows that are one piece, of which some fail; and backfills. Then tables by other keys, and
/// score tables.
fn shapes(server: Server) -> Vec<Shape> {
    let by_numbers = [
        (1, 1, true, FailurePolicy::RetryFailed, None),
        (4, 1, true, FailurePolicy::RetryFailed, None),
        (2, 2, true, FailurePolicy::RetryFailed, None),
        (4, 1, false, FailurePolicy::RetryFailed, None),
        (2, 2, true, FailurePolicy::RetryAll, None),
        (4, 1, false, FailurePolicy::RetryAll, None),
        (2, 2, true, FailurePolicy::RetryFailed, Some(Mode::Write)),
        (2, 1, true, FailurePolicy::RetryFailed, Some(Mode::DryRun)),
    ]
    .map(|(lanes, workers, hurried, policy, backfill)| {
        let table = Table::Numbers;
        Shape { server, table, lanes, workers, hurried, policy, backfill }
    });
    let others = [
        (Table::Bytes, None),
        (Table::Arrivals, None),
        (Table::DaysAndNames, None),
        (Table::Latest, None),
        (Table::History, None),
        (Table::Challenged, None),
        (Table::Latest, Some(Mode::Write)),
        (Table::History, Some(Mode::Write)),
    ]
    .map(|(table, backfill)| {
        let policy = FailurePolicy::RetryFailed;
        Shape { server, table, lanes: 2, workers: 2, hurried: true, policy, backfill }
    });
    by_numbers.into_iter().chain(others).collect()
}

/// Injects every fault that is wanted, or in the short form one of each kind at each step and server.
pub(crate) async fn run(options: &Options) -> Report {
    let mut shapes: Vec<Shape> = [Server::Mysql, Server::Mariadb].into_iter().flat_map(shapes).collect();
    // A fault's name ends with that of its shape.
    if let Some((_, wanted)) = options.only.split_once(" on ") {
        shapes.retain(|shape| shape.to_string().contains(wanted));
    }
    let references: Vec<Arc<Reference>> =
        join_all(shapes.into_iter().map(Reference::of)).await.into_iter().map(Arc::new).collect();
    let mut faults = all_faults(&references);
    if options.short {
        faults = a_few(&faults);
    }
    faults.retain(|(fault, _)| fault.to_string().contains(&options.only));
    faults = faults.into_iter().flat_map(|fault| iter::repeat_n(fault, options.times.unwrap_or(1))).collect();
    let count = faults.len();
    println!("matrix: {count} faults");
    let begun = Instant::now();
    let mut report = Report::default();
    let mut results = stream::iter(faults)
        .map(async |(fault, reference)| (fault, AssertUnwindSafe(inject(fault, &reference)).catch_unwind().await))
        .buffer_unordered(SIDE_BY_SIDE);
    let mut done = 0;
    while let Some((fault, result)) = results.next().await {
        let (place, name) = fault.place();
        match result {
            Ok((tally, problem)) => {
                report.add(place, &name, tally);
                problem.into_iter().for_each(|problem| report.problem(problem));
            }
            Err(_) => report.problem(format!("{fault}: the test itself gave up, see above")),
        }
        done += 1;
        if done % 50 == 0 || done == count {
            println!("matrix: {done} of {count} faults, {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
    report
}

fn all_faults(references: &[Arc<Reference>]) -> Vec<(Fault, Arc<Reference>)> {
    let mut faults = Vec::new();
    for reference in references {
        for &step in Step::ALL {
            for kind in Kind::ALL {
                for after in reference.positions(step) {
                    let fault = Fault { shape: reference.shape, step, kind, after };
                    faults.push((fault, Arc::clone(reference)));
                }
            }
        }
    }
    faults
}

/// Of each step and kind one fault on each server, taking turns through shapes and positions.
fn a_few(all: &[(Fault, Arc<Reference>)]) -> Vec<(Fault, Arc<Reference>)> {
    let mut turn = 0;
    let mut few = Vec::new();
    for server in [Server::Mysql, Server::Mariadb] {
        for &step in Step::ALL {
            for kind in Kind::ALL {
                let choices: Vec<_> = all
                    .iter()
                    .filter(|(fault, _)| (fault.shape.server, fault.step, fault.kind) == (server, step, kind))
                    .collect();
                // A step that is not the number of choices, so that the turns do not repeat.
                few.push(choices[turn % choices.len()].clone());
                turn += 5;
            }
        }
    }
    few
}

/// Injects one fault, again if it did not strike: on a busy machine another worker or a second
/// delivery may do the step that was meant, and a step may come less often than in the undisturbed
/// run. The last try is at the step's first time. Answers what it came to, and what was wrong.
async fn inject(mut fault: Fault, reference: &Reference) -> (Tally, Option<String>) {
    let mut last = inject_once(fault, reference).await;
    for tried in 1..TRIES {
        if last.0.struck > 0 || last.1.is_some() {
            return last;
        }
        fault.after = match tried {
            1 => fault.after,
            2 => fault.after / 2,
            _ => 0,
        };
        last = inject_once(fault, reference).await;
    }
    let (tally, problem) = last;
    (tally, problem.or_else(|| (tally.struck == 0).then(|| format!("{fault}: it did not strike"))))
}

async fn inject_once(fault: Fault, reference: &Reference) -> (Tally, Option<String>) {
    let db = fault.shape.database().await;
    let aws = Aws::new(db.variables(), fault.kind.habits()).await;
    for _ in 0..fault.shape.armed() {
        aws.arm(&fault.failpoints()).await;
    }
    let rescued = work_off(fault.shape, &db, &aws, || ()).await;
    let (record, dead_letters) = (aws.record(), aws.dead_letters());
    let log = aws.end().concat();
    let strikes = log.iter().filter(|line| fault.kind.is_said_by(fault.step, line)).count() as u64;

    let mut found = Ledger::read(&fault.shape, &db).await.compare(&reference.ledger);
    found.add(|verdict| &mut verdict.hanging, dead_letters, format!("{dead_letters} dead letters"));
    found.add(|verdict| &mut verdict.hanging, record.given_up, "an event was given up".into());
    found.add(|verdict| &mut verdict.hanging, record.timeouts, "a hop hung".into());
    // Only what is not opened is refused.
    if fault.step != Step::OpenRun {
        let refused = db.count("`batch_runs` WHERE `state` = 'failed' AND `lanes` = 0").await;
        found.add(|verdict| &mut verdict.different, refused, format!("{refused} refusals"));
    }
    let deaths = if fault.kind == Kind::Kill { strikes } else { 0 };
    let unexpected = record.deaths.abs_diff(deaths);
    found.add(|verdict| &mut verdict.different, unexpected, format!("{} processes died", record.deaths));
    drop_table(db).await;
    let tally = Tally { tried: 1, struck: strikes.min(1), rescued, verdict: found.verdict };
    let problem = (found.verdict != Default::default()).then(|| describe(fault, &found, &log));
    (tally, problem)
}

fn describe(fault: Fault, found: &Differences, log: &[LogLine]) -> String {
    let mut text = format!("{fault}:\n{found}");
    for line in log.iter().filter(|line| ["WARN", "ERROR", "panicked"].iter().any(|word| line.text.contains(word))) {
        text += &format!("  log: {}\n", line.text);
    }
    text
}
