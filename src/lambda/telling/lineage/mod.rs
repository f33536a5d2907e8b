//! OpenLineage events, sent by HTTP as OpenLineage's own clients send them.

mod bearer;
mod event;

use std::time::Duration;

use bearer::Bearer;
use event::events;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode, body::Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::aws_lc_rs;
use serde_json::Value;

use crate::config::{Lineage, LineageUrl, MysqlConfig, Token};
use crate::hop::{Ended, NotTold};
use crate::lambda::telling::datasets::Datasets;
use crate::words;

/// Where a server takes events. <https://openlineage.io/docs/client/python/configuration#http>
const PLACE: &str = "/api/v1/lineage";

/// How long a server may take for an event, connecting included, and Secrets Manager for a token.
const LIMIT: Duration = Duration::from_secs(2);

/// How long all of it may take: less than the default `HOP_MARGIN_MS`.
const WHOLE: Duration = Duration::from_secs(4);

/// So much of an answer is read, at most, and so many characters of it are shown.
const LONGEST_ANSWER: usize = 64 << 10;
const SHOWN: usize = 300;

type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Who collects lineage.
#[derive(Debug)]
pub(super) struct Collector {
    url: LineageUrl,
    bearer: Option<Bearer>,
    datasets: Datasets,
}

impl Collector {
    pub(super) fn new(lineage: Lineage, mysql: &MysqlConfig) -> Self {
        let bearer = lineage.token.map(|token| Bearer::new(token, LIMIT));
        Self { url: lineage.url, bearer, datasets: Datasets::of(mysql) }
    }

    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Posts the events that tell of a run: that it began, and how it ended.
    ///
    /// # Errors
    /// The token could not be read, the server could not be reached, or it took one of them not.
    pub(super) async fn post(&self, ended: &Ended) -> Result<(), NotTold> {
        let posted = tokio::time::timeout(WHOLE, self.post_both(ended)).await;
        posted.map_err(|_| late(format!("it took longer than {} s in all", WHOLE.as_secs())))?
    }

    async fn post_both(&self, ended: &Ended) -> Result<(), NotTold> {
        let token = match &self.bearer {
            Some(bearer) => Some(Box::pin(bearer.token()).await?),
            None => None,
        };
        // Made anew: runs end far from each other, and a connection would be gone by then.
        let connector = HttpsConnectorBuilder::new().with_provider_and_native_roots(aws_lc_rs::default_provider())?;
        let client = Client::builder(TokioExecutor::new()).build(connector.https_or_http().enable_http1().build());
        for event in events(ended, &self.datasets) {
            let posted = tokio::time::timeout(LIMIT, self.post_one(&client, token.as_ref(), &event)).await;
            posted.map_err(|_| late(format!("no answer within {} s", LIMIT.as_secs())))??;
        }
        Ok(())
    }

    async fn post_one(&self, client: &HttpClient, token: Option<&Token>, event: &Value) -> Result<(), NotTold> {
        let mut request = Request::post(format!("{}{PLACE}", self.url())).header(CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            let mut proof = HeaderValue::try_from(format!("Bearer {}", token.secret()))?;
            proof.set_sensitive(true);
            request = request.header(AUTHORIZATION, proof);
        }
        let answer = client.request(request.body(Full::from(event.to_string()))?).await?;
        if answer.status().is_success() {
            return Ok(());
        }
        let status = answer.status();
        let why = format!("the event is refused: {status}: {}", said(answer, token).await).into();
        let passes =
            status.is_server_error() || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        Err(if passes { NotTold::Unreached(why) } else { NotTold::Refused(why) })
    }
}

fn late(why: String) -> NotTold {
    NotTold::Unreached(why.into())
}

/// What a server says, as far as it is read, and without the token if that is in it.
async fn said(answer: Response<Incoming>, token: Option<&Token>) -> String {
    let read = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
    let text = read.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
    let text = token.map_or_else(|| text.clone(), |token| text.replace(token.secret(), "***"));
    words::cut(&words::plain(&text), SHOWN)
}
