//! What starts rowscore, read from the JSON of an event.

use rowscore::config::JobName;
use rowscore::event::{Aim, Continuation, Event, Request, Sleep, Trigger, Wake, read};
use rowscore::run::{RunId, RunKind};
use serde_json::{Value, json};

const NOW: &str = "2026-11-22T15:19:42Z";

fn direct_of(event: Value) -> Trigger {
    match read(&event, NOW.parse().unwrap()).unwrap() {
        Event::Direct(trigger) => trigger,
        Event::Queue(messages) => panic!("{messages:?}"),
    }
}

fn refusal(event: Value) -> String {
    read(&event, NOW.parse().unwrap()).unwrap_err().to_string()
}

#[test]
fn an_unfilled_placeholder_means_the_current_minute() {
    let trigger = direct_of(json!({"run": "window", "scheduled_time": "<aws.scheduler.scheduled-time>"}));
    let tick = Some("2026-11-22T15:19:00Z".parse().unwrap());
    assert_eq!(trigger, Trigger::Open(Request { tick, ..Request::by_hand(RunKind::Window) }));
}

#[test]
fn a_continuation_reads_back_as_it_was_written() {
    let sent = Continuation { job: JobName::default(), run_id: RunId(7), worker: 1, hop: 12, not_before: None };
    let json = serde_json::to_value(&sent).unwrap();
    assert_eq!(json, json!({"run": "continuation", "run_id": 7, "worker": 1, "hop": 12}));
    assert_eq!(direct_of(json), Trigger::Continue(sent));
}

#[test]
fn what_waits_for_the_database_reads_back_as_it_was_asked_for() {
    let events = [
        json!({"run": "window", "scheduled_time": "2026-11-22T15:19:00Z"}),
        json!({"run": "sweep", "policy": "leave", "deliver_within": "5400s"}),
        json!({"run": "backfill", "from": "2026-01-01T00:00:00Z", "dry_run": true}),
        json!({"run": "continuation", "run_id": 7, "worker": 1, "hop": 12}),
    ];
    for event in events {
        let asked = direct_of(event.clone());
        let sent = Wake { since: NOW.parse().unwrap(), hop: 2, event: Box::new(asked) };
        let json = serde_json::to_value(&sent).unwrap();
        assert_eq!(json, json!({"run": "wake", "since": NOW, "hop": 2, "event": event}));
        assert_eq!(direct_of(json), Trigger::Wake(sent));
    }
    for run in ["wake", "sleep", "status", "doctor"] {
        let nested = json!({"run": "wake", "since": NOW, "hop": 1, "event": {"run": run}});
        assert!(refusal(nested).contains("`event` is not one"));
    }
}

#[test]
fn what_stops_the_database_reads_back_and_is_put_off() {
    let sent = Sleep { since: NOW.parse().unwrap(), hop: 1, not_before: Some(NOW.parse().unwrap()) };
    let json = serde_json::to_value(&sent).unwrap();
    assert_eq!(json, json!({"run": "sleep", "since": NOW, "hop": 1, "not_before": NOW}));
    let read = direct_of(json);
    assert_eq!((read.not_before(), read), (sent.not_before, Trigger::Sleep(sent)));
    assert!(refusal(json!({"run": "sleep", "since": NOW, "hop": 1, "job": "x"})).contains("unknown field `job`"));
}

#[test]
fn what_is_not_understood_is_refused_with_what_is_accepted() {
    assert!(refusal(json!([1, 2])).starts_with("the event is `[1,2]`; accepted: an AWS scheduled event"));
    assert!(refusal(json!({})).starts_with("the event is `{}`"));
    assert_eq!(
        refusal(json!({"run": "dance"})),
        "`run` is `\"dance\"`; accepted: window, sweep, backfill, canary, continuation, status, doctor"
    );
    assert!(refusal(json!({"run": "x".repeat(1000)})).contains("xxx…`; accepted"));
    assert!(refusal(json!({"run": "\u{202e}"})).starts_with("`run` is `\"\\u202e\"`"), "what turns letters is escaped");
    assert!(refusal(json!({"run": "window", "x".repeat(1000): 1})).chars().count() < 300);
    assert!(refusal(json!({"run": "window", "form": "x"})).contains("unknown field `form`"));
    assert!(refusal(json!({"run": "window", "policy": "retry"})).contains("unknown variant `retry`"));
    let vague = json!({"run": "window", "deliver_within": "soon"});
    assert!(
        refusal(vague).ends_with("`deliver_within` is `soon`; accepted: a number and a unit, like 90s, 15m, 1h or 2d")
    );
    assert!(refusal(json!({"run": "canary", "deliver_within": "1h"})).contains("works on no window"));
    assert!(
        refusal(json!({"run": "window", "scheduled_time": "soon"})).contains(
            "`scheduled_time` is `soon`; accepted: a time of the years 1000 to 9999, like 2026-11-22T15:00:00Z"
        )
    );
    assert!(refusal(json!({"run": "sweep", "from": "2026-01-01T00:00:00Z"})).contains("no `from`"));
    for run in ["window", "sweep", "canary"] {
        assert!(refusal(json!({"run": run, "dry_run": true})).contains("`dry_run` is for a backfill"));
    }
    assert!(refusal(json!({"run": "backfill", "dry_run": "yes"})).contains("expected a boolean"));
    assert!(refusal(json!({"run": "backfill", "dryrun": true})).contains("unknown field `dryrun`"));
    assert!(refusal(json!({"run": "backfill", "policy": "retry_all"})).contains("accepts retry_failed or leave"));
    assert!(refusal(json!({"run": "continuation", "run_id": -1, "worker": 0, "hop": 1})).contains("-1"));
    let reversed = json!({"run": "window", "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"});
    assert!(refusal(reversed).contains("is not before"));
    let s3 = json!({"Records": [{"eventSource": "aws:s3", "messageId": "1", "body": "{}"}]});
    assert!(refusal(s3).contains("accepted: aws:sqs"));
    let other = json!({"detail-type": "EC2 Instance State-change", "source": "aws.ec2", "detail": {}});
    assert!(refusal(other).contains("accepted: aws.events"));
}

#[test]
fn a_message_that_is_not_understood_is_refused_alone() {
    let body = |text: &str| json!({"eventSource": "aws:sqs", "messageId": text, "body": text});
    let good = r#"{"run":"continuation","run_id":1,"worker":0,"hop":2}"#;
    let event = json!({"Records": [body("nonsense"), body(good)]});
    let Event::Queue(messages) = read(&event, NOW.parse().unwrap()).unwrap() else { panic!("not a queue event") };
    assert!(messages[0].trigger.is_err());
    assert!(messages[1].trigger.is_ok());
}

#[test]
fn an_event_names_a_job_or_a_schedule_and_a_rule_may_be_one() {
    let of = |event: Value| direct_of(event);
    let job: JobName = "churn".parse().unwrap();
    assert_eq!(of(json!({"run": "window", "job": "churn"})).aim(), Aim::Job(&job));
    assert_eq!(of(json!({"run": "status", "job": "churn"})).aim(), Aim::Job(&job));
    let continued = json!({"run": "continuation", "job": "churn", "run_id": 7, "worker": 0, "hop": 1});
    assert_eq!(of(continued).aim(), Aim::Job(&job));
    let old = of(json!({"run": "continuation", "run_id": 7, "worker": 0, "hop": 1}));
    assert_eq!(old.aim(), Aim::Job(&JobName::default()));
    let nightly = "nightly".parse().unwrap();
    assert_eq!(of(json!({"run": "sweep", "schedule": "nightly"})).aim(), Aim::Schedule(Some(&nightly)));
    assert_eq!(of(json!({"run": "window"})).aim(), Aim::Schedule(None));
    assert_eq!(of(json!({"run": "sweep"})).aim(), Aim::Schedule(None));
    assert_eq!(of(json!({"run": "canary"})).aim(), Aim::Active);
    assert_eq!(of(json!({"run": "canary", "schedule": "nightly"})).aim(), Aim::Schedule(Some(&nightly)));
    assert_eq!(of(json!({"run": "status"})).aim(), Aim::Active);
    let rule = "rowscore-window".parse().unwrap();
    let scheduled: Value = serde_json::from_str(include_str!("../../events/schedule.json")).unwrap();
    assert_eq!(of(scheduled).aim(), Aim::Rule(&rule));
}

#[test]
fn what_is_asked_of_all_jobs_is_asked_of_one_by_a_message_that_reads_back() {
    let asked = direct_of(json!({"run": "window", "schedule": "nightly", "scheduled_time": "2026-11-22T15:19:00Z"}));
    let sent = serde_json::to_value(asked.of_job(&"churn".parse().unwrap())).unwrap();
    assert_eq!(sent, json!({"run": "window", "job": "churn", "scheduled_time": "2026-11-22T15:19:00Z"}));
    assert_eq!(direct_of(sent), asked.of_job(&"churn".parse().unwrap()));
}
