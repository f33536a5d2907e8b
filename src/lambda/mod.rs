//! The edge to AWS: Lambda invocations in, SQS continuations out, a stopped database started, others told that a run
//! ended; and a function that makes the tables. Without the feature `aws` an
//! invocation reaches the database alone.

mod alarms;
mod call;
mod examined;
mod function;
#[cfg(feature = "aws")]
mod leftovers;
mod metrics;
#[cfg(not(feature = "aws"))]
mod no_aws;
mod program;
#[cfg(feature = "aws")]
mod queue;
#[cfg(feature = "aws")]
mod sdk;
mod set_up;
#[cfg(feature = "aws")]
mod telling;
mod wake;
mod work;

pub use function::{Failure, Function, Reply};
#[cfg(feature = "aws")]
use leftovers::Leftovers;
#[cfg(not(feature = "aws"))]
use no_aws::{Leftovers, Waker};
#[cfg(not(feature = "aws"))]
pub use no_aws::{QueueError, SqsQueue, TellError, Tellers};
pub use program::program;
#[cfg(feature = "aws")]
pub use queue::{QueueError, SqsQueue};
pub use set_up::{SetUpReply, set_up};
#[cfg(feature = "aws")]
pub use telling::{TellError, Tellers};
#[cfg(feature = "aws")]
use wake::Waker;
pub use wake::{Asleep, WakeError};
