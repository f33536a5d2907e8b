//! What a trace was played on, as a setup of the model.

use serde_json::Value;

use crate::setup::{Nature, NewItem, Order, Policy, Setup};
use crate::state::ITEMS;

/// The model's setup, and the schedule's times.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub setup: Setup,
    ticks: Vec<i64>,
}

impl Ground {
    /// Reads it.
    ///
    /// # Errors
    /// What is beyond the model.
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let ticks: Vec<i64> = value["ticks"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
        let unit = |at: i64| ticks.iter().filter(|tick| **tick <= at).count() as u8;
        let new = |item: &Value| {
            let nature = match (item["is_late"].as_bool(), item["is_bad"].as_bool()) {
                (Some(true), _) => Nature::Late,
                (_, Some(true)) => Nature::Bad,
                _ => Nature::Good,
            };
            NewItem { window: unit(item["created"].as_i64().unwrap_or(0)), nature }
        };
        let items: Vec<NewItem> = value["items"].as_array().into_iter().flatten().map(new).collect();
        if items.len() > ITEMS || ticks.is_empty() {
            return Err(format!("{} items and {} ticks", items.len(), ticks.len()));
        }
        let number = |name: &str| value[name].as_u64().unwrap_or(1) as u8;
        let policy = match value["policy"].as_str() {
            Some("leave") => Policy::Leave,
            Some("retry_failed") => Policy::RetryFailed,
            Some("retry_all") => Policy::RetryAll,
            other => return Err(format!("the policy {other:?}")),
        };
        let setup = Setup {
            name: "trace",
            about: "what the code did",
            // A trace is replayed once in a process's life, and is small.
            items: Vec::leak(items),
            ticks: ticks.len() as u8,
            workers: number("workers"),
            lanes: number("lanes"),
            look_back: number("look_back"),
            hops: crate::state::HOPS as u8,
            page: ITEMS as u8,
            policy,
            order: Order::Any,
            events: &[],
            ends_by_itself: false,
            without: None,
        };
        Ok(Self { setup, ticks })
    }

    /// A time, counted in the ticks before it.
    pub(super) fn unit(&self, at: i64) -> u8 {
        self.ticks.iter().filter(|tick| **tick <= at).count() as u8
    }
}
