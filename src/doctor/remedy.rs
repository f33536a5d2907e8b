//! From an error to what was seen, and what to do about it.

use crate::hop::HopError;
use crate::store::StoreError;
use crate::words;

/// What was seen at a step that failed, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub said: String,
    pub remedy: Option<String>,
}

/// The command that allows `login` what it needs, and makes what is missing.
pub(super) fn grant(login: &str) -> String {
    format!("`rowscore init --grant {login}`, with an administrator's login")
}

/// An error of the database's, met by `login`. Its advice stands in its last words.
pub(super) fn of_store(error: &StoreError, login: &str) -> Found {
    let all = words::chain(error);
    let Some(advice) = error.advice() else { return Found { said: all, remedy: None } };
    let said = all.strip_suffix(&format!("; {advice}")).unwrap_or(&all).to_owned();
    Found { said, remedy: Some(if error.lacks_grant() { grant(login) } else { advice }) }
}

/// An error of a hop, or of what comes before one.
pub(super) fn of_hop(error: &HopError, login: &str) -> Found {
    let remedy = match error {
        HopError::Store(error) => return of_store(error, login),
        HopError::Unfit(_) => {
            "change the table, the model, or the variables about them: `rowscore variables` says what each accepts"
        }
        HopError::Model(_) => "`rowscore model list` shows the stored models, `rowscore model use` chooses one",
        HopError::Job(_) => "`rowscore jobs` shows which there are",
        HopError::Relay(_) => {
            "look whether the function reaches SQS: PathToSqs, and the way out of its subnets (docs/DEPLOY.md)"
        }
        HopError::Canary(_) => {
            "look at the column of the predictions, its type and the table's triggers; `rowscore explain` shows what is \
             written"
        }
        HopError::Panicked(_) => "report it, with the log",
    };
    Found { said: words::chain(error), remedy: Some(remedy.to_owned()) }
}
