//! From an event's JSON to what it asks for.

use std::time::Duration;

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use serde::Deserialize;
use serde_json::Value;

use super::error::brief;
use super::input::{OpenInput, StatusInput, WakeInput};
use super::{Continuation, Event, EventError, Message, Request, Trigger, Wake};
use crate::config::{Setting, Span};
use crate::run::{Mode, RunKind};
use crate::window::{self, Time};

/// Reads an event. `now` stands in for a time that the scheduler did not fill in.
///
/// # Errors
/// What was given and what is accepted.
pub fn read(event: &Value, now: Time) -> Result<Event, EventError> {
    let Some(object) = event.as_object() else {
        return Err(EventError::Shape(brief(event)));
    };
    if object.contains_key("Records") {
        return queue(event, now);
    }
    if object.contains_key("detail-type") {
        return scheduled(event).map(Event::Direct);
    }
    direct(event, now).map(Event::Direct)
}

fn queue(event: &Value, now: Time) -> Result<Event, EventError> {
    let refused = |problem: String| EventError::field("SQS", &problem);
    let SqsEvent { records, .. } = SqsEvent::deserialize(event).map_err(|error| refused(error.to_string()))?;
    if let Some(other) = records.iter().find(|record| record.event_source.as_deref() != Some("aws:sqs")) {
        let source = other.event_source.as_deref().unwrap_or("missing");
        return Err(refused(format!("eventSource is {source}; accepted: aws:sqs")));
    }
    records
        .into_iter()
        .map(|record| {
            let id = record.message_id.ok_or_else(|| refused("a record without messageId".into()))?;
            let trace = record.attributes.get("AWSTraceHeader").cloned();
            let body = record.body.unwrap_or_default();
            let trigger = match serde_json::from_str::<Value>(&body) {
                Ok(body) => direct(&body, now),
                Err(error) => Err(refused(format!("the message's body is not JSON: {error}"))),
            };
            Ok(Message { id, trigger, trace })
        })
        .collect::<Result<_, _>>()
        .map(Event::Queue)
}

fn scheduled(event: &Value) -> Result<Trigger, EventError> {
    let refused = |problem: String| EventError::field("scheduled", &problem);
    let event: EventBridgeEvent = EventBridgeEvent::deserialize(event).map_err(|error| refused(error.to_string()))?;
    if (event.source.as_str(), event.detail_type.as_str()) != ("aws.events", "Scheduled Event") {
        return Err(refused(format!(
            "source `{}` and detail-type `{}`; accepted: aws.events and Scheduled Event",
            event.source, event.detail_type
        )));
    }
    let tick = event.time.ok_or_else(|| refused("`time` is missing".into()))?;
    Ok(Trigger::Open(Request { tick: Some(tick), ..Request::by_hand(RunKind::Window) }))
}

fn direct(event: &Value, now: Time) -> Result<Trigger, EventError> {
    let Some(run) = event.get("run") else {
        return Err(EventError::Shape(brief(event)));
    };
    let refused = |problem: String| EventError::field(run.as_str().unwrap_or_default(), &problem);
    match run.as_str() {
        Some("window") => open(RunKind::Window, event, now).map_err(refused),
        Some("sweep") => open(RunKind::Sweep, event, now).map_err(refused),
        Some("backfill") => open(RunKind::Backfill, event, now).map_err(refused),
        Some("canary") => open(RunKind::Canary, event, now).map_err(refused),
        Some("continuation") => {
            Continuation::deserialize(event).map(Trigger::Continue).map_err(|error| refused(error.to_string()))
        }
        Some("status") => {
            StatusInput::deserialize(event).map(|_| Trigger::Status).map_err(|error| refused(error.to_string()))
        }
        Some("wake") => wake(event, now),
        _ => Err(EventError::Run(brief(run))),
    }
}

fn wake(event: &Value, now: Time) -> Result<Trigger, EventError> {
    let refused = |problem: &str| EventError::field("wake", problem);
    let WakeInput { since, hop, event, .. } =
        WakeInput::deserialize(event).map_err(|error| refused(&error.to_string()))?;
    match event.get("run").and_then(Value::as_str) {
        Some("wake" | "status") => Err(refused("`event` is not one that waits for a database")),
        _ => Ok(Trigger::Wake(Wake { since, hop, event: Box::new(direct(&event, now)?) })),
    }
}

fn open(kind: RunKind, event: &Value, now: Time) -> Result<Trigger, String> {
    let input = OpenInput::deserialize(event).map_err(|error| error.to_string())?;
    let OpenInput { from, to, policy, .. } = input;
    let tick = input.scheduled_time.as_deref().map(|text| scheduled_time(text, now)).transpose()?;
    let deliver_within = input.deliver_within.as_deref().map(within).transpose()?;
    let mode = if input.dry_run == Some(true) { Mode::DryRun } else { Mode::Write };
    let request = Request { kind, tick, from, to, policy, deliver_within, mode };
    request.checked().map(Trigger::Open).map_err(|error| error.to_string())
}

fn within(text: &str) -> Result<Duration, String> {
    let span = Span::read(text).map(|span| span.0);
    span.ok_or_else(|| format!("`deliver_within` is `{text}`; accepted: {}", Span::ACCEPTS))
}

/// The scheduler's own time. Where it left its placeholder in, the tick is the current minute.
fn scheduled_time(text: &str, now: Time) -> Result<Time, String> {
    if text == "<aws.scheduler.scheduled-time>" {
        let tick = window::minute(now);
        tracing::warn!(%tick, "the scheduler did not fill in the scheduled time; taking the current minute");
        return Ok(tick);
    }
    text.parse().map_err(|_| format!("`scheduled_time` is `{text}`; accepted: a UTC time like 2026-11-22T15:19:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::RunId;
    use serde_json::json;

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
        let sent = Continuation { run_id: RunId(7), worker: 1, hop: 12 };
        let json = serde_json::to_value(sent).unwrap();
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
        let nested = json!({"run": "wake", "since": NOW, "hop": 1, "event": {"run": "wake"}});
        assert!(refusal(nested).contains("`event` is not one"));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_what_is_accepted() {
        assert!(refusal(json!([1, 2])).starts_with("the event is `[1,2]`; accepted: an AWS scheduled event"));
        assert!(refusal(json!({})).starts_with("the event is `{}`"));
        assert_eq!(
            refusal(json!({"run": "dance"})),
            "`run` is `\"dance\"`; accepted: window, sweep, backfill, canary, continuation, status"
        );
        assert!(refusal(json!({"run": "x".repeat(1000)})).contains("xxx…`; accepted"));
        assert!(refusal(json!({"run": "window", "x".repeat(1000): 1})).chars().count() < 300);
        assert!(refusal(json!({"run": "window", "form": "x"})).contains("unknown field `form`"));
        assert!(refusal(json!({"run": "window", "policy": "retry"})).contains("unknown variant `retry`"));
        let vague = json!({"run": "window", "deliver_within": "soon"});
        assert!(
            refusal(vague)
                .ends_with("`deliver_within` is `soon`; accepted: a number and a unit, like 90s, 15m, 1h or 2d")
        );
        assert!(refusal(json!({"run": "canary", "deliver_within": "1h"})).contains("works on no window"));
        assert!(refusal(json!({"run": "window", "scheduled_time": "soon"})).contains("accepted: a UTC time"));
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
}
