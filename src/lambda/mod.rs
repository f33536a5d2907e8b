//! The edge to AWS: Lambda invocations in, SQS continuations out, a stopped database started, others told that a run
//! ended; and a function that makes the tables.

mod alarms;
mod call;
mod examined;
mod function;
mod leftovers;
mod metrics;
mod program;
mod queue;
mod sdk;
mod set_up;
mod telling;
mod wake;
mod work;

pub use function::{Failure, Function, Reply};
pub use program::program;
pub use queue::{QueueError, SqsQueue};
pub use set_up::{SetUpReply, set_up};
pub use telling::{TellError, Tellers};
pub use wake::{Asleep, WakeError};
