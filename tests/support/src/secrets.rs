//! Secrets of the test's own in the local AWS, and somebody in its place who answers what it never does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::primitives::Blob;
use axum::Router;
use axum::http::StatusCode;
use tokio::net::TcpListener;

use super::environment;
use super::private::unique_name;

/// A secret.
pub struct Secret {
    client: Client,
    /// Its ARN.
    pub arn: String,
    /// The id of its first version.
    pub first: String,
}

impl Secret {
    /// Makes one with this text.
    pub async fn new(text: &str) -> Self {
        let config = aws_config::from_env().endpoint_url(environment("ROWSCORE_TEST_SQS")).load().await;
        let client = Client::new(&config);
        let made = client.create_secret().name(unique_name("it", '-')).secret_string(text).send().await.unwrap();
        Self { client, arn: made.arn.unwrap(), first: made.version_id.unwrap() }
    }

    /// From now on it holds this text; the version before stays.
    pub async fn put(&self, text: &str) {
        self.client.put_secret_value().secret_id(&self.arn).secret_string(text).send().await.unwrap();
    }

    /// From now on it holds no text.
    pub async fn put_binary(&self, bytes: &[u8]) {
        let put = self.client.put_secret_value().secret_id(&self.arn);
        put.secret_binary(Blob::new(bytes)).send().await.unwrap();
    }

    /// It is going to be deleted, unless somebody restores it.
    pub async fn delete(&self) {
        self.client.delete_secret().secret_id(&self.arn).send().await.unwrap();
    }
}

/// In the place of Secrets Manager: it answers each call alike, as the local one, which knows no rights and no keys, does not.
pub struct Answering {
    /// Where it is.
    pub url: String,
    asked: Arc<AtomicU32>,
}

impl Answering {
    /// Answers every call with this status and this text.
    pub async fn with(status: u16, text: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, text) = (Arc::new(AtomicU32::new(0)), text.to_owned());
        let count = Arc::clone(&asked);
        let answer = move || {
            count.fetch_add(1, Ordering::Relaxed);
            let answer = (StatusCode::from_u16(status).unwrap(), text.clone());
            async move { answer }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        Self { url, asked }
    }

    /// How often it was asked so far.
    pub fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Takes calls and says nothing, as long as this value lives.
pub async fn silent() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    (format!("http://{}", listener.local_addr().unwrap()), listener)
}
