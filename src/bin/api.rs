//! The results API as a Lambda function, behind a function URL.

use std::process::ExitCode;

use lambda_runtime::tracing;
use rowscore::api::{self, Api, Present};
use rowscore::config::Config;
use rowscore::store::Database;
use rowscore::{model, words};

/// Lambda gives an environment one request at a time.
const CONNECTIONS: usize = 1;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    rowscore::store::buffers::keep_small();
    tracing::init_default_subscriber_with_writer(|| words::PlainLog(std::io::stdout()));
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = words::chain(&*error), "the results API cannot start");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge: a request is answered now")]
async fn serve() -> Result<(), lambda_http::Error> {
    let config = Config::from_env()?;
    let model = model::embedded()?;
    config.work.items_table.feature_columns(model.features())?;
    let database = Database::new(&config.mysql, &config.work.items_table).await;
    lambda_http::run(api::router(Api::new(database, CONNECTIONS, model, Present::Asked(chrono::Utc::now)))).await
}
