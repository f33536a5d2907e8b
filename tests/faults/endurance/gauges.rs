//! What must not grow: the memory of the functions and the connections to the server.

use std::fs;
use std::path::{Path, PathBuf};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

/// Samples by which it is known what is usual: a quarter of an hour at the pace of an hour.
const USUAL_AFTER: usize = 30;

/// A function may need this much more than was usual, in MiB: cold and warm ones differ.
const MORE_MIB: u64 = 24;

/// Connections of the functions at work, each with its lanes and its own, and of the test itself.
const MOST_CONNECTIONS: u64 = 4 * super::CONCURRENCY as u64 + 16;

/// What is measured again and again.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    server: PathBuf,
    samples: usize,
    usual_mib: u64,
    function_mib: u64,
    most_mib: u64,
    server_mib: u64,
    connections: u64,
    most_connections: u64,
}

impl Gauges {
    /// Of a server that has its data in this folder.
    pub(super) fn new(server: &Path) -> Self {
        Self { server: server.to_owned(), ..Self::default() }
    }

    /// Measures. Answers what is too much.
    pub(super) async fn sample(&mut self, conn: &mut Conn, functions: &[u32]) -> mysql_async::Result<Option<String>> {
        let status: Option<(String, u64)> = conn.query_first("SHOW GLOBAL STATUS LIKE 'Threads_connected'").await?;
        self.connections = status.map_or(0, |(_, connected)| connected);
        self.most_connections = self.most_connections.max(self.connections);
        self.function_mib = functions.iter().filter_map(|id| resident_mib(&id.to_string())).max().unwrap_or(0);
        self.most_mib = self.most_mib.max(self.function_mib);
        let pid = fs::read_to_string(self.server.join("server.pid")).unwrap_or_default();
        self.server_mib = resident_mib(pid.trim()).unwrap_or(0);
        self.samples += 1;
        if self.samples <= USUAL_AFTER {
            self.usual_mib = self.usual_mib.max(self.function_mib);
        } else if self.function_mib > self.usual_mib + MORE_MIB {
            return Ok(Some(format!(
                "a function has {} MiB, where {} MiB were the most in the beginning",
                self.function_mib, self.usual_mib
            )));
        }
        let too_many = format!("{} connections, where {MOST_CONNECTIONS} are plenty", self.connections);
        Ok((self.connections > MOST_CONNECTIONS).then_some(too_many))
    }

    /// Now, and at most.
    pub(super) fn line(&self) -> String {
        format!(
            "functions {} MiB (most {}), server {} MiB, {} connections (most {}), the test itself {} MiB",
            self.function_mib,
            self.most_mib,
            self.server_mib,
            self.connections,
            self.most_connections,
            resident_mib("self").unwrap_or(0)
        )
    }
}

/// The resident memory of a process, unless it is gone.
fn resident_mib(process: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}
