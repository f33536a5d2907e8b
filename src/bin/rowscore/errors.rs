//! Errors as they are printed: several problems one a line.

use std::error::Error;

use rowscore::config::ConfigError;
use rowscore::event::RequestError;
use rowscore::hop::{HopError, Unfit};
use rowscore::setup::SetUpError;
use rowscore::words;

use crate::out::say;

/// Says why the command failed, and answers its exit status.
pub(crate) fn report(error: &(dyn Error + 'static)) -> u8 {
    match problems(error) {
        [] | [_] => say!("rowscore: {}", words::chain(error)),
        problems => {
            let all = error.to_string();
            let head = all.split(problems[0].as_str()).next().unwrap_or_default();
            say!("rowscore: {}", head.trim_end());
            problems.iter().for_each(|problem| say!("  - {problem}"));
        }
    }
    if error.is::<RequestError>() { 2 } else { 1 }
}

/// What an error lists.
fn problems<'e>(error: &'e (dyn Error + 'static)) -> &'e [String] {
    if let Some(ConfigError(problems)) = error.downcast_ref() {
        return problems;
    }
    // Transparent, each of these.
    match error.downcast_ref() {
        Some(SetUpError::Hop(error)) => return problems(error),
        Some(SetUpError::Config(error)) => return problems(error),
        _ => {}
    }
    match error.downcast_ref() {
        Some(HopError::Unfit(Unfit { problems, .. })) => problems,
        _ => error.downcast_ref::<Unfit>().map_or(&[], |unfit| &unfit.problems),
    }
}
