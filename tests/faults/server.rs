//! A database server of the test's own, with durable settings, that may be killed.

use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::support::{Server, Setup, TestDb};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/database");

pub(crate) struct OwnServer {
    kind: Server,
    folder: TempDir,
}

impl OwnServer {
    pub(crate) async fn start(kind: Server) -> Self {
        // Where it is found and ended if these tests are killed.
        let servers = std::env::var_os("ROWSCORE_TEST_SERVERS").expect("tests are started by scripts/faults");
        let server = Self { kind, folder: TempDir::new_in(servers).unwrap() };
        server.restart().await;
        server
    }

    /// Starts it again after [`OwnServer::kill`]. Its port stays the same.
    pub(crate) async fn restart(&self) {
        self.script(&["start", self.kind.kind()]).await;
    }

    /// SIGKILL.
    pub(crate) async fn kill(&self) {
        self.script(&["kill"]).await;
    }

    async fn script(&self, command: &[&str]) -> String {
        let mut script = Command::new(SCRIPT);
        script.args(command).arg(self.folder.path()).stdin(Stdio::null());
        let begun = Instant::now();
        let output = tokio::task::spawn_blocking(move || script.output()).await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{command:?} after {:?}: {text}{}",
            begun.elapsed(),
            String::from_utf8_lossy(&output.stderr)
        );
        text
    }

    /// An empty database on it with rowscore's tables, and `settings`.
    pub(crate) async fn database(&self, settings: &[(&str, &str)]) -> Setup {
        let environment = self.script(&["env"]).await;
        let port = environment.split_once("MYSQL_PORT=").unwrap().1.lines().next().unwrap();
        // The login is the same as on the servers that all tests share.
        let db = TestDb::bare(self.kind, settings).await;
        let mut setup = db.with(&[("MYSQL_PORT", port), ("MYSQL_DATABASE", "own")]).await;
        setup.owner = setup.database.clone();
        tokio::task::spawn_blocking(move || drop(db)).await.unwrap();
        setup.database.connect_or_create().await.unwrap().disconnect().await.unwrap();
        setup.migrate().await;
        setup
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // Its data goes with it: no need for a slow clean shutdown.
        let killed = Command::new(SCRIPT).arg("kill").arg(self.folder.path()).status();
        assert!(killed.is_ok_and(|status| status.success()), "the server in {:?} is left running", self.folder);
    }
}
