//! Metrics, in CloudWatch's embedded metric format: a line of JSON in the log, of which CloudWatch
//! makes metrics. No call, no right and no network is needed for it.
//!
//! All are in the namespace `rowscore`, with the function's name as their one dimension: each further
//! combination of dimensions is billed as metrics of its own. Job, table, kind and run stand in the line
//! for queries over the log.

use serde_json::{Map, Value, json};

use crate::answer::{Answer, Outcome};
use crate::config::JobName;
use crate::drift::Ratios;
use crate::hop::{Late, Tally};
use crate::run::{RunKind, RunState};
use crate::window::Time;

/// Where the metrics are found in CloudWatch.
const NAMESPACE: &str = "rowscore";

/// One value: its name, its unit as CloudWatch knows it, and what it is; `None`: nothing to say.
type Metric = (&'static str, &'static str, Option<f64>);

/// Whose metrics these are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// The function's name; empty where there is no function, and then no metrics.
    pub function: &'a str,
    /// The job whose work it is, and the table that it scores; `None`: that is not known.
    pub job: Option<(&'a JobName, &'a str)>,
}

impl Source<'_> {
    /// Writes what a hop came to.
    pub(super) fn hop_ended(self, answer: &Answer, now: Time) {
        let run = answer.run_id.map(|id| id.0);
        self.write(answer.kind, run, &of_hop(answer), now);
    }

    /// Writes that a hop of this kind failed; `None`: a continuation's.
    pub(super) fn hop_failed(self, kind: Option<RunKind>, now: Time) {
        self.write(kind, None, &[("HopsFailed", "Count", Some(1.0))], now);
    }

    /// Writes that a canary failed.
    pub(super) fn canary_failed(self, now: Time) {
        self.write(Some(RunKind::Canary), None, &[("CanarySucceeded", "Count", Some(0.0))], now);
    }

    /// Writes how often others could not be told that a run ended.
    pub(super) fn told(self, Tally { failed, given_up, .. }: Tally, now: Time) {
        let given_up = (given_up > 0).then(|| f64::from(given_up));
        let metrics = [("TellingsFailed", "Count", Some(f64::from(failed))), ("TellingsGivenUp", "Count", given_up)];
        self.write(None, None, &metrics, now);
    }

    /// Writes that a run will be late.
    pub(super) fn will_be_late(self, late: &Late, now: Time) {
        let spare = ("ForecastSpareSeconds", "Seconds", Some(late.forecast_spare_seconds as f64));
        self.write(Some(late.kind), Some(late.run.0), &[spare], now);
    }

    fn write(self, kind: Option<RunKind>, run: Option<u64>, metrics: &[Metric], now: Time) {
        if let Some(line) = self.line(kind, run, metrics, now) {
            println!("{line}");
        }
    }

    /// The line for those metrics that have a value; `None` where none has.
    fn line(self, kind: Option<RunKind>, run: Option<u64>, metrics: &[Metric], now: Time) -> Option<Value> {
        let present = || metrics.iter().filter_map(|&(name, unit, value)| Some((name, unit, value?)));
        let definitions: Vec<Value> = present().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
        if definitions.is_empty() || self.function.is_empty() {
            return None;
        }
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": [["Function"]], "Metrics": definitions});
        let mut line = Map::new();
        line.insert("_aws".into(), json!({"Timestamp": now.timestamp_millis(), "CloudWatchMetrics": [directive]}));
        line.insert("Function".into(), self.function.into());
        line.insert("Job".into(), self.job.map(|(job, _)| job.as_str()).into());
        line.insert("Table".into(), self.job.map(|(_, table)| table).into());
        line.insert("Kind".into(), kind.map(RunKind::name).into());
        line.insert("Run".into(), run.into());
        line.extend(present().map(|(name, _, value)| (name.to_owned(), value.into())));
        Some(Value::Object(line))
    }
}

/// What a hop says. One that only looked, or found somebody else at work, says nothing.
fn of_hop(answer: &Answer) -> Vec<Metric> {
    let Answer { outcome, state, hop, counts, .. } = answer;
    let canary = answer.kind == Some(RunKind::Canary);
    let is_end = matches!(outcome, Outcome::Finished | Outcome::Stopped);
    // Runs that the hop took up and finished before the one that the answer is about.
    let earlier = || answer.runs.iter().filter(|part| Some(part.run_id) != answer.run_id);
    let worked = is_end
        || matches!(outcome, Outcome::Continued | Outcome::LanesFinished | Outcome::Waiting)
        || earlier().any(|part| part.work.pages > 0);
    let worst = |own: Option<f64>, of: fn(Ratios) -> Option<f64>| {
        earlier().filter_map(|part| of(part.drift)).chain(own).reduce(f64::max)
    };
    let drift = [
        ("DriftRatio", "None", worst(answer.drift_ratio, |drift| drift.features)),
        ("ClassDriftRatio", "None", worst(answer.class_drift_ratio, |drift| drift.classes)),
    ];
    let seconds = |seconds: Option<i64>| seconds.map(|seconds| seconds as f64);
    if canary {
        let succeeded = f64::from(u8::from(*state == Some(RunState::Succeeded)));
        return [("CanarySucceeded", "Count", Some(succeeded))].into_iter().filter(|_| worked).chain(drift).collect();
    }
    let mut metrics = vec![
        ("OldestPendingSeconds", "Seconds", answer.oldest_pending_seconds.map(|age| age as f64)),
        // Each hop that succeeds says so: where nobody does, something is wrong.
        ("QualityMissed", "Count", answer.is_quality_missed.map(|is_missed| f64::from(u8::from(is_missed)))),
        ("HopsFailed", "Count", (worked || *outcome == Outcome::NothingToDo).then_some(0.0)),
    ];
    if worked {
        let failed = earlier().filter(|part| part.state == RunState::Failed).count()
            + usize::from(is_end && *state == Some(RunState::Failed));
        metrics.extend([
            ("RowsPredicted", "Count", Some(hop.predicted as f64)),
            ("RowsFailed", "Count", Some(hop.failed as f64)),
            ("RowsPending", "Count", Some(counts.pending as f64)),
            ("RunsFailed", "Count", Some(failed as f64)),
            ("SpareSeconds", "Seconds", seconds(answer.spare_seconds)),
            ("ForecastSpareSeconds", "Seconds", seconds(answer.forecast_spare_seconds)),
        ]);
        metrics.extend(drift);
    }
    if let Some(waiting) = &answer.waiting {
        let waited = (waiting.next_look - waiting.since).num_milliseconds() as f64 / 1e3;
        metrics.push(("WaitingSeconds", "Seconds", Some(waited)));
    }
    if worked && hop.pages > 0 {
        metrics.extend([
            ("PageMilliseconds", "Milliseconds", Some(hop.longest_page.as_secs_f64() * 1e3)),
            ("RowsPerSecond", "Count/Second", Some(answer.rows_per_second as f64)),
        ]);
    }
    metrics
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::answer::{HopWork, Part};
    use crate::run::RunId;

    const SOURCE: Source<'_> = Source { function: "rowscore-ScoreFunction", job: None };

    fn at() -> Time {
        "2026-11-22T15:19:42.500Z".parse().unwrap()
    }

    #[test]
    fn a_line_defines_every_metric_that_it_has_and_no_other() {
        let hop = HopWork { predicted: 90, failed: 10, pages: 2, ..HopWork::default() };
        let answer = Answer {
            run_id: Some(RunId(7)),
            kind: Some(RunKind::Window),
            hop,
            spare_seconds: Some(-3),
            ..Answer::without_run(Outcome::Continued)
        };
        let job = JobName::default();
        let source = Source { job: Some((&job, "items")), ..SOURCE };
        let line = source.line(answer.kind, Some(7), &of_hop(&answer), at()).unwrap();
        assert_eq!(line["_aws"]["Timestamp"], json!(1_795_360_782_500_u64));
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!((&directive["Namespace"], &directive["Dimensions"]), (&json!("rowscore"), &json!([["Function"]])));
        let defined: Vec<&str> =
            directive["Metrics"].as_array().unwrap().iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
        assert!(defined.iter().all(|name| line[name].is_number()), "{line}");
        assert!(defined.contains(&"SpareSeconds") && !defined.contains(&"DriftRatio"), "{line}");
        assert_eq!(
            (&line["RowsPredicted"], &line["RowsFailed"], &line["SpareSeconds"]),
            (&json!(90.0), &json!(10.0), &json!(-3.0))
        );
        assert_eq!(
            (&line["Function"], &line["Kind"], &line["Run"]),
            (&json!("rowscore-ScoreFunction"), &json!("window"), &json!(7))
        );
        assert_eq!((&line["Job"], &line["Table"]), (&json!("default"), &json!("items")));
    }

    #[test]
    fn who_only_looked_says_nothing() {
        for outcome in [Outcome::Status, Outcome::Stale, Outcome::AlreadyRunning] {
            let answer = Answer { state: Some(RunState::Failed), ..Answer::without_run(outcome) };
            assert_eq!(SOURCE.line(None, None, &of_hop(&answer), at()), None, "{outcome}");
        }
    }

    #[test]
    fn a_run_that_a_brake_stopped_counts_as_failed() {
        let answer = Answer { state: Some(RunState::Failed), ..Answer::without_run(Outcome::Stopped) };
        assert!(of_hop(&answer).contains(&("RunsFailed", "Count", Some(1.0))));
    }

    #[test]
    fn what_a_hop_did_of_a_run_that_it_took_up_counts_also_where_nothing_is_left_for_the_run_that_was_asked_for() {
        let work = HopWork { predicted: 90, failed: 10, pages: 2, ..HopWork::default() };
        let drift = Ratios { features: Some(1.5), classes: None };
        let part = |run, state, work| Part { run_id: RunId(run), taken_up: run == 7, state, work, drift };
        let nothing = Part { drift: Ratios::default(), ..part(8, RunState::Succeeded, HopWork::default()) };
        let answer =
            Answer { run_id: Some(RunId(8)), kind: Some(RunKind::Window), ..Answer::without_run(Outcome::NothingToDo) };
        let answer = answer.with_work(vec![part(7, RunState::Failed, work), nothing], Duration::from_secs(2));
        let metrics = of_hop(&answer);
        for (name, value) in [
            ("RowsPredicted", 90.0),
            ("RowsFailed", 10.0),
            ("RunsFailed", 1.0),
            ("DriftRatio", 1.5),
            ("RowsPerSecond", 50.0),
        ] {
            assert!(metrics.iter().any(|metric| (metric.0, metric.2) == (name, Some(value))), "{name} in {metrics:?}");
        }
    }

    #[test]
    fn where_there_is_no_function_there_are_no_metrics() {
        let nobody = Source { function: "", ..SOURCE };
        assert_eq!(nobody.line(None, None, &[("RowsFailed", "Count", Some(1.0))], at()), None);
    }
}
