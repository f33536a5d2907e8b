//! What an error means for who may try again.

/// Whether trying again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Roll back and try again on the same connection.
    Retry,
    /// Try again on a fresh connection.
    Reconnect,
    /// The login has as many connections as it may: try again for a few seconds.
    Crowded,
    /// What is needed is not there, or takes no writes. Where it was at work before it may come back, as after
    /// a failover or a table's renaming to and fro; else it would fail again.
    Away,
    /// It would fail again.
    Permanent,
}
