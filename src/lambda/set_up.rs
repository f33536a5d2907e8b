//! The function that is there for a few minutes, beside a database that nothing else reaches: it makes what must be there
//! before a run, as `rowscore init` does, and is removed. It is the same program, by another handler (infra/setup.yaml).
//!
//! The administrator's password comes in the event, so that nobody but who deploys needs the right or a way to read it.

use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::config::{Config, Place};
use crate::hop::{HopError, Jobs};
use crate::model::Model;
use crate::setup::{Grants, Missing, SetUpError, Site};
use crate::store::logins::{NewLogin, Proof};
use crate::store::{Database, Fault, StoreError, used};
use crate::words;

/// How long a database may take until it answers: an Aurora that paused is back within half a minute, after a day's
/// pause within a minute: <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html>
const PATIENCE: Duration = Duration::from_secs(150);
/// How long one try may take; it holds a connection open while the database wakes up.
const TRY: Duration = Duration::from_secs(45);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(2);

/// Connections of the results API: a pool's, and as many again for those that are being closed.
const READERS: u16 = 20;

/// The whole event. What of it cannot be read is not repeated: there are passwords in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    set_up: Orders,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Orders {
    /// Who may make tables, logins and grants.
    admin: Login,
    /// Whom the function logs in as, unless that is an administrator, who may do all already.
    scorer: Option<Login>,
    /// Whom the results API logs in as, if there is one.
    reader: Option<Login>,
    /// Whether to make the database and the items table, if there are none of their names.
    create: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    login: String,
    /// Without one: by IAM.
    password: Option<String>,
}

impl Login {
    fn wanted(&self, connections: Option<u16>) -> NewLogin<'_> {
        let proof = self.password.as_deref().map_or(Proof::Iam, Proof::Password);
        NewLogin { login: &self.login, proof, connections }
    }
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct SetUpReply {
    /// What was made, in sentences. It stays, also where something failed after it.
    pub done: Vec<String>,
    /// What is to be minded.
    pub notices: Vec<String>,
    /// What is wrong, in one sentence; absent where nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Makes what `invocation` asks for, with `model` unless the database has another one in use.
///
/// # Errors
/// The event is none that `make deploy` sends. What else fails stands in the reply.
pub async fn set_up(invocation: LambdaEvent<Value>, model: &'static Model) -> Result<SetUpReply, Diagnostic> {
    let LambdaEvent { payload, context } = invocation;
    let Ok(Event { set_up: orders }) = Event::deserialize(payload) else {
        let accepted = "the event is not understood; accepted: an object with `set_up`, as `make deploy` sends it";
        return Err(Diagnostic { error_type: "BadEvent".into(), error_message: accepted.into() });
    };
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or(PATIENCE);
    let (mut done, mut notices) = (Vec::new(), Vec::new());
    let made = Box::pin(make(&orders, model, PATIENCE.min(left / 2), (&mut done, &mut notices))).await;
    for line in &done {
        tracing::info!("{line}");
    }
    let (failed, remedy) = match made {
        Ok(()) => (None, None),
        Err(error) => {
            let said = words::chain(&error);
            tracing::error!(error = said, "the tables could not be made");
            (Some(said), remedy(&error).map(str::to_owned))
        }
    };
    Ok(SetUpReply { done, notices, failed, remedy })
}

async fn make(
    orders: &Orders,
    model: &'static Model,
    patience: Duration,
    (done, notices): (&mut Vec<String>, &mut Vec<String>),
) -> Result<(), SetUpError> {
    let password = orders.admin.password.as_deref().unwrap_or_default();
    let jobs = Jobs::new(Config::from_env_for(&orders.admin.login, password)?).await;
    let job = jobs.of_variables();
    let mut config = jobs.config().clone();
    config.work = job.work.clone();
    let consent = |Missing { said, check }: &Missing| {
        if orders.create { Ok(()) } else { Err(format!("{said}; {check}, or make it first")) }
    };
    reach(&job.database, &config, patience).await?;
    let mut site = Site { config: &config, database: &job.database, consent: &consent, done: Vec::new() };
    let made = Box::pin(make_all(&mut site, orders, model)).await;
    done.append(&mut site.done);
    notices.extend(made?);
    Ok(())
}

async fn make_all(site: &mut Site<'_>, orders: &Orders, built_in: &'static Model) -> Result<Vec<String>, SetUpError> {
    let mut conn = site.connect().await?;
    let model = used::model(&mut conn, site.database, built_in.into()).await?;
    let fit = site.make_tables(&mut conn, &model).await?;
    if let Some(scorer) = &orders.scorer {
        site.make_login(&mut conn, &scorer.wanted(None)).await?;
    }
    if let Some(reader) = &orders.reader {
        site.make_login(&mut conn, &reader.wanted(Some(READERS))).await?;
    }
    let [scorer, reader] =
        [&orders.scorer, &orders.reader].map(|login| login.as_ref().map(|login| login.login.as_str()));
    let mut notices = site.grant(&mut conn, Grants { scorer, reader }).await?;
    notices.extend(site.notices(&mut conn, &model, &fit).await?);
    // Whether the server hears of it changes nothing any more.
    let _ = conn.disconnect().await;
    Ok(notices)
}

/// Until the database answers, be it that it has no such database: one that paused takes a while.
async fn reach(database: &Database, config: &Config, patience: Duration) -> Result<(), StoreError> {
    let (until, limit) = (Instant::now() + patience, TRY.min(patience));
    loop {
        let problem = match timeout(limit, database.connect()).await {
            Ok(Ok(conn)) => {
                let _ = conn.disconnect().await;
                return Ok(());
            }
            Ok(Err(error)) if error.lacks_database() => return Ok(()),
            Ok(Err(error)) if error.fault() == Fault::Permanent => return Err(error),
            Ok(Err(error)) => error,
            Err(_) => {
                let place = Place { host: config.mysql.server.clone(), port: config.mysql.port };
                StoreError::Silent { place: place.to_string(), limit }
            }
        };
        if Instant::now() + PAUSE > until {
            return Err(problem);
        }
        sleep(PAUSE).await;
    }
}

/// What to do about it, for who deploys; `None`: the error says so itself.
fn remedy(error: &SetUpError) -> Option<&'static str> {
    let store = match error {
        SetUpError::Store(error) | SetUpError::Hop(HopError::Store(error)) => error,
        SetUpError::Hop(HopError::Unfit(_)) => {
            return Some(
                "correct the names of table and columns in the answers, or build the model in that fits them: \
                 MODEL_FILE=mine/model.json make deploy",
            );
        }
        _ => return None,
    };
    if store.lacks_login() {
        return Some("user and password are not the administrator's: give the secret that has them, ADMIN_SECRET=...");
    }
    if store.lacks_grant() {
        return Some(
            "this login may not do that: give the secret of one who may make tables, logins and grants, as the \
             administrator may whom RDS made: ADMIN_SECRET=...",
        );
    }
    matches!(store, StoreError::Silent { .. } | StoreError::Connecting { .. }).then_some(
        "the function finds no way to the database: SubnetIds must be of its VPC, and its security group must let in the \
         first of SecurityGroupIds on its port",
    )
}
