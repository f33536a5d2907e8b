//! A collector of lineage that asks for a token, and so is reached by https.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::serve::Listener;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::support::Server;

/// Who vouches for it: the authority of the database beside it.
const AUTHORITY: Server = Server::Mysql;

type Got = Arc<Mutex<Vec<String>>>;

/// A collector.
pub(super) struct Collector {
    /// Its address.
    pub url: String,
    got: Got,
}

impl Collector {
    pub(super) async fn new() -> Self {
        Self::answering(StatusCode::CREATED).await
    }

    /// One that answers with this status, and says what came along.
    pub(super) async fn answering(status: StatusCode) -> Self {
        let got = Got::default();
        let take = async move |State(got): State<Got>, headers: HeaderMap| {
            let proof = headers.get("authorization").map(|proof| proof.to_str().unwrap().to_owned());
            got.lock().unwrap().push(proof.clone().unwrap_or_default());
            (status, format!("this is what came: {proof:?}"))
        };
        let router = Router::new().route("/api/v1/lineage", post(take)).with_state(Arc::clone(&got));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let encrypted = Encrypted { listener, acceptor: acceptor() };
        tokio::spawn(async move { axum::serve(encrypted, router).await });
        Self { url, got }
    }

    /// What came along with each event since this was asked last.
    pub(super) fn proofs(&self) -> Vec<String> {
        self.got.lock().unwrap().drain(..).collect()
    }

    /// The variable by which a program trusts it.
    pub(super) fn trust() -> (String, String) {
        ("SSL_CERT_FILE".to_owned(), AUTHORITY.ca_file())
    }
}

fn acceptor() -> TlsAcceptor {
    let made = AUTHORITY.folder().join("tls");
    let certificate = CertificateDer::from_pem_file(made.join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(made.join("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).unwrap()))
}

/// Connections that are encrypted.
struct Encrypted {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            // Who does not trust it leaves.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
