//! The Lambda function, called as the runtime calls it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Context, LambdaEvent};
use rowscore::lambda::{Failure, Function};
use serde_json::Value;

use super::{Setup, model};

/// Milliseconds since 1970, as Lambda writes deadlines.
pub fn in_milliseconds(from_now: Duration) -> u64 {
    let deadline = SystemTime::now() + from_now;
    u64::try_from(deadline.duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

impl Setup {
    /// The function as it starts in this environment.
    pub async fn function(&self) -> Function {
        Function::new(self.config.clone(), model()).await
    }
}

/// Invokes the function with a minute of time; the reply as JSON, as Lambda passes it on.
pub async fn invoke(function: &Function, event: Value) -> Result<Value, Failure> {
    let mut context = Context::default();
    context.deadline = in_milliseconds(Duration::from_secs(60));
    let reply = function.handle(LambdaEvent::new(event, context)).await?;
    Ok(serde_json::to_value(reply).unwrap())
}
