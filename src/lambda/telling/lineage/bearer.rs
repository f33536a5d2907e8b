//! The token that a server which collects lineage asks for: the one that is given, or what a secret holds by now.

use std::time::Duration;

use crate::config::{LineageToken, SecretRef, Setting, Token};
use crate::secrets::{KeptSecret, SecretError, Wanted};

const WANTED: Wanted = Wanted { name: "token", variable: "LINEAGE_TOKEN_SECRET" };

/// Who has the token.
#[derive(Debug)]
pub(super) enum Bearer {
    /// The configuration.
    Given(Token),
    /// A secret, which may be rotated at any time.
    Kept(Box<KeptSecret>),
}

impl Bearer {
    /// A secret may take `limit` each time that it is read.
    pub(super) fn new(token: LineageToken, limit: Duration) -> Self {
        match token {
            LineageToken::Given(token) => Self::Given(token),
            LineageToken::Kept(secret) => Self::Kept(Box::new(KeptSecret::new(&secret, WANTED, limit))),
        }
    }

    /// The token as it is now.
    ///
    /// # Errors
    /// The secret cannot be read, or holds no token that could be sent.
    pub(super) async fn token(&self) -> Result<Token, SecretError> {
        match self {
            Self::Given(token) => Ok(token.clone()),
            Self::Kept(secret) => sendable(&secret.read().await?.text.0, secret.named()),
        }
    }
}

fn sendable(text: &str, secret: &SecretRef) -> Result<Token, SecretError> {
    if text.is_empty() {
        return Err(SecretError::of(secret, "the token in it is empty", "put the token in"));
    }
    Token::read(text).ok_or_else(|| {
        let remedy = format!("put the token alone in; accepted: {}", Token::ACCEPTS);
        SecretError::of(secret, "the token in it cannot be sent as it is", remedy)
    })
}
