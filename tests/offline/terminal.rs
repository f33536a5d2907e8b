//! The command line as a good citizen: for people and for programs, with and without somebody who reads.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::pipe;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rowscore::config::VARIABLES;
use rstest::rstest;
use tempfile::TempDir;

const ROWSCORE: &str = env!("CARGO_BIN_EXE_rowscore");
const ROW: &str = "[5.1, 3.5, 1.4, 0.2]";

/// All commands but `help`.
const COMMANDS: [&str; 25] = [
    "doctor",
    "quality",
    "model",
    "init",
    "apply",
    "jobs",
    "plan",
    "run",
    "results",
    "status",
    "failures",
    "serve",
    "pause",
    "resume",
    "cancel",
    "release",
    "forget",
    "train",
    "import",
    "score",
    "evaluate",
    "explain",
    "variables",
    "completions",
    "man",
];

fn rowscore(arguments: &[&str]) -> Command {
    let mut command = Command::new(ROWSCORE);
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

fn said(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn on_a_terminal(arguments: &str, variables: &BTreeMap<&str, &str>) -> String {
    let script = ["--quiet", "--return", "--command", &format!("{ROWSCORE} {arguments}"), "/dev/null"];
    let output = Command::new("script").args(script).env_clear().envs(variables).stdin(Stdio::null()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[rstest]
#[case::explain(&["explain", "--values", ROW])]
#[case::explain_for_people(&["explain", "--text", "--values", ROW])]
#[case::score(&["score", "--data", "model/iris.csv"])]
#[case::evaluate(&["evaluate", "--data", "model/iris.csv", "--label", "species"])]
#[case::variables(&["variables", "--text"])]
#[case::completions(&["completions", "bash"])]
#[case::help(&["--help"])]
#[case::help_of_a_command(&["help", "run"])]
#[case::version(&["--version"])]
fn where_nobody_reads_any_more_that_is_no_error(#[case] arguments: &[&str]) {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let output = rowscore(arguments).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn where_nobody_reads_what_is_wrong_the_exit_status_still_says_it() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    assert_eq!(rowscore(&["run"]).stderr(writer).status().unwrap().code(), Some(1));
}

#[test]
fn what_was_done_is_done_where_nobody_reads_it() {
    let folder = TempDir::new().unwrap();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let manual = rowscore(&["man", folder.path().to_str().unwrap()]).stdout(writer).output().unwrap();
    assert_eq!(manual.status.code(), Some(0), "{manual:?}");
    assert!(folder.path().join("rowscore-run.1").is_file());
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = rowscore(&["score", "--data", "model/iris.csv"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("rowscore: writing the output: No space left"));
}

#[rstest]
#[case::explain("explain --values [5.1,3.5,1.4,0.2]", "nearest support vectors")]
#[case::score("score --data model/iris.csv", "setosa 0.97")]
#[case::evaluate("evaluate --data model/iris.csv --label species", "calibration error")]
#[case::variables("variables", "The database:")]
fn text_is_for_terminals_and_json_for_everything_else(#[case] arguments: &str, #[case] text: &str) {
    let is_json = |said: &str| said.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
    let nothing = BTreeMap::new();
    let piped = |more: &[&str]| {
        let arguments: Vec<&str> = arguments.split(' ').chain(more.iter().copied()).collect();
        said(rowscore(&arguments).output().unwrap())
    };
    let terminal = on_a_terminal(arguments, &nothing);
    assert!(terminal.contains(text), "{terminal}");
    assert!(is_json(&piped(&[])));
    assert_eq!(piped(&["--text"]), terminal.replace('\r', ""));
    assert_eq!(piped(&["--json"]), on_a_terminal(&format!("{arguments} --json"), &nothing).replace('\r', ""));
    assert_eq!(piped(&["--json"]), piped(&[]));
}

#[test]
fn several_problems_come_one_a_line() {
    let output = rowscore(&["status"]).env("LANES", "many").output().unwrap();
    let lines: Vec<String> = String::from_utf8(output.stderr).unwrap().lines().map(str::to_owned).collect();
    assert_eq!((output.status.code(), lines.len()), (Some(1), 5), "{lines:?}");
    assert_eq!(lines[0], "rowscore: the configuration is unusable:");
    for (line, name) in lines[1..].iter().zip(["MYSQL_DATABASE", "MYSQL_USER", "MYSQL_PASSWORD", "LANES"]) {
        assert!(line.starts_with(&format!("  - {name} is ")), "{line}");
    }
}

#[test]
fn every_command_has_an_example_and_those_that_read_variables_name_them() {
    for command in COMMANDS {
        let help = said(rowscore(&[command, "-h"]).output().unwrap());
        assert!(help.contains("Example") && help.contains(&format!("\n  rowscore {command}")), "{command}: {help}");
        let reads = !["train", "import", "score", "evaluate", "variables", "completions", "man"].contains(&command);
        assert_eq!(help.contains("MYSQL_SERVER"), reads, "{command}: {help}");
        if reads {
            assert_names_every_variable(&help);
        }
    }
    for command in ["list", "push", "use", "rollback", "remove"] {
        assert_names_every_variable(&said(rowscore(&["model", command, "-h"]).output().unwrap()));
    }
    let all = said(rowscore(&["-h"]).output().unwrap());
    let listed: Vec<&str> =
        all.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty()).collect();
    let names: Vec<&str> = listed.iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names.iter().filter(|name| **name != "help").count(), COMMANDS.len(), "{names:?}");
    assert!(COMMANDS.iter().all(|command| names.contains(command)), "{names:?}");
}

/// Whatever reads the configuration reads all of it, and refuses what is wrong in it.
fn assert_names_every_variable(help: &str) {
    for entry in VARIABLES.iter().flat_map(|group| group.entries) {
        assert!(help.contains(entry.name), "{}: {help}", entry.name);
    }
}

#[test]
fn help_is_as_wide_as_the_terminal() {
    for width in [60, 90] {
        let help = said(rowscore(&["init", "--help"]).env("COLUMNS", width.to_string()).output().unwrap());
        let longest = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= width && longest > width - 20, "{longest} of {width}:\n{help}");
    }
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let on = |variables: &[(&str, &str)]| on_a_terminal("dance", &variables.iter().copied().collect());
    assert!(on(&[("TERM", "xterm")]).contains('\u{1b}'));
    assert!(!on(&[("TERM", "xterm"), ("NO_COLOR", "1")]).contains('\u{1b}'));
    let output = rowscore(&["dance"]).output().unwrap();
    assert!(!String::from_utf8(output.stderr).unwrap().contains('\u{1b}'));
}

#[test]
fn each_shell_completes_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = said(rowscore(&["completions", shell]).output().unwrap());
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell}");
    }
    let script = said(rowscore(&["completions", "bash"]).output().unwrap());
    let asked = format!(
        "{script}\nCOMP_WORDS=(rowscore can); COMP_CWORD=1; _rowscore rowscore can rowscore; echo ${{COMPREPLY[*]}}"
    );
    let output = Command::new("bash").args(["-c", &asked]).output().unwrap();
    assert_eq!(said(output), "cancel\n");
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = TempDir::new().unwrap();
    said(rowscore(&["man", folder.path().to_str().unwrap()]).output().unwrap());
    for command in COMMANDS {
        let page = fs::read_to_string(folder.path().join(format!("rowscore-{command}.1"))).unwrap();
        assert!(page.contains(".TH rowscore") && page.contains("Example"), "{command}: {page}");
    }
    assert!(folder.path().join("rowscore.1").is_file());
}

/// All texts that may name a command: the code's own, and the documents.
fn texts(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            self::texts(&entry, texts);
        } else if entry.extension().is_some_and(|extension| extension == "rs" || extension == "md") {
            texts.push(fs::read_to_string(entry).unwrap());
        }
    }
}

/// The commands between backticks, with a job's name or a number for each placeholder.
fn commands(text: &str) -> Vec<Vec<String>> {
    let spans = text.split('`').filter_map(|span| span.strip_prefix("rowscore "));
    let is_whole = |span: &&str| span.lines().count() == 1 && !span.contains(['"', '\\', '(']);
    let is_placeholder = |word: &str| word.starts_with(['{', '<', '…']) || word.chars().all(|c| c.is_ascii_uppercase());
    spans
        .filter(is_whole)
        .map(|span| {
            let words: Vec<&str> = span.split(' ').collect();
            let is_job = |at: usize| words[at] == "JOB" || at > 0 && ["use", "rollback"].contains(&words[at - 1]);
            let filled = |at: usize| if is_job(at) { "default" } else { "1" };
            let word = |(at, word): (usize, &&str)| if is_placeholder(word) { filled(at) } else { word }.to_owned();
            words.iter().enumerate().map(word).collect()
        })
        .collect()
}

#[test]
fn every_command_that_a_sentence_names_is_one() {
    let mut all = vec![fs::read_to_string("README.md").unwrap()];
    for folder in ["src", "docs"] {
        texts(Path::new(folder), &mut all);
    }
    let named: BTreeSet<Vec<String>> = all.iter().flat_map(|text| commands(text)).collect();
    assert!(named.len() > 30, "{named:?}");
    for command in named {
        // Its words are looked at in order, up to this one.
        let upto = if command[0] == "help" { None } else { Some("--help") };
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(upto).collect();
        let output = rowscore(&arguments).output().unwrap();
        // An option may be named alone.
        let is_known =
            output.status.success() || String::from_utf8_lossy(&output.stderr).contains("a value is required");
        assert!(is_known, "`rowscore {}`: {output:?}", command.join(" "));
    }
}

/// What only the command line needs is not carried along by the functions.
#[test]
fn completions_and_manual_are_in_no_function() {
    let has = |program: &str, name: &str| {
        let bytes = fs::read(Path::new(program)).unwrap();
        bytes.windows(name.len()).any(|window| window == name.as_bytes())
    };
    for name in ["clap_complete", "clap_mangen"] {
        assert!(has(ROWSCORE, name), "{name}");
        for function in [env!("CARGO_BIN_EXE_score"), env!("CARGO_BIN_EXE_api")] {
            assert!(!has(function, name), "{name} in {function}");
        }
    }
}
