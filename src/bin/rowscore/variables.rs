//! `rowscore help variables`, and which variables each command's help names.

use std::error::Error;
use std::fmt::Write;
use std::process::ExitCode;

use clap::Command;
use rowscore::config::{Accepts, Group, Unset, VARIABLES};

use crate::lines::Lines;

/// The commands that read variables, each with how many groups of them it reads, from the first on.
const READERS: [(&str, usize); 12] = [
    ("init", 2),
    ("plan", 4),
    ("run", 4),
    ("results", 2),
    ("status", 4),
    ("failures", 2),
    ("serve", 2),
    ("pause", 2),
    ("resume", 2),
    ("cancel", 2),
    ("release", 2),
    ("explain", 2),
];

pub fn run() -> Result<ExitCode, Box<dyn Error>> {
    let mut lines = Lines::new();
    lines.write(table().trim_end())?;
    lines.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Every variable with what it means, accepts and is by default.
pub fn table() -> String {
    let mut text = String::from("The environment variables that rowscore reads; an empty one counts as unset.\n");
    for Group { title, entries } in VARIABLES {
        let _ = write!(text, "\n{title}:\n");
        for entry in *entries {
            let unset = match entry.unset {
                Unset::Required => "required".to_owned(),
                Unset::Is(value) => format!("default: {value}"),
                Unset::Means(words) => format!("default: {words}"),
            };
            let accepts = match entry.accepts {
                Accepts::Text("text") => String::new(),
                accepts => format!("; accepted: {accepts}"),
            };
            let _ = writeln!(text, "  {}\n      {} [{unset}{accepts}]", entry.name, entry.meaning);
        }
    }
    text
}

/// Lets the long help of each command name the variables that it reads.
pub fn named_in(cli: Command) -> Command {
    READERS.into_iter().fold(cli, |cli, (name, groups)| {
        cli.mut_subcommand(name, |command| {
            let mut text = command.get_after_help().map_or_else(String::new, |help| format!("{help}\n\n"));
            text += "Variables (`rowscore help variables` says what they mean):";
            for Group { title, entries } in &VARIABLES[..groups] {
                let names: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
                text += &format!("\n  {title}: {}", names.join(", "));
            }
            command.after_long_help(text)
        })
    })
}
