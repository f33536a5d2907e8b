//! Lambda's side of the Runtime API as a program, for functions that others start.
//!
//! Its first line names the variables that a function needs. Then each line of its input hands an event over,
//! `{"event": …, "left_ms": …}`, and each line of its output is what a function said: `{"polled": null}`,
//! `{"answered": …}` or `{"failed": …}`. It ends with its input.

use std::io::stdin;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rowscore_tests::runtime_api::{RuntimeApi, Said};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let api = Arc::new(RuntimeApi::start().await);
    println!("{}", json!(api.variables()));
    let events = Arc::clone(&api);
    let (over, input) = tokio::sync::oneshot::channel::<()>();
    thread::spawn(move || {
        for line in stdin().lines() {
            give(&events, &line.expect("the input can be read"));
        }
        drop(over);
    });
    tokio::select! {
        () = tell(&api) => {}
        _ = input => {}
    }
}

fn give(api: &RuntimeApi, line: &str) {
    let mut handed: Value = serde_json::from_str(line).expect("a line of the input is a JSON object");
    let left = Duration::from_millis(handed["left_ms"].as_u64().expect("left_ms is a number"));
    let deadline = (SystemTime::now() + left).duration_since(UNIX_EPOCH).expect("it is after 1970");
    api.give(handed["event"].take(), deadline.as_millis().try_into().expect("not in a million years"));
}

async fn tell(api: &RuntimeApi) {
    loop {
        let line = match api.said().await {
            Said::Polled => json!({"polled": null}),
            Said::Ended(ended) => match ended.result {
                Ok(answer) => json!({"answered": answer}),
                Err(error) => json!({"failed": error}),
            },
        };
        println!("{line}");
    }
}
