//! What is asked for on the command line.

use std::env;
use std::process::exit;

const HELP: &str = "\
Injects faults into rowscore and compares what is left with an undisturbed run.

  scripts/faults [--short] [--seed N] [--only TEXT] [--times N] [SCENARIO...]

Scenarios: matrix, network, packets, crash, soak, politeness, cluster, schedules, mutations. Without any: all of them, or
with --short those that fit into a minute. The seed draws what happens at random. --only keeps to the faults
of the matrix, or to the mutations, whose names contain TEXT, as they are printed; --times injects each N times, and plays as many schedules on each
server; one alone is printed turn by turn.
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
    Schedules,
    Mutations,
}

impl Scenario {
    const ALL: [(&'static str, Self); 9] = [
        ("matrix", Self::Matrix),
        ("network", Self::Network),
        ("packets", Self::Packets),
        ("crash", Self::Crash),
        ("soak", Self::Soak),
        ("politeness", Self::Politeness),
        ("cluster", Self::Cluster),
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
    pub scenarios: Vec<Scenario>,
}

impl Options {
    /// Reads the command line. Ends the program where it cannot be understood.
    pub(crate) fn read() -> Self {
        let mut options = Self { short: false, seed: 1, only: String::new(), times: None, scenarios: Vec::new() };
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--short" => options.short = true,
                "--seed" => match arguments.next().and_then(|seed| seed.parse().ok()) {
                    Some(seed) => options.seed = seed,
                    None => refuse("--seed: a whole number"),
                },
                "--only" => options.only = arguments.next().unwrap_or_default(),
                "--times" => match arguments.next().and_then(|times| times.parse().ok()) {
                    Some(times) => options.times = Some(times),
                    None => refuse("--times: a whole number"),
                },
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
        if options.scenarios.is_empty() {
            let all = Scenario::ALL.into_iter().map(|(_, scenario)| scenario);
            options.scenarios = all.filter(|scenario| !options.short || scenario.is_short()).collect();
        }
        options
    }
}

fn refuse(problem: &str) -> ! {
    eprintln!("error: {problem}\n\n{HELP}");
    exit(2);
}
