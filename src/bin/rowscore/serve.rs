//! `rowscore serve`: the results API and the status page, from this machine.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use rowscore::api::{self, Api, Present};
use rowscore::model;
use tokio::net::TcpListener;

use crate::opened::Opened;

/// Serve the status page and the results API, read-only, until Ctrl-C
///
/// There is no login: whoever can reach the address can read all items. Without options, only this
/// machine can.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  rowscore serve\n  curl 'http://127.0.0.1:8000/data/predicted?limit=10'")]
pub(crate) struct Args {
    /// Address and port; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// The most connections to the database; further requests wait for one of them
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    connections: u16,
}

#[expect(clippy::disallowed_methods, reason = "the edge: a request is answered now")]
pub(crate) async fn run(args: Args) -> Result<ExitCode, Box<dyn Error>> {
    let opened = Opened::from_env().await?;
    let model = model::embedded()?;
    opened.table().feature_columns(model.features())?;
    let mut router =
        api::router(Api::new(opened.database, args.connections.into(), model, Present::Asked(chrono::Utc::now)));
    let listener = TcpListener::bind(args.listen).await.map_err(|error| format!("{}: {error}", args.listen))?;
    let address = listener.local_addr()?;
    if address.ip().is_loopback() {
        router = api::only_local(router);
    } else {
        eprintln!(
            "Warning: there is no login, and other machines may reach {address}: whoever can reach it can read all items."
        );
    }
    eprintln!("The status page is at http://{address}/, the description of the API at http://{address}/openapi.json.");
    axum::serve(listener, router).with_graceful_shutdown(asked_to_stop()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Ctrl-C, or the signal that services are stopped by.
async fn asked_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    // A signal that cannot be listened to ends the process by itself.
    let _ = interrupted.await;
}
