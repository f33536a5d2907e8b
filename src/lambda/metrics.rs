//! What a hop, or what stands around it, came to: a line of JSON in the log, with a figure for each thing that can be
//! counted.
//!
//! CloudWatch makes a metric of one of them alone, `Trouble`, and that is written only where something is wrong: a metric
//! is billed for each hour in which it has a value. The others are fields of the line, over which queries go and of which
//! the dashboard is drawn. No call, no right and no network is needed for it: the line is in the embedded metric format.

use serde_json::{Map, Value, json};

use super::alarms::{Figure, troubles};
use crate::answer::{Answer, Outcome};
use crate::config::JobName;
use crate::drift::Ratios;
use crate::hop::{Late, Tally};
use crate::run::{RunKind, RunState};
use crate::window::Time;

/// Where the metric is found in CloudWatch.
const NAMESPACE: &str = "rowscore";

/// The one metric: how many things are wrong. The function's name is its one dimension: each further combination of
/// dimensions would be billed as a metric of its own.
const METRIC: &str = "Trouble";

/// Whose figures these are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// The function's name; empty where there is no function, and then no figures.
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
        self.write(kind, None, &[("HopsFailed", Some(1.0))], now);
    }

    /// Writes that a canary failed.
    pub(super) fn canary_failed(self, now: Time) {
        self.write(Some(RunKind::Canary), None, &[("CanarySucceeded", Some(0.0))], now);
    }

    /// Writes that an event or a message was not understood.
    pub(super) fn event_refused(self, now: Time) {
        self.write(None, None, &[("EventsRefused", Some(1.0))], now);
    }

    /// Writes that a stopped database could not be started, or stopped again.
    pub(super) fn wake_failed(self, now: Time) {
        self.write(None, None, &[("WakesFailed", Some(1.0))], now);
    }

    /// Writes how many messages and events failed for good and wait for somebody; `None`: that could not be seen.
    pub(super) fn left_over(self, messages: Option<u64>, now: Time) {
        let unseen = messages.is_none().then_some(1.0);
        let messages = messages.map(|messages| messages as f64);
        self.write(Some(RunKind::Canary), None, &[("DeadLetters", messages), ("DeadLettersUnseen", unseen)], now);
    }

    /// Writes how often others could not be told that a run ended.
    pub(super) fn told(self, Tally { failed, given_up, .. }: Tally, now: Time) {
        let given_up = (given_up > 0).then(|| f64::from(given_up));
        self.write(None, None, &[("TellingsFailed", Some(f64::from(failed))), ("TellingsGivenUp", given_up)], now);
    }

    /// Writes that a run will be late.
    pub(super) fn will_be_late(self, late: &Late, now: Time) {
        let spare = ("ForecastSpareSeconds", Some(late.forecast_spare_seconds as f64));
        self.write(Some(late.kind), Some(late.run.0), &[spare], now);
    }

    fn write(self, kind: Option<RunKind>, run: Option<u64>, figures: &[Figure], now: Time) {
        if let Some(line) = self.line(kind, run, figures, now) {
            println!("{line}");
        }
    }

    /// The line for those figures that have a value; `None` where none has.
    fn line(self, kind: Option<RunKind>, run: Option<u64>, figures: &[Figure], now: Time) -> Option<Value> {
        let present: Vec<(&str, f64)> = figures.iter().filter_map(|&(name, value)| Some((name, value?))).collect();
        if present.is_empty() || self.function.is_empty() {
            return None;
        }
        let mut line = Map::new();
        let troubles = troubles(&present);
        if !troubles.is_empty() {
            let metric = json!({"Name": METRIC, "Unit": "Count"});
            let directive = json!({"Namespace": NAMESPACE, "Dimensions": [["Function"]], "Metrics": [metric]});
            line.insert("_aws".into(), json!({"Timestamp": now.timestamp_millis(), "CloudWatchMetrics": [directive]}));
            line.insert(METRIC.into(), troubles.len().into());
            line.insert("Troubles".into(), troubles.into());
        }
        line.insert("Function".into(), self.function.into());
        line.insert("Job".into(), self.job.map(|(job, _)| job.as_str()).into());
        line.insert("Table".into(), self.job.map(|(_, table)| table).into());
        line.insert("Kind".into(), kind.map(RunKind::name).into());
        line.insert("Run".into(), run.into());
        line.extend(present.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
        Some(Value::Object(line))
    }
}

/// What a hop says. One that only looked, or found somebody else at work, says nothing.
fn of_hop(answer: &Answer) -> Vec<Figure> {
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
        ("DriftRatio", worst(answer.drift_ratio, |drift| drift.features)),
        ("ClassDriftRatio", worst(answer.class_drift_ratio, |drift| drift.classes)),
    ];
    let seconds = |seconds: Option<i64>| seconds.map(|seconds| seconds as f64);
    if canary {
        let succeeded = f64::from(u8::from(*state == Some(RunState::Succeeded)));
        return [("CanarySucceeded", Some(succeeded))].into_iter().filter(|_| worked).chain(drift).collect();
    }
    let mut figures = vec![
        ("OldestPendingSeconds", answer.oldest_pending_seconds.map(|age| age as f64)),
        ("QualityMissed", answer.is_quality_missed.map(|is_missed| f64::from(u8::from(is_missed)))),
        ("TruthMissing", answer.is_truth_missing.then_some(1.0)),
        ("HopsFailed", (worked || *outcome == Outcome::NothingToDo).then_some(0.0)),
    ];
    if worked {
        let failed = earlier().filter(|part| part.state == RunState::Failed).count()
            + usize::from(is_end && *state == Some(RunState::Failed));
        figures.extend([
            ("RowsPredicted", Some(hop.predicted as f64)),
            ("RowsFailed", Some(hop.failed as f64)),
            ("RowsPending", Some(counts.pending as f64)),
            ("RunsFailed", Some(failed as f64)),
            ("SpareSeconds", seconds(answer.spare_seconds)),
            ("ForecastSpareSeconds", seconds(answer.forecast_spare_seconds)),
        ]);
        figures.extend(drift);
    }
    if let Some(waiting) = &answer.waiting {
        let waited = (waiting.next_look - waiting.since).num_milliseconds() as f64 / 1e3;
        figures.push(("WaitingSeconds", Some(waited)));
    }
    if worked && hop.pages > 0 {
        figures.extend([
            ("PageMilliseconds", Some(hop.longest_page.as_secs_f64() * 1e3)),
            ("RowsPerSecond", Some(answer.rows_per_second as f64)),
        ]);
    }
    figures
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
    fn a_line_makes_one_metric_however_much_is_wrong() {
        let hop = HopWork { predicted: 90, failed: 10, pages: 2, ..HopWork::default() };
        let answer = Answer {
            run_id: Some(RunId(7)),
            kind: Some(RunKind::Window),
            hop,
            spare_seconds: Some(-3),
            drift_ratio: Some(1.5),
            ..Answer::without_run(Outcome::Continued)
        };
        let job = JobName::default();
        let source = Source { job: Some((&job, "items")), ..SOURCE };
        let line = source.line(answer.kind, Some(7), &of_hop(&answer), at()).unwrap();
        assert_eq!(
            line["_aws"],
            json!({"Timestamp": 1_795_360_782_500_u64, "CloudWatchMetrics": [{"Namespace": "rowscore",
                "Dimensions": [["Function"]], "Metrics": [{"Name": "Trouble", "Unit": "Count"}]}]})
        );
        assert_eq!((&line["Trouble"], &line["Troubles"]), (&json!(2), &json!(["late", "drifted"])));
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
    fn where_nothing_is_wrong_there_is_a_line_and_no_metric() {
        let answer = Answer { state: Some(RunState::Succeeded), ..Answer::without_run(Outcome::Finished) };
        let line = SOURCE.line(answer.kind, Some(7), &of_hop(&answer), at()).unwrap();
        assert_eq!((&line["RunsFailed"], line.get("_aws"), line.get("Trouble")), (&json!(0.0), None, None));
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
        assert!(of_hop(&answer).contains(&("RunsFailed", Some(1.0))));
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
        let figures = of_hop(&answer);
        for (name, value) in [
            ("RowsPredicted", 90.0),
            ("RowsFailed", 10.0),
            ("RunsFailed", 1.0),
            ("DriftRatio", 1.5),
            ("RowsPerSecond", 50.0),
        ] {
            assert!(figures.contains(&(name, Some(value))), "{name} in {figures:?}");
        }
    }

    #[test]
    fn where_there_is_no_function_there_are_no_figures() {
        let nobody = Source { function: "", ..SOURCE };
        assert_eq!(nobody.line(None, None, &[("RowsFailed", Some(1.0))], at()), None);
    }
}
