//! Whose certificates are trusted.

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;

use mysql_async::SslOpts;

use super::own_tls::OwnTls;
use crate::config::{MysqlConfig, Tls};

/// How a connection is protected.
#[derive(Clone, Debug)]
pub(super) enum Protection {
    /// Not at all.
    None,
    /// By the driver: what it takes, and what to check when the certificate is refused.
    Driver(Box<SslOpts>, String),
    /// By us, or why that cannot be; and what to check when the certificate is refused.
    Own(Result<OwnTls, String>, &'static str),
}

impl Protection {
    pub(super) fn of(config: &MysqlConfig) -> Self {
        match &config.tls {
            Tls::Off => Self::None,
            Tls::Verify { ca_file } => {
                let mut ssl = verified(&config.server, ca_file.clone());
                if config.connect_to.is_some() {
                    ssl = ssl.with_danger_tls_hostname_override(Some(config.server.clone()));
                }
                Self::Driver(Box::new(ssl), advice(&config.server, ca_file.is_some()))
            }
            Tls::VerifyCa { ca_file } => {
                let pem = fs::read(ca_file).map_err(|error| format!("MYSQL_CA_FILE cannot be read: {error}"));
                let own = pem.and_then(|pem| OwnTls::of_authorities(&pem));
                Self::Own(own, "check that MYSQL_CA_FILE holds the server's certificate authority")
            }
            Tls::Pin(fingerprint) => Self::Own(
                OwnTls::of_fingerprint(*fingerprint),
                "if that is the server's new certificate, put the new fingerprint into MYSQL_TLS",
            ),
        }
    }

    /// What the driver takes for TLS, if that is its part.
    pub(super) fn by_the_driver(&self) -> Option<&SslOpts> {
        match self {
            Self::Driver(ssl, _) => Some(ssl),
            Self::None | Self::Own(..) => None,
        }
    }

    /// TLS of our own, if it is used.
    pub(super) fn by_us(&self) -> Result<Option<&OwnTls>, String> {
        match self {
            Self::Own(Ok(tls), _) => Ok(Some(tls)),
            Self::Own(Err(why), _) => Err(why.clone()),
            Self::None | Self::Driver(..) => Ok(None),
        }
    }

    /// What to check when the server's certificate is refused.
    pub(super) fn advice(&self) -> &str {
        match self {
            Self::None => "",
            Self::Driver(_, advice) => advice,
            Self::Own(_, advice) => advice,
        }
    }
}

/// The certificate authorities of Amazon RDS, region by region; `scripts/rds-certificates` renews them.
const RDS: &str = include_str!("../../infra/rds-ca.pem");

/// Certificate and host name of `server` are verified: against `ca_file` alone if there is one;
/// else against the public roots (which an RDS Proxy has its certificate from) and, for a server in
/// RDS, against the authorities of its region. These are few: each one that is read makes a cold
/// start longer.
fn verified(server: &str, ca_file: Option<PathBuf>) -> SslOpts {
    match (ca_file, rds_authorities(server)) {
        (Some(file), _) => SslOpts::default().with_root_certs(vec![file.into()]).with_disable_built_in_roots(true),
        (None, Some(region)) => SslOpts::default().with_root_certs(vec![region.as_bytes().into()]),
        (None, None) => SslOpts::default(),
    }
}

/// What to check when the certificate of `server` was refused.
fn advice(server: &str, ca_file: bool) -> String {
    let name = "and that MYSQL_SERVER is the name in the server's certificate; for a certificate with another name or none, \
                set MYSQL_TLS to verify-ca, or to pin:SHA256 with its fingerprint";
    match region(server) {
        Some(region) if !ca_file && part(region).is_none() => {
            format!(
                "rowscore does not know the certificate authority of region {region}: \
                 download its bundle from AWS and name it in MYSQL_CA_FILE"
            )
        }
        _ if ca_file => format!("check that MYSQL_CA_FILE holds the server's certificate authority, {name}"),
        _ if is_this_machine(server) => format!(
            "for a database on this machine set MYSQL_TLS=off, as nobody else can read along; or name the server's \
             certificate authority in MYSQL_CA_FILE, {name}"
        ),
        _ => format!("name the server's certificate authority in MYSQL_CA_FILE, {name}"),
    }
}

/// Whether a server is this machine itself.
fn is_this_machine(server: &str) -> bool {
    server == "localhost" || server.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// PEM with the authorities of a server in RDS: those of its region, or all when that is unknown.
fn rds_authorities(server: &str) -> Option<&'static str> {
    region_or_global(server).map(|region| part(region).unwrap_or(RDS))
}

/// `eu-central-1` of `shop.cluster-abc.eu-central-1.rds.amazonaws.com`; `None` also of the writer endpoint of an Aurora
/// Global Database, which is in whichever region writes at the moment.
pub(super) fn region(server: &str) -> Option<&str> {
    region_or_global(server).filter(|name| is_region(name))
}

/// Whether it is like `us-gov-west-1`.
fn is_region(name: &str) -> bool {
    let Some((before, number)) = name.rsplit_once('-') else { return false };
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    before.contains('-') && before.split('-').all(is_word) && number.parse::<u8>().is_ok()
}

/// What stands where the region does in the name of a server in RDS.
fn region_or_global(server: &str) -> Option<&str> {
    let server = server.trim_end_matches('.');
    let rds = server.strip_suffix(".cn").unwrap_or(server).strip_suffix(".rds.amazonaws.com");
    // In China the region comes behind: `shop.abc.rds.cn-north-1.amazonaws.com.cn`.
    let behind = || server.strip_suffix(".amazonaws.com.cn")?.rsplit_once(".rds.").map(|(_, region)| region);
    rds.and_then(|name| name.rsplit('.').next()).or_else(behind)
}

/// The part of [`RDS`] that belongs to `region`.
fn part(region: &str) -> Option<&'static str> {
    let (_, after) = RDS.split_once(&format!("\n[{region}]\n"))?;
    Some(after.split("\n[").next().unwrap_or(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificates(pem: &str) -> usize {
        pem.matches("-----BEGIN CERTIFICATE-----").count()
    }

    #[test]
    fn a_server_in_rds_is_verified_against_the_few_authorities_of_its_region() {
        for server in [
            "shop.c1x2y3z4.eu-central-1.rds.amazonaws.com",
            "shop.cluster-c1x2y3z4.eu-central-1.rds.amazonaws.com",
            "shop.cluster-ro-c1x2y3z4.eu-central-1.rds.amazonaws.com.",
            "shop.proxy-c1x2y3z4.eu-central-1.rds.amazonaws.com",
        ] {
            let authorities = rds_authorities(server).unwrap();
            assert_eq!(
                (certificates(authorities), authorities.matches("# Amazon RDS eu-central-1 Root CA").count()),
                (3, 3)
            );
        }
        let last = rds_authorities("shop.c1x2y3z4.us-west-2.rds.amazonaws.com").unwrap();
        assert_eq!((certificates(last), last.matches("# Amazon RDS us-west-2 Root CA").count()), (3, 3));
    }

    #[test]
    fn in_an_unknown_region_all_are_tried_and_a_refusal_says_what_to_do() {
        for (server, region) in [
            ("shop.c1x2y3z4.mars-north-1.rds.amazonaws.com", "mars-north-1"),
            ("shop.c1x2y3z4.rds.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ] {
            assert_eq!(rds_authorities(server).map(certificates), Some(81), "{server}");
            assert!(advice(server, false).contains(&format!("of region {region}: ")), "{server}");
        }
    }

    #[test]
    fn a_name_in_no_region_is_verified_against_all_authorities_and_signed_for_no_region() {
        let server = "shop.global-c1x2y3z4.global.rds.amazonaws.com";
        assert_eq!((region(server), rds_authorities(server).map(certificates)), (None, Some(81)));
        assert!(!advice(server, false).contains("of region"));
        for (name, is_region) in [("eu-central-1", true), ("us-gov-west-1", true), ("us-iso-east-1", true)]
            .into_iter()
            .chain(["global", "shop", "eu-central", "eu-1", "-a-1", "cluster-c1x2y3z4", ""].map(|name| (name, false)))
        {
            let server = format!("shop.c1x2y3z4.{name}.rds.amazonaws.com");
            assert_eq!(region(&server), Some(name).filter(|_| is_region), "{name}");
        }
    }

    #[test]
    fn of_a_server_on_this_machine_the_refusal_names_the_easy_way() {
        for (server, is_local) in
            [("localhost", true), ("127.0.0.1", true), ("::1", true), ("10.0.0.1", false), ("db.example.com", false)]
        {
            assert_eq!(advice(server, false).contains("MYSQL_TLS=off"), is_local, "{server}");
        }
    }

    #[test]
    fn elsewhere_the_public_roots_are_enough() {
        for server in ["127.0.0.1", "db.example.com", "rds.amazonaws.com.example.com", "amazonaws.com", ""] {
            assert_eq!(rds_authorities(server), None, "{server}");
            assert!(verified(server, None).root_certs().is_empty());
        }
    }

    #[test]
    fn a_proxy_keeps_the_public_roots_and_a_file_replaces_everything() {
        let server = "shop.proxy-c1x2y3z4.eu-central-1.rds.amazonaws.com";
        assert!(!verified(server, None).disable_built_in_roots());
        let file = verified(server, Some("ca.pem".into()));
        assert_eq!((file.root_certs().len(), file.disable_built_in_roots()), (1, true));
    }

    #[test]
    fn what_is_shipped_is_usable_until_the_middle_of_the_century() {
        let years = RDS.lines().filter(|line| line.starts_with("# ")).map(|line| line.rsplit(' ').next().unwrap());
        let years: Vec<u32> = years.map(|year| year.parse().unwrap()).collect();
        assert_eq!(years.len(), certificates(RDS));
        assert!(years.iter().all(|year| *year > 2050), "{years:?}");
    }
}
