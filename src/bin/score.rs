//! The Lambda function, and by another handler the one that makes its tables.

use std::process::ExitCode;

use lambda_runtime::{Diagnostic, Error, service_fn};
use rowscore::config::{Config, Handler};
use rowscore::lambda::{Function, program, set_up};
use rowscore::model;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    program("rowscore cannot start", Box::pin(serve())).await
}

async fn serve() -> Result<(), Error> {
    if let Handler::SetUp = Handler::from_env() {
        let model = model::embedded()?;
        return lambda_runtime::run(service_fn(move |invocation| set_up(invocation, model))).await;
    }
    let function = Function::new(Config::from_env()?, model::embedded()?).await;
    let function = &function;
    // The runtime logs what it is given, so nobody else logs it.
    lambda_runtime::run(service_fn(async |invocation| function.handle(invocation).await.map_err(Diagnostic::from)))
        .await
}
