//! Whatever comes in, it is understood or refused, never a panic: events, continuations, values, model files.

#[path = "../../fuzz/checks.rs"]
mod checks;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use rand_mt::Mt;
use rowscore::config::{ItemsTable, JobName, KeyColumns, PartKind, Setting};
use rowscore::event::{self, Continuation, Event, Trigger};
use rowscore::model::{Artifact, Content, Feature, Model};
use rowscore::run::RunId;
use rowscore::store::notation;
use rowscore::values::{self, Reader, ReasonCode};
use serde_json::{Map, Number, Value, json};

/// Any JSON, up to a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::hash_map(".{0,12}", inner, 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// An object that is nearly an event of ours: the right names, anything in them.
fn nearly_an_event() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        Just("run"),
        Just("scheduled_time"),
        Just("from"),
        Just("to"),
        Just("policy"),
        Just("dry_run"),
        Just("run_id"),
        Just("worker"),
        Just("hop"),
        Just("Records"),
        Just("detail-type"),
        Just("source"),
        Just("time"),
        Just("detail"),
    ];
    let texts = prop_oneof![
        Just("window"),
        Just("sweep"),
        Just("backfill"),
        Just("continuation"),
        Just("status"),
        Just("leave"),
        Just("aws.events"),
        Just("Scheduled Event"),
        Just("2026-11-22T15:19:00Z"),
        Just("9999-99-99"),
        Just(""),
    ];
    let values = prop_oneof![texts.prop_map(Value::from), any::<u64>().prop_map(Value::from), any_json()];
    prop::collection::vec((names, values), 0..6)
        .prop_map(|fields| Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// What may pass for a row of numbers at first sight.
fn nearly_a_row() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?";
    let short = "-?[0-9]{1,4}(\\.[0-9]{1,4})?";
    let odd = "[-+0-9.eE]{0,6}|null|\"1\"|NaN|inf|\\[1\\]";
    let element =
        (prop_oneof![6 => number, 12 => short, 1 => odd], "[ \t\n]{0,2}").prop_map(|(text, space)| text + &space);
    let elements = prop::collection::vec(element, 3..6).prop_map(|elements| elements.join(","));
    (elements, prop_oneof![8 => Just("]"), 1 => Just(",]"), 1 => Just(""), 1 => Just("]]")])
        .prop_map(|(elements, end)| format!("[{elements}{end}"))
}

/// Names of so many features.
fn names(count: usize) -> Vec<Feature> {
    (0..count).map(|number| Feature::number(format!("x{number}"))).collect()
}

/// An object whose keys are nearly those names, with nearly numbers under them.
fn nearly_named() -> impl Strategy<Value = Value> {
    let key = prop_oneof![9 => "x[0-3]", 1 => ".{0,4}"];
    let value =
        prop_oneof![12 => any::<f64>().prop_map(Value::from), 4 => any::<i64>().prop_map(Value::from), 1 => any_json()];
    prop::collection::hash_map(key, value, 0..7)
        .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>()))
}

fn read(event: &Value) -> Result<Event, event::EventError> {
    event::read(event, "2026-11-22T15:19:42Z".parse().unwrap())
}

proptest! {
    #[test]
    fn whatever_comes_in_is_understood_or_refused_in_a_short_sentence(
        json in prop_oneof![any_json(), nearly_an_event()],
        text in ".*",
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        for bytes in [json.to_string().as_bytes(), text.as_bytes(), &bytes] {
            checks::event(bytes);
            checks::message(bytes);
            checks::values(bytes);
        }
    }

    #[test]
    fn a_continuation_survives_the_way_through_a_message(run in any::<u64>(), worker in any::<u16>(), hop in any::<u32>()) {
        let sent = Continuation { job: JobName::default(), run_id: RunId(run), worker, hop, not_before: None };
        let body = serde_json::to_string(&sent).unwrap();
        let record = json!({"eventSource": "aws:sqs", "messageId": "1", "body": body});
        let Event::Queue(mut messages) = read(&json!({"Records": [record]})).unwrap() else { panic!("not a queue") };
        prop_assert_eq!(messages.remove(0).trigger.unwrap(), Trigger::Continue(sent));
    }

    #[test]
    fn a_continuation_of_another_version_is_refused(name in "[a-z_]{1,12}", value in any_json()) {
        let mut body = serde_json::to_value(Continuation { job: JobName::default(), run_id: RunId(1), worker: 0, hop: 2, not_before: None }).unwrap();
        prop_assume!(body.get(&name).is_none());
        body[name] = value;
        prop_assert!(read(&body).is_err());
    }

    #[test]
    fn any_json_is_values_exactly_if_it_is_an_array_of_as_many_numbers(json in any_json(), count in 1_usize..6) {
        prop_assume!(!json.is_object());
        let (text, names) = (json.to_string(), names(count));
        prop_assume!(text.len() <= values::longest_text(&names));
        let expected: Option<Vec<f64>> = json
            .as_array()
            .filter(|array| array.len() == count)
            .and_then(|array| array.iter().map(number).collect());
        let mut features = Vec::new();
        match Reader::new(&names).read(text.as_bytes(), &mut features) {
            Ok(()) => prop_assert_eq!(Some(features), expected),
            Err(reason) => prop_assert_eq!(expected, None, "{:?}", reason),
        }
    }

    #[test]
    fn an_object_is_values_exactly_if_it_has_a_number_under_each_name(json in prop_oneof![3 => nearly_named(), 1 => any_json()]) {
        prop_assume!(json.is_object());
        let (text, names) = (json.to_string(), names(3));
        prop_assume!(text.len() <= values::longest_text(&names));
        let expected: Option<Vec<f64>> =
            names.iter().map(|name| number(&json[&name.name])).collect();
        let mut row = Vec::new();
        match Reader::new(&names).read(text.as_bytes(), &mut row) {
            Ok(()) => prop_assert_eq!(Some(row), expected),
            Err(reason) => prop_assert_eq!(expected, None, "{:?}", reason),
        }
    }

    #[test]
    fn the_notation_of_a_key_has_all_that_is_in_it(parts in prop::collection::vec(".{0,40}", 1..=4)) {
        let names = ["a", "b,c", "d", "e"].map(|name| format!("`{name}`"))[..parts.len()].join(",");
        let mut columns = <KeyColumns as Setting>::read(&names).unwrap();
        let text = PartKind::Text { charset: "utf8mb4".into(), collation: "utf8mb4_bin".into() };
        columns.parts.iter_mut().for_each(|part| part.kind = text.clone());
        let written = notation::joined(&parts);
        let key = notation::read(&columns, &written).unwrap();
        prop_assert_eq!(key.to_string(), written);
        let read = match notation::json(&columns, &key) {
            Value::Array(parts) => parts,
            one => vec![one],
        };
        prop_assert_eq!(read, parts.into_iter().map(Value::from).collect::<Vec<_>>());
    }

    #[test]
    fn no_name_of_a_column_ends_the_quotes_around_it(name in ".{0,70}") {
        let lookup = |variable: &str| (variable == "PREDICTION_COLUMN").then(|| name.clone());
        if let Ok(table) = ItemsTable::from_variables(lookup) {
            let quoted = table.prediction.quoted();
            let inner = &quoted[1..quoted.len() - 1];
            prop_assert!(!inner.is_empty() && !inner.replace("``", "").contains(['`', '\0']));
            prop_assert!(inner.replace("``", "`").chars().count() <= 64);
        }
    }

    #[test]
    fn a_row_in_any_notation_is_read_as_any_json_parser_does(text in nearly_a_row()) {
        checks::values(text.as_bytes());
    }

    #[test]
    fn any_floats_are_read_back_to_the_bit(row in prop::collection::vec(any::<f64>().prop_filter("finite", |x| x.is_finite()), 1..6)) {
        let text = serde_json::to_vec(&row).unwrap();
        let mut features = Vec::new();
        Reader::new(&names(row.len())).read(&text, &mut features).unwrap();
        let bits = |row: &[f64]| row.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&features), bits(&row));
    }
}

/// What a value counts as: a number as such, a boolean as 1 or 0.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_bool().map(|is_true| f64::from(u8::from(is_true))))
}

#[test]
fn a_row_of_a_megabyte_is_too_large_and_one_nested_beyond_reason_is_refused() {
    let code = |text: String| Reader::new(&names(4)).read(text.as_bytes(), &mut Vec::new()).unwrap_err().code;
    assert_eq!(code(format!("[{}1]", "1,".repeat(500_000))), ReasonCode::TooLarge);
    assert_eq!(code("[".repeat(1_000_000)), ReasonCode::TooLarge);
    assert_eq!(code("[".repeat(1_000)), ReasonCode::NotAnArray);
    assert_eq!(code(format!("[1,2,3,{}]", "9".repeat(400))), ReasonCode::NotFinite);
}

#[test]
fn invalid_utf8_is_a_reason() {
    let reason = Reader::new(&names(4)).read(b"[1,2,3,\"\xff\xfe\"]", &mut Vec::new()).unwrap_err();
    assert!(matches!(reason.code, ReasonCode::NotANumber | ReasonCode::NotAnArray));
}

#[test]
fn a_model_file_with_changed_bytes_is_refused_or_scores_every_row_that_it_can() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/artifact");
    let mut rng = Mt::new(184);
    let mut below = |count: usize| rng.next_u32() as usize % count;
    for seed in fs::read_dir(folder).unwrap() {
        let bytes = fs::read(seed.unwrap().path()).unwrap();
        Model::new(Artifact::seal(serde_json::from_slice::<Content>(&bytes).unwrap())).unwrap();
        checks::artifact(&bytes);
        for _ in 0..500 {
            let mut damaged = bytes.clone();
            let (from, to, length) = (below(bytes.len()), below(bytes.len()), 1 + below(12));
            match below(3) {
                0 => damaged[to] = b"0123456789.-[]{},"[below(17)],
                1 => drop(damaged.drain(to..bytes.len().min(to + length))),
                _ => drop(damaged.splice(to..to, bytes[from..bytes.len().min(from + length)].iter().copied())),
            }
            checks::artifact(&damaged);
        }
    }
}
