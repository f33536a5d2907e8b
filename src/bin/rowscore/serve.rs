//! `rowscore serve`: the results API and the status page, from this machine.

use std::error::Error;
use std::net::SocketAddr;
use std::pin::pin;
use std::process::ExitCode;

use rowscore::api::{self, Api, Present, Unreadable};
use rowscore::config::Config;
use rowscore::hop::Jobs;
use rowscore::standing::Expected;
use tokio::net::TcpListener;

use crate::chosen::ForJob;
use crate::out::say;
use crate::signals::Signals;

/// Serve the status page and the results API, read-only, until Ctrl-C
///
/// There is no login: whoever can reach the address can read all items. Without options, only this
/// machine can.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  rowscore serve\n  curl 'http://127.0.0.1:8000/data/predicted?limit=10'\n  \
                        curl http://127.0.0.1:8000/metrics")]
pub(crate) struct Args {
    #[command(flatten)]
    chosen: ForJob,
    /// Address and port; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// The most connections to the database; further requests wait for one of them
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    connections: u16,
}

#[expect(clippy::disallowed_methods, reason = "the edge: a request is answered now")]
pub(crate) async fn run(args: Args) -> Result<ExitCode, Box<dyn Error>> {
    // From here on a signal ends it well, also where it is the first process of a container.
    let mut signals = Signals::listen()?;
    let mut stop = pin!(signals.next());
    let jobs = Jobs::new(Config::from_env()?).await;
    let of_variables = jobs.of_variables();
    let model = args.chosen.brought()?;
    let present = Present::Asked(chrono::Utc::now);
    let (database, expected) = (of_variables.database.clone(), Expected::from(&of_variables.work));
    let api = Api::new(database, args.connections.into(), model, present, expected).with_jobs(jobs);
    let api = if args.chosen.is_given() { api.by_its_model() } else { api };
    let tried = tokio::select! {
        () = &mut stop => return Ok(ExitCode::SUCCESS),
        tried = api.try_out() => tried,
    };
    match tried {
        Ok(()) => {}
        Err(Unreadable::AtAll(why)) => return Err(why.into()),
        Err(Unreadable::Now(why)) => {
            say!("Warning: the database cannot be read now, and the page will say so until it can: {why}");
        }
    }
    let mut router = api::router(api);
    let listener = TcpListener::bind(args.listen).await.map_err(|error| format!("{}: {error}", args.listen))?;
    let address = listener.local_addr()?;
    if address.ip().is_loopback() {
        router = api::only_local(router);
    } else {
        say!(
            "Warning: there is no login, and other machines may reach {address}: whoever can reach it can read all items."
        );
    }
    say!("The status page is at http://{address}/, the description of the API at http://{address}/openapi.json.");
    api::serve(listener, router, stop).await;
    Ok(ExitCode::SUCCESS)
}
