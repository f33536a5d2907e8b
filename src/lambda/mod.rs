//! The edge to AWS: Lambda invocations in, SQS continuations out.

mod function;
mod queue;

pub use function::{Failure, Function, Reply};
pub use queue::SqsQueue;
