//! A FIFO queue that speaks SQS's protocol as far as rowscore does: one message at a time and
//! group, in order; what was sent before is dropped as a duplicate.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Deliveries of a message before it goes to the dead letters: the template's `maxReceiveCount`.
const MOST_DELIVERIES: u32 = 3;

/// How long a message is known, so that the same is no second one: SQS's deduplication interval.
const KNOWN_FOR: Duration = Duration::from_secs(300);

pub(super) struct Queue {
    shared: Arc<Shared>,
    address: String,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    fifo: Mutex<Fifo>,
    arrived: Notify,
}

#[derive(Default)]
struct Fifo {
    groups: BTreeMap<String, Group>,
    known: HashMap<String, Instant>,
    dead_letters: u64,
}

#[derive(Default)]
struct Group {
    waiting: VecDeque<Message>,
    in_flight: bool,
}

/// A message that is being delivered.
pub(super) struct Message {
    group: String,
    id: String,
    body: String,
    /// How often it has been delivered, this time included.
    pub deliveries: u32,
}

impl Message {
    /// The event that Lambda's event source mapping makes of it.
    pub(super) fn event(&self) -> Value {
        json!({"Records": [{
            "messageId": self.id, "body": self.body, "eventSource": "aws:sqs", "awsRegion": "eu-central-1",
            "attributes": {"MessageGroupId": self.group, "MessageDeduplicationId": self.id},
        }]})
    }
}

impl Queue {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let api = Router::new().route("/", post(send_message)).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            axum::serve(listener.tap_io(|stream| stream.set_nodelay(true).unwrap()), api).await.unwrap()
        });
        Self { shared, address, server }
    }

    /// What makes a function send its continuations here.
    pub(super) fn variables(&self) -> [(String, String); 4] {
        let url = format!("{}/000000000000/continuations.fifo", self.address);
        [
            ("CONTINUATION_QUEUE_URL", url.as_str()),
            ("AWS_ENDPOINT_URL", &self.address),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    }

    /// The next message of a group that has none under way, if there is one.
    pub(super) fn receive(&self) -> Option<Message> {
        let mut fifo = self.shared.fifo.lock().unwrap();
        let group = fifo.groups.values_mut().find(|group| !group.in_flight && !group.waiting.is_empty())?;
        group.in_flight = true;
        let mut message = group.waiting.pop_front()?;
        message.deliveries += 1;
        Some(message)
    }

    /// Waits until a message arrives.
    pub(super) async fn arrival(&self) {
        self.shared.arrived.notified().await;
    }

    /// The message was handled.
    pub(super) fn delete(&self, message: &Message) {
        self.group_of(message, |group| group.in_flight = false);
    }

    /// The message was not handled: it comes again, or goes to the dead letters.
    pub(super) fn put_back(&self, message: Message) {
        if message.deliveries < MOST_DELIVERIES {
            let name = message.group.clone();
            let mut fifo = self.shared.fifo.lock().unwrap();
            let group = fifo.groups.entry(name).or_default();
            group.in_flight = false;
            group.waiting.push_front(message);
        } else {
            self.delete(&message);
            self.shared.fifo.lock().unwrap().dead_letters += 1;
        }
    }

    /// Time passes: no message is known any more.
    pub(super) fn forget(&self) {
        self.shared.fifo.lock().unwrap().known.clear();
    }

    /// Messages that were given up.
    pub(super) fn dead_letters(&self) -> u64 {
        self.shared.fifo.lock().unwrap().dead_letters
    }

    fn group_of(&self, message: &Message, change: impl FnOnce(&mut Group)) {
        change(self.shared.fifo.lock().unwrap().groups.entry(message.group.clone()).or_default());
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// SQS's SendMessage, in its JSON protocol.
async fn send_message(State(shared): State<Arc<Shared>>, body: Bytes) -> Json<Value> {
    let request: Value = serde_json::from_slice(&body).unwrap();
    let field = |name: &str| request[name].as_str().unwrap_or_else(|| panic!("{name}: {request}")).to_owned();
    let (group, id) = (field("MessageGroupId"), field("MessageDeduplicationId"));
    let mut fifo = shared.fifo.lock().unwrap();
    fifo.known.retain(|_, sent| sent.elapsed() < KNOWN_FOR);
    if let Entry::Vacant(new) = fifo.known.entry(id.clone()) {
        new.insert(Instant::now());
        let message = Message { group: group.clone(), id: id.clone(), body: field("MessageBody"), deliveries: 0 };
        fifo.groups.entry(group).or_default().waiting.push_back(message);
        shared.arrived.notify_one();
    }
    Json(json!({"MessageId": id, "SequenceNumber": "1", "MD5OfMessageBody": "0"}))
}
