//! Somebody who does what a document says.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use mysql_async::{Row, Value};
use tempfile::TempDir;

use crate::support::programs::{Ended, Program};
use crate::support::{Server, TestDb};

/// The place where the documents name the reader's own database.
const THEIR_DATABASE: &str = "MYSQL_SERVER=db.example.com MYSQL_DATABASE=shop MYSQL_USER=scorer MYSQL_PASSWORD=...";

pub(super) struct User {
    pub db: TestDb,
    folder: TempDir,
}

impl User {
    /// With an empty database, and a folder with a release in it.
    pub(super) async fn new(server: Server, settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("target/release")).unwrap();
        symlink(env!("CARGO_BIN_EXE_rowscore"), folder.path().join("target/release/rowscore")).unwrap();
        fs::write(folder.path().join("exported"), "").unwrap();
        Self { db: TestDb::bare(server, settings).await, folder }
    }

    pub(super) fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file of the repository into the folder.
    pub(super) fn bring(&self, file: &str, name: &str) {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(file), self.file(name)).unwrap();
    }

    /// Pastes the block into a shell, in which all blocks before were pasted. Every command must succeed.
    pub(super) async fn paste(&self, block: &str) -> Ended {
        let ended = self.start(block).end().await;
        assert_eq!(ended.status.code(), Some(0), "{block}\n{ended:?}");
        ended
    }

    /// The shell, at work on the block.
    pub(super) fn start(&self, block: &str) -> Program {
        let database: Vec<String> = self
            .db
            .variables()
            .iter()
            .filter(|(name, _)| name.starts_with("MYSQL_"))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        // The release is there already: it is the test's own build.
        let block = block
            .replace(THEIR_DATABASE, &database.join(" "))
            .replace("MODEL_FILE=mine/model.json cargo build --release", "test -f mine/model.json")
            .replace(" --no-default-features", "")
            .replace("cargo build --release", "test -x target/release/rowscore");
        let folder = self.folder.path().display();
        let script = format!(
            "set -euo pipefail; cd '{folder}'; PATH=\"$PWD/target/release:$PATH\"; . ./exported\n\
             {block}\nexport -p > exported"
        );
        let mut variables = self.db.variables().clone();
        // A reader has not set it.
        variables.remove("SAMPLE_MODEL");
        variables.insert("PATH".into(), "/usr/bin:/bin".into());
        Program::start_shell(&script, &variables)
    }

    /// Asks the database, and answers the columns' names, then the rows.
    pub(super) async fn ask(&self, sql: &str) -> Vec<Vec<String>> {
        let rows: Vec<Row> = self.db.rows(sql).await;
        let names = rows
            .iter()
            .take(1)
            .map(|row| row.columns_ref().iter().map(|column| column.name_str().into_owned()).collect::<Vec<String>>());
        names.chain(rows.iter().map(|row| row.clone().unwrap().iter().map(text).collect())).collect()
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::NULL => "NULL".into(),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => other.as_sql(true),
    }
}
