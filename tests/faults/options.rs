//! What is asked for on the command line.

use std::env;
use std::process::{self, exit};
use std::time::Duration;

const HELP: &str = "\
Injects faults into rowscore and compares what is left with an undisturbed run.

  scripts/faults [--short] [--seed N] [--only TEXT] [--times N] [SCENARIO...]
  scripts/faults soak --hours N | --minutes N [--seed N]

Scenarios: matrix, network, packets, crash, soak, politeness, cluster, failover, schedules, mutations. Without any: all
of them, or with --short those that fit into a minute. The seed draws what happens at random. --only keeps to the faults
of the matrix, the failovers and the mutations whose names contain TEXT, as they are printed, and to the schedules whose
shapes have its words, such as \"policy=retry_all workers=2\"; --times injects each fault of the matrix N times, and plays
as many schedules on each server; one alone is printed turn by turn. With --hours or
--minutes the soak is the long one, with two versions of the function, several jobs and altered tables, and without
--seed another one each time.
";

/// A part of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    Matrix,
    Network,
    Packets,
    Crash,
    Soak,
    Politeness,
    Cluster,
    Failover,
    Schedules,
    Mutations,
}

impl Scenario {
    const ALL: [(&'static str, Self); 10] = [
        ("matrix", Self::Matrix),
        ("network", Self::Network),
        ("packets", Self::Packets),
        ("crash", Self::Crash),
        ("soak", Self::Soak),
        ("politeness", Self::Politeness),
        ("cluster", Self::Cluster),
        ("failover", Self::Failover),
        ("schedules", Self::Schedules),
        ("mutations", Self::Mutations),
    ];

    /// Whether it is part of the short form.
    fn is_short(self) -> bool {
        matches!(self, Self::Matrix | Self::Network | Self::Packets | Self::Schedules)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub short: bool,
    pub seed: u64,
    /// Part of the names of the matrix's faults that are wanted.
    pub only: String,
    /// How often each fault of the matrix is injected, and how many schedules are played.
    pub times: Option<usize>,
    /// How long the soak takes, if not its usual minute.
    pub lasts: Option<Duration>,
    pub scenarios: Vec<Scenario>,
}

impl Options {
    /// Reads the command line. Ends the program where it cannot be understood.
    pub(crate) fn read() -> Self {
        let mut options =
            Self { short: false, seed: 1, only: String::new(), times: None, lasts: None, scenarios: Vec::new() };
        let mut seed = None;
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--short" => options.short = true,
                "--seed" => match arguments.next().and_then(|seed| seed.parse().ok()) {
                    Some(given) => seed = Some(given),
                    None => refuse("--seed: a whole number"),
                },
                "--only" => options.only = arguments.next().unwrap_or_default(),
                "--times" => match arguments.next().and_then(|times| times.parse().ok()) {
                    Some(times) => options.times = Some(times),
                    None => refuse("--times: a whole number"),
                },
                "--hours" => options.lasts = Some(of_hours(arguments.next(), 1.0)),
                "--minutes" => options.lasts = Some(of_hours(arguments.next(), 60.0)),
                "--help" => {
                    print!("{HELP}");
                    exit(0);
                }
                name => match Scenario::ALL.iter().find(|(known, _)| *known == name) {
                    Some((_, scenario)) => options.scenarios.push(*scenario),
                    None => refuse(&format!("unknown argument: {name}")),
                },
            }
        }
        // What takes hours is to be another one each time.
        options.seed = seed.unwrap_or(if options.lasts.is_some() { u64::from(process::id()) } else { 1 });
        if options.lasts.is_some() && options.scenarios != [Scenario::Soak] {
            refuse("--hours and --minutes: for the soak alone, as in scripts/faults soak --hours 2");
        }
        if options.scenarios.is_empty() {
            let all = Scenario::ALL.into_iter().map(|(_, scenario)| scenario);
            options.scenarios = all.filter(|scenario| !options.short || scenario.is_short()).collect();
        }
        options
    }
}

/// A number of hours, or of what there are so many of in an hour.
fn of_hours(number: Option<String>, in_an_hour: f64) -> Duration {
    let hours = number.and_then(|number| number.parse::<f64>().ok()).map(|number| number / in_an_hour);
    match hours.filter(|hours| (0.01..=1000.0).contains(hours)) {
        Some(hours) => Duration::from_secs_f64(hours * 3600.0),
        None => refuse("--hours and --minutes: a number, of half a minute at least"),
    }
}

fn refuse(problem: &str) -> ! {
    eprintln!("error: {problem}\n\n{HELP}");
    exit(2);
}
