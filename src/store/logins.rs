//! The logins of others that an administrator makes: the function's, and the results API's.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use mysql_async::{Params, params};

use super::codes::Meaning;
use super::row::column;
use super::statement::Statement;
use super::{Doing, StoreError};

/// How a login is to prove who it is.
#[derive(Clone, Copy)]
pub enum Proof<'p> {
    /// By a token that AWS credentials sign. The statement is the same for RDS's MySQL and MariaDB:
    /// <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html>
    Iam,
    /// By this password, in the server's usual way.
    Password(&'p str),
}

/// A login that is wanted.
pub struct NewLogin<'l> {
    /// NAME, for the host `%`, or NAME@HOST.
    pub login: &'l str,
    /// How it proves who it is.
    pub proof: Proof<'l>,
    /// Connections that it may have at the same time; `None`: as many as the server takes.
    pub connections: Option<u16>,
}

/// What became of a login that was wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginMade {
    /// There was none, and now there is.
    Made,
    /// There was one, which stays as it is, with the plugin by which it logs in, where that may be seen.
    Kept(Option<String>),
}

/// The plugin by which IAM's tokens are checked; Aurora and RDS have it, and nobody else.
pub const IAM_PLUGIN: &str = "AWSAuthenticationPlugin";

/// Makes a login that may do nothing yet and must use TLS, unless there is one of that name.
///
/// # Errors
/// The account may not, or the server has no such plugin, or takes no such password.
pub async fn make(conn: &mut Conn, wanted: &NewLogin<'_>) -> Result<LoginMade, StoreError> {
    let (name, host) = name_and_host(wanted.login);
    if let Some(found) = plugin(name, host).ask(conn).await.ok().flatten() {
        return Ok(LoginMade::Kept(Some(found)));
    }
    // Whoever may not look at the logins may make one all the same: IF NOT EXISTS keeps one that is there.
    match conn.query_drop(create(wanted)).await.doing("making the login") {
        Err(error) if error.means(Meaning::NoPlugin) => Err(StoreError::Unexpected(format!(
            "making the login: the server has no plugin {IAM_PLUGIN}, by which RDS and Aurora check IAM's tokens; turn on IAM \
             authentication of the database and wait until that is done, or give a login with a password (MysqlPasswordSecret)"
        ))),
        made => made.map(|()| LoginMade::Made),
    }
}

/// The statement. No server takes a login's name or its password as a parameter of one that is prepared.
fn create(wanted: &NewLogin<'_>) -> String {
    let (name, host) = name_and_host(wanted.login);
    let proof = match wanted.proof {
        Proof::Iam => format!("WITH {IAM_PLUGIN} AS 'RDS'"),
        Proof::Password(password) => format!("BY {}", quoted(password)),
    };
    let limit = wanted.connections.map(|most| format!(" WITH MAX_USER_CONNECTIONS {most}")).unwrap_or_default();
    format!("CREATE USER IF NOT EXISTS {}@{} IDENTIFIED {proof} REQUIRE SSL{limit}", quoted(name), quoted(host))
}

/// A text between quotes, whatever is in it. rowscore's connections take a backslash for what it usually is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// The plugin by which a login proves who it is; none: there is no such login.
fn plugin(name: &str, host: &str) -> Statement<Option<String>> {
    let sql = "SELECT `plugin` AS `plugin` FROM `mysql`.`user` WHERE `User` = :name AND `Host` = :host";
    let variables: Params = params! { "name" => name, "host" => host };
    Statement::first("looking for the login", sql, variables, |row| column(row, "plugin"))
}

/// A login's name and host, in quotes or without. The last `@` separates them: a name may have one.
pub(super) fn name_and_host(login: &str) -> (&str, &str) {
    let (name, host) = login.rsplit_once('@').filter(|(name, _)| !name.is_empty()).unwrap_or((login, "%"));
    let quotes = ['\'', '"', '`'];
    (name.trim_matches(quotes), host.trim_matches(quotes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_a_name_or_a_name_and_a_host() {
        for (login, expected) in [
            ("scorer", ("scorer", "%")),
            ("scorer@10.%", ("scorer", "10.%")),
            ("'scorer'@'10.0.0.0/255.0.0.0'", ("scorer", "10.0.0.0/255.0.0.0")),
            ("`a b`@localhost", ("a b", "localhost")),
            ("mail@example.org@%", ("mail@example.org", "%")),
            ("@odd", ("@odd", "%")),
        ] {
            assert_eq!(name_and_host(login), expected);
        }
    }

    #[test]
    fn a_login_of_iam_is_made_as_the_manual_of_rds_has_it() {
        let wanted = NewLogin { login: "scorer", proof: Proof::Iam, connections: None };
        let expected =
            "CREATE USER IF NOT EXISTS 'scorer'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL";
        assert_eq!(create(&wanted), expected);
    }

    #[test]
    fn no_password_ends_its_quotes() {
        let wanted = NewLogin { login: "a'b", proof: Proof::Password(r"it's \'"), connections: Some(20) };
        let expected =
            r"CREATE USER IF NOT EXISTS 'a''b'@'%' IDENTIFIED BY 'it''s \\''' REQUIRE SSL WITH MAX_USER_CONNECTIONS 20";
        assert_eq!(create(&wanted), expected);
    }
}
