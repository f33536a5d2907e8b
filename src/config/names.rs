//! Names of a user's table and columns: whatever the servers take, quoted wherever they stand in SQL, so that
//! nothing in them can be SQL.

use super::setting::{Accepts, Setting};
use std::fmt;

/// The longest name that the servers know, in characters.
const LONGEST_NAME: usize = 64;

/// What may stand in a string of SQL as it is, whatever the server's mode is, and in a statement with parameters.
const PLAIN_MARKS: &str = "_$ -.()";

/// The name of a table, safe to stand quoted in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName(String);

impl TableName {
    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name between backticks.
    pub fn quoted(&self) -> String {
        quoted(&self.0)
    }

    /// The name as an SQL string, in hexadecimal digits where that is safer.
    pub fn literal(&self) -> String {
        if self.0.chars().all(|c| c.is_alphanumeric() || PLAIN_MARKS.contains(c)) {
            return format!("'{}'", self.0);
        }
        let digits: String = self.0.bytes().map(|byte| format!("{byte:02x}")).collect();
        format!("_utf8mb4 x'{digits}'")
    }
}

impl Setting for TableName {
    const ACCEPTS: Accepts = Accepts::Text("the name of a table as the server has it, 64 characters at most");

    fn read(name: &str) -> Option<Self> {
        unquoted(name).map(Self)
    }
}

/// The name of a job: what stands in SQL, in paths and in logs as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobName(String);

impl JobName {
    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for JobName {
    /// `default`, the job of the variables.
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Setting for JobName {
    const ACCEPTS: Accepts =
        Accepts::Text("the name of a job: lower-case letters, digits, `_` and `-`, a letter first, 64 at most");

    fn read(name: &str) -> Option<Self> {
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        let fits = name.len() <= LONGEST_NAME && name.starts_with(|c: char| c.is_ascii_lowercase());
        (fits && name.chars().all(known)).then(|| Self(name.to_owned()))
    }
}

/// The name of a model, as its artifact has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameOfModel(String);

/// Characters of a model's name, at most.
const LONGEST_NAME_OF_MODEL: usize = 200;

impl NameOfModel {
    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NameOfModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Setting for NameOfModel {
    const ACCEPTS: Accepts = Accepts::Text("the name of a model: 1 to 200 characters that can be seen");

    fn read(name: &str) -> Option<Self> {
        let fits = (1..=LONGEST_NAME_OF_MODEL).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        fits.then(|| Self(name.to_owned()))
    }
}

/// The name of a column, safe to stand quoted in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnName(String);

impl ColumnName {
    /// The column that the server calls so.
    pub(crate) fn of(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `run_id`, the column that `rowscore init` adds.
    pub(super) fn of_runs() -> Self {
        Self("run_id".to_owned())
    }

    /// The name between backticks.
    pub fn quoted(&self) -> String {
        quoted(&self.0)
    }

    /// Whether the server takes `name` for the same column: it does not tell case.
    pub fn is(&self, name: &str) -> bool {
        self.0.to_lowercase() == name.to_lowercase()
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Setting for ColumnName {
    const ACCEPTS: Accepts = Accepts::Text("the name of a column as the server has it, 64 characters at most");

    fn read(name: &str) -> Option<Self> {
        unquoted(name).map(Self)
    }
}

/// A name between backticks, in which a backtick is doubled.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// The name that a person wrote, between backticks or without, if a server can have one like it: none has a
/// character beyond the first 65,536, or a space at its end.
fn unquoted(text: &str) -> Option<String> {
    let name = match text.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
        Some(inner) => inner.replace("``", "`"),
        None => text.to_owned(),
    };
    let known = |c: char| c != '\0' && c <= '\u{ffff}';
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && name.chars().all(known) && !name.ends_with(' ');
    fits.then_some(name)
}

/// The parts of `text` between `separator`s, without the spaces around them. What stands between backticks is
/// not separated.
pub(super) fn parts(text: &str, separator: char) -> Vec<&str> {
    let mut is_quoted = false;
    text.split(|c| {
        is_quoted ^= c == '`';
        c == separator && !is_quoted
    })
    .map(str::trim)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_backticks_is_not_separated() {
        assert_eq!(parts("a, `b,c` ,d=`e``,f`,", ','), ["a", "`b,c`", "d=`e``,f`", ""]);
    }
}
