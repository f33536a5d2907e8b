//! Many jobs: described by `jobs.toml`, started by one tick, and none in the way of another.

mod applied;
mod by_name;
mod held;
mod in_turn;
mod many;
mod moved;
mod refused;
mod served;
mod together;

use std::fmt::Write as _;
use std::io::Write as _;

use tempfile::NamedTempFile;

use crate::support::private::PASSWORD;
use crate::support::programs::{Ended, rowscore};
use crate::support::{Server, Setup, TestDb};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// A database with some tables, for who may do anything, and the login that scores them.
pub(crate) struct Plant {
    owner: TestDb,
    scorer: Setup,
}

impl Plant {
    /// With these tables, each like `items` and with room for a second prediction, and so many items in each.
    async fn new(server: Server, tables: &[(&str, u32)], settings: &[(&str, &str)]) -> Self {
        let owner = TestDb::bare(server, settings).await;
        owner.migrate().await;
        owner.fill(1..=1, CREATED).await;
        for (table, items) in tables {
            owner
                .execute(&format!(
                    "CREATE TABLE `{table}` LIKE `items`; ALTER TABLE `{table}` ADD COLUMN `second` JSON"
                ))
                .await;
            fill(&owner, table, *items).await;
        }
        let login = [("MYSQL_USER", owner.config.mysql.database.as_str()), ("MYSQL_PASSWORD", PASSWORD)];
        let scorer = owner.with(&login).await;
        Self { owner, scorer }
    }

    /// `rowscore apply` of this text, with a login that may do it.
    async fn apply(&self, text: &str, options: &[&str]) -> Ended {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let path = file.path().to_str().unwrap().to_owned();
        rowscore(&[&["apply", &path], options].concat(), self.owner.variables()).await
    }

    /// The same, which goes well, and grants what the scoring login needs.
    async fn described(&self, text: &str) {
        let login = self.owner.config.mysql.database.clone();
        let applied = self.apply(text, &["--yes", "--grant", &login]).await;
        assert_eq!(applied.status.code(), Some(0), "{applied:?}");
    }

    /// The state of each run of a job, the earliest first, with what it predicted.
    async fn runs(&self, job: &str) -> Vec<(String, Option<u64>)> {
        self.owner
            .rows(&format!("SELECT `state`, `predicted` FROM `batch_runs` WHERE `job` = '{job}' ORDER BY `id`"))
            .await
    }

    /// How many items of a table have something in a column.
    async fn filled(&self, table: &str, column: &str) -> u64 {
        self.owner.count(&format!("`{table}` WHERE `{column}` IS NOT NULL")).await
    }
}

/// Copies the one item of `items` into a table.
async fn fill(owner: &TestDb, table: &str, items: u32) {
    let mut rows = String::new();
    for id in 1..=items {
        let comma = if id == 1 { "" } else { "," };
        write!(rows, "{comma}({id}, '[5.1, 3.5, 1.4, 0.2]', '2024-03-05 09:30:00')").unwrap();
    }
    if items > 0 {
        owner.execute(&format!("INSERT INTO `{table}` (`id`, `values`, `created_datetime`) VALUES {rows}")).await;
    }
}

/// A job over a table by the default columns.
fn job(name: &str, table: &str, settings: &str) -> String {
    format!("[{name}]\nsource = \"{table}\"\n{settings}\n")
}
