//! What a secret is asked for.

/// What a secret is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// What it is, which is also the name that it has in a JSON object.
    pub name: &'static str,
    /// The variable that says which secret it is.
    pub variable: &'static str,
}
