//! A login that Secrets Manager keeps: read when it is first needed, held in memory only, and read again when the server
//! refuses it, since it may have been rotated.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::StoreError;
use crate::config::SecretRef;
use crate::secrets::{Found, KeptSecret, Secret, SecretError, Wanted};

/// As RDS keeps it:
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html>
const WANTED: Wanted = Wanted { name: "password", variable: "MYSQL_PASSWORD_SECRET" };

/// How long a secret may take with all tries: less than a reader waits for a connection.
const LIMIT: Duration = Duration::from_secs(4);

/// Such a login; its clones share what was read.
#[derive(Clone, Debug)]
pub(super) struct Kept(Arc<Place>);

#[derive(Debug)]
struct Place {
    secret: KeptSecret,
    /// `MYSQL_USER`; empty: whom the secret names.
    user: String,
    read: Mutex<Option<Arc<KeptLogin>>>,
}

/// What a secret holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeptLogin {
    /// Who logs in.
    pub user: String,
    /// Whom the secret is for, if it says that.
    pub named: Option<String>,
    pub password: Secret,
}

impl Kept {
    pub(super) fn new(secret: &SecretRef, user: &str) -> Self {
        let secret = KeptSecret::new(secret, WANTED, LIMIT);
        Self(Arc::new(Place { secret, user: user.to_owned(), read: Mutex::default() }))
    }

    /// Whom it logs in as, if it was read.
    pub(super) fn user(&self) -> Option<String> {
        Some(self.0.read.try_lock().ok()?.as_ref()?.user.clone())
    }

    /// What the secret held when it was read last.
    ///
    /// # Errors
    /// It cannot be read, or is none with a password.
    pub(super) async fn login(&self) -> Result<Arc<KeptLogin>, StoreError> {
        let mut read = self.0.read.lock().await;
        match &*read {
            Some(login) => Ok(Arc::clone(login)),
            None => Ok(Arc::clone(read.insert(self.look().await.map_err(StoreError::Secret)?))),
        }
    }

    /// What the secret holds now, if that is another login than the one that was `refused`. It is read once, unless another
    /// connection that was refused has read it meanwhile.
    ///
    /// # Errors
    /// As [`Kept::login`].
    pub(super) async fn other_than(&self, refused: &KeptLogin) -> Result<Option<Arc<KeptLogin>>, StoreError> {
        let mut read = self.0.read.lock().await;
        if read.as_deref().is_none_or(|login| login == refused) {
            let login = self.look().await.map_err(StoreError::Secret)?;
            if *login != *refused {
                tracing::info!(secret = %self.0.secret.named(), "the login was refused, and the secret holds another one now");
            }
            *read = Some(login);
        }
        Ok(read.clone().filter(|login| **login != *refused))
    }

    async fn look(&self) -> Result<Arc<KeptLogin>, SecretError> {
        let Place { secret, user, .. } = &*self.0;
        let Found { named, text: password } = secret.read().await?;
        let user = if user.is_empty() { named.clone().ok_or_else(|| nobody(secret.named()))? } else { user.clone() };
        Ok(Arc::new(KeptLogin { user, named, password }))
    }

    /// What to check when `refused`, which was read again, is refused.
    pub(super) fn advice(&self, refused: &KeptLogin) -> String {
        let secret = self.0.secret.named();
        let KeptLogin { user, named, .. } = refused;
        if let Some(named) = named.as_ref().filter(|named| *named != user) {
            return format!(
                "the secret {secret} was read again; it is for the user `{named}`, and MYSQL_USER is `{user}`: leave MYSQL_USER empty \
                 to log in as the one whom the secret names, or give the secret of `{user}`"
            );
        }
        if let Some(version) = &secret.version {
            return format!(
                "MYSQL_PASSWORD_SECRET names the version {version} of the secret, which stays as it is when the password is \
                 changed: leave ::{version} out, and the current one is read"
            );
        }
        format!(
            "the secret {secret} was read again, and what it holds is refused, too: put the password of `{user}` into it, or wait \
             for the end of its rotation (`aws secretsmanager describe-secret --secret-id {secret}` says when it was changed); \
             if the login requires TLS, check MYSQL_TLS"
        )
    }
}

/// Neither the configuration nor the secret says who logs in.
fn nobody(secret: &SecretRef) -> SecretError {
    SecretError::of(
        secret,
        "it names no user, and MYSQL_USER is not set",
        "set MYSQL_USER, or put `username` into the secret beside the password",
    )
}
