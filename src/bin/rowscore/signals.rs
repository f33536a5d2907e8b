//! Being asked to stop: by Ctrl-C, or by the signal that services and containers are stopped by.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::select;
use std::pin::pin;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::out::say;

/// How long what was begun may take to its end. Kubernetes kills after 30 s.
const GRACE: Duration = Duration::from_secs(10);

/// Both signals. While this is there, neither ends the process by itself. The first process of a container is
/// ended by no signal that it does not listen to.
pub(crate) struct Signals {
    interrupted: Signal,
    terminated: Signal,
}

impl Signals {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { interrupted: signal(SignalKind::interrupt())?, terminated: signal(SignalKind::terminate())? })
    }

    /// Waits for the next of them.
    async fn next(&mut self) {
        select(pin!(self.interrupted.recv()), pin!(self.terminated.recv())).await;
    }

    /// At the first signal, makes `halt` true, and at the second, or when the grace is over, answers.
    pub(crate) async fn ask_to_stop(&mut self, halt: &AtomicBool) {
        self.next().await;
        halt.store(true, Ordering::Relaxed);
        say!("Stopping after the page that is under way. Ctrl-C again ends it at once.");
        select(pin!(self.next()), pin!(tokio::time::sleep(GRACE))).await;
    }
}
