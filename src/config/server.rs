//! Where the server is, and how a connection to it is protected.

use std::net::IpAddr;
use std::path::PathBuf;

use super::setting::{Accepts, Setting};

/// The name of a server, or its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host(pub String);

impl Setting for Host {
    const ACCEPTS: Accepts = Accepts::Text("a host name or an address alone, without port or user");

    fn read(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        let is_name =
            |text: &str| !text.is_empty() && !text.contains(|c: char| ":/@[]?".contains(c) || c.is_whitespace());
        (bare.parse::<IpAddr>().is_ok() || is_name(text)).then(|| Self(bare.to_owned()))
    }
}

/// A host and a TCP port of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name or its address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.host[..] {
            address if address.contains(':') => write!(f, "[{address}]:{}", self.port),
            name => write!(f, "{name}:{}", self.port),
        }
    }
}

impl Setting for Place {
    const ACCEPTS: Accepts = Accepts::Text("HOST:PORT, like 127.0.0.1:3307");

    fn read(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        // An address with colons of its own stands between brackets.
        let bracketed = host.starts_with('[');
        let Host(host) = Host::read(host).filter(|read| bracketed || !read.0.contains(':'))?;
        Some(Self { host, port: port.parse().ok().filter(|port| *port > 0)? })
    }
}

/// The SHA-256 of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// 64 hexadecimal digits, with or without colons between the pairs, as `openssl x509 -fingerprint` prints them.
    fn read(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
        let mut bytes = [0; 32];
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// How a connection is protected, as `MYSQL_TLS` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TlsSetting {
    Verify,
    VerifyCa,
    Pin(Fingerprint),
    Off,
}

impl Setting for TlsSetting {
    const ACCEPTS: Accepts = Accepts::Text("verify, verify-ca, pin:SHA256 or off");

    fn read(text: &str) -> Option<Self> {
        match text {
            "verify" => Some(Self::Verify),
            "verify-ca" => Some(Self::VerifyCa),
            "off" => Some(Self::Off),
            text => Fingerprint::read(text.strip_prefix("pin:")?).map(Self::Pin),
        }
    }
}

/// Whether the connection is encrypted, and whom rowscore takes the server to be: `MYSQL_TLS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// `verify`: and the server's certificate and host name are checked.
    Verify {
        /// `MYSQL_CA_FILE`. Unset: the public authorities and those of RDS are trusted.
        ca_file: Option<PathBuf>,
    },
    /// `verify-ca`: and the server's certificate is checked, whatever name it bears.
    VerifyCa {
        /// `MYSQL_CA_FILE`.
        ca_file: PathBuf,
    },
    /// `pin:…`: and the server's certificate is this one.
    Pin(Fingerprint),
    /// `off`: plain TCP.
    Off,
}

impl Tls {
    /// What the two variables say together, or what is wrong with that.
    pub(super) fn new(setting: TlsSetting, ca_file: Option<PathBuf>) -> Result<Self, &'static str> {
        match (setting, ca_file) {
            (TlsSetting::Verify, ca_file) => Ok(Self::Verify { ca_file }),
            (TlsSetting::VerifyCa, Some(ca_file)) => Ok(Self::VerifyCa { ca_file }),
            (TlsSetting::VerifyCa, None) => {
                Err("MYSQL_CA_FILE is not set; MYSQL_TLS=verify-ca needs the file with the \
                 server's own certificate authority: that of a public one would vouch for anybody")
            }
            (TlsSetting::Pin(fingerprint), _) => Ok(Self::Pin(fingerprint)),
            (TlsSetting::Off, _) => Ok(Self::Off),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_host_and_a_port() {
        let place = |text: &str| Place::read(text).map(|place| (place.host.clone(), place.to_string()));
        assert_eq!(place("127.0.0.1:3307"), Some(("127.0.0.1".into(), "127.0.0.1:3307".into())));
        assert_eq!(place("[::1]:3307"), Some(("::1".into(), "[::1]:3307".into())));
        assert_eq!(
            place("bastion.example.com:1"),
            Some(("bastion.example.com".into(), "bastion.example.com:1".into()))
        );
        for text in ["", "127.0.0.1", ":3307", "host:", "host:0", "host:65536", "host:x", "::1:3307", "a b:1", "u@h:1"]
        {
            assert_eq!(place(text), None, "{text}");
        }
    }

    #[test]
    fn a_fingerprint_is_read_as_openssl_prints_it() {
        let bytes: [u8; 32] = std::array::from_fn(|place| place as u8 * 8);
        let plain: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let colons = bytes.map(|byte| format!("{byte:02X}")).join(":");
        for text in [&plain, &plain.to_uppercase(), &colons] {
            assert_eq!(TlsSetting::read(&format!("pin:{text}")), Some(TlsSetting::Pin(Fingerprint(bytes))));
        }
        for text in ["pin:", "pin:00", &format!("pin:{plain}0"), &format!("pin:{}g", &plain[1..]), &plain] {
            assert_eq!(TlsSetting::read(text), None, "{text}");
        }
    }
}
