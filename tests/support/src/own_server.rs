//! A database server of the test's own, or a cluster of three, which may be set up oddly, stopped and killed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use super::programs::signal;
use super::{Server, Setup, environment};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/database");

/// A server of the test's own. It ends with this value.
pub struct OwnServer {
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
        Self::named(kind.kind(), options).await
    }

    /// A cluster of three, with a proxy in front. Its servers leave it to the system when files are written
    /// to the disk, so that they are quick to come back: what is killed is a process, not the system.
    pub async fn cluster(kind: Server) -> Self {
        let name = if kind.is_mariadb() { "galera" } else { "group-replication" };
        Self::named(name, &["--relaxed"]).await
    }

    async fn named(name: &'static str, options: &'static [&'static str]) -> Self {
        // Where it is found and ended if these tests are killed.
        let folder = TempDir::new_in(environment("ROWSCORE_TEST_SERVERS")).unwrap();
        let server = Self { name, options, folder };
        server.restart().await;
        server
    }

    /// Starts it again after [`OwnServer::stop`] or [`OwnServer::kill`], or the server of a cluster after
    /// [`OwnServer::kill_node`], and waits until that has caught up. Its port stays the same.
    pub async fn restart(&self) {
        self.script(&[&["start", self.name], self.options].concat(), self.folder()).await;
    }

    /// The same, with a clock that is off by that much, such as `+1h`.
    pub async fn restart_with_clock(&self, offset: &str) {
        let clock = format!("--clock={offset}");
        self.script(&[&["start", self.name, &clock], self.options].concat(), self.folder()).await;
    }

    /// Variables that set a process's clock off by that much, if its program is not linked statically.
    pub async fn clock(offset: &str) -> BTreeMap<String, String> {
        variables_in(&script(&["clock", "--", offset], None).await)
    }

    /// A copy of the data of a server that does not run.
    pub fn back_up(&self) -> TempDir {
        let copy = TempDir::new_in(environment("ROWSCORE_TEST_SERVERS")).unwrap();
        copy_folder(&self.data(), &copy.path().join("data"));
        copy
    }

    /// Puts the data of [`OwnServer::back_up`] in the place of that of a server that does not run.
    pub fn restore(&self, backup: &TempDir) {
        fs::remove_dir_all(self.data()).unwrap();
        copy_folder(&backup.path().join("data"), &self.data());
    }

    fn data(&self) -> PathBuf {
        self.folder().join("data")
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
        self.script(&["kill"], &self.node(port)).await;
    }

    /// A signal, like `STOP`, for the one server of a cluster that has this port.
    pub fn signal_node(&self, port: u16, name: &str) {
        let process = fs::read_to_string(self.node(port).join("server.pid")).unwrap();
        signal(process.trim().parse().unwrap(), name);
    }

    /// The folder of the one server of a cluster that has this port.
    fn node(&self, port: u16) -> PathBuf {
        let nodes = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path());
        let has_port =
            |node: &PathBuf| fs::read_to_string(node.join("port")).is_ok_and(|noted| noted.trim() == port.to_string());
        nodes.filter(|folder| folder.join("data").is_dir()).find(has_port).expect("each server notes its port")
    }

    async fn script(&self, command: &[&str], folder: &Path) -> String {
        script(command, Some(folder)).await
    }

    /// An empty database on it with rowscore's tables, and `settings`.
    pub async fn database(&self, settings: &[(&str, &str)]) -> Setup {
        let setup = self.bare(settings).await;
        setup.migrate().await;
        setup
    }

    /// An empty database on it, and `settings`, for somebody who may do anything.
    pub async fn bare(&self, settings: &[(&str, &str)]) -> Setup {
        let mut variables = self.login().await;
        variables.extend([("MYSQL_DATABASE".into(), OWN.into()), ("SAMPLE_MODEL".into(), "allow".into())]);
        variables.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let setup = Setup::of_owner(variables).await;
        setup.database.connect_or_create().await.unwrap().disconnect().await.unwrap();
        setup
    }

    /// The variables that make a client of it, with a login that may do anything.
    async fn login(&self) -> BTreeMap<String, String> {
        variables_in(&self.script(&["env"], self.folder()).await)
    }
}

/// The name of the database on it, and of the login that scores its items.
pub const OWN: &str = "own";

/// What is exported, a line each.
fn variables_in(exports: &str) -> BTreeMap<String, String> {
    let variables = exports.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Runs `scripts/database`, and answers what it says.
async fn script(command: &[&str], folder: Option<&Path>) -> String {
    let mut script = Command::new(SCRIPT);
    script.args(command).args(folder).stdin(Stdio::null());
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

fn copy_folder(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("--archive").arg(from).arg(to).status().unwrap();
    assert!(copied.success(), "{} was not copied", from.display());
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // Its data goes with it: no need for a slow clean shutdown.
        let killed = Command::new(SCRIPT).arg("kill").arg(self.folder.path()).status();
        assert!(killed.is_ok_and(|status| status.success()), "the server in {:?} is left running", self.folder);
    }
}
