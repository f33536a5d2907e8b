//! In which order items are walked.

/// The order in which items are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// That of their key, or of the failures'.
    Key,
    /// That of their arrival, and among those of one moment that of their key.
    Arrival,
}
