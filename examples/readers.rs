//! Many readers of the results API at once, for measurements: each asks for one page of 100 after
//! another, from somewhere in the table, as fast as it is answered.
//!
//! ```sh
//! cargo run --release --example readers -- http://127.0.0.1:8000/data/all 1000000 200 20
//! ```
//!
//! The list, the number of its items, readers, seconds. Prints one JSON object: answers, answers a
//! second, errors, and the times to an answer in milliseconds.

use std::error::Error;
use std::time::{Duration, Instant};

use rand_mt::Mt64;
use reqwest::Client;

/// Items of a page.
const PAGE: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().ok_or_else(|| format!("which {what}?"));
    let (list, items) = (next("list's URL")?, next("number of items")?.parse::<u64>()?);
    let (readers, seconds) = (next("number of readers")?.parse::<u64>()?, next("number of seconds")?.parse()?);

    let client = Client::builder().pool_max_idle_per_host(usize::MAX).build()?;
    let until = Instant::now() + Duration::from_secs(seconds);
    let tasks: Vec<_> =
        (0..readers).map(|seed| tokio::spawn(read(client.clone(), list.clone(), items, seed, until))).collect();
    let (mut times, mut errors) = (Vec::new(), Vec::new());
    for task in tasks {
        let (more_times, more_errors) = task.await?;
        times.extend(more_times);
        errors.extend(more_errors);
    }
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times.get(index.min(times.len().saturating_sub(1))).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    };
    println!(
        "{}",
        serde_json::json!({
            "readers": readers, "answers": times.len(), "answers_per_second": times.len() as u64 / seconds,
            "errors": errors.len(), "first_error": errors.first(),
            "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99), "max_ms": at(1.0),
        })
    );
    Ok(())
}

/// One reader: how long each answer took, and what was none.
async fn read(client: Client, list: String, items: u64, seed: u64, until: Instant) -> (Vec<Duration>, Vec<String>) {
    let mut random = Mt64::new(seed);
    let (mut times, mut errors) = (Vec::new(), Vec::new());
    while Instant::now() < until {
        let after = random.next_u64() % (items - PAGE as u64);
        let begun = Instant::now();
        match page(&client, &format!("{list}?limit={PAGE}&after={after}")).await {
            Ok(PAGE) => times.push(begun.elapsed()),
            Ok(found) => errors.push(format!("a page of {found}")),
            Err(error) => errors.push(error.to_string()),
        }
    }
    (times, errors)
}

/// How many items the page has.
async fn page(client: &Client, url: &str) -> reqwest::Result<usize> {
    let text = client.get(url).send().await?.error_for_status()?.text().await?;
    Ok(text.matches("{\"id\":").count())
}
