//! A socket by which this process speaks to itself.

use std::io;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::{UnixListener, UnixStream};

/// A socket that takes one connection, and only of this process.
pub(super) struct PrivateSocket {
    listener: UnixListener,
    name: String,
}

impl PrivateSocket {
    /// One with a name of its own. On Linux it is in no folder, so that none needs to be writable.
    pub(super) fn new() -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rowscore-{}-{count}", process::id());
        let name = if cfg!(target_os = "linux") {
            format!("\0{name}")
        } else {
            std::env::temp_dir().join(name).to_string_lossy().into_owned()
        };
        Ok(Self { listener: UnixListener::bind(&name)?, name })
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Waits for this process. Others who come are sent away.
    pub(super) async fn accept(self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            if stream.peer_cred()?.pid().is_none_or(|pid| u32::try_from(pid) == Ok(process::id())) {
                if !self.name.starts_with('\0') {
                    // It has done its duty; a leftover is in nobody's way.
                    let _ = std::fs::remove_file(&self.name);
                }
                return Ok(stream);
            }
        }
    }
}
