//! The two sides of a class pair: libsvm calls them 1 and -1.

/// The two classes of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The pair's first class.
    Positive,
    /// The pair's second class.
    Negative,
}

impl Side {
    pub(super) fn sign(self) -> f64 {
        match self {
            Self::Positive => 1.0,
            Self::Negative => -1.0,
        }
    }

    /// As smartcore wants it, the oracle of the tests.
    #[cfg(test)]
    pub(super) fn label(self) -> i32 {
        match self {
            Self::Positive => 1,
            Self::Negative => -1,
        }
    }
}
