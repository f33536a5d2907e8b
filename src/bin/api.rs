//! The results API as a Lambda function, behind a function URL.

use std::process::ExitCode;

use lambda_http::Error;
use rowscore::api::{self, Api, Present};
use rowscore::config::Config;
use rowscore::hop::Jobs;
use rowscore::lambda::program;
use rowscore::model;
use rowscore::standing::Expected;

/// Lambda gives an environment one request at a time.
const CONNECTIONS: usize = 1;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    program("the results API cannot start", Box::pin(serve())).await
}

#[expect(clippy::disallowed_methods, reason = "the edge: a request is answered now")]
async fn serve() -> Result<(), Error> {
    let config = Config::from_env()?;
    let model = model::embedded()?;
    let jobs = Jobs::new(config).await;
    let (database, work) = (jobs.of_variables().database.clone(), &jobs.of_variables().work);
    let present = Present::Asked(chrono::Utc::now);
    let expected = Expected::from(work);
    lambda_http::run(api::router(Api::new(database, CONNECTIONS, model, present, expected).with_jobs(jobs))).await
}
