//! The Lambda function.

use std::process::ExitCode;

use lambda_runtime::{Diagnostic, service_fn, tracing};
use rowscore::config::Config;
use rowscore::lambda::Function;
use rowscore::{model, words};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    rowscore::store::buffers::keep_small();
    #[cfg(feature = "faults")]
    rowscore::hop::step::arm();
    tracing::init_default_subscriber_with_writer(|| words::PlainLog(std::io::stdout()));
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = words::chain(&*error), "rowscore cannot start");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), lambda_runtime::Error> {
    let function = Function::new(Config::from_env()?, model::embedded()?).await;
    let function = &function;
    // The runtime logs what it is given, so nobody else logs it.
    lambda_runtime::run(service_fn(async |invocation| function.handle(invocation).await.map_err(Diagnostic::from)))
        .await
}
