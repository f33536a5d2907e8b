//! A run that ended, as OpenLineage tells it. <https://openlineage.io/spec/2-0-2/OpenLineage.json>

use serde_json::{Map, Value, json};

use crate::hop::Ended;
use crate::lambda::telling::datasets::Datasets;
use crate::run::RunState;
use crate::window::Time;

/// The schema of an event, and where those of its facets are.
const SCHEMA: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const FACETS: &str = "https://openlineage.io/spec/facets";

/// Who says it.
const PRODUCER: &str = concat!("urn:rowscore:", env!("CARGO_PKG_VERSION"));

/// The two events of a run: its begin and its end.
pub(super) fn events(ended: &Ended, datasets: &Datasets) -> [Value; 2] {
    let end = match ended.state {
        RunState::Failed => "FAIL",
        RunState::Cancelled => "ABORT",
        _ => "COMPLETE",
    };
    let finished_at = ended.finished_at.unwrap_or(ended.started_at);
    [("START", ended.started_at), (end, finished_at)].map(|(kind, at)| event(kind, at, ended, datasets))
}

fn event(kind: &str, at: Time, ended: &Ended, datasets: &Datasets) -> Value {
    let Datasets { namespace, database } = datasets;
    let job = format!("{database}.{}.{}", ended.table, ended.job);
    let written = ended.score_table.as_ref().unwrap_or(&ended.table);
    // The begin knows neither how many there will be, nor what may go wrong.
    let is_end = kind != "START";
    let mut output = json!({"namespace": namespace, "name": datasets.named(written)});
    let mut of_run = Map::new();
    if let Some(from) = ended.window_from {
        let span = json!({"nominalStartTime": from, "nominalEndTime": ended.window_to});
        of_run.insert("nominalTime".into(), facet("1-0-1", "NominalTimeRunFacet", span));
    }
    if is_end {
        let rows = facet("1-0-2", "OutputStatisticsOutputDatasetFacet", json!({"rowCount": ended.predicted}));
        output["outputFacets"] = json!({"outputStatistics": rows});
        if let Some(why) = &ended.why {
            let message = json!({"message": why, "programmingLanguage": "Rust"});
            of_run.insert("errorMessage".into(), facet("1-0-1", "ErrorMessageRunFacet", message));
        }
    }
    let batch = json!({"processingType": "BATCH", "integration": "ROWSCORE", "jobType": "MODEL"});
    json!({
        "eventType": kind,
        "eventTime": at,
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": {"runId": run_id(ended, datasets), "facets": of_run},
        "job": {"namespace": namespace, "name": job, "facets": {"jobType": facet("2-0-3", "JobTypeJobFacet", batch)}},
        "inputs": [{"namespace": namespace, "name": datasets.named(&ended.table)}],
        "outputs": if ended.mode.writes() { vec![output] } else { Vec::new() },
    })
}

/// A facet, with what every one has.
fn facet(version: &str, name: &str, mut content: Value) -> Value {
    content["_producer"] = PRODUCER.into();
    content["_schemaURL"] = format!("{FACETS}/{version}/{name}.json#/$defs/{name}").into();
    content
}

/// The run as a UUID, the same however often it is told: the eighth version of RFC 9562, made of a hash.
fn run_id(ended: &Ended, datasets: &Datasets) -> String {
    let hash = datasets.hashed(&ended.id);
    let mut bytes: [u8; 16] = std::array::from_fn(|at| hash[at]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (a, b, c, d, e) = (&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]);
    format!("{a}-{b}-{c}-{d}-{e}")
}
