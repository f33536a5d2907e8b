//! Waking and laying to rest, many times over, at a stand-in for RDS's API that is in every status, refuses what it likes,
//! and is used by others, too.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_rds::Client;
use aws_sdk_rds::config::retry::RetryConfig;
use aws_sdk_rds::config::{Credentials, Region};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use rand_mt::Mt64;

use super::super::{Rest, Standing};
use super::Waker;
use crate::config::DatabaseResource;
use crate::hop::Clock;

/// Who started the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Us,
    Others,
}

/// The stand-in: an instance, and what happens to it.
struct Instance {
    status: &'static str,
    tagged: bool,
    by: By,
    /// Looks until what is under way is done.
    left: u64,
    /// Calls until the invocation is killed, after which nothing of it arrives; `None`: it is not.
    killed_after: Option<u64>,
    /// Whether calls fail, and things are done to it while it is up.
    rough: bool,
    /// What it was asked to do against the rules.
    wrongs: Vec<String>,
    draws: Mt64,
}

/// What RDS does with an instance that is up; meanwhile it takes no order.
const BUSY: [&str; 5] =
    ["backing-up", "modifying", "maintenance", "configuring-enhanced-monitoring", "storage-optimization"];

impl Instance {
    fn one_in(&mut self, many: u64) -> bool {
        self.draws.next_u64().is_multiple_of(many)
    }

    /// Time goes on with each look.
    fn go_on(&mut self) {
        self.left = self.left.saturating_sub(1);
        if self.left > 0 {
            return;
        }
        let gets_busy = self.rough && self.one_in(4);
        self.status = match self.status {
            "starting" | "creating" => "available",
            "stopping" => "stopped",
            "available" if gets_busy => BUSY[(self.draws.next_u64() % 5) as usize],
            busy if BUSY.contains(&busy) => "available",
            status => status,
        };
        self.left = 1 + self.draws.next_u64() % 3;
    }

    /// What others do between two invocations.
    fn meet_others(&mut self) {
        match (self.status, self.draws.next_u64() % 6) {
            // Whoever starts it by hand removes the tag, if there is one, as docs/DEPLOY.md says.
            ("stopped", 0) => (self.status, self.by, self.tagged) = ("available", By::Others, false),
            // AWS does so after seven days.
            ("stopped", 1) if !self.tagged => (self.status, self.by) = ("starting", By::Others),
            ("available", 0) => self.status = "stopping",
            ("available", 1) => self.status = BUSY[(self.draws.next_u64() % 5) as usize],
            _ => {}
        }
    }

    fn answer(&mut self, action: &str) -> (StatusCode, String) {
        if self.killed_after == Some(0) || (self.rough && self.one_in(12)) {
            return (StatusCode::INTERNAL_SERVER_ERROR, fault("InternalFailure"));
        }
        self.killed_after = self.killed_after.map(|calls| calls - 1);
        match action {
            "DescribeDBInstances" => self.go_on(),
            "StartDBInstance" if self.status == "stopped" && !(self.rough && self.one_in(4)) => {
                (self.status, self.by, self.left) = ("starting", By::Us, 2);
                if !self.tagged {
                    self.wrongs.push("it was started without the tag".into());
                }
            }
            "StopDBInstance" if self.status == "available" && !(self.rough && self.one_in(4)) => {
                if self.by == By::Others {
                    self.wrongs.push("it was stopped, and others had started it".into());
                }
                (self.status, self.left) = ("stopping", 2);
            }
            "AddTagsToResource" => self.tagged = true,
            "RemoveTagsFromResource" => {
                if self.by == By::Us && !matches!(self.status, "stopping" | "stopped") {
                    self.wrongs.push(format!("the tag was removed while it was {}", self.status));
                }
                self.tagged = false;
            }
            _ => return (StatusCode::BAD_REQUEST, fault("InvalidDBInstanceState")),
        }
        // It was done, and the answer is lost.
        if self.rough && self.one_in(20) {
            return (StatusCode::INTERNAL_SERVER_ERROR, fault("InternalFailure"));
        }
        (StatusCode::OK, self.described(action))
    }

    fn described(&self, action: &str) -> String {
        let tag = if self.tagged { "<Tag><Key>rowscore:woken</Key><Value/></Tag>" } else { "" };
        let instance = format!(
            "<DBInstanceIdentifier>db</DBInstanceIdentifier><DBInstanceStatus>{}</DBInstanceStatus>\
             <DBInstanceArn>arn:aws:rds:eu-central-1:1:db:db</DBInstanceArn><TagList>{tag}</TagList>",
            self.status
        );
        let inner = match action {
            "DescribeDBInstances" => format!("<DBInstances><DBInstance>{instance}</DBInstance></DBInstances>"),
            _ => format!("<DBInstance>{instance}</DBInstance>"),
        };
        format!("<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>")
    }
}

fn fault(code: &str) -> String {
    format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>")
}

type Shared = Arc<Mutex<Instance>>;

async fn handle(State(instance): State<Shared>, body: String) -> (StatusCode, String) {
    let action = body.split('&').find_map(|part| part.strip_prefix("Action=")).unwrap_or_default().to_owned();
    instance.lock().unwrap_or_else(PoisonError::into_inner).answer(&action)
}

/// What wakes the stand-in, which is served for as long as the test runs.
async fn waker(instance: &Shared) -> Waker {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let router = Router::new().fallback(handle).with_state(instance.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = aws_config::from_env()
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(url)
        .load()
        .await;
    let resource = DatabaseResource::Instance("db".into());
    Waker { client: Client::new(&config), resource, waits: (Duration::from_micros(500), Duration::from_millis(2)) }
}

/// One invocation, as the function has it: wakes the database, does its work, and lays it to rest.
async fn invoke(waker: &Waker, budget: Duration) -> Option<Rest> {
    let clock = Clock::starting(None, Duration::ZERO, budget);
    match waker.rouse(clock).await {
        Ok(Standing::Awake { ours: true }) => waker.lay_to_rest(clock).await.ok(),
        Ok(Standing::Awake { ours: false } | Standing::Waking(_)) | Err(_) => None,
    }
}

/// Five hundred invocations, of which some are killed at any call, and then a few in calm.
async fn live_through(seed: u64) {
    let instance = Instance {
        status: "stopped",
        tagged: false,
        by: By::Others,
        left: 1,
        killed_after: None,
        rough: true,
        wrongs: Vec::new(),
        draws: Mt64::new(seed),
    };
    let instance = Arc::new(Mutex::new(instance));
    let waker = waker(&instance).await;
    let with = |act: &dyn Fn(&mut Instance)| act(&mut instance.lock().unwrap_or_else(PoisonError::into_inner));
    for _ in 0..500 {
        with(&|it| {
            it.meet_others();
            it.killed_after = it.one_in(5).then(|| it.draws.next_u64() % 7);
        });
        let budget = Duration::from_millis(2 << (2 * seed));
        invoke(&waker, budget).await;
        with(&|it| it.killed_after = None);
    }
    with(&|it| it.rough = false);
    for _ in 0..5 {
        invoke(&waker, Duration::from_secs(5)).await;
    }
    let it = instance.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(it.wrongs.is_empty(), "seed {seed}: {:?}", it.wrongs);
    let is_up = !matches!(it.status, "stopped" | "stopping");
    assert!(!(is_up && it.by == By::Us), "seed {seed}: it is {}, we started it, and it runs on", it.status);
    assert!(is_up || !it.tagged, "seed {seed}: it sleeps, and bears the tag");
}

#[tokio::test]
async fn what_we_start_never_runs_on_and_what_others_start_is_never_stopped() {
    for seed in 0..4 {
        live_through(seed).await;
    }
}
