//! The edge to AWS: Lambda invocations in, SQS continuations out, a stopped database started, and others told that a run
//! ended.

mod alarms;
mod call;
mod examined;
mod function;
mod leftovers;
mod metrics;
mod program;
mod queue;
mod sdk;
mod telling;
mod wake;
mod work;

pub use function::{Failure, Function, Reply};
pub use program::program;
pub use queue::{QueueError, SqsQueue};
pub use telling::{TellError, Tellers};
pub use wake::{Asleep, WakeError};
