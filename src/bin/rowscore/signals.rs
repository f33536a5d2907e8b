//! Being asked to stop: by Ctrl-C, or by the signal that services and containers are stopped by.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::select;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::out::say;

/// How long what was begun may take to its end. Docker kills after 10 s, Kubernetes after 30.
const GRACE: Duration = Duration::from_secs(8);

/// Both signals. While this is there, neither ends the process by itself. The first process of a container is
/// ended by no signal that it does not listen to.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupted: Signal,
    #[cfg(unix)]
    terminated: Signal,
}

impl Signals {
    #[cfg(unix)]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { interrupted: signal(SignalKind::interrupt())?, terminated: signal(SignalKind::terminate())? })
    }

    #[cfg(not(unix))]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next of them.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        select(pin!(self.interrupted.recv()), pin!(self.terminated.recv())).await;
    }

    /// Waits for Ctrl-C.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) {
        // One that cannot be listened to ends the process by itself.
        let _ = tokio::signal::ctrl_c().await;
    }

    /// At the first signal, makes `halt` true, and at the second, or when the grace is over, answers.
    pub(crate) async fn ask_to_stop(&mut self, halt: &AtomicBool) {
        self.next().await;
        halt.store(true, Ordering::Relaxed);
        say!("Stopping after the page that is under way. Ctrl-C again ends it at once.");
        select(pin!(self.next()), pin!(tokio::time::sleep(GRACE))).await;
    }
}
