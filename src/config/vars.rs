//! Reading variables, and saying what is wrong with them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A span of time as people write it: `90s`, `15m`, `1h`, `2d`.
///
/// # Errors
/// `None` for anything else.
pub fn span(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at(text.len().checked_sub(1)?);
    let count: u64 = digits.parse().ok()?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    // A century bounds the arithmetic on dates.
    count.checked_mul(seconds).filter(|seconds| *seconds <= 100 * 366 * 86_400).map(Duration::from_secs)
}

/// The variables as they are read, and what is wrong with them.
pub(super) struct Vars<'l> {
    pub lookup: &'l dyn Fn(&str) -> Option<String>,
    pub problems: Vec<String>,
}

impl<'l> Vars<'l> {
    pub fn new(lookup: &'l dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    pub fn problem(&mut self, text: String) {
        self.problems.push(text);
    }

    pub fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub fn required(&mut self, name: &str, meaning: &str) -> Option<String> {
        let value = self.get(name);
        if value.is_none() {
            self.problem(format!("{name} is not set; give {meaning}"));
        }
        value
    }

    pub fn optional(&mut self, name: &str, accepted: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
        let value = self.get(name)?;
        if !fits(&value) {
            self.problem(format!("{name} is `{value}`; accepted: {accepted}"));
        }
        Some(value)
    }

    pub fn span(&mut self, name: &str) -> Option<Duration> {
        let value = self.optional(name, "a number and a unit: 90s, 15m, 1h or 2d", |value| span(value).is_some())?;
        span(&value)
    }

    pub fn or<T: FromStr>(&mut self, name: &str, default: &str, accepted: &str) -> T {
        let value = self.get(name).unwrap_or_else(|| default.to_owned());
        value.parse().unwrap_or_else(|_| {
            self.problem(format!("{name} is `{value}`; accepted: {accepted}"));
            default.parse().unwrap_or_else(|_| unreachable!("{name}'s default is valid"))
        })
    }

    pub fn or_in<T: FromStr + PartialOrd + fmt::Display + Copy>(
        &mut self,
        name: &str,
        default: T,
        least: T,
        most: T,
    ) -> T {
        let Some(value) = self.get(name) else { return default };
        match value.parse() {
            Ok(number) if least <= number && number <= most => number,
            _ => {
                self.problem(format!("{name} is `{value}`; accepted: a whole number from {least} to {most}"));
                default
            }
        }
    }
}
