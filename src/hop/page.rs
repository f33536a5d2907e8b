//! `score_page`: from rows to predictions and failures, with no database in sight.

use crate::config::ItemsTable;
use crate::drift::{Counter, Profile};
use crate::model::{Model, ScoreError, Scorer};
use crate::store::pending::{PendingItem, PendingItems};
use crate::store::predictions::Predictions;
use crate::values::{Reader, Reason, ReasonCode};

/// Items whose values are held as numbers at a time: enough for scoring many rows side by side, and
/// they stay in the processor's cache.
const CHUNK: usize = 256;

/// It is not for its size that a smaller value has no finite number: its logarithm has none, for example.
const LARGE: f64 = 1e100;

/// A page, scored: every item is in one of the two, in the order of the page.
#[derive(Debug)]
pub(super) struct ScoredPage<'i> {
    pub predictions: Predictions<'i>,
    pub failures: Vec<(PendingItem<'i>, Reason)>,
    /// What was counted on the way, for drift.
    pub profile: Profile,
}

/// Scores a page of `table`. An item that cannot be scored is set apart with its reason; the rest go on.
/// Where the table keeps so many decimals, its numbers are rounded, for whoever writes, compares or
/// counts them.
pub(super) fn score_page<'i>(model: &'i Model, table: &ItemsTable, items: &'i PendingItems) -> ScoredPage<'i> {
    let mut scorer = model.scorer();
    let mut chunk = Chunk::new(Reader::of_table(table, model));
    let mut page = ScoredPage {
        predictions: Predictions::with_capacity(model.outputs(), items.len()),
        failures: Vec::new(),
        profile: Profile::empty(model),
    };
    let mut counter = Counter::new(model);
    let mut items = items.iter();
    while items.len() > 0 {
        chunk.read(items.by_ref().take(CHUNK), &mut page.failures);
        let scored = page.predictions.outputs.len();
        chunk.score(&mut scorer, &mut page);
        let outputs = &mut page.predictions.outputs[scored..];
        if let Some(decimals) = table.decimals {
            decimals.round(outputs);
        }
        counter.rows(&chunk.rows);
        counter.predictions(outputs);
    }
    page.profile = counter.finish();
    page
}

/// The items of a chunk that can be read, and their values.
struct Chunk<'i> {
    reader: Reader<'i>,
    items: Vec<PendingItem<'i>>,
    rows: Vec<f64>,
    /// The row that is being read.
    row: Vec<f64>,
}

impl<'i> Chunk<'i> {
    fn new(reader: Reader<'i>) -> Self {
        Self { reader, items: Vec::with_capacity(CHUNK), rows: Vec::new(), row: Vec::new() }
    }

    fn read(&mut self, items: impl Iterator<Item = PendingItem<'i>>, failures: &mut Vec<(PendingItem<'i>, Reason)>) {
        self.items.clear();
        self.rows.clear();
        for item in items {
            match self.reader.read(item.values, &mut self.row) {
                Ok(()) => {
                    self.items.push(item);
                    self.rows.extend_from_slice(&self.row);
                }
                Err(reason) => failures.push((item, reason)),
            }
        }
    }

    fn score(&self, scorer: &mut Scorer<'_>, page: &mut ScoredPage<'i>) {
        let ScoredPage { predictions: Predictions { keys, outputs, of }, failures, .. } = page;
        let (first, known, width) = (keys.len(), failures.len(), of.width());
        outputs.resize((first + self.items.len()) * width, 0.0);
        let scored = scorer.score_rows(&self.rows, &mut outputs[first * width..]);
        let mut unscored = scored.expect("a value for every feature, room for every output").into_iter().peekable();
        for (row, item) in self.items.iter().enumerate() {
            match unscored.next_if(|unscored| unscored.row == row) {
                Some(unscored) => failures.push((*item, self.reason(&unscored.error))),
                None => {
                    let found = (first + row) * width;
                    outputs.copy_within(found..found + width, keys.len() * width);
                    keys.push(item.key);
                }
            }
        }
        outputs.truncate(keys.len() * width);
        if failures.len() > known {
            failures.sort_by_key(|(item, _)| item.key);
        }
    }

    fn reason(&self, error: &ScoreError) -> Reason {
        let (code, text) = match error {
            ScoreError::Gap { feature } => {
                let text = format!("{} has no value, and the model fills no gap there", self.reader.called(*feature));
                (ReasonCode::MissingValue, text)
            }
            ScoreError::Value { feature, value } if value.abs() < LARGE => {
                let text =
                    format!("the model makes no finite number of {}, which is {value}", self.reader.called(*feature));
                (ReasonCode::TooLarge, text)
            }
            ScoreError::Value { feature, value } => {
                let text = format!("{} is {value}, too large to be scaled", self.reader.called(*feature));
                (ReasonCode::TooLarge, text)
            }
            error => (ReasonCode::TooLarge, error.to_string()),
        };
        Reason::new(code, text)
    }
}
