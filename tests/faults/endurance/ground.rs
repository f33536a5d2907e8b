//! The tables and their jobs, and the ledger that the servers keep of them.

use std::io::Write as _;

use tempfile::NamedTempFile;

use crate::support::Setup;
use crate::support::private::{PASSWORD, make_login};
use crate::support::programs::rowscore;

/// The login that scores, with what `rowscore apply --grant` grants.
const LOGIN: &str = "scorer";

/// A job, and where its rows and predictions are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub name: &'static str,
    pub table: &'static str,
    /// The score table, if predictions go there.
    pub scores: Option<&'static str>,
    /// The column of the predictions, there or in the table itself.
    pub prediction: &'static str,
    /// Whether what was set aside stays so, although its values change.
    pub leaves: bool,
}

/// In place by numbers and by a day and a name; two jobs over one table, into score tables.
pub(super) const JOBS: [Job; 4] = [
    Job { name: "plain", table: "plain", scores: None, prediction: "prediction", leaves: false },
    Job { name: "typed", table: "typed", scores: None, prediction: "probabilities", leaves: true },
    Job { name: "latest", table: "people", scores: Some("people_latest"), prediction: "prediction", leaves: false },
    Job { name: "history", table: "people", scores: Some("people_history"), prediction: "prediction", leaves: false },
];

/// The tables that users change. A row is known by its `id` in all of them, and `touched` is when a user changed it last.
pub(super) const TABLES: [&str; 3] = ["plain", "typed", "people"];

const DDL: [&str; 5] = [
    "CREATE TABLE `plain` (`id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `values` JSON NOT NULL, `prediction` JSON NULL, \
       `created_datetime` TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP, `touched` TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)) \
       ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
    "CREATE TABLE `typed` (`day` DATE NOT NULL, `name` VARCHAR(30) NOT NULL, `id` BIGINT NOT NULL AUTO_INCREMENT UNIQUE, \
       `a` DOUBLE, `b` DOUBLE, `c` DOUBLE, `d` DOUBLE, `probabilities` JSON NULL, \
       `arrived` TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP, `touched` TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \
       PRIMARY KEY (`day`, `name`)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
    "CREATE TABLE `people` (`id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `a` DOUBLE, `b` DOUBLE, `c` DOUBLE, `d` DOUBLE, \
       `arrived` TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP, `touched` TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \
       KEY `arrivals` (`arrived`, `id`)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
    "CREATE TABLE `ledger` (`entry` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `job` VARCHAR(20) NOT NULL, \
       `item` BIGINT NOT NULL, `run` BIGINT UNSIGNED NULL, `version` VARCHAR(64) NOT NULL, `before_run` BIGINT UNSIGNED NULL, \
       `after` LONGTEXT NULL, `values_then` LONGTEXT NULL, `at` TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)) \
       ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
    "CREATE TABLE `seen` (`entry` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `item` BIGINT NOT NULL, \
       `values_then` LONGTEXT NOT NULL, `at` TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)) \
       ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4",
];

const JOBS_TOML: &str = r#"
[plain]
source = "plain"

[typed]
source = "typed"
key = ["day", "name"]
created = "arrived"
features = { sepal_length = "a", sepal_width = "b", petal_length = "c", petal_width = "d" }
prediction = "probabilities"
policy = "leave"

[latest]
source = "people"
created = "arrived"
features = { sepal_length = "a", sepal_width = "b", petal_length = "c", petal_width = "d" }
score_table = "people_latest"

[history]
source = "people"
created = "arrived"
features = { sepal_length = "a", sepal_width = "b", petal_length = "c", petal_width = "d" }
score_table = "people_history"
scores = "history"
"#;

/// The values of a row that SQL calls `row`, as a JSON array.
pub(super) fn values(table: &str, row: &str) -> String {
    if table == "plain" {
        return format!("CAST({row}.`values` AS CHAR)");
    }
    let columns = ["a", "b", "c", "d"].map(|column| format!("COALESCE({row}.`{column}`, 'null')"));
    format!("CONCAT('[', {}, ']')", columns.join(", ', ', "))
}

/// What holds for a row `i` of the job's table that has no prediction.
pub(super) fn is_pending(job: Job) -> String {
    match job.scores {
        None => format!("NULLIF(CAST(i.`{}` AS CHAR), 'null') IS NULL", job.prediction),
        Some(scores) => format!("NOT EXISTS (SELECT 1 FROM `{scores}` s WHERE s.`id` = i.`id`)"),
    }
}

/// What holds for a row `i` of the job's table that is set aside.
pub(super) fn is_set_aside(job: Job) -> String {
    let key = if job.table == "typed" {
        "f.`item_id` = 0 AND f.`item_key` = CAST(CONCAT(i.`day`, ',', i.`name`) AS BINARY)"
    } else {
        "f.`item_id` = i.`id`"
    };
    let Job { name, table, .. } = job;
    format!(
        "EXISTS (SELECT 1 FROM `item_failures` f WHERE f.`items_table` = '{table}' AND f.`job` = '{name}' AND {key})"
    )
}

/// Makes all of it. Answers how the functions see it.
pub(super) async fn make(owner: &Setup) -> Setup {
    for sql in DDL {
        owner.execute(sql).await;
    }
    make_login(&mut owner.connect().await, LOGIN).await;
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(JOBS_TOML.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    for command in [&["init", "--create"][..], &["apply", path, "--yes", "--grant", LOGIN]] {
        let done = rowscore(command, owner.variables()).await;
        assert!(done.status.success(), "{command:?}: {done:?}");
    }
    for job in JOBS {
        keep_ledger(owner, job).await;
    }
    let seen =
        format!("INSERT INTO `seen` (`item`, `values_then`) SELECT NEW.`id`, {} FROM DUAL", values("people", "NEW"));
    let changed = format!("{} <> {}", values("people", "NEW"), values("people", "OLD"));
    for (when, condition) in [("INSERT", "TRUE"), ("UPDATE", changed.as_str())] {
        owner
            .execute(&format!(
                "CREATE TRIGGER `people_{when}` AFTER {when} ON `people` FOR EACH ROW {seen} WHERE {condition}"
            ))
            .await;
    }
    owner.with(&[("MYSQL_USER", LOGIN), ("MYSQL_PASSWORD", PASSWORD)]).await
}

/// From here on, each change of a prediction of a job is noted in the transaction that makes it.
async fn keep_ledger(owner: &Setup, job: Job) {
    let Job { name, table, prediction, .. } = job;
    let text = |row: &str| format!("NULLIF(CAST({row}.`{prediction}` AS CHAR), 'null')");
    let (now, before) = (text("NEW"), text("OLD"));
    let insert = "INSERT INTO `ledger` (`job`, `item`, `run`, `version`, `before_run`, `after`, `values_then`) SELECT";
    let differs = format!("NOT ({now} <=> {before} AND NEW.`run_id` <=> OLD.`run_id`)");
    let Some(scores) = job.scores else {
        let values = values(table, "NEW");
        let sql = format!(
            "CREATE TRIGGER `ledger_{name}` AFTER UPDATE ON `{table}` FOR EACH ROW {insert} '{name}', NEW.`id`, NEW.`run_id`, \
             '', IF({before} IS NULL, NULL, COALESCE(OLD.`run_id`, 0)), {now}, {values} FROM DUAL WHERE {differs}"
        );
        return owner.execute(&sql).await;
    };
    let version = if name == "history" { "model_version" } else { "" };
    let version = |row: &str| if version.is_empty() { "''".to_owned() } else { format!("{row}.`{version}`") };
    for (when, sql) in [
        ("INSERT", format!("'{name}', NEW.`id`, NEW.`run_id`, {}, NULL, {now}, NULL FROM DUAL", version("NEW"))),
        (
            "UPDATE",
            format!(
                "'{name}', NEW.`id`, NEW.`run_id`, {}, OLD.`run_id`, {now}, NULL FROM DUAL WHERE {differs}",
                version("NEW")
            ),
        ),
        ("DELETE", format!("'{name}', OLD.`id`, NULL, {}, OLD.`run_id`, NULL, NULL FROM DUAL", version("OLD"))),
    ] {
        let sql =
            format!("CREATE TRIGGER `ledger_{name}_{when}` AFTER {when} ON `{scores}` FOR EACH ROW {insert} {sql}");
        owner.execute(&sql).await;
    }
}
