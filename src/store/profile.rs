//! What several runs saw, for readers: `batch_runs.profile`, which [`record`](super::record) keeps.

use mysql_async::prelude::Queryable;

use super::{Doing, StoreError};
use crate::run::RunId;

/// What those of `runs` saw that have a profile, as JSON, by run, the earliest first.
///
/// # Errors
/// The database's.
pub async fn of_runs(conn: &mut impl Queryable, runs: &[RunId]) -> Result<Vec<(RunId, String)>, StoreError> {
    let list = runs.iter().map(RunId::to_string).collect::<Vec<_>>().join(",");
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT `id`, CAST(`profile` AS CHAR) FROM `batch_runs` \
         WHERE `id` IN ({list}) AND `profile` IS NOT NULL ORDER BY `id`"
    );
    let profiles: Vec<(u64, String)> = conn.query(sql).await.doing("reading the profiles of the runs")?;
    Ok(profiles.into_iter().map(|(id, text)| (RunId(id), text)).collect())
}
