//! The edge to AWS: Lambda invocations in, SQS continuations out, a stopped database started.

mod call;
mod examined;
mod function;
mod metrics;
mod program;
mod queue;
mod sdk;
mod wake;
mod work;

pub use function::{Failure, Function, Reply};
pub use program::program;
pub use queue::{QueueError, SqsQueue};
pub use wake::{Asleep, WakeError};
