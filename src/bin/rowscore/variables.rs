//! `rowscore help variables`, and which variables each command's help names.

use std::error::Error;
use std::fmt::Write;
use std::process::ExitCode;

use clap::Command;
use rowscore::config::{Accepts, Entry, Group, Unset, VARIABLES};
use serde::Serialize;

use crate::out::Out;

/// The commands that read no variable: they are about files, or about rowscore itself. All others read the whole
/// configuration, and refuse what is wrong in it.
const READ_NONE: [&str; 7] = ["train", "import", "score", "evaluate", "variables", "completions", "man"];

/// A variable, for programs.
#[derive(Serialize)]
struct Described {
    name: &'static str,
    meaning: &'static str,
    accepts: String,
    default: Option<&'static str>,
    required: bool,
}

impl From<&Entry> for Described {
    fn from(entry: &Entry) -> Self {
        let Entry { name, unset, accepts, meaning } = *entry;
        let default = match unset {
            Unset::Required => None,
            Unset::Is(text) | Unset::Means(text) => Some(text),
        };
        Self { name, meaning, accepts: accepts.to_string(), default, required: matches!(unset, Unset::Required) }
    }
}

pub(crate) fn run(out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let all: Vec<Described> = VARIABLES.iter().flat_map(|group| group.entries).map(Described::from).collect();
    out.show(&all, || table().trim_end().lines().map(str::to_owned).collect::<Vec<_>>())?;
    Ok(ExitCode::SUCCESS)
}

/// Every variable with what it means, accepts and is by default.
pub(crate) fn table() -> String {
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

/// Lets the help of each command name the variables that it reads.
pub(crate) fn named_in(cli: Command) -> Command {
    let cli = cli.mut_subcommand("variables", |command| command.long_about(table()));
    cli.mut_subcommands(|command| if READ_NONE.contains(&command.get_name()) { command } else { naming(command) })
}

fn naming(command: Command) -> Command {
    let mut text = command.get_after_help().map_or_else(String::new, |help| format!("{help}\n\n"));
    text += "Variables (`rowscore help variables` says what they mean):";
    for Group { title, entries } in VARIABLES {
        let names: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
        text += &format!("\n  {title}: {}", names.join(", "));
    }
    command.after_help(text).mut_subcommands(naming)
}
