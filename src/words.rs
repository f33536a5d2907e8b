//! Numbers, times, states and errors as people say them: on the page, on the command line, in the log.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::iter;

use chrono::{SecondsFormat, TimeDelta};
use indicatif::HumanCount;

use crate::run::{RunKind, RunState};
use crate::window::Time;

/// `65,322`.
pub fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

/// `1 item`, `65,322 items`.
pub fn items(number: u64) -> String {
    if number == 1 { "1 item".to_owned() } else { format!("{} items", count(number)) }
}

/// `59 s`, `3 min`, `2 h 5 min`, `4 d 2 h`: at most two units.
pub fn span(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let (great, great_name, small, small_name) = match seconds {
        0..MINUTE => return format!("{seconds} s"),
        MINUTE..HOUR => (MINUTE, "min", 0, ""),
        HOUR..DAY => (HOUR, "h", MINUTE, "min"),
        _ => (DAY, "d", HOUR, "h"),
    };
    let rest = seconds % great;
    match rest.checked_div(small) {
        None | Some(0) => format!("{} {great_name}", seconds / great),
        Some(rest) => format!("{} {great_name} {rest} {small_name}", seconds / great),
    }
}

/// The commands that are about a job, not only about a run.
const OF_A_JOB: [&str; 9] = ["run", "plan", "status", "quality", "doctor", "failures", "release", "results", "explain"];

/// The same text, with the commands in it meant for a job. That of the variables need not be named.
pub fn of_job(text: &str, job: &str) -> String {
    const COMMAND: &str = "`rowscore ";
    if job == "default" {
        return text.to_owned();
    }
    let mut parts = text.split(COMMAND);
    let mut said = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(part.len());
        let (command, rest) = part.split_at(end);
        let names_a_run = rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
        let named = match command {
            "run" | "plan" | "status" | "quality" | "doctor" if !names_a_run => format!(" {job}"),
            _ if OF_A_JOB.contains(&command) && !names_a_run => format!(" --job {job}"),
            _ => String::new(),
        };
        said.extend([COMMAND, command, &named, rest]);
    }
    said
}

/// `12 s ago`, `just now`.
pub fn ago(then: Time, now: Time) -> String {
    match u64::try_from((now - then).num_seconds()) {
        Ok(seconds @ 2..) => format!("{} ago", span(seconds)),
        // Clocks differ a little.
        _ => "just now".to_owned(),
    }
}

/// `2026-11-22 15:19`.
pub fn minute(time: Time) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

/// `2026-11-22T15:19:02Z`, with what there is below a second, in UTC: RFC 3339.
pub fn rfc3339(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// `about 3 min to go`.
pub fn to_go(seconds: u64) -> String {
    format!("about {} to go", span(seconds))
}

/// How long it took, to a tenth of a second below a minute.
pub fn took(took: TimeDelta) -> String {
    let milliseconds = u64::try_from(took.num_milliseconds()).unwrap_or(0);
    if milliseconds < 60_000 { format!("{:.1} s", milliseconds as f64 / 1e3) } else { span(milliseconds / 1000) }
}

/// `7 min to spare`, `7 min late`.
pub fn spare(seconds: i64) -> String {
    let span = span(seconds.unsigned_abs());
    if seconds < 0 { format!("{span} late") } else { format!("{span} to spare") }
}

/// A state as people read it: its own name.
pub fn state(state: RunState) -> &'static str {
    match state {
        RunState::SucceededWithFailures => "succeeded with failures",
        state => state.name(),
    }
}

/// A kind, as the beginning of a sentence.
pub fn kind(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Window => "Run",
        RunKind::Sweep => "Sweep",
        RunKind::Backfill => "Backfill",
        RunKind::Canary => "Canary",
    }
}

/// Numbers as a person reads them, with six digits each.
#[must_use]
pub fn numbers(numbers: &[f64]) -> String {
    let digits = |number: &f64| match number.abs() {
        0.0 => "0".to_owned(),
        size @ 1e-4..1e6 => format!("{number:.*}", 5_usize.saturating_sub(size.log10().floor().max(0.0) as usize)),
        _ => format!("{number:.5e}"),
    };
    numbers.iter().map(digits).collect::<Vec<_>>().join(", ")
}

/// A share of 1 in percent, with a decimal.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// The beginning of `text`, `characters` long at most, and whether that is not all; as [`plain`] has it.
pub fn cut(text: &str, characters: usize) -> String {
    let shown: String = text.chars().take(characters).collect();
    let rest = if shown.len() < text.len() { "…" } else { "" };
    plain(&shown) + rest
}

/// `text` in one line, with everything escaped that could make a terminal, a log or a page show something else
/// than what it says. A row and a server may say anything. What is escaped is still JSON, where it was.
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if misleads(letter) => {
                // Writing to a String does not fail.
                let _ = write!(shown, "\\u{:04x}", u32::from(letter));
            }
            _ => shown.push(letter),
        }
    }
    shown
}

/// Whether a letter is a command, as to a terminal, or turns the direction of the letters around it.
fn misleads(letter: char) -> bool {
    let turns =
        matches!(letter, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || turns || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// A log of which each record is one line without colours, whatever is in it: most logs are read in files.
#[derive(Debug)]
pub struct PlainLog<W>(pub W);

impl<W: Write> Write for PlainLog<W> {
    /// Takes whole records, as `tracing-subscriber` writes them.
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(record);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        // Colours are the log's own: the Lambda runtime has them, wherever it writes to.
        let mut parts = line.split("\u{1b}[");
        let mut shown = plain(parts.next().unwrap_or_default());
        for part in parts {
            let after = part.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ';');
            match after.strip_prefix('m') {
                Some(after) => shown += &plain(after),
                None => shown += &format!("\\u001b[{}", plain(part)),
            }
        }
        self.0.write_all(format!("{shown}\n").as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// An error with all that is behind it, each cause said once: many errors repeat their own.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    plain(&causes(error))
}

fn causes(error: &(dyn Error + 'static)) -> String {
    let causes = || iter::successors(error.source(), |&cause| cause.source());
    let mut said = error.to_string();
    if causes().last().is_some_and(|root| said.contains(&root.to_string())) {
        return said;
    }
    for cause in causes().map(ToString::to_string) {
        if !said.contains(&cause) {
            said += &format!(": {cause}");
        }
    }
    said
}
