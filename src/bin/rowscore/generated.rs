//! `rowscore completions` and `rowscore man`: what is made of the command line's own description.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Command;
use clap_complete::Shell;
use serde_json::json;

use crate::files;
use crate::out::Out;

/// Print a script that completes commands and options in your shell
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  rowscore completions bash > ~/.local/share/bash-completion/completions/rowscore\n  \
                        rowscore completions zsh > ~/.zfunc/_rowscore\n  \
                        rowscore completions fish > ~/.config/fish/completions/rowscore.fish"
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Write the manual: a page for each command
#[derive(clap::Args)]
#[command(after_help = "Example:\n  rowscore man ~/.local/share/man/man1\n  man rowscore-run")]
pub(crate) struct ManArgs {
    /// The folder, which is made if it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn completions(args: &CompletionsArgs, mut cli: Command, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut cli, "rowscore", &mut script);
    out.verbatim(&String::from_utf8(script)?)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(args: &ManArgs, cli: Command, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let folder = &args.folder;
    fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(cli, folder)).map_err(files::of(folder))?;
    out.tell(&json!({"folder": folder}), [format!("The manual is in {}.", folder.display())])?;
    Ok(ExitCode::SUCCESS)
}
