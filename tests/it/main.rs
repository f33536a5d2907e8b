//! rowscore against the real thing: MySQL and MariaDB, SQS over HTTP, and its own programs as
//! processes of their own. Run through `make test`, which starts the servers.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on says so by panicking")]

mod api;
mod away;
mod backfill;
mod backfill_hops;
mod bad_rows;
mod beside;
mod canary;
mod clients;
mod command_line;
mod decimals;
mod documents;
mod drift;
mod ended_early;
mod events;
mod explain;
mod forecast;
mod grants;
mod hops;
mod init;
mod jobs;
mod keys;
mod killed;
mod kinds;
mod labels;
mod locked;
mod login;
mod login_ways;
mod models;
mod new_mariadb;
mod objects;
mod odd_rows;
mod odd_tables;
mod outputs;
mod own_table;
mod pages;
mod pipelines;
mod policies;
mod queue;
mod refused;
mod runtime;
mod schema;
mod score_tables;
mod secrets;
mod server_defaults;
mod sources;
mod standing;
mod steered;
mod stopped;
mod succession;
mod takeovers;
mod telemetry;
mod tempo;
mod times;
mod told;
mod unfit_tables;
mod waiting;
mod wake;
mod watching;
mod windows;
mod zones;

use rowscore_tests as support;
