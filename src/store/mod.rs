//! The database: how it is reached, and everything that is said to it.
//!
//! All SQL of a table is in one file of small functions: [`items`] with `counts`; [`runs`] with `earlier`, `past`,
//! [`status`], [`measures`] and [`tellings`]; [`lanes`] with [`looks`] and [`hold`]; [`failures`]. Each function answers a
//! [`statement`], a value that can be joined with others into one round trip. A function is `async` only where it needs
//! several round trips, gives an answer also when time runs out, or moves a page. [`predictions`] are written as one text,
//! or as rows of a score table by [`scores`]; `target` says where they stand, and `cells` what of them each column gets.
//! `pages` sends a page's statements together. [`schema`] makes the tables, `altering` while others use them, [`inventory`]
//! tells what it made and [`missing`] what it would, [`catalog`] reads what columns the items have. [`session`] repeats a
//! piece of work after transient faults. For readers there are [`listing`] and [`status`], and `pool` lends them
//! connections that cannot write. What the servers' error codes mean is in `codes`; what time it is says [`clock`]. In
//! `turn`, a test decides whose round trip comes next.

pub mod about;
mod altering;
pub mod backlog;
mod bound;
pub mod buffers;
mod by_key;
pub mod catalog;
pub(crate) mod cells;
pub mod clock;
mod codes;
mod columns;
pub(crate) mod counts;
mod database;
pub mod density;
pub(crate) mod earlier;
mod error;
pub mod failures;
mod fault;
mod hashed;
pub mod hold;
#[cfg_attr(not(feature = "aws"), path = "no_iam.rs")]
mod iam;
pub mod ids;
pub mod inventory;
pub mod items;
pub mod jobs;
mod kept;
pub mod key;
pub mod keys;
pub mod lane_lines;
pub mod lanes;
pub mod listing;
pub(crate) mod login;
pub mod logins;
pub mod looks;
pub mod measures;
mod migrations;
pub mod missing;
pub mod model_uses;
pub mod models;
pub mod notation;
pub mod order;
mod own_tls;
pub mod packed;
pub(crate) mod pages;
pub mod past;
pub(crate) mod pending;
mod perfect_hash;
mod places;
pub(crate) mod pool;
pub mod predicted;
pub mod predictions;
mod private_socket;
pub mod qualities;
mod query;
pub(crate) mod reading;
pub mod refusals;
pub mod returned;
mod row;
pub mod runs;
pub mod samples;
pub mod schema;
mod score_table;
pub mod scores;
mod seen;
pub mod selection;
pub mod session;
mod settings;
pub(crate) mod share;
pub(crate) mod signs;
pub mod statement;
pub mod status;
pub mod stored;
mod target;
pub mod tellings;
pub mod tempo;
mod tls;
pub mod totals;
pub mod trace;
pub(crate) mod truths;
pub mod turn;
pub mod used;
pub mod waits;
pub mod wanted;

pub use database::Database;
pub(crate) use error::Doing;
pub use error::StoreError;
pub use fault::Fault;
