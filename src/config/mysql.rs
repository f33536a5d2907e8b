//! How the database is reached, and who logs in there.

use std::fmt;

use super::choices::AuthName;
use super::secret::SecretRef;
use super::server::{Place, Tls};
use super::setting::Setting;
use super::variables;
use super::vars::Vars;

/// How the database is reached.
#[derive(Clone, Debug)]
pub struct MysqlConfig {
    /// `MYSQL_SERVER`.
    pub server: String,
    /// `MYSQL_PORT`.
    pub port: u16,
    /// `MYSQL_CONNECT_TO`. Unset: server and port.
    pub connect_to: Option<Place>,
    /// `MYSQL_DATABASE`.
    pub database: String,
    /// `MYSQL_USER`. Empty: the one that the secret names.
    pub user: String,
    /// `MYSQL_AUTH`, `MYSQL_PASSWORD` and `MYSQL_PASSWORD_SECRET`.
    pub auth: Auth,
    /// `MYSQL_TLS` and `MYSQL_CA_FILE`.
    pub tls: Tls,
}

/// How the user proves who it is: `MYSQL_AUTH`.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// `password`: with `MYSQL_PASSWORD`.
    Password(String),
    /// `password`: with what `MYSQL_PASSWORD_SECRET` holds when the user logs in.
    Secret(SecretRef),
    /// `iam`: with a token that AWS credentials sign, fresh for every connection.
    Iam,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password(_) => f.write_str("Password(***)"),
            Self::Secret(secret) => write!(f, "Secret({secret})"),
            Self::Iam => f.write_str("Iam"),
        }
    }
}

impl MysqlConfig {
    /// Reads it; `None` where a problem was said.
    pub(super) fn read(vars: &mut Vars<'_>) -> Option<Self> {
        let database = vars.get(variables::MYSQL_DATABASE);
        let user = user(vars);
        let auth = auth(vars);
        let ca_file = vars.get(variables::MYSQL_CA_FILE).map(|file| file.0);
        let tls = Tls::new(vars.or_default(variables::MYSQL_TLS), ca_file).unwrap_or_else(|problem| {
            vars.problem(problem.into());
            Tls::Verify { ca_file: None }
        });
        let server = vars.or_default(variables::MYSQL_SERVER).0;
        if auth == Some(Auth::Iam) {
            check_iam(vars, &server, user.as_deref(), &tls);
        }
        let port = vars.or_default(variables::MYSQL_PORT).0;
        let connect_to = vars.get(variables::MYSQL_CONNECT_TO);
        Some(Self { server, port, connect_to, database: database?, user: user?, auth: auth?, tls })
    }
}

/// A secret may hold the user's name as well.
fn user(vars: &mut Vars<'_>) -> Option<String> {
    let user = vars.get(variables::MYSQL_USER);
    if user.is_none() && vars.given(variables::MYSQL_PASSWORD_SECRET).is_none() {
        vars.problem("MYSQL_USER is not set; give the name of the user that rowscore logs in as".into());
        return None;
    }
    Some(user.unwrap_or_default())
}

fn auth(vars: &mut Vars<'_>) -> Option<Auth> {
    // The one variable that may be empty: some servers have logins without a password.
    let password = vars.exactly(variables::MYSQL_PASSWORD);
    match (vars.or_default(variables::MYSQL_AUTH), password, vars.given(variables::MYSQL_PASSWORD_SECRET)) {
        (AuthName::Iam, _, None) => return Some(Auth::Iam),
        (AuthName::Iam, _, Some(_)) => vars.problem(
            "MYSQL_AUTH is `iam`, and MYSQL_PASSWORD_SECRET is set; accepted: one of the two, to log in by a token or by a \
             password"
                .into(),
        ),
        (AuthName::Password, Some(password), Some(_)) if !password.is_empty() => vars.problem(
            "MYSQL_PASSWORD and MYSQL_PASSWORD_SECRET are both set; accepted: the password itself, or the secret that holds \
             it"
            .into(),
        ),
        (AuthName::Password, _, Some(text)) => {
            // Somebody may have put the password itself there: it is not said again.
            let secret = SecretRef::read(&text);
            if secret.is_none() {
                vars.problem(format!("MYSQL_PASSWORD_SECRET names no secret; accepted: {}", SecretRef::ACCEPTS));
            }
            return secret.map(Auth::Secret);
        }
        (AuthName::Password, None, None) => vars.problem(
            "MYSQL_PASSWORD is not set; give the user's password, the secret that holds it in MYSQL_PASSWORD_SECRET, or set \
             MYSQL_AUTH=iam"
                .into(),
        ),
        // A file's last line has one, and so has what `echo` writes.
        (AuthName::Password, Some(password), None) if password.ends_with(['\n', '\r']) => vars.problem(
            "MYSQL_PASSWORD ends in a line break; accepted: the password alone, as of a file by `tr -d '\\r\\n'`".into(),
        ),
        (AuthName::Password, Some(password), None) => return Some(Auth::Password(password)),
    }
    None
}

/// A token goes over an encrypted connection only. Server and user become part of a URL, which is signed.
fn check_iam(vars: &mut Vars<'_>, server: &str, user: Option<&str>, tls: &Tls) {
    if *tls == Tls::Off {
        vars.problem(
            "MYSQL_TLS is `off`; MYSQL_AUTH=iam accepts verify, verify-ca or pin:SHA256 only, because the token would go \
             out in clear"
                .into(),
        );
    }
    let plain = |text: &str, others: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c));
    if !plain(server, "-.") {
        vars.problem(format!("MYSQL_SERVER is `{server}`; MYSQL_AUTH=iam accepts a host name"));
    }
    if let Some(user) = user.filter(|user| !plain(user, "_-.@")) {
        vars.problem(format!("MYSQL_USER is `{user}`; MYSQL_AUTH=iam accepts letters, digits and `_-.@`"));
    }
}
