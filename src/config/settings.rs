//! `SETTINGS`: other variables in one text, for where each as a question of its own would be too many.

use std::collections::BTreeMap;

use super::setting::{Accepts, Setting};

/// Variables that are not taken from here: a secret would stand where everybody reads it.
const REFUSED: [(&str, &str); 3] = [
    ("MYSQL_PASSWORD", "a password would stand here where it can be read; give the variable itself"),
    (
        "LINEAGE_TOKEN",
        "a token would stand here where it can be read; give LINEAGE_TOKEN_SECRET, or the variable itself",
    ),
    ("SETTINGS", "it holds other variables, not itself"),
];

/// What a text that stops in between needs.
const QUOTE: &str = "a value with commas or spaces in it stands between double quotes";

/// What is set for each variable that is in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// The settings of a text that sets none but `known` variables, or what is wrong with it.
    pub(super) fn of(text: &str, known: &[&str]) -> Result<Self, String> {
        let settings = Self::parse(text)?;
        settings.0.keys().try_for_each(|name| check_name(name, known)).map(|()| settings)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut settings = BTreeMap::new();
        let mut rest = text.trim_start_matches(separates);
        while !rest.is_empty() {
            let (name, value, behind) = entry(rest).map_err(|problem| format!("SETTINGS {problem}"))?;
            if settings.insert(name.to_owned(), value).is_some() {
                return Err(format!("SETTINGS has {name} twice; accepted: each variable once"));
            }
            rest = behind.trim_start_matches(separates);
        }
        Ok(Self(settings))
    }

    /// What a variable is: what the environment gives, or what is set here.
    pub(super) fn complete(&self, name: &str, given: Option<String>) -> Option<String> {
        // An empty variable counts as unset.
        given
            .filter(|value| !value.trim().is_empty() || !self.0.contains_key(name))
            .or_else(|| self.0.get(name).cloned())
    }
}

impl Setting for Settings {
    const ACCEPTS: Accepts = Accepts::Text(
        "NAME=VALUE of other variables, with spaces or commas between them; a value with such in it between double quotes",
    );

    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

fn separates(c: char) -> bool {
    c == ',' || c.is_whitespace()
}

/// The first entry's name and value, and what comes after it.
fn entry(text: &str) -> Result<(&str, String, &str), String> {
    let word = &text[..text.find(separates).unwrap_or(text.len())];
    let Some((name, _)) = word.split_once('=') else {
        return Err(format!("has `{word}`, which is no NAME=VALUE; {QUOTE}"));
    };
    let Some(quoted) = text[name.len() + 1..].strip_prefix('"') else {
        return Ok((name, word[name.len() + 1..].to_owned(), &text[word.len()..]));
    };
    let (mut value, mut rest) = (String::new(), quoted);
    loop {
        let Some((part, behind)) = rest.split_once('"') else {
            return Err(format!("has no quote at the end of {name}; accepted: {name}=\"VALUE\""));
        };
        value.push_str(part);
        match behind.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                rest = more;
            }
            None if behind.is_empty() || behind.starts_with(separates) => return Ok((name, value, behind)),
            None => {
                return Err(format!(
                    "goes on right behind the quote at the end of {name}; a space or a comma is missing"
                ));
            }
        }
    }
}

fn check_name(name: &str, known: &[&str]) -> Result<(), String> {
    if let Some((_, reason)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
        return Err(format!("SETTINGS has {name}: {reason}"));
    }
    if known.contains(&name) {
        return Ok(());
    }
    let accepted = known.iter().filter(|name| REFUSED.iter().all(|(refused, _)| refused != *name));
    let accepted = accepted.copied().collect::<Vec<_>>().join(", ");
    Err(format!("SETTINGS has `{name}`, which is no variable; {QUOTE}; accepted: {accepted}"))
}
