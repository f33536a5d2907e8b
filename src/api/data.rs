//! `/data`: items and their predictions.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{HeaderValue, LINK};
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::keys::{ItemKey, in_path};
use super::params::{Named, Paging};
use super::problem::{BadRequest, NotFound, Problem, Unread};
use super::shared::{Api, Shared};
use crate::config::{Decimals, KeyColumns, PredictionFormat};
use crate::model::{self, Model, ModelVersion, PairMargin, SharedModel};
use crate::store::failures::{self, Failure};
use crate::store::key::Key;
use crate::store::listing::{self, Asked, Listed, Listing, Width};
use crate::store::predicted::{ByClass, Predicted, Writers};
use crate::store::runs;
use crate::values::Reader;

/// Bytes of an answer, within the 6 MB that a Lambda function may answer: rows that may be long come
/// in shorter pages.
const MAX_ANSWER: usize = 5_000_000;
/// Bytes of an item beside its texts.
const ITEM_FRAME: usize = 256;
/// Bytes of a probability beside the name of its class, which may be escaped.
const NAMED: usize = 32;
/// How long a list looks for items: then the answer says where to go on.
const PATIENCE: Duration = Duration::from_secs(1);

/// An item
#[derive(Serialize, ToSchema)]
pub(super) struct Item {
    /// Its key
    id: ItemKey,
    /// What is scored: an array of numbers or an object of such, if it can be scored. Null also stands for what is no JSON
    /// or longer than any row that can be scored
    #[schema(value_type = Option<serde_json::Value>, example = json!([4.3, 2.4, 3.0, 2.1]))]
    values: Option<Box<RawValue>>,
    /// The probability of each class, in the order of the classes in `/metadata`, or where the table keeps labels, the
    /// label; null while it is pending
    #[schema(value_type = Option<serde_json::Value>, example = json!([0.0548, 0.4302, 0.515]))]
    prediction: Option<Box<RawValue>>,
    /// The same by the names of the classes; null where the table keeps labels, or where it is not known to be of this
    /// service's model
    #[schema(value_type = Option<HashMap<String, f64>>, example = json!({"setosa": 0.0548, "versicolor": 0.4302, "virginica": 0.515}))]
    probabilities: Option<ByClass>,
    /// When it arrived
    created_datetime: Option<DateTime<Utc>>,
    /// When it was last changed
    updated_datetime: Option<DateTime<Utc>>,
}

/// An item, and what its prediction rests on
#[derive(Serialize, ToSchema)]
pub(super) struct ItemDetail {
    /// The same as it stands in a path
    #[serde(skip)]
    pub(super) key: Key,
    /// Its key
    id: ItemKey,
    /// What is scored, as in a list
    #[schema(value_type = Option<serde_json::Value>)]
    pub(super) values: Option<Box<RawValue>>,
    /// The probability of each class, as in a list
    #[schema(value_type = Option<serde_json::Value>)]
    pub(super) prediction: Option<Box<RawValue>>,
    /// When it arrived
    pub(super) created_datetime: Option<DateTime<Utc>>,
    /// When it was last changed
    pub(super) updated_datetime: Option<DateTime<Utc>>,
    /// The most probable class
    pub(super) label: Option<String>,
    /// The prediction by the names of the classes
    #[schema(value_type = Option<HashMap<String, f64>>)]
    pub(super) probabilities: Option<ByClass>,
    /// What each pair of classes says, if this service has the model and the values that were scored
    pub(super) margins: Option<Vec<Margin>>,
    /// Why label, probabilities or margins are missing
    pub(super) note: Option<String>,
    /// The run that wrote the prediction
    pub(super) run_id: Option<u64>,
    /// The version of the model that it used
    pub(super) model_version: Option<String>,
    /// Why it is set aside, if it is
    pub(super) failure: Option<SetAside>,
    /// The version of the model that scores now, for the page.
    #[serde(skip)]
    pub(super) used: ModelVersion,
}

/// What a pair of classes says
#[derive(Serialize, ToSchema)]
pub(super) struct Margin {
    /// The class that a margin above 0 means
    positive: String,
    /// The other class
    negative: String,
    /// The decision value: 1 and -1 are the borders of the margin
    margin: f64,
    /// The probability of the positive class, if the item is of one of the two; none where the pairs have none
    probability: Option<f64>,
}

impl From<PairMargin> for Margin {
    fn from(pair: PairMargin) -> Self {
        let PairMargin { positive, negative, margin, probability } = pair;
        Self { positive, negative, margin, probability }
    }
}

/// Why an item is set aside
#[derive(Serialize, ToSchema)]
pub(super) struct SetAside {
    /// The item
    item_id: ItemKey,
    /// The kind of reason
    #[schema(example = "wrong_length")]
    code: String,
    /// What was found
    #[schema(example = "values has 2 elements, the model takes 4")]
    pub(super) reason: String,
    /// Tries so far; 0: released by hand
    pub(super) attempts: u32,
    /// The run that failed on it last
    pub(super) run_id: u64,
    /// When it was set aside
    first_failed_at: DateTime<Utc>,
    /// When it failed last
    last_failed_at: DateTime<Utc>,
}

impl SetAside {
    pub(super) fn of(key: &KeyColumns, failure: Failure) -> Self {
        let Failure { item, run, attempts, code, reason, first_failed_at, last_failed_at } = failure;
        let item_id = ItemKey::of(key, &item);
        Self { item_id, code: code.to_string(), reason, attempts, run_id: run.0, first_failed_at, last_failed_at }
    }
}

/// Every item, by key
#[utoipa::path(get, operation_id = "list_items", path = "/data/all", tag = "data", params(Paging), responses(
    (status = 200, description = "A page of items", body = [Item],
     headers(("Link" = String, description = "The next page: `<URL>; rel=\"next\"`; without it this is the last"))),
    BadRequest, Unread,
))]
pub(super) async fn all(State(api): Shared, paging: Paging) -> Result<(HeaderMap, Json<Vec<Item>>), Problem> {
    list(&api, Listed::All, paging).await
}

/// Items with a prediction, by key
#[utoipa::path(get, operation_id = "list_predicted_items", path = "/data/predicted", tag = "data", params(Paging), responses(
    (status = 200, description = "A page of items", body = [Item],
     headers(("Link" = String, description = "The next page: `<URL>; rel=\"next\"`; without it this is the last"))),
    BadRequest, Unread,
))]
pub(super) async fn predicted(State(api): Shared, paging: Paging) -> Result<(HeaderMap, Json<Vec<Item>>), Problem> {
    list(&api, Listed::Predicted, paging).await
}

/// Items without a prediction, by key
#[utoipa::path(get, operation_id = "list_unpredicted_items", path = "/data/unpredicted", tag = "data", params(Paging), responses(
    (status = 200, description = "A page of items", body = [Item],
     headers(("Link" = String, description = "The next page: `<URL>; rel=\"next\"`; without it this is the last"))),
    BadRequest, Unread,
))]
pub(super) async fn unpredicted(State(api): Shared, paging: Paging) -> Result<(HeaderMap, Json<Vec<Item>>), Problem> {
    list(&api, Listed::Unpredicted, paging).await
}

async fn list(api: &Api, listed: Listed, paging: Paging) -> Result<(HeaderMap, Json<Vec<Item>>), Problem> {
    let (reading, limit) = (api.reading(), paging.limit);
    let after = match &paging.after {
        Some(text) => api.key(text).await?,
        None => Key::Start,
    };
    let read = api.readers.read(move |conn, seen| {
        let (reading, after) = (reading.clone(), after.clone());
        Box::pin(async move {
            let in_use = reading.in_use(conn).await?;
            let width = in_use.width();
            let limit = limit.min(most(width)).max(1);
            let page = listing::page(conn, seen, Asked { listed, width, after, limit, patience: PATIENCE }).await?;
            let writers = Writers::of(in_use.model, &page.items).ask(conn).await?;
            Ok((page, writers, seen.table.key.clone()))
        })
    });
    let (page, writers, key) = read.await?;
    let next = page
        .next_after
        .map(|after| format!("{}/data/{listed}?limit={}&after={}", api.base, paging.limit, in_path(&after)));
    let items = page.items.into_iter().map(|item| Item::new(writers.by_class(&item), &key, item)).collect();
    Ok((next_page(next.as_deref()), Json(items)))
}

/// Items of an answer, at most.
fn most(width: Width<'_>) -> u32 {
    let names: usize = width.classes.iter().map(|class| 6 * class.len() + NAMED).sum();
    u32::try_from(MAX_ANSWER / (width.longest_item() + names + ITEM_FRAME)).unwrap_or(u32::MAX)
}

/// The header that names the next page.
pub(super) fn next_page(url: Option<&str>) -> HeaderMap {
    let link = url.and_then(|url| HeaderValue::try_from(format!("<{url}>; rel=\"next\"")).ok());
    link.map(|link| (LINK, link)).into_iter().collect()
}

impl Item {
    fn new(probabilities: Option<ByClass>, key: &KeyColumns, item: Listing) -> Self {
        Self {
            id: ItemKey::of(key, &item.key),
            values: json(item.values),
            prediction: match item.format {
                PredictionFormat::Probabilities | PredictionFormat::Value => json(item.prediction),
                PredictionFormat::Label => item.prediction.and_then(|label| to_raw_value(&label).ok()),
            },
            probabilities,
            created_datetime: utc(item.created_datetime),
            updated_datetime: utc(item.updated_datetime),
        }
    }
}

fn json(text: Option<String>) -> Option<Box<RawValue>> {
    text.and_then(|text| RawValue::from_string(text).ok())
}

fn utc(time: Option<NaiveDateTime>) -> Option<DateTime<Utc>> {
    time.map(|time| time.and_utc())
}

/// One item, and what its prediction rests on
#[utoipa::path(
    get, operation_id = "get_item", path = "/data/{id}", tag = "data",
    params(("id" = String, Path, description = "The item's key: its parts with commas between them")),
    responses((status = 200, description = "The item", body = ItemDetail), BadRequest, NotFound, Unread)
)]
pub(super) async fn one(State(api): Shared, Named(id): Named) -> Result<Json<ItemDetail>, Problem> {
    detail(&api, &id).await.map(Json)
}

/// One item.
pub(super) async fn detail(api: &Api, id: &str) -> Result<ItemDetail, Problem> {
    let (reading, wanted) = (api.reading(), api.key(id).await?);
    let found = api.readers.read(move |conn, seen| {
        let (reading, wanted) = (reading.clone(), wanted.clone());
        Box::pin(async move {
            let in_use = reading.in_use(conn).await?;
            let Some(item) = listing::find(seen, in_use.width(), &wanted).ask(conn).await? else { return Ok(None) };
            let model_version = match item.run {
                Some(run) => runs::model_version(run).ask(conn).await?,
                None => None,
            };
            // By the key as the table has it: it may be written otherwise, as in another case.
            let failure = failures::find(&seen.table, &item.key).ask(conn).await?;
            Ok(Some((item, in_use, model_version, (failure, seen.table.key.clone()))))
        })
    });
    let (item, in_use, model_version, (failure, key)) =
        found.await?.ok_or_else(|| Problem::not_found(format!("there is no item {id}")))?;
    let grounds = Grounds::of(&in_use.model, &item, model_version.as_deref());
    let run_id = item.run.map(|run| run.0);
    let Grounds { label, probabilities, margins, note } = grounds;
    let Item { id, values, prediction, probabilities, created_datetime, updated_datetime } =
        Item::new(probabilities, &key, item.clone());
    Ok(ItemDetail {
        key: item.key,
        id,
        values,
        prediction,
        created_datetime,
        updated_datetime,
        label,
        probabilities,
        margins,
        note,
        run_id,
        model_version,
        failure: failure.map(|failure| SetAside::of(&key, failure)),
        used: in_use.version,
    })
}

/// What a prediction rests on, as far as that is known here.
#[derive(Default)]
struct Grounds {
    label: Option<String>,
    probabilities: Option<ByClass>,
    margins: Option<Vec<Margin>>,
    note: Option<String>,
}

impl Grounds {
    fn of(model: &SharedModel, item: &Listing, model_version: Option<&str>) -> Self {
        let noted = |note: &str| Self { note: Some(note.to_owned()), ..Self::default() };
        if item.prediction.is_none() {
            return Self::default();
        }
        if model_version.is_none() {
            return noted("it is not known which model wrote the prediction");
        }
        if model_version != Some(&model.version().to_string()) {
            return noted("the prediction is not of this service's model");
        }
        let Some(predicted) = Predicted::of(model, item) else {
            return noted("the prediction is not as the model writes it");
        };
        // The same values score to the same bits: what differs, and not by rounding alone, was changed since.
        let explained = explained(model, item).filter(|explanation| match &predicted.outputs {
            Some(stored) => Decimals::may_have_written(stored, explanation.answer.outputs()),
            None => model.outputs().label(explanation.answer.outputs()) == predicted.class,
        });
        let note = explained.is_none().then(|| "the values are not those that were scored".to_owned());
        let label = predicted.class.map(|class| model.classes()[class].clone());
        let margins = explained.map(|explanation| explanation.pairs.into_iter().map(Margin::from).collect());
        Self { label, probabilities: predicted.by_class(model), margins, note }
    }
}

fn explained(model: &Model, item: &Listing) -> Option<model::Explanation> {
    let mut row = Vec::new();
    Reader::of(model).read(item.values.as_deref()?.as_bytes(), &mut row).ok()?;
    model::explain(model, &row, 0).ok()
}
