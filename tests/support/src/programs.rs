//! rowscore's own programs, as processes.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::environment;

/// The command line.
pub const ROWSCORE: &str = "rowscore";

/// The Lambda function.
pub const SCORE: &str = "score";

/// The results API as a Lambda function.
pub const API: &str = "api";

/// A running program, killed with this value.
pub struct Program {
    child: Child,
    stdout: NamedTempFile,
    stderr: NamedTempFile,
}

/// What a program left behind.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// What it said on standard output.
    pub stdout: String,
    /// What it said on standard error.
    pub stderr: String,
}

impl Program {
    /// Starts `program` with nothing else in its environment than `variables`.
    pub fn start(program: &str, arguments: &[&str], variables: &BTreeMap<String, String>) -> Self {
        Self::start_at(&environment(&format!("CARGO_BIN_EXE_{program}")), arguments, variables)
    }

    /// Starts a shell with nothing else in its environment than `variables`.
    pub fn start_shell(script: &str, variables: &BTreeMap<String, String>) -> Self {
        Self::start_at("/bin/bash", &["-c", script], variables)
    }

    fn start_at(path: &str, arguments: &[&str], variables: &BTreeMap<String, String>) -> Self {
        let (stdout, stderr) = (NamedTempFile::new().unwrap(), NamedTempFile::new().unwrap());
        let child = Command::new(path)
            .args(arguments)
            .env_clear()
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(stdout.reopen().unwrap())
            .stderr(stderr.reopen().unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { child, stdout, stderr }
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Stops it where it is, until it is killed.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, like `TERM`.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// The processes that it started and that are there.
    pub fn children(&self) -> Vec<u32> {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        children.split_whitespace().map(|id| id.parse().unwrap()).collect()
    }

    /// SIGKILL: no farewell of any kind.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What it has said so far.
    pub fn output(&self) -> (String, String) {
        let read = |file: &NamedTempFile| String::from_utf8_lossy(&fs::read(file.path()).unwrap()).into_owned();
        (read(&self.stdout), read(&self.stderr))
    }

    /// Waits for its end.
    pub async fn end(mut self) -> Ended {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let (stdout, stderr) = self.output();
                return Ended { status, stdout, stderr };
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "the program does not end: {:?}", self.output());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and need not be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a process a signal, like `TERM`.
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status();
    assert!(sent.unwrap().success());
}

/// `rowscore ARGUMENTS` on a terminal, to its end. All that it says is on its standard output, and is answered with
/// these lines typed in.
pub async fn on_a_terminal(arguments: &str, typed: &str, variables: &BTreeMap<String, String>) -> Ended {
    start_on_a_terminal(arguments, typed, variables).end().await
}

/// The same, at work.
pub fn start_on_a_terminal(arguments: &str, typed: &str, variables: &BTreeMap<String, String>) -> Program {
    start_typing(arguments, &format!("printf '{typed}'"), variables)
}

/// The same, typed in by somebody who thinks for three seconds.
pub fn start_on_a_terminal_of_a_thinker(arguments: &str, typed: &str, variables: &BTreeMap<String, String>) -> Program {
    start_typing(arguments, &format!("(/bin/sleep 3; printf '{typed}')"), variables)
}

fn start_typing(arguments: &str, typing: &str, variables: &BTreeMap<String, String>) -> Program {
    let program = environment(&format!("CARGO_BIN_EXE_{ROWSCORE}"));
    let script = format!("{typing} | /usr/bin/script --quiet --return --command '{program} {arguments}' /dev/null");
    Program::start_shell(&script, variables)
}

/// `rowscore ARGUMENTS`, to its end.
pub async fn rowscore(arguments: &[&str], variables: &BTreeMap<String, String>) -> Ended {
    Program::start(ROWSCORE, arguments, variables).end().await
}
