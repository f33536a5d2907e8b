//! A database server of the test's own, or a cluster of three, which may be set up oddly, stopped and killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use super::{Server, Setup, TestDb, environment};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/database");

/// A server of the test's own. It ends with this value.
pub struct OwnServer {
    /// Whose SQL it speaks.
    kind: Server,
    /// As `scripts/database` calls it.
    name: &'static str,
    /// How it is started.
    options: &'static [&'static str],
    folder: TempDir,
}

impl OwnServer {
    /// One with durable settings, without certificates but those that it makes itself.
    pub async fn start(kind: Server) -> Self {
        Self::start_with(kind, &[]).await
    }

    /// One with these options of `scripts/database`.
    pub async fn start_with(kind: Server, options: &'static [&'static str]) -> Self {
        Self::named(kind, kind.kind(), options).await
    }

    /// A cluster of three, with a proxy in front. Its servers leave it to the system when files are written
    /// to the disk, so that they are quick to come back: what is killed is a process, not the system.
    pub async fn cluster(kind: Server) -> Self {
        let name = if kind.is_mariadb() { "galera" } else { "group-replication" };
        Self::named(kind, name, &["--relaxed"]).await
    }

    async fn named(kind: Server, name: &'static str, options: &'static [&'static str]) -> Self {
        // Where it is found and ended if these tests are killed.
        let folder = TempDir::new_in(environment("ROWSCORE_TEST_SERVERS")).unwrap();
        let server = Self { kind, name, options, folder };
        server.restart().await;
        server
    }

    /// Starts it again after [`OwnServer::stop`] or [`OwnServer::kill`], or the server of a cluster after
    /// [`OwnServer::kill_node`], and waits until that has caught up. Its port stays the same.
    pub async fn restart(&self) {
        self.script(&[&["start", self.name], self.options].concat(), self.folder()).await;
    }

    /// Its data and its certificates.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// As an operator ends it.
    pub async fn stop(&self) {
        self.script(&["stop"], self.folder()).await;
    }

    /// SIGKILL.
    pub async fn kill(&self) {
        self.script(&["kill"], self.folder()).await;
    }

    /// SIGKILL for the one server of a cluster that has this port.
    pub async fn kill_node(&self, port: u16) {
        let nodes = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path());
        let has_port =
            |node: &PathBuf| fs::read_to_string(node.join("port")).is_ok_and(|noted| noted.trim() == port.to_string());
        let node = nodes.filter(|folder| folder.join("data").is_dir()).find(has_port);
        self.script(&["kill"], &node.expect("each server notes its port")).await;
    }

    async fn script(&self, command: &[&str], folder: &Path) -> String {
        let mut script = Command::new(SCRIPT);
        script.args(command).arg(folder).stdin(Stdio::null());
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
    pub async fn database(&self, settings: &[(&str, &str)]) -> Setup {
        let environment = self.script(&["env"], self.folder()).await;
        let port = environment.split_once("MYSQL_PORT=").unwrap().1.lines().next().unwrap();
        // The login is the same as on the servers that all tests share.
        let db = TestDb::bare(self.kind, settings).await;
        let mut setup = db.with(&[("MYSQL_PORT", port), ("MYSQL_DATABASE", OWN)]).await;
        setup.owner = setup.database.clone();
        tokio::task::spawn_blocking(move || drop(db)).await.unwrap();
        setup.database.connect_or_create().await.unwrap().disconnect().await.unwrap();
        setup.migrate().await;
        setup
    }
}

/// The name of the database on it, and of the login that scores its items.
pub const OWN: &str = "own";

impl Drop for OwnServer {
    fn drop(&mut self) {
        // Its data goes with it: no need for a slow clean shutdown.
        let killed = Command::new(SCRIPT).arg("kill").arg(self.folder.path()).status();
        assert!(killed.is_ok_and(|status| status.success()), "the server in {:?} is left running", self.folder);
    }
}
