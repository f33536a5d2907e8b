//! The documents' commands and examples, done as a reader does them, on a database of the test's own.
//!
//! A test goes through the blocks of its document in order, and runs or skips every one of them. It
//! fails at a block that it does not expect, and if a block is left over.
//!
//! Four things differ from what a reader does: the release is the test's own build, the server is
//! the test's own, `serve` takes any free port, and run numbers are those that the test got.

mod api;
mod fences;
mod links;
mod readme;
mod running;
mod table;
mod user;
