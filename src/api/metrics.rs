//! `/metrics`: how things stand, for Prometheus.

use std::borrow::Cow;
use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::problem::{Problem, Unread};
use super::shared::{Api, Shared};
use crate::config::{JobName, Measure};
use crate::drift::Ratios;
use crate::model::ModelVersion;
use crate::quality::{Figures, Sums, of_measure};
use crate::run::RunState;
use crate::standing::{Mood, Standing};
use crate::store::failures;
use crate::store::qualities::Qualities;
use crate::store::status::StatusLine;

/// What Prometheus asks for.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Number = Gauge<f64, AtomicU64>;
type Numbers = Family<Vec<(&'static str, String)>, Number>;

/// How things stand, for Prometheus
#[utoipa::path(get, operation_id = "get_metrics", path = "/metrics", tag = "about", responses(
    (status = 200, description = "Gauges in OpenMetrics' text format", body = String, content_type = "application/openmetrics-text"),
    Unread,
))]
pub(super) async fn metrics(State(api): Shared) -> Result<Response, Problem> {
    let reading = api.reading();
    let read = api.readers.read(move |conn, seen| {
        let reading = reading.clone();
        Box::pin(async move {
            let standing = reading.standing(conn, &seen.table).await?;
            let version = reading.version(conn).await?;
            Ok((standing, version, failures::by_reason(&seen.table, None, 1).ask(conn).await?))
        })
    });
    let (standing, version, reasons) = read.await?;
    let mut page = Page::of(&api.table.job);
    page.service(&api, version);
    page.standing(&standing);
    page.waiting(&standing);
    if api.table.truth.is_some() {
        page.quality(&standing.facts.qualities);
    }
    if let Some(run) = &standing.current {
        page.run(run);
    }
    let by_code = reasons.iter().map(|reason| ("code", reason.code.to_string(), reason.items as f64));
    page.each("set_aside_items", "Items set aside, by reason, of the 10,000 with the greatest ids", by_code);
    Ok(([(CONTENT_TYPE, OPENMETRICS)], page.text()).into_response())
}

/// What is told.
struct Page(Registry);

impl Page {
    /// Of a job, which is a label of all that is told, unless it is that of the variables.
    fn of(job: &JobName) -> Self {
        let label = (Cow::from("job"), Cow::from(job.to_string()));
        Self(Registry::with_labels([label].into_iter().filter(|_| !job.is_default())))
    }

    fn one(&mut self, name: &str, help: &str, value: f64) {
        let gauge = Number::default();
        gauge.set(value);
        self.0.register(format!("rowscore_{name}"), help, gauge);
    }

    /// Nothing where there is nothing to say.
    fn some(&mut self, name: &str, help: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.one(name, help, value);
        }
    }

    /// Several of a name, told apart by a label.
    fn each(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (&'static str, String, f64)>) {
        let family = Numbers::default();
        for (label, which, value) in values {
            family.get_or_create(&vec![(label, which)]).set(value);
        }
        self.0.register(format!("rowscore_{name}"), help, family);
    }

    fn service(&mut self, api: &Api, model: ModelVersion) {
        let family = Numbers::default();
        let labels = [
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("model_version", model.to_string()),
            ("table", api.table.as_str().to_owned()),
        ];
        family.get_or_create(&labels.to_vec()).set(1.0);
        self.0.register("rowscore_about", "The versions of rowscore and its model, and the table", family);
    }

    fn standing(&mut self, standing: &Standing) {
        let facts = &standing.facts;
        let moods =
            Mood::ALL.iter().map(|mood| ("mood", mood.to_string(), f64::from(u8::from(*mood == standing.mood))));
        self.each("standing", "1 for how things stand: calm, busy, odd or bad", moods);
        let troubles = standing.troubles.iter().map(|trouble| ("trouble", trouble.name().to_owned(), 1.0));
        self.each("trouble", "1 for each thing that is wrong", troubles);
        let count = |state: RunState| facts.runs.iter().filter(|run| run.state == state).count() as f64;
        let states = RunState::ALL.iter().map(|state| ("state", state.to_string(), count(*state)));
        self.each("recent_runs", "The latest 50 runs, by state", states);
        // The earlier first: of each kind the last one counts.
        let well = |run: &&StatusLine| matches!(run.state, RunState::Succeeded | RunState::SucceededWithFailures);
        let successes =
            facts.runs.iter().rev().filter(well).filter_map(|run| {
                Some(("kind", run.kind.to_string(), run.finished_at?.timestamp_millis() as f64 / 1e3))
            });
        self.each("last_success_timestamp_seconds", "When the latest run that succeeded ended, by kind", successes);
        let since_tick = facts.ticks.first().map(|tick| (facts.now - *tick).as_seconds_f64());
        self.some("last_tick_seconds", "Seconds since the schedule's latest tick", since_tick);
        let ratios = facts.seen.as_ref().map(|(_, report)| report.ratios()).unwrap_or_default();
        let Ratios { features, classes } = ratios;
        let ratios = [("features", features), ("classes", classes)];
        let ratios = ratios.into_iter().filter_map(|(of, ratio)| Some(("of", of.to_owned(), ratio?)));
        self.each("drift_ratio", "Drift of the latest run's worst feature and of its classes: 1 is the bound", ratios);
    }

    /// How good predictions were, where their truth is known.
    fn quality(&mut self, found: &Qualities) {
        let models: Vec<_> =
            found.models().into_iter().map(|model| (model.to_owned(), found.of_model(model))).collect();
        let judged = models.iter().map(|(model, (sums, _))| ("model_version", model.clone(), sums.rows as f64));
        self.each("judged_predictions", "Predictions whose truth is known, by model", judged);
        let of_each = Measure::ALL.iter().flat_map(|measure| {
            let told = |(model, (_, figures)): &(String, (Sums, Figures))| {
                let labels = vec![("model_version", model.clone()), ("measure", measure.to_string())];
                Some((labels, of_measure(figures, *measure)?))
            };
            models.iter().filter_map(told)
        });
        let family = Numbers::default();
        for (labels, figure) in of_each {
            family.get_or_create(&labels).set(figure);
        }
        self.0.register("rowscore_quality", "How good predictions were, by model and figure", family);
    }

    fn waiting(&mut self, standing: &Standing) {
        let (backlog, now) = (standing.facts.backlog, standing.facts.now);
        self.some("waiting_items", "Items that wait, at most 100,000", backlog.map(|backlog| backlog.items as f64));
        let unreached = backlog.map(|backlog| backlog.unreached as f64);
        self.some("unreached_items", "Items that wait and that no window reaches", unreached);
        let oldest = backlog.and_then(|backlog| backlog.oldest).map(|oldest| (now - oldest).as_seconds_f64());
        self.some("oldest_waiting_seconds", "Age of the oldest item that waits", oldest.map(|age| age.max(0.0)));
    }

    fn run(&mut self, run: &StatusLine) {
        self.one("run_number", "The run at work, or else the latest that did something", run.id.0 as f64);
        let items = [("done", Some(run.done)), ("total", run.total), ("set_aside", Some(run.failed))];
        let items = items.into_iter().filter_map(|(what, items)| Some(("what", what.to_owned(), items? as f64)));
        self.each("run_items", "Its items: done, in total, and set aside", items);
        let number = |number: Option<u64>| number.map(|number| number as f64);
        self.some("run_rows_per_second", "Its items worked off per second", number(run.rows_per_second));
        self.some("run_eta_seconds", "Seconds to its end", number(run.eta_seconds));
        let late = run.spare_seconds.map(|spare| -spare as f64);
        self.some("run_late_seconds", "Seconds by which it is too late, or will be; negative: to spare", late);
    }

    fn text(self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.0);
        text
    }
}
