//! What is checked of lists and numbers in a model file.

use std::collections::HashSet;
use std::hash::Hash;

use super::refusal::ArtifactError;

pub(super) type Verified = Result<(), ArtifactError>;

pub(super) fn at_least(what: &str, found: usize, least: usize) -> Verified {
    if found >= least { Ok(()) } else { Err(ArtifactError::TooFew { what: what.to_owned(), found, least }) }
}

pub(super) fn at_most(what: &'static str, found: usize, most: usize) -> Verified {
    if found <= most { Ok(()) } else { Err(ArtifactError::TooMany { what, found, most }) }
}

pub(super) fn length(what: impl Into<String>, found: usize, expected: usize) -> Verified {
    if found == expected {
        Ok(())
    } else {
        let what = what.into();
        Err(ArtifactError::Length { what, found, expected })
    }
}

pub(super) fn distinct<T: Eq + Hash>(what: &str, mut names: impl Iterator<Item = T>) -> Verified {
    let mut known = HashSet::new();
    match names.position(|name| !known.insert(name)) {
        None => Ok(()),
        Some(position) => Err(ArtifactError::Duplicate { what: what.to_owned(), position }),
    }
}

pub(super) fn finite(what: impl FnOnce() -> String, numbers: &[f64]) -> Verified {
    if numbers.iter().all(|number| number.is_finite()) {
        Ok(())
    } else {
        Err(ArtifactError::NotFinite { what: what() })
    }
}
