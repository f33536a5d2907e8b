//! What a server's version and settings mean for rowscore.

use super::checkup::{Finding, Step};
use super::remedy::Found;
use crate::config::{MysqlConfig, Tls, WorkConfig};
use crate::store::about::About;

/// The oldest versions that rowscore works with.
const LEAST: (Version, Version) = ((8, 0, 22), (10, 6, 0));

/// Its first three numbers.
type Version = (u32, u32, u32);

/// Settings that let a server take no writes of an ordinary login.
const READ_ONLY: [&str; 4] = ["read_only", "super_read_only", "innodb_read_only", "offline_mode"];

/// That the login was accepted.
pub(super) fn login(about: &About, config: &MysqlConfig) -> Finding {
    let tls = match (&about.tls, &config.tls) {
        (Some(version), Tls::Pin(_)) => format!("{version}, pinned"),
        (Some(version), Tls::Verify { .. } | Tls::VerifyCa { .. }) => format!("{version}, verified"),
        (version, _) => version.clone().unwrap_or_else(|| "without TLS".to_owned()),
    };
    let MysqlConfig { server, port, database, .. } = config;
    Finding::ok(Step::Login, format!("`{}` at {server}:{port}, database `{database}`, {tls}", about.login))
}

/// Whether rowscore can work with it.
pub(super) fn server(about: &About, work: &WorkConfig) -> Finding {
    let is_mariadb = about.version.contains("MariaDB");
    let (name, least) = if is_mariadb { ("MariaDB", LEAST.1) } else { ("MySQL", LEAST.0) };
    let said = format!("{name} {}", about.version);
    if numbers(&about.version).is_some_and(|version| version < least) {
        let remedy = Some("upgrade it: rowscore needs MySQL 8.0.22, Aurora MySQL 3 or MariaDB 10.6, or later".into());
        return Finding::failed(Step::Server, Found { said: format!("{said} is too old"), remedy });
    }
    if let Some(name) = READ_ONLY.into_iter().find(|name| about.is_on(name)) {
        let remedy = format!("name the server that takes writes in MYSQL_SERVER, or set {name} to OFF on this one");
        return Finding::odd(Step::Server, format!("{said}, {name} is ON"), remedy);
    }
    let logs_statements = about.variables.get("binlog_format").is_some_and(|format| format == "STATEMENT");
    if about.is_on("log_bin") && logs_statements {
        let remedy = "set binlog_format to ROW or MIXED on the server";
        return Finding::odd(Step::Server, format!("{said}, binlog_format is STATEMENT"), remedy);
    }
    let limits = ["max_connections", "max_user_connections"].map(|name| about.number(name).filter(|most| *most > 0));
    let Some(most) = limits.into_iter().flatten().min() else { return Finding::ok(Step::Server, said) };
    // Two at least: a hop looks after itself on one of its own, and after the database on another one.
    let looks = u64::from(!work.wait.bounds.is_empty());
    let needed = u64::from(work.workers) * (u64::from(work.lanes) + 1 + looks);
    let said = format!("{said}, takes {most} connections of the login, of which a run needs {needed}");
    if needed > most {
        return Finding::odd(Step::Server, said, "let it take more, or set LANES and WORKERS lower");
    }
    Finding::ok(Step::Server, said)
}

/// The numbers that a version begins with; `None`: it does not begin with three.
fn numbers(version: &str) -> Option<Version> {
    let mut parts = version.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::doctor::State;

    fn judged(version: &str, variables: &[(&str, &str)]) -> Finding {
        let given = [("MYSQL_DATABASE", "shop"), ("MYSQL_USER", "scorer"), ("MYSQL_PASSWORD", "x"), ("WORKERS", "4")];
        let find = |name: &str| given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let about = About { version: version.to_owned(), variables, ..About::default() };
        server(&about, &Config::read(find).unwrap().work)
    }

    #[test]
    fn a_server_that_is_too_old_fails() {
        for (version, state) in [
            ("8.0.21", State::Failed),
            ("8.0.22", State::Ok),
            ("9.7.0", State::Ok),
            ("5.7.44-log", State::Failed),
            ("10.5.29-MariaDB-log", State::Failed),
            ("10.6.0-MariaDB", State::Ok),
            ("unheard of", State::Ok),
        ] {
            assert_eq!(judged(version, &[]).state, state, "{version}");
        }
    }

    #[test]
    fn settings_that_stand_in_the_way_are_named_with_what_to_do() {
        for (variables, word) in [
            (&[("read_only", "ON")][..], "read_only"),
            (&[("innodb_read_only", "1")], "innodb_read_only"),
            (&[("log_bin", "ON"), ("binlog_format", "STATEMENT")], "binlog_format"),
            (&[("max_connections", "151"), ("max_user_connections", "5")], "LANES and WORKERS"),
        ] {
            let finding = judged("8.0.43", variables);
            assert_eq!(finding.state, State::Odd, "{finding:?}");
            assert!(finding.remedy.as_ref().unwrap().contains(word), "{finding:?}");
        }
        let fine = judged("8.0.43", &[("max_connections", "151"), ("max_user_connections", "0"), ("log_bin", "ON")]);
        assert_eq!(fine.state, State::Ok, "{fine:?}");
    }
}
