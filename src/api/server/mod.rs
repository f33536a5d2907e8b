//! Answers over TCP. A client is not trusted to go on: a request that does not arrive is hung up on, as is an answer
//! that nobody takes, and whoever does nothing makes room for who comes. The end waits for no client.

mod clients;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;

use clients::{Client, Clients};

/// How long a request may take to arrive, and how long a connection may be silent before one. The status page asks
/// more often while something is at work.
const ARRIVAL: Duration = Duration::from_secs(10);
/// How long an answer may stand still on its way.
const TAKING: Duration = Duration::from_secs(30);
/// Bytes of what is read of a request at once: its head has to fit in.
const HEAD: usize = 32 << 10;
/// How long it waits before it accepts again where the system has no room for a connection.
const NO_ROOM: Duration = Duration::from_millis(50);

/// Answers whoever connects to `listener` by `router`, until `stop`. What is being answered then has a second.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let clients = Arc::new(Clients::default());
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            clients.make_room().await;
            listener.accept().await
        };
        tokio::select! {
            () = &mut stop => break,
            accepted = accepted => match accepted {
                Ok((stream, _)) => clients.admit(|client| answer(stream, router.clone(), client)),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    clients.send_one_away();
                    tokio::time::sleep(NO_ROOM).await;
                }
            },
        }
    }
    // Who connects now is refused, and need not wait.
    drop(listener);
    clients.send_away().await;
}

/// Answers one client, request after request.
async fn answer(stream: TcpStream, router: Router, client: Client) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TAKING));
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request: Request<Incoming>| {
        let (answering, answer) = (client.answers(), router.call(request));
        async move {
            let answer = answer.await;
            drop(answering);
            answer
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(ARRIVAL).max_buf_size(HEAD);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(Box::pin(stream)), service));
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = client.is_asked_to_leave() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A client that leaves, or is left, is no matter for the log.
    if let Err(error) = ended {
        tracing::debug!(%error, "a client was left");
    }
}
