//! TLS to a server whose certificate bears no name, or is trusted for its fingerprint alone: the driver cannot judge
//! these. Here the handshake is ours, and the driver speaks in clear to this process over a socket of its own. What is
//! said until the login is over is passed on packet by packet, because our request for TLS shifts their numbers.

use std::io;
use std::sync::Arc;

use mysql_async::{DriverError, Error};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;

use super::private_socket::PrivateSocket;
use super::settings::KEEPALIVE;
use crate::config::{Fingerprint, Place};

/// A packet of the protocol with its header: three bytes of length, one of its number.
type Packet = Vec<u8>;

/// What a server greets with when it has something against us.
const ERROR: u8 = 0xff;
/// What ends a login well.
const OK: u8 = 0x00;
/// That a password was found right; the end of the login comes behind it.
const PROVEN: [u8; 2] = [0x01, 0x03];
/// In a client's and a server's capabilities: TLS.
const CLIENT_SSL: u8 = 0x08;
/// The bytes of a client's answer that are also those of a request for TLS.
const REQUEST: usize = 32;
/// More than any packet of a login has.
const LONGEST: usize = 1 << 16;

/// TLS by rules of our own.
#[derive(Clone, Debug)]
pub(super) struct OwnTls(Arc<ClientConfig>);

impl OwnTls {
    /// Trusts a server whose certificate is signed by one of the authorities in `pem`, whatever its name.
    pub(super) fn of_authorities(pem: &[u8]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let added = certificate
                .map_err(|error| error.to_string())
                .and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string()));
            added.map_err(|error| format!("MYSQL_CA_FILE cannot be read: {error}"))?;
        }
        let provider = provider();
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        let verifier = verifier.map_err(|error| format!("MYSQL_CA_FILE holds no certificate authority: {error}"))?;
        Self::new(Arc::clone(&provider), Trust::Authorities(verifier))
    }

    /// Trusts a server whose certificate has this fingerprint.
    pub(super) fn of_fingerprint(fingerprint: Fingerprint) -> Result<Self, String> {
        Self::new(provider(), Trust::Fingerprint(fingerprint))
    }

    fn new(provider: Arc<CryptoProvider>, trust: Trust) -> Result<Self, String> {
        let judge = Arc::new(Judge { trust, provider: Arc::clone(&provider) });
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = versions.map_err(|error| error.to_string())?;
        Ok(Self(Arc::new(builder.dangerous().with_custom_certificate_verifier(judge).with_no_client_auth())))
    }

    /// Reaches the server at `place`, and answers the socket over which the driver reaches it through us.
    pub(super) async fn reach(&self, place: &Place) -> Result<Reached, Error> {
        let mut server = connect(place).await?;
        let greeting = read_packet(&mut server).await?;
        let socket = PrivateSocket::new()?;
        let name = socket.name().to_owned();
        let (failed, failure) = oneshot::channel();
        let (tls, host) = (TlsConnector::from(Arc::clone(&self.0)), place.host.clone());
        tokio::spawn(async move {
            let Ok(driver) = socket.accept().await else { return };
            if let Err(error) = pass_on(driver, server, greeting, (tls, host)).await {
                // Nobody may be there any more who wants to know.
                let _ = failed.send(error);
            }
        });
        Ok(Reached { socket: name, failure })
    }
}

/// A server on the other side of TLS.
pub(super) struct Reached {
    /// The socket that leads to it.
    pub socket: String,
    failure: oneshot::Receiver<Error>,
}

impl Reached {
    /// Why the driver was cut off, if it was we who did it.
    pub(super) async fn failure(self) -> Option<Error> {
        self.failure.await.ok()
    }
}

/// As the driver does it.
async fn connect(place: &Place) -> io::Result<TcpStream> {
    let server = TcpStream::connect((&place.host[..], place.port)).await?;
    server.set_nodelay(true)?;
    SockRef::from(&server).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
    Ok(server)
}

/// Between the driver and the server: the beginning with its numbers shifted, then everything as it is.
async fn pass_on(
    mut driver: UnixStream,
    mut server: TcpStream,
    mut greeting: Packet,
    (tls, host): (TlsConnector, String),
) -> Result<(), Error> {
    if greeting.get(4) == Some(&ERROR) {
        return Ok(driver.write_all(&greeting).await?);
    }
    take_tls_back(&mut greeting).ok_or(Error::Driver(DriverError::NoClientSslFlagFromServer))?;
    driver.write_all(&greeting).await?;
    let mut answer = read_packet(&mut driver).await?;
    if answer.len() < 4 + REQUEST {
        return Err(Error::Io(io::Error::from(io::ErrorKind::InvalidData).into()));
    }
    answer[5] |= CLIENT_SSL;
    let request: Packet = [&[REQUEST as u8, 0, 0, 1], &answer[4..4 + REQUEST]].concat();
    server.write_all(&request).await?;
    // The name is sent along and not looked at.
    let name = ServerName::try_from(host).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut server = tls.connect(name, server).await?;
    loop {
        answer[3] = answer[3].wrapping_add(1);
        server.write_all(&answer).await?;
        server.flush().await?;
        let mut said = read_packet(&mut server).await?;
        said[3] = said[3].wrapping_sub(1);
        driver.write_all(&said).await?;
        if said[4..] == PROVEN {
            said = read_packet(&mut server).await?;
            said[3] = said[3].wrapping_sub(1);
            driver.write_all(&said).await?;
        }
        if matches!(said.get(4), Some(&(OK | ERROR))) {
            break;
        }
        answer = read_packet(&mut driver).await?;
    }
    // How it ends is what both sides see for themselves.
    let _ = tokio::io::copy_bidirectional(&mut driver, &mut server).await;
    Ok(())
}

/// A server's greeting as if it knew no TLS. `None`: it knows none.
fn take_tls_back(greeting: &mut Packet) -> Option<()> {
    let version = greeting.get(5..)?.iter().position(|byte| *byte == 0)?;
    // Behind the version: the connection's number, eight bytes of the nonce and a zero; TLS is in the second byte.
    let capabilities = greeting.get_mut(5 + version + 1 + 4 + 8 + 1 + 1)?;
    let knows = *capabilities & CLIENT_SSL != 0;
    *capabilities &= !CLIENT_SSL;
    knows.then_some(())
}

async fn read_packet(from: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Packet> {
    let mut packet = vec![0; 4];
    from.read_exact(&mut packet).await?;
    let length = usize::from(packet[0]) | usize::from(packet[1]) << 8 | usize::from(packet[2]) << 16;
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    packet.resize(4 + length, 0);
    from.read_exact(&mut packet[4..]).await?;
    Ok(packet)
}

/// The one that the driver uses, too.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// For what a server is trusted.
#[derive(Debug)]
enum Trust {
    Authorities(Arc<WebPkiServerVerifier>),
    Fingerprint(Fingerprint),
}

/// Judges certificates. That the server has a certificate's key is proven in any case.
#[derive(Debug)]
struct Judge {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.trust {
            Trust::Authorities(authorities) => {
                // The name comes last: whose name alone is wrong is signed by an authority, and valid.
                match authorities.verify_server_cert(certificate, chain, name, ocsp, now) {
                    Err(rustls::Error::InvalidCertificate(
                        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
                    )) => Ok(ServerCertVerified::assertion()),
                    judged => judged,
                }
            }
            Trust::Fingerprint(Fingerprint(wanted)) => {
                let shown: [u8; 32] = Sha256::digest(certificate).into();
                if shown == *wanted {
                    return Ok(ServerCertVerified::assertion());
                }
                let shown: String = shown.iter().map(|byte| format!("{byte:02x}")).collect();
                Err(rustls::Error::General(format!("the server's certificate has another fingerprint, {shown}")))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_way_to_the_server_is_kept_alive() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = connect(&Place { host: "127.0.0.1".into(), port }).await.unwrap();
        assert!(SockRef::from(&server).keepalive().unwrap());
    }
}
