//! `docs/TABLE.md`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::programs::rowscore;

#[tokio::test]
async fn the_tables_example_gets_this_prediction() {
    let table = include_str!("../../../docs/TABLE.md");
    let row = table.lines().find(|line| line.starts_with("| 1 | `[")).unwrap();
    let cells: Vec<&str> = row.split('`').collect();
    let explained = rowscore(&["explain", "--json", "--values", cells[1]], &BTreeMap::new()).await;
    let explained: Value = serde_json::from_str(&explained.stdout).unwrap();
    let probabilities = explained["probabilities"].as_array().unwrap();
    let shown: Vec<&str> = cells[3].trim_matches(['[', ']']).split(", ").collect();
    assert_eq!(shown.len(), probabilities.len());
    for (shown, probability) in shown.iter().zip(probabilities) {
        assert!(probability.to_string().starts_with(shown.trim_end_matches('…')), "{shown}: {probability}");
    }
}
