//! The one table of variables is held against everything that shows it: docs/CONFIGURATION.md, the
//! command line's help, and the parameters of template.yaml.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use rowscore::config::{Accepts, Config, Entry, Unset, VARIABLES};

const DOCUMENT: &str = include_str!("../../../docs/CONFIGURATION.md");
const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The variables with a parameter of their own; all others are given in that of `SETTINGS`.
const WITH_PARAMETER: [&str; 3] = ["MYSQL_USER", "MYSQL_PASSWORD_SECRET", "SETTINGS"];

/// The parameters whose default is another one on purpose: nothing is reached without server and database, and a login is
/// called scorer unless somebody says otherwise.
const OTHER_DEFAULT: [&str; 2] = ["MYSQL_USER", "SETTINGS"];

/// More than these nobody reads, whoever asks.
const MOST_PARAMETERS: usize = 25;

fn entries() -> impl Iterator<Item = &'static Entry> {
    VARIABLES.iter().flat_map(|group| group.entries)
}

fn markdown(entries: &[Entry]) -> String {
    let mut table = String::from("| variable | default | accepts | meaning |\n|---|---|---|---|\n");
    for Entry { name, unset, accepts, meaning } in entries {
        let unset = match unset {
            Unset::Required => "required".to_owned(),
            Unset::Is(value) => format!("`{value}`"),
            Unset::Means(words) => (*words).to_owned(),
        };
        let accepts = match accepts {
            Accepts::OneOf(words) => words.iter().fold(accepts.to_string(), |text, word| {
                text.split(' ').map(|part| quoted(part, word)).collect::<Vec<_>>().join(" ")
            }),
            accepts => accepts.to_string(),
        };
        table += &format!("| `{name}` | {unset} | {accepts} | {meaning} |\n");
    }
    table
}

/// `part` with backticks around it, if it is `word`, a comma after it or not.
fn quoted(part: &str, word: &str) -> String {
    match part.strip_prefix(word) {
        Some(rest @ ("" | ",")) => format!("`{word}`{rest}"),
        _ => part.to_owned(),
    }
}

#[test]
fn the_document_shows_every_variable_as_the_code_has_it() {
    for group in VARIABLES {
        let expected = format!("## {}\n\n{}", group.title, markdown(group.entries));
        assert!(DOCUMENT.contains(&expected), "docs/CONFIGURATION.md should have:\n\n{expected}");
    }
}

#[test]
fn every_variable_that_is_read_is_in_the_table_and_every_one_in_the_table_is_read() {
    let read = RefCell::new(BTreeSet::new());
    let _ = Config::read(|name| {
        read.borrow_mut().insert(name.to_owned());
        (name == "WAKE_DATABASE").then(|| "true".to_owned())
    });
    let listed: BTreeSet<String> = entries().map(|entry| entry.name.to_owned()).collect();
    assert_eq!(*read.borrow(), listed);
}

#[test]
fn the_help_explains_every_variable_and_each_command_names_its_own() {
    let help = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_rowscore")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        // Lines are as long as the terminal is wide.
        String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let (topic, run, train) = (help(&["help", "variables"]), help(&["run", "--help"]), help(&["train", "--help"]));
    assert_eq!(help(&["variables", "--text"]), topic.split(" Usage:").next().unwrap());
    for Entry { name, meaning, .. } in entries() {
        assert!(topic.contains(&format!(" {name} {meaning} [")), "{name} in {topic}");
        assert!(run.contains(name), "{name} in {run}");
    }
    assert!(!train.contains("MYSQL_SERVER") && !train.contains("LANES"), "{train}");
}

/// The properties of each of the template's parameters, folded texts in one line.
fn parameters() -> BTreeMap<&'static str, BTreeMap<&'static str, String>> {
    let section = TEMPLATE.split("\nParameters:\n").nth(1).unwrap().split("\nRules:\n").next().unwrap();
    let (mut parameters, mut name, mut property) = (BTreeMap::<_, BTreeMap<_, String>>::new(), "", "");
    for line in section.lines().filter(|line| !line.is_empty()) {
        let (key, value) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
        match line.len() - line.trim_start().len() {
            2 => name = key,
            4 => {
                property = key;
                let value = value.trim().trim_start_matches(">-").trim_matches('"');
                parameters.entry(name).or_default().insert(property, value.to_owned());
            }
            _ => {
                let text = parameters.get_mut(name).unwrap().get_mut(property).unwrap();
                *text = format!("{text} {}", line.trim()).trim().to_owned();
            }
        }
    }
    parameters
}

/// The parameter of each variable of the function that has one.
fn named_parameters() -> BTreeMap<&'static str, &'static str> {
    let function = TEMPLATE.split("  ScoreFunction:\n").nth(1).unwrap().split("\n      Events:\n").next().unwrap();
    let variables = function.split("        Variables:\n").nth(1).unwrap().lines();
    let known = parameters();
    let pairs = variables.filter_map(|line| line.trim().split_once(": !Ref "));
    pairs.filter(|(_, parameter)| known.contains_key(parameter)).collect()
}

/// `meaning` as a sentence about parameters.
fn sentence(meaning: &str, parameters: &BTreeMap<&str, &str>) -> String {
    let words = meaning.split('`').map(|part| parameters.get(part).copied().unwrap_or(part));
    let text = words.collect::<String>();
    format!("{}{}.", text[..1].to_uppercase(), &text[1..])
}

#[test]
fn a_parameter_that_sets_a_variable_means_accepts_and_is_by_default_the_same() {
    let (parameters, names) = (parameters(), named_parameters());
    assert!(parameters.len() <= MOST_PARAMETERS, "the template asks for {} parameters", parameters.len());
    for Entry { name, unset, accepts, meaning } in entries() {
        let Some(parameter) = names.get(name) else {
            assert!(!WITH_PARAMETER.contains(name), "{name} has no parameter");
            continue;
        };
        assert!(WITH_PARAMETER.contains(name), "{name} has a parameter; give it in SETTINGS");
        let found = &parameters[parameter];
        let property = |key: &str| found.get(key).map(String::as_str);
        let expected = sentence(meaning, &names);
        let described = property("Description").unwrap();
        assert!(described.starts_with(&expected), "{parameter} is described as:\n{described}\nnot as:\n{expected}");
        match unset {
            Unset::Is(default) if !OTHER_DEFAULT.contains(name) => {
                assert_eq!(property("Default").unwrap(), *default, "{parameter}");
            }
            Unset::Means(_) if !OTHER_DEFAULT.contains(name) => {
                assert_eq!(property("Default"), Some(""), "{parameter}")
            }
            _ => {}
        }
        match accepts {
            Accepts::OneOf(words) => {
                let allowed = property("AllowedValues").unwrap().replace(['[', ']', '"'], "");
                let allowed: BTreeSet<&str> = allowed.split(", ").collect();
                assert_eq!(allowed, words.iter().copied().collect(), "{parameter}");
            }
            Accepts::Whole(least, most) if property("Type") == Some("Number") => {
                let number = |key| property(key).unwrap().parse::<u32>().unwrap();
                // The template may be stricter: Lambda's own limits are lower.
                assert!(*least <= number("MinValue") && number("MaxValue") <= *most, "{parameter}");
            }
            _ => {}
        }
    }
}

#[test]
fn the_template_sets_no_variable_that_nobody_reads() {
    let known: BTreeSet<&str> = entries().map(|entry| entry.name).collect();
    for block in TEMPLATE.split("        Variables:\n").skip(1) {
        let variables = block.lines().take_while(|line| line.starts_with("          "));
        let names =
            variables.filter(|line| !line.starts_with("           ")).filter_map(|line| line.trim().split_once(':'));
        for (name, _) in names.filter(|(name, _)| !name.starts_with('#') && !name.starts_with("AWS_")) {
            assert!(known.contains(name), "{name}");
        }
    }
}
