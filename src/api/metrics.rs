//! `/metrics`: how things stand, for Prometheus.

use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::problem::{Problem, Unread};
use super::several::{OfJob, Several, Untold, each};
use super::shared::{Api, Shared};
use crate::config::{JobName, Measure};
use crate::drift::Ratios;
use crate::model::ModelVersion;
use crate::quality::{Figures, Sums, of_measure};
use crate::run::RunState;
use crate::standing::{Mood, Standing, Trouble};
use crate::store::failures::{self, Reasoned};
use crate::store::pool::ReadError;
use crate::store::qualities::Qualities;
use crate::store::status::StatusLine;

/// What Prometheus asks for.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Number = Gauge<f64, AtomicU64>;
type Numbers = Family<Labels, Number>;

/// The labels of a value.
type Labels = Vec<(&'static str, String)>;

/// What is read of a table for it.
struct Read {
    standing: Standing,
    version: ModelVersion,
    reasons: Vec<Reasoned>,
}

/// How things stand, for Prometheus
#[utoipa::path(get, operation_id = "get_metrics", path = "/metrics", tag = "about", responses(
    (status = 200, description = "Gauges in OpenMetrics' text format", body = String, content_type = "application/openmetrics-text"),
    Unread,
))]
pub(super) async fn metrics(State(api): Shared) -> Result<Response, Problem> {
    let mut page = Page::default();
    match each(&api, |of_job| Box::pin(async move { Ok((read(&of_job).await?, of_job)) })).await? {
        None => page.table(&api, &read(&api).await?),
        Some(Several { jobs, unseen }) => {
            for OfJob { name, read } in jobs {
                match read {
                    Ok((read, of_job)) => page.table(&of_job, &read),
                    Err(untold) => page.untold(&name, &untold),
                }
            }
            page.job = None;
            page.one("unseen_jobs", "Jobs that were not looked at in time", unseen as f64);
        }
    }
    Ok(([(CONTENT_TYPE, OPENMETRICS)], page.text()).into_response())
}

async fn read(api: &Api) -> Result<Read, ReadError> {
    let reading = api.reading();
    let read = api.readers.read(move |conn, seen| {
        let reading = reading.clone();
        Box::pin(async move {
            let standing = reading.standing(conn, &seen.table).await?;
            let version = reading.version(conn).await?;
            let reasons = failures::by_reason(&seen.table, None, 1).ask(conn).await?;
            Ok(Read { standing, version, reasons })
        })
    });
    read.await
}

/// What is told, each name once, whatever is told of how many jobs.
#[derive(Default)]
struct Page {
    told: Vec<Told>,
    /// The label of all that is told, unless it is of the job of the variables.
    job: Option<JobName>,
}

/// The values of a name.
struct Told {
    name: &'static str,
    help: &'static str,
    values: Vec<(Labels, f64)>,
}

impl Page {
    /// All there is to tell of a table.
    fn table(&mut self, api: &Api, Read { standing, version, reasons }: &Read) {
        self.job = Some(api.table.job.clone()).filter(|job| !job.is_default());
        self.service(api, *version);
        self.standing(standing);
        self.waiting(standing);
        if api.table.truth.is_some() {
            self.quality(&standing.facts.qualities);
        }
        if let Some(run) = &standing.current {
            self.run(run);
        }
        let by_code = reasons.iter().map(|reason| ("code", reason.code.to_string(), reason.items as f64));
        self.each("set_aside_items", "Items set aside, by reason, of the 10,000 with the greatest ids", by_code);
    }

    /// That there is nothing to tell of a job.
    fn untold(&mut self, job: &JobName, untold: &Untold) {
        self.job = Some(job.clone());
        self.moods(Mood::Bad);
        self.troubles([untold.name()]);
    }

    fn one(&mut self, name: &'static str, help: &'static str, value: f64) {
        self.labelled(name, help, [(Vec::new(), value)]);
    }

    /// Nothing where there is nothing to say.
    fn some(&mut self, name: &'static str, help: &'static str, value: Option<f64>) {
        if let Some(value) = value {
            self.one(name, help, value);
        }
    }

    /// Several of a name, told apart by a label.
    fn each(
        &mut self,
        name: &'static str,
        help: &'static str,
        values: impl IntoIterator<Item = (&'static str, String, f64)>,
    ) {
        self.labelled(name, help, values.into_iter().map(|(label, which, value)| (vec![(label, which)], value)));
    }

    /// The same by several labels. The name is told where there is no value, too.
    fn labelled(&mut self, name: &'static str, help: &'static str, values: impl IntoIterator<Item = (Labels, f64)>) {
        let job = self.job.as_ref().map(|job| ("job", job.to_string()));
        let values = values.into_iter().map(|(labels, value)| {
            let labels: Labels = job.iter().cloned().chain(labels).collect();
            (labels, value)
        });
        match self.told.iter_mut().find(|told| told.name == name) {
            Some(told) => told.values.extend(values),
            None => self.told.push(Told { name, help, values: values.collect() }),
        }
    }

    fn service(&mut self, api: &Api, model: ModelVersion) {
        let labels = vec![
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("model_version", model.to_string()),
            ("table", api.table.as_str().to_owned()),
        ];
        self.labelled("about", "The versions of rowscore and its model, and the table", [(labels, 1.0)]);
    }

    fn moods(&mut self, is: Mood) {
        let moods = Mood::ALL.iter().map(|mood| ("mood", mood.to_string(), f64::from(u8::from(*mood == is))));
        self.each("standing", "1 for how things stand: calm, busy, odd or bad", moods);
    }

    fn troubles(&mut self, names: impl IntoIterator<Item = &'static str>) {
        let troubles = names.into_iter().map(|name| ("trouble", name.to_owned(), 1.0));
        self.each("trouble", "1 for each thing that is wrong", troubles);
    }

    fn standing(&mut self, standing: &Standing) {
        let facts = &standing.facts;
        self.moods(standing.mood);
        self.troubles(standing.troubles.iter().map(Trouble::name));
        let count = |state: RunState| facts.runs.iter().filter(|run| run.state == state).count() as f64;
        let states = RunState::ALL.iter().map(|state| ("state", state.to_string(), count(*state)));
        self.each("recent_runs", "The latest 50 runs, and those that are not over, by state", states);
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
        self.labelled("quality", "How good predictions were, by model and figure", of_each);
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
        let mut registry = Registry::default();
        for Told { name, help, values } in self.told {
            let name = format!("rowscore_{name}");
            match &values[..] {
                // A family of one without labels would have braces with nothing in them.
                [(labels, value)] if labels.is_empty() => {
                    let gauge = Number::default();
                    gauge.set(*value);
                    registry.register(name, help, gauge);
                }
                _ => {
                    let family = Numbers::default();
                    for (labels, value) in values {
                        // Of two with the same labels the later one counts.
                        family.get_or_create(&labels).set(value);
                    }
                    registry.register(name, help, family);
                }
            }
        }
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &registry);
        text
    }
}
