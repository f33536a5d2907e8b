//! The Lambda function.

use std::process::ExitCode;

use lambda_runtime::{Diagnostic, Error, service_fn};
use rowscore::config::Config;
use rowscore::lambda::{Function, program};
use rowscore::model;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    program("rowscore cannot start", Box::pin(serve())).await
}

async fn serve() -> Result<(), Error> {
    let function = Function::new(Config::from_env()?, model::embedded()?).await;
    let function = &function;
    // The runtime logs what it is given, so nobody else logs it.
    lambda_runtime::run(service_fn(async |invocation| function.handle(invocation).await.map_err(Diagnostic::from)))
        .await
}
