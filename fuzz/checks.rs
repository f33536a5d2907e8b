//! What must hold for any bytes that come in. The fuzz targets and the property tests share it.

use rowscore::event::{self, Event, EventError, Trigger};
use rowscore::model::{self, Artifact, Content, Model};
use rowscore::values::{self, Reader};
use serde_json::{Value, json};

/// The longest refusal, in characters: a line of a log, whatever was sent.
const LONGEST_REFUSAL: usize = 300;
/// The longest reason, in characters: that of its column.
const LONGEST_REASON: usize = 500;

/// `bytes` as an event: understood, or refused in a short sentence; a continuation reads back as it
/// was written.
pub(super) fn event(bytes: &[u8]) {
    let Ok(json) = serde_json::from_slice::<Value>(bytes) else { return };
    match read(&json) {
        Ok(Event::Direct(Trigger::Continue(continuation))) => {
            let again = read(&serde_json::to_value(&continuation).expect("a continuation is JSON"));
            assert!(matches!(again, Ok(Event::Direct(Trigger::Continue(same))) if same == continuation));
        }
        Ok(Event::Direct(_)) => {}
        Ok(Event::Queue(messages)) => messages.into_iter().for_each(|message| short(message.trigger)),
        Err(refusal) => short(Err::<(), _>(refusal)),
    }
}

/// `bytes` as the body of a message: understood or refused alone, and for the same reason as if
/// they were the event.
pub(super) fn message(bytes: &[u8]) {
    let Ok(body) = str::from_utf8(bytes) else { return };
    let record = json!({"eventSource": "aws:sqs", "messageId": "1", "body": body});
    let Ok(Event::Queue(mut messages)) = read(&json!({"Records": [record]})) else { panic!("not a queue's event") };
    let message = messages.pop().expect("one record is one message");
    assert!(messages.is_empty() && message.id == "1");
    short(message.trigger);
}

/// `bytes` as the values of an item: numbers that are scored, or a reason; and numbers exactly if
/// any JSON parser sees as many numbers there, or one under the name of each feature.
pub(super) fn values(bytes: &[u8]) {
    let model = model::embedded().expect("the embedded model is valid");
    let names = model.features();
    let mut features = Vec::new();
    let read = Reader::new(names).read(bytes, &mut features);
    let expected = serde_json::from_slice::<Value>(bytes).ok().and_then(|json| match &json {
        Value::Object(fields) => names.iter().map(|name| number(fields.get(&name.name)?)).collect(),
        Value::Array(values) if values.len() == names.len() => values.iter().map(number).collect(),
        _ => None::<Vec<f64>>,
    });
    match read {
        Ok(()) => {
            let bits = |row: &[f64]| row.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(expected.as_deref().map(bits), Some(bits(&features)));
            let mut probabilities = vec![0.0; model.classes().len()];
            if model.scorer().score(&features, &mut probabilities).is_ok() {
                assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{probabilities:?}");
                assert!(probabilities.iter().all(|probability| (0.0..=1.0).contains(probability)), "{probabilities:?}");
            }
        }
        Err(reason) => {
            assert!(expected.is_none() || bytes.len() > values::longest_text(names), "{reason:?}");
            assert!(reason.text.chars().count() <= LONGEST_REASON, "{}", reason.text);
        }
    }
}

/// `bytes` as the content of a model file, sealed: refused in a short sentence, or a model that scores any row
/// or says why not.
pub(super) fn artifact(bytes: &[u8]) {
    let Ok(content) = serde_json::from_slice::<Content>(bytes) else { return };
    let model = match Model::new(Artifact::seal(content)) {
        Ok(model) => model,
        Err(refusal) => return assert!(!refusal.to_string().is_empty()),
    };
    let (features, width) = (model.features().len(), model.outputs().width());
    let odd = [0.0, 1.0, -1.5, 1e308, f64::NAN, f64::INFINITY, 7.0];
    let rows: Vec<f64> = (0..features * 20).map(|position| odd[position * 3 % odd.len()]).collect();
    let mut outputs = vec![0.0; 20 * width];
    let unscored = model.scorer().score_rows(&rows, &mut outputs).expect("whole rows");
    for (position, (row, outputs)) in rows.chunks_exact(features).zip(outputs.chunks_exact(width)).enumerate() {
        let has_answer = !unscored.iter().any(|unscored| unscored.row == position);
        assert!(!has_answer || outputs.iter().all(|output| output.is_finite()), "{row:?}: {outputs:?}");
        assert_eq!(model::explain(&model, row, 2).is_ok(), has_answer, "{row:?}");
    }
    // Nobody knows whether they are right: only that they can be tried.
    let _ = model.check_golden_rows();
}

/// What a value counts as: a number as such, a boolean as 1 or 0.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_bool().map(|is_true| f64::from(u8::from(is_true))))
}

fn read(event: &Value) -> Result<Event, EventError> {
    event::read(event, chrono::DateTime::UNIX_EPOCH)
}

fn short<T>(read: Result<T, EventError>) {
    if let Err(refusal) = read {
        let text = refusal.to_string();
        assert!(!text.is_empty() && text.chars().count() <= LONGEST_REFUSAL, "{text}");
    }
}
