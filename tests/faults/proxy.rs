//! A network between rowscore and the database that has one mishap, at a chosen byte.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

/// How long new connections are refused after a cut, and how long a stall takes.
const REFUSED_FOR: Duration = Duration::from_secs(1);
const STALLED_FOR: Duration = Duration::from_secs(4);

/// What can happen to a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The connection is dropped.
    Drop,
    /// Every connection is dropped, and for a second no new one comes about.
    Cut,
    /// For a few seconds nothing is carried. Then it goes on.
    Stall,
    /// The connection carries nothing any more, and neither side is told.
    Silence,
}

impl Mishap {
    pub(crate) const ALL: [Self; 4] = [Self::Drop, Self::Cut, Self::Stall, Self::Silence];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Cut => "cut",
            Self::Stall => "stall",
            Self::Silence => "silence",
        }
    }
}

/// The proxy. Its connections end with it.
pub(crate) struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    server: Mutex<u16>,
    /// Whether nothing is carried, and neither side is told.
    is_split: watch::Sender<bool>,
    mishap: Option<(Mishap, u64)>,
    carried: AtomicU64,
    struck: AtomicBool,
    refused_until: Mutex<Instant>,
    stalled_until: Mutex<Instant>,
    cut: watch::Sender<()>,
    healed: watch::Sender<()>,
}

impl Proxy {
    /// In front of the database on `port`, with a mishap when so many bytes have been carried.
    pub(crate) async fn start(port: u16, mishap: Option<(Mishap, u64)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shared = Arc::new(Shared {
            server: Mutex::new(port),
            is_split: watch::Sender::new(false),
            mishap,
            carried: AtomicU64::new(0),
            struck: AtomicBool::new(false),
            refused_until: Mutex::new(Instant::now()),
            stalled_until: Mutex::new(Instant::now()),
            cut: watch::Sender::new(()),
            healed: watch::Sender::new(()),
        });
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { port, shared, task }
    }

    /// Bytes carried so far, both ways.
    pub(crate) fn carried(&self) -> u64 {
        self.shared.carried.load(Ordering::Relaxed)
    }

    /// Whether the mishap has happened.
    pub(crate) fn struck(&self) -> bool {
        self.shared.struck.load(Ordering::Relaxed)
    }

    /// From here on it leads to the database on another port, and the connections to this one end: as a name does that
    /// is moved to another server.
    pub(crate) fn lead_to(&self, port: u16) {
        *self.shared.server.lock().unwrap() = port;
        self.shared.cut.send_replace(());
    }

    /// From here on nothing is carried, and neither side is told, not even of the other's end.
    pub(crate) fn split(&self) {
        self.shared.is_split.send_replace(true);
    }

    /// What was held back since [`Proxy::split`] is carried.
    pub(crate) fn join(&self) {
        self.shared.is_split.send_replace(false);
    }

    /// Ends the connections that carry nothing, as the server does after a while.
    pub(crate) fn heal(&self) {
        self.shared.healed.send_replace(());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        if Instant::now() >= *shared.refused_until.lock().unwrap() {
            connections.spawn(connection(client, Arc::clone(&shared)));
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Carries until one side ends, or a mishap ends both.
async fn connection(client: TcpStream, shared: Arc<Shared>) {
    shared.until_whole().await;
    let port = *shared.server.lock().unwrap();
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let silent = AtomicBool::new(false);
    let (mut cut, mut healed) = (shared.cut.subscribe(), shared.healed.subscribe());
    tokio::select! {
        () = carry(from_client, to_server, &shared, &silent) => {}
        () = carry(from_server, to_client, &shared, &silent) => {}
        _ = cut.changed() => {}
        _ = healed.changed(), if shared.mishap.is_some() => {}
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    shared: &Shared,
    silent: &AtomicBool,
) {
    let mut buffer = vec![0; 1 << 14];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        shared.until_whole().await;
        let before = shared.carried.fetch_add(count as u64, Ordering::Relaxed);
        let mut carried = count;
        let mishap = shared.mishap.filter(|(_, at)| (before..before + count as u64).contains(at));
        if let Some((mishap, at)) = mishap {
            carried = usize::try_from(at - before).unwrap();
            shared.strike(mishap, silent);
        }
        if silent.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        let stalled_until = *shared.stalled_until.lock().unwrap();
        sleep_until(stalled_until).await;
        if mishap.is_some_and(|(mishap, _)| mishap == Mishap::Stall) {
            carried = count;
        }
        // A side that cannot be written to has ended, as one that has nothing more to say.
        if to.write_all(&buffer[..carried]).await.is_err() || carried < count || count == 0 {
            return;
        }
    }
}

impl Shared {
    async fn until_whole(&self) {
        // The sender is here, so it is there.
        let _ = self.is_split.subscribe().wait_for(|is_split| !is_split).await;
    }

    fn strike(&self, mishap: Mishap, silent: &AtomicBool) {
        self.struck.store(true, Ordering::Relaxed);
        match mishap {
            Mishap::Drop => {}
            Mishap::Cut => {
                *self.refused_until.lock().unwrap() = Instant::now() + REFUSED_FOR;
                self.cut.send_replace(());
            }
            Mishap::Stall => *self.stalled_until.lock().unwrap() = Instant::now() + STALLED_FOR,
            Mishap::Silence => silent.store(true, Ordering::Relaxed),
        }
    }
}
