//! rowscore against the real thing: MySQL and MariaDB, SQS over HTTP, and its own programs as
//! processes of their own. Run through `make test`, which starts the servers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod api;
mod away;
mod backfill;
mod backfill_hops;
mod bad_rows;
mod canary;
mod clients;
mod command_line;
mod decimals;
mod documents;
mod drift;
mod events;
mod explain;
mod forecast;
mod grants;
mod hops;
mod killed;
mod labels;
mod login;
mod login_ways;
mod new_mariadb;
mod objects;
mod own_table;
mod pages;
mod policies;
mod queue;
mod runtime;
mod schema;
mod secrets;
mod server_defaults;
mod succession;
mod takeovers;
mod telemetry;
mod unfit_tables;
mod wake;
mod watching;
mod windows;

use rowscore_tests as support;
