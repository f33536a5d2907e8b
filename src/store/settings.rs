//! What each session sets for itself, so that rowscore's statements mean and keep the same whatever the server's
//! defaults are, and whatever its `init_connect` has set before.

use std::time::Duration;

/// Seconds that a statement waits for a lock, of rows or of a table: longer than any page of ours, short enough that
/// rowscore gives way to a user's long transaction and tries again later.
pub(super) const LOCK_WAIT_S: u32 = 5;

/// The same where a key is built: at its end it needs the table for a moment, and what was built is lost if it does not
/// get it.
pub(super) const LOCK_WAIT_OF_A_KEY_S: u32 = 30;

/// Seconds after which the server ends a connection that says nothing, so that the locks of a
/// vanished function are not kept for the server's default of eight hours.
pub(super) const WAIT_TIMEOUT_S: u32 = 60;

/// How long a connection is silent until its other end is asked whether it is still there: shorter than what lies between
/// forgets it, while a long statement is under way.
pub(super) const KEEPALIVE: Duration = Duration::from_secs(60);

/// The same while a page is under way. Between two statements of a page lie some milliseconds of scoring.
const PAGE_SILENCE_S: u32 = 5;

/// Which versions of MariaDB know `innodb_snapshot_isolation`: from 10.6.18, 10.11.8 and 11.4.2 on.
/// Where it is on, as from 11.6 on, a locking read fails where another transaction has changed the row since the
/// statement began: with the two lanes of a run beside each other that is the rule.
const KNOWS_SNAPSHOT_ISOLATION: &str =
    "^(10[.]6[.](1[89]|[2-9][0-9])|10[.]11[.]([89]|[1-9][0-9])|11[.]([4-9]|1[0-9])|1[2-9]|[2-9][0-9])";

/// The statements that prepare a session, for one round trip. What one server does not know is a comment to it.
///
/// The SQL mode is strict, so that what does not fit is refused and not cut off; without the modes that forbid zero
/// dates, because the user's table may have some, also such that no calendar has, and with none that reads a text
/// otherwise. On MariaDB a grant makes no login, and a join keeps the order of its first table: with a join's buffer, each
/// page of a view would be sorted out of all of it. Names and texts are sent as utf8mb4. A transaction that may not write
/// by the server's default is left so: that is somebody's will.
pub(super) fn of_each_session() -> String {
    format!(
        "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci; \
         SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
         SET SESSION autocommit = 1, completion_type = 0, time_zone = '+00:00', \
           sql_mode = CONCAT('STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES' /*M! , ',NO_AUTO_CREATE_USER' */), \
           sql_select_limit = 18446744073709551615, sql_safe_updates = 0, sql_big_selects = 1, sql_auto_is_null = 0, \
           foreign_key_checks = 1, unique_checks = 1, div_precision_increment = 4, \
           innodb_lock_wait_timeout = {LOCK_WAIT_S}, lock_wait_timeout = {LOCK_WAIT_S}, wait_timeout = {WAIT_TIMEOUT_S} \
           /*!80000 , max_execution_time = 0, range_optimizer_max_mem_size = 0 */ \
           /*M! , max_statement_time = 0, join_cache_level = 0 */; \
         /*M! EXECUTE IMMEDIATE IF(VERSION() RLIKE '{KNOWS_SNAPSHOT_ISOLATION}', \
           'SET SESSION innodb_snapshot_isolation = OFF', 'DO 0') */ /*!80000 DO 0 */"
    )
}

/// The statement that prepares a session for pages: whoever is silent with a page's locks in hand, or does not take
/// what it is sent, loses them.
pub(super) fn of_pages() -> String {
    format!(
        "SET SESSION wait_timeout = {PAGE_SILENCE_S}, net_read_timeout = {PAGE_SILENCE_S}, \
           net_write_timeout = {PAGE_SILENCE_S}"
    )
}

/// The statements that prepare a session which only reads, and no statement longer than `limit_ms` milliseconds.
pub(super) fn of_a_reader(limit_ms: u32) -> String {
    format!(
        "SET SESSION TRANSACTION READ ONLY; \
         SET SESSION wait_timeout = {WAIT_TIMEOUT_S} /*!80000 , max_execution_time = {limit_ms} */ \
           /*M! , max_statement_time = {} */",
        f64::from(limit_ms) / 1e3
    )
}
