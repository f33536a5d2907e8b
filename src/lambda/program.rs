//! What both functions' programs begin with.

use std::process::ExitCode;

use lambda_runtime::{Error, tracing};

use crate::words;

/// Runs a function until its environment ends, with its log on standard output. `cannot_start` is what the log says
/// where `serve` fails.
pub async fn program(cannot_start: &'static str, serve: impl Future<Output = Result<(), Error>>) -> ExitCode {
    crate::store::buffers::keep_small();
    #[cfg(feature = "faults")]
    crate::hop::step::arm();
    tracing::init_default_subscriber_with_writer(|| words::PlainLog(std::io::stdout()));
    match serve.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = words::chain(&*error), cannot_start);
            ExitCode::FAILURE
        }
    }
}
