//! The RDS instance or Aurora cluster that a MySQL server is.

use super::setting::{Accepts, Setting};
use std::fmt;

/// What is started and stopped as one: `instance/NAME` or `cluster/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseResource {
    /// A DB instance, by its identifier.
    Instance(String),
    /// A DB cluster, by its identifier.
    Cluster(String),
}

impl DatabaseResource {
    /// The resource that RDS gave `host` to: an instance's `NAME.id.region.rds.amazonaws.com` (in
    /// China `NAME.id.rds.region.amazonaws.com.cn`), or a cluster's `NAME.cluster-id…` or
    /// `NAME.cluster-ro-id…`. `None` for a proxy, a custom endpoint, that of a global database, and any other name.
    pub fn behind(host: &str) -> Option<Self> {
        let (name, rest) = host.split_once('.')?;
        let (id, rest) = rest.split_once('.')?;
        let in_china = rest.starts_with("rds.") && rest.ends_with(".amazonaws.com.cn");
        let is_rds = rest.ends_with(".rds.amazonaws.com") || in_china;
        if !is_rds || id.starts_with("proxy-") || id.starts_with("cluster-custom-") || id.starts_with("global-") {
            return None;
        }
        let named = if id.starts_with("cluster-") { Self::Cluster } else { Self::Instance };
        Some(named(name.to_owned()))
    }
}

impl Setting for DatabaseResource {
    const ACCEPTS: Accepts = Accepts::Text("instance/NAME or cluster/NAME, or as an ARN ends: db:NAME or cluster:NAME");

    fn read(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        match text.split_once(['/', ':'])? {
            (_, name) if name.is_empty() || name.len() > 63 || !name.chars().all(plain) => None,
            ("instance" | "db", name) => Some(Self::Instance(name.to_owned())),
            ("cluster", name) => Some(Self::Cluster(name.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for DatabaseResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance(name) => write!(f, "instance/{name}"),
            Self::Cluster(name) => write!(f, "cluster/{name}"),
        }
    }
}
