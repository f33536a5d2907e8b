//! Names of a user's table and columns: checked here, and quoted wherever they stand in SQL, so that
//! nothing in them can be SQL.

use std::fmt;
use std::str::FromStr;

/// The longest name that the servers know, in characters.
const LONGEST_NAME: usize = 64;

/// What a column's name may hold besides letters and digits. Between backticks none of it has a
/// meaning.
const MARKS: &str = "_$ -.()";

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
        format!("`{}`", self.0)
    }

    /// The name as an SQL string.
    pub fn literal(&self) -> String {
        format!("'{}'", self.0)
    }
}

impl FromStr for TableName {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        named_of(name, "_$").map(Self)
    }
}

/// The name of a column, safe to stand quoted in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnName(String);

impl ColumnName {
    /// What [`FromStr`] accepts.
    pub const ACCEPTED: &str = "a column name of at most 64 letters, digits, spaces and `_$-.()`";

    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name between backticks.
    pub fn quoted(&self) -> String {
        format!("`{}`", self.0)
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

impl FromStr for ColumnName {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        // The servers refuse a space at the end.
        if name.trim() == name { named_of(name, MARKS).map(Self) } else { Err(()) }
    }
}

/// `name`, if it is of letters, digits and `marks`.
fn named_of(name: &str, marks: &str) -> Result<String, ()> {
    let plain = |c: char| c.is_alphanumeric() || marks.contains(c);
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
    if fits && name.chars().all(plain) { Ok(name.to_owned()) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_end_the_quotes_or_is_no_name_is_refused() {
        for name in ["", " a", "a ", "a`b", "a'b", "a\"b", "a;b", "a\\b", "a\nb", "a\0b", "a*b", "a#b", &"x".repeat(65)]
        {
            assert!(name.parse::<ColumnName>().is_err() && name.parse::<TableName>().is_err(), "{name}");
        }
        assert!("a b".parse::<TableName>().is_err() && "a.b".parse::<TableName>().is_err());
    }

    #[test]
    fn what_a_spreadsheet_calls_a_column_is_accepted() {
        for name in ["sepal_length", "Länge (cm)", "größe$", "no. 1", "x-1", &"x".repeat(64)] {
            assert_eq!(name.parse::<ColumnName>().unwrap().quoted(), format!("`{name}`"));
        }
        assert!("Größe".parse::<ColumnName>().unwrap().is("GRÖßE"));
    }
}
