//! Logins with IAM tokens, as RDS has them.

use std::collections::BTreeMap;
use std::fs;

use super::{Server, TestDb};

/// A database whose login takes IAM tokens.
pub struct IamDb {
    /// The database itself, where tests look at what was done.
    pub db: TestDb,
    variables: BTreeMap<String, String>,
}

impl IamDb {
    /// On MariaDB, since of MySQL's plugins none that takes such a login is free.
    pub async fn new(settings: &[(&str, &str)]) -> Self {
        let db = TestDb::new(Server::Mariadb, settings).await;
        let login = &db.config.mysql.user;
        db.execute(&format!("ALTER USER `{login}` IDENTIFIED VIA pam USING 'rds' REQUIRE SSL")).await;
        let mut variables = db.variables().clone();
        variables.remove("MYSQL_PASSWORD");
        let credentials = fs::read_to_string(Server::Mariadb.folder().join("iam/credentials"));
        let credentials = credentials.expect("the server runs with --like-rds");
        let (access_key, secret) = credentials.trim().split_once(' ').unwrap();
        let settings = [
            ("MYSQL_SERVER", "localhost"),
            ("MYSQL_AUTH", "iam"),
            ("MYSQL_TLS", "verify"),
            ("MYSQL_CA_FILE", &Server::Mariadb.ca_file()),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", access_key),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        variables.extend(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Self { db, variables }
    }

    /// The environment in which a program logs in with a token.
    pub fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// The same with other settings.
    pub fn with(&self, settings: &[(&str, &str)]) -> BTreeMap<String, String> {
        let mut variables = self.variables.clone();
        variables.extend(settings.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        variables
    }

    /// The tokens of this login that the server accepted, in order.
    pub fn accepted(&self) -> Vec<String> {
        self.noted("accepted")
    }

    /// Those that it refused, each behind the reason.
    pub fn refused(&self) -> Vec<String> {
        self.noted("refused")
    }

    fn noted(&self, file: &str) -> Vec<String> {
        let login = format!("DBUser={}&", self.db.config.mysql.user);
        let text = fs::read_to_string(Server::Mariadb.folder().join("iam").join(file)).unwrap_or_default();
        text.lines().filter(|line| line.contains(&login)).map(ToOwned::to_owned).collect()
    }
}
