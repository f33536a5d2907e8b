//! What tells that the database is in trouble: the SQL of `WAIT_IF`.

use mysql_async::{Params, Row};

use super::StoreError;
use super::counts::{mariadb_limit, mysql_limit};
use super::row::column;
use super::statement::Statement;
use crate::config::{Bound, Sign, Sql, WaitConfig};

/// How long the user's own query may take.
const QUERY_LIMIT_MS: u32 = 2000;

const LOOKING: &str = "looking whether the database is in trouble";

/// What stands against each bound of the server itself, in one round trip; `None`: it cannot be told. The lag of
/// replicas that are named is asked there, by [`replica_lag`].
pub(crate) fn look(wait: &WaitConfig) -> Statement<Vec<(Bound, Option<f64>)>> {
    let asked = wait.bounds.iter().filter_map(|bound| {
        let sign = match bound.sign {
            Sign::ThreadsRunning => threads_running(),
            Sign::HistoryLength => history_length(),
            Sign::ReplicaLag if wait.replicas.is_empty() => lag_of_an_aurora(),
            Sign::ReplicaLag => return None,
            Sign::Query => answer(wait.query.as_ref()?),
        };
        Some((*bound, sign))
    });
    asked.fold(Statement::none(), |seen, (bound, sign)| {
        seen.and(sign).map(move |(mut seen, value)| {
            seen.push((bound, value));
            seen
        })
    })
}

/// Statements that are under way. Everybody may ask.
fn threads_running() -> Statement<Option<f64>> {
    Statement::one(LOOKING, "SHOW GLOBAL STATUS LIKE 'Threads_running'", Params::Empty, second)
}

/// Old versions of rows. On MariaDB everybody may ask; MySQL wants PROCESS.
fn history_length() -> Statement<Option<f64>> {
    let sql = "/*M! SHOW GLOBAL STATUS LIKE 'Innodb_history_list_length' */ \
               /*!80000 SELECT `NAME`, `COUNT` FROM information_schema.INNODB_METRICS WHERE `NAME` = 'trx_rseg_history_len' */";
    Statement::one(LOOKING, sql, Params::Empty, second)
}

/// Seconds that the replica is behind which is furthest behind, as Aurora MySQL knows it. Without replicas it is 0.
fn lag_of_an_aurora() -> Statement<Option<f64>> {
    let sql = "SELECT COALESCE(MAX(`REPLICA_LAG_IN_MILLISECONDS`), 0) / 1000 AS `seconds` FROM information_schema.replica_host_status \
               WHERE `SESSION_ID` <> 'MASTER_SESSION_ID' AND `LAST_UPDATE_TIMESTAMP` > NOW() - INTERVAL 3 MINUTE";
    Statement::one("looking at the replicas of an Aurora (elsewhere REPLICAS names them)", sql, Params::Empty, |row| {
        column(row, "seconds")
    })
}

/// What the user's own query answers.
fn answer(query: &Sql) -> Statement<Option<f64>> {
    let (before, behind) = (mariadb_limit(QUERY_LIMIT_MS), mysql_limit(QUERY_LIMIT_MS));
    let sql = format!("{before} SELECT {behind} {} AS `number`", query.enclosed());
    Statement::one("asking WAIT_QUERY", &sql, Params::Empty, |row| column(row, "number"))
}

/// Seconds that this server is behind the one that it copies; `None`: it copies nothing at the moment.
pub(crate) fn replica_lag() -> Statement<Option<f64>> {
    let doing = "looking how far a replica is behind";
    Statement::new(doing, "SHOW REPLICA STATUS", Params::Empty, |rows| {
        let Some(row) = rows.first() else {
            return Err(StoreError::Unexpected("a server that REPLICAS names is no replica".into()));
        };
        // MySQL's name and MariaDB's.
        column(row, "Seconds_Behind_Source").or_else(|_| column(row, "Seconds_Behind_Master"))
    })
}

/// The second column, a number.
fn second(row: &Row) -> Result<Option<f64>, StoreError> {
    match row.get_opt::<Option<f64>, _>(1) {
        Some(Ok(value)) => Ok(value),
        _ => Err(StoreError::Unexpected("the server's status is no number".into())),
    }
}
