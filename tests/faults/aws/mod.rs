//! What AWS does around the function, in small: the schedule with its retries, execution
//! environments that are reused until they die, the continuation queue and its event source
//! mapping. Delivery is at least once.

mod environment;
mod queue;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, Either, FutureExt, join, select};
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;

use crate::support::programs::SCORE;
use environment::{Environment, Invocation};
use queue::{Message, Queue};

/// Deliveries of an event that fails: the first and the template's `MaximumRetryAttempts`.
const EVENT_DELIVERIES: u32 = 2;

/// How this AWS behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// The function's timeout.
    pub time_limit: Duration,
    /// What failed is delivered again after this time: long enough for the server to notice that a
    /// killed process is gone, as minutes are.
    pub redelivers_after: Duration,
    /// What is not done after this time is delivered a second time, beside the first; until
    /// [`Aws::calm_down`].
    pub doubles_after: Option<Duration>,
    /// Invocations at a time.
    pub concurrency: usize,
    /// What functions log, as `RUST_LOG` says it.
    pub logging: &'static str,
    /// How many seconds the functions' clock, and with it their deadlines, is ahead.
    pub clock_s: i64,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            time_limit: Duration::from_secs(60),
            redelivers_after: Duration::from_millis(100),
            doubles_after: None,
            concurrency: 100,
            logging: "rowscore=debug",
            clock_s: 0,
        }
    }
}

/// What happened so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub invocations: u64,
    /// Invocations that ended with the process.
    pub deaths: u64,
    /// Invocations that were not done in time.
    pub timeouts: u64,
    /// Invocations that ended with an error, or sent their message back.
    pub failures: u64,
    /// Deliveries beside the first.
    pub doubles: u64,
    /// Events that failed as often as they are delivered.
    pub given_up: u64,
}

pub(crate) struct Aws {
    habits: Habits,
    variables: BTreeMap<String, String>,
    queue: Queue,
    /// Every environment that there ever was, the oldest first; without those that were [cleared away](Aws::clear_away).
    environments: Mutex<Vec<Arc<Environment>>>,
    /// The versions of the function that events are given to, in turn.
    versions: Mutex<Vec<&'static str>>,
    slots: Semaphore,
    is_calm: AtomicBool,
    record: Mutex<Record>,
}

impl Aws {
    /// Functions run with `variables`.
    pub(crate) async fn new(variables: &BTreeMap<String, String>, habits: Habits) -> Self {
        let queue = Queue::start().await;
        let mut variables = variables.clone();
        variables.extend(queue.variables());
        let logging = [("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("RUST_LOG", habits.logging)];
        variables.extend(logging.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Self {
            habits,
            variables,
            queue,
            environments: Mutex::default(),
            versions: Mutex::new(vec![SCORE]),
            slots: Semaphore::new(habits.concurrency),
            is_calm: AtomicBool::new(false),
            record: Mutex::default(),
        }
    }

    /// From here on events are given to these versions of the function in turn, as during a deployment. What is at work
    /// goes on.
    pub(crate) fn deploy(&self, versions: &[&'static str]) {
        *self.versions.lock().unwrap() = versions.to_vec();
    }

    /// Ends what is warm and of a version that is not deployed any more. Forgets what has ended, and answers what that
    /// logged.
    pub(crate) fn clear_away(&self) -> String {
        let versions = self.versions.lock().unwrap().clone();
        let mut environments = self.environments.lock().unwrap();
        let outdated = |one: &Arc<Environment>| one.is_idle() && !versions.contains(&one.program);
        environments.iter().filter(|one| outdated(one)).for_each(|one| one.kill());
        let over: Vec<_> = environments.extract_if(.., |one| one.is_over()).collect();
        over.iter().map(|environment| environment.log()).collect()
    }

    /// The functions' processes.
    pub(crate) fn processes(&self) -> Vec<u32> {
        self.environments.lock().unwrap().iter().map(|environment| environment.id()).collect()
    }

    /// Starts an environment with `failpoints` in it, and keeps it warm.
    pub(crate) async fn arm(&self, failpoints: &str) {
        let mut variables = self.variables.clone();
        variables.insert("FAILPOINTS".into(), failpoints.into());
        self.start(SCORE, &variables).await.set_busy(false);
    }

    async fn start(&self, version: &'static str, variables: &BTreeMap<String, String>) -> Arc<Environment> {
        let environment = Arc::new(Environment::start(version, variables, &self.habits).await);
        self.environments.lock().unwrap().push(Arc::clone(&environment));
        environment
    }

    /// As between two ticks of a schedule: longer than the queue drops what it takes for a duplicate.
    pub(crate) fn let_time_pass(&self) {
        self.queue.forget();
    }

    /// From here on nothing is delivered twice at the same time.
    pub(crate) fn calm_down(&self) {
        self.is_calm.store(true, Ordering::Relaxed);
    }

    /// The schedule fires once; answers when nothing is left to do.
    pub(crate) async fn fire(&self, event: Value) {
        let (sender, events) = mpsc::unbounded_channel();
        sender.send(event).unwrap();
        drop(sender);
        self.work(events).await;
    }

    /// Delivers `events` as they come, and the continuations. Ends when there will be no further
    /// event and nothing is left to do.
    pub(crate) async fn work(&self, mut events: mpsc::UnboundedReceiver<Value>) {
        let mut deliveries: FuturesUnordered<BoxFuture<'_, ()>> = FuturesUnordered::new();
        let mut more = true;
        loop {
            while let Some(message) = self.queue.receive() {
                deliveries.push(self.deliver_message(message).boxed());
            }
            if !more && deliveries.is_empty() {
                return;
            }
            tokio::select! {
                event = events.recv(), if more => match event {
                    Some(event) => deliveries.push(self.deliver_event(event).boxed()),
                    None => more = false,
                },
                Some(()) = deliveries.next(), if !deliveries.is_empty() => {}
                () = self.queue.arrival() => {}
            }
        }
    }

    async fn deliver_event(&self, event: Value) {
        for delivery in 1..=EVENT_DELIVERIES {
            if self.invoke(&event, delivery).await.is_some() {
                return;
            }
            sleep(self.habits.redelivers_after).await;
        }
        self.record.lock().unwrap().given_up += 1;
    }

    async fn deliver_message(&self, message: Message) {
        match self.invoke(&message.event(), message.deliveries).await {
            Some(reply) if reply["batchItemFailures"] == json!([]) => self.queue.delete(&message),
            Some(_) => {
                self.record.lock().unwrap().failures += 1;
                sleep(self.habits.redelivers_after).await;
                self.queue.put_back(message);
            }
            None => {
                sleep(self.habits.redelivers_after).await;
                self.queue.put_back(message);
            }
        }
    }

    /// The reply to `event`, unless the invocation failed.
    async fn invoke(&self, event: &Value, delivery: u32) -> Option<Value> {
        let Some(patience) = self.habits.doubles_after.filter(|_| !self.is_calm.load(Ordering::Relaxed)) else {
            return self.invoke_once(event, delivery).await;
        };
        let first = self.invoke_once(event, delivery);
        match select(pin!(first), pin!(sleep(patience))).await {
            Either::Left((reply, _)) => reply,
            Either::Right(((), first)) => {
                self.record.lock().unwrap().doubles += 1;
                join(first, self.invoke_once(event, delivery + 1)).await.0
            }
        }
    }

    async fn invoke_once(&self, event: &Value, delivery: u32) -> Option<Value> {
        let _slot = self.slots.acquire().await.unwrap();
        let environment = self.environment(delivery).await;
        let ended = environment.invoke(event).await;
        environment.set_busy(false);
        let mut record = self.record.lock().unwrap();
        record.invocations += 1;
        match ended {
            Invocation::Answered(reply) => return Some(reply),
            Invocation::Failed => record.failures += 1,
            Invocation::Died => record.deaths += 1,
            Invocation::TimedOut => record.timeouts += 1,
        }
        None
    }

    /// The oldest warm environment if there is one, for a first delivery; else a new one.
    async fn environment(&self, delivery: u32) -> Arc<Environment> {
        let version = self.next_version();
        let is_warm = |one: &&Arc<Environment>| one.is_idle() && one.program == version;
        let warm = self.environments.lock().unwrap().iter().find(is_warm).cloned();
        match warm.filter(|_| delivery == 1) {
            Some(environment) => {
                environment.set_busy(true);
                environment
            }
            None => self.start(version, &self.variables).await,
        }
    }

    fn next_version(&self) -> &'static str {
        let mut versions = self.versions.lock().unwrap();
        versions.rotate_left(1);
        versions[0]
    }

    /// SIGKILL for the `choice`th of the functions that are at work. Answers whether one was.
    pub(crate) fn kill_one(&self, choice: usize) -> bool {
        let environments = self.environments.lock().unwrap();
        let busy: Vec<_> = environments.iter().filter(|environment| environment.is_busy()).collect();
        let Some(environment) = busy.get(choice % busy.len().max(1)) else { return false };
        environment.kill();
        true
    }

    pub(crate) fn dead_letters(&self) -> u64 {
        self.queue.dead_letters()
    }

    pub(crate) fn record(&self) -> Record {
        self.record.lock().unwrap().clone()
    }

    /// Ends every environment, and answers what each of them logged, the oldest first.
    pub(crate) fn end(self) -> Vec<Vec<LogLine>> {
        let environments = self.environments.into_inner().unwrap();
        environments.iter().map(|environment| environment.log().lines().map(LogLine::read).collect()).collect()
    }
}

/// A line of a function's log.
#[derive(Clone, Debug)]
pub(crate) struct LogLine {
    /// As it was written.
    pub text: String,
    /// Its message and fields, if it has any.
    pub fields: Value,
}

impl LogLine {
    fn read(text: &str) -> Self {
        let json: Value = serde_json::from_str(text).unwrap_or_default();
        Self { text: text.to_owned(), fields: json["fields"].clone() }
    }

    /// The name of the step, if the line says that a failpoint was passed.
    pub(crate) fn step(&self) -> Option<&str> {
        if self.fields["message"] == "failpoint" { self.fields["step"].as_str() } else { None }
    }
}
