//! The table that is printed at the end.

use std::collections::BTreeMap;

use crate::ledger::Verdict;

/// What faults of one kind at one step came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub tried: u64,
    /// Faults that did strike; the others' positions were not reached.
    pub struck: u64,
    /// Runs that a redelivery did not finish, but another tick did.
    pub rescued: u64,
    pub verdict: Verdict,
}

/// Tallies by step and kind of fault, and everything that was wrong.
#[derive(Debug, Default)]
pub(crate) struct Report {
    tallies: BTreeMap<(usize, usize), (String, Tally)>,
    problems: Vec<String>,
}

impl Report {
    /// Adds to the tally of the `row`th step and the `column`th kind, which is called `name`.
    pub(crate) fn add(&mut self, (row, column): (usize, usize), name: &str, tally: Tally) {
        let (_, sum) = self.tallies.entry((row, column)).or_insert_with(|| (name.to_owned(), Tally::default()));
        sum.tried += tally.tried;
        sum.struck += tally.struck;
        sum.rescued += tally.rescued;
        sum.verdict = sum.verdict + tally.verdict;
    }

    /// Notes what was wrong.
    pub(crate) fn problem(&mut self, text: String) {
        eprintln!("WRONG: {text}");
        self.problems.push(text);
    }

    pub(crate) fn append(&mut self, other: Self) {
        for (place, (name, tally)) in other.tallies {
            self.add(place, &name, tally);
        }
        self.problems.extend(other.problems);
    }

    pub(crate) fn problems(&self) -> &[String] {
        &self.problems
    }

    pub(crate) fn total(&self) -> Tally {
        self.tallies.values().fold(Tally::default(), |sum, (_, tally)| Tally {
            tried: sum.tried + tally.tried,
            struck: sum.struck + tally.struck,
            rescued: sum.rescued + tally.rescued,
            verdict: sum.verdict + tally.verdict,
        })
    }

    /// Prints the table, and answers its last line.
    pub(crate) fn print(&self) -> Tally {
        println!();
        println!(
            "{:<28} {:>6} {:>7} {:>9} {:>13} {:>13} {:>10} {:>10}",
            "fault", "tried", "struck", "rows lost", "scored twice", "left hanging", "different", "tick again"
        );
        for (name, tally) in self.tallies.values() {
            print_line(name, *tally);
        }
        let total = self.total();
        print_line("all", total);
        total
    }
}

fn print_line(name: &str, tally: Tally) {
    let Verdict { lost, twice, hanging, different } = tally.verdict;
    println!(
        "{name:<28} {:>6} {:>7} {lost:>9} {twice:>13} {hanging:>13} {different:>10} {:>10}",
        tally.tried, tally.struck, tally.rescued
    );
}
