//! From an event's JSON to what it asks for.

use std::time::Duration;

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use serde::Deserialize;
use serde_json::Value;

use super::error::brief;
use super::input::{OpenInput, QuestionInput, SleepInput, WakeInput};
use super::{Continuation, Event, EventError, Message, Request, Sleep, Trigger, Wake};
use crate::config::{JobName, ScheduleName, Setting, Span};
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
            Ok(Message { id, trigger, trace, receipt: record.receipt_handle })
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
    // Which rule it was tells the schedule, if any job has one of that name.
    let name = |rule: &String| ScheduleName::read(rule.split_once(":rule/")?.1.rsplit('/').next()?);
    let rule = event.resources.iter().flatten().find_map(name);
    let request = Request { tick: Some(tick), rule, ..Request::by_hand(RunKind::Window) };
    request.checked().map(Trigger::Open).map_err(|error| refused(error.to_string()))
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
        Some("status") => question(event).map(Trigger::Status).map_err(refused),
        Some("doctor") => question(event).map(Trigger::Doctor).map_err(refused),
        Some("wake") => wake(event, now),
        Some("sleep") => SleepInput::deserialize(event)
            .map(|SleepInput { since, hop, not_before, .. }| Trigger::Sleep(Sleep { since, hop, not_before }))
            .map_err(|error| refused(error.to_string())),
        _ => Err(EventError::Run(brief(run))),
    }
}

/// The job that a question is about.
fn question(event: &Value) -> Result<Option<JobName>, String> {
    let input = QuestionInput::deserialize(event).map_err(|error| error.to_string())?;
    named("job", input.job.as_deref())
}

fn wake(event: &Value, now: Time) -> Result<Trigger, EventError> {
    let refused = |problem: &str| EventError::field("wake", problem);
    let WakeInput { since, hop, event, .. } =
        WakeInput::deserialize(event).map_err(|error| refused(&error.to_string()))?;
    match event.get("run").and_then(Value::as_str) {
        Some("wake" | "sleep" | "status" | "doctor") => Err(refused("`event` is not one that waits for a database")),
        _ => {
            let since = time("since", &since).map_err(|problem| refused(&problem))?;
            Ok(Trigger::Wake(Wake { since, hop, event: Box::new(direct(&event, now)?) }))
        }
    }
}

fn open(kind: RunKind, event: &Value, now: Time) -> Result<Trigger, String> {
    let input = OpenInput::deserialize(event).map_err(|error| error.to_string())?;
    let OpenInput { from, to, policy, .. } = input;
    let bound = |name, text: Option<String>| text.map(|text| time(name, &text)).transpose();
    let (from, to) = (bound("from", from)?, bound("to", to)?);
    let tick = input.scheduled_time.as_deref().map(|text| scheduled_time(text, now)).transpose()?;
    let deliver_within = input.deliver_within.as_deref().map(within).transpose()?;
    let mode = if input.dry_run == Some(true) { Mode::DryRun } else { Mode::Write };
    let (job, schedule) = (named("job", input.job.as_deref())?, named("schedule", input.schedule.as_deref())?);
    let rule = named("rule", input.rule.as_deref())?;
    let request = Request { kind, job, schedule, rule, tick, from, to, policy, deliver_within, mode };
    request.checked().map(Trigger::Open).map_err(|error| error.to_string())
}

/// A name in a field of an event.
fn named<T: Setting>(field: &str, text: Option<&str>) -> Result<Option<T>, String> {
    let read = |text: &str| T::read(text).ok_or_else(|| format!("`{field}` is `{text}`; accepted: {}", T::ACCEPTS));
    text.map(read).transpose()
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
    time("scheduled_time", text)
}

/// The time in a field of an event.
fn time(field: &str, text: &str) -> Result<Time, String> {
    window::read(text).map_err(|_| format!("`{field}` is `{text}`; accepted: {}", window::ACCEPTED))
}
