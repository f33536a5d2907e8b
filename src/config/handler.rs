//! What a process of the function is there for.

/// What a process of the function is there for: the handler that Lambda was told of, in `_HANDLER`
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// Runs.
    Work,
    /// Makes tables, logins and grants: `set-up`.
    SetUp,
}

impl Handler {
    /// As the process environment has it.
    #[expect(clippy::disallowed_methods, reason = "Lambda's own variable, which nobody sets")]
    pub fn from_env() -> Self {
        match std::env::var("_HANDLER").as_deref() {
            Ok("set-up") => Self::SetUp,
            _ => Self::Work,
        }
    }
}
