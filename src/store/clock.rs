//! The database's clock: the one that decides. The machines that ask have others, which need not agree.

use mysql_async::Params;

use super::row::column;
use super::runs::utc;
use super::statement::Statement;
use crate::window::Time;

/// What time it is.
pub fn present() -> Statement<Time> {
    let sql = "SELECT UTC_TIMESTAMP(3) AS `now`";
    Statement::one("asking what time it is", sql, Params::Empty, |row| column(row, "now").map(utc))
}
