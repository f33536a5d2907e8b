//! What each column that is written gets of a prediction.

use std::io::{self, Write as _};

use crate::config::{Beside, ColumnName, ItemsTable, Part, PredictionFormat};
use crate::model::{Outputs, PredictionKind};

/// What a column gets of each prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell {
    /// All that the model gives: an array of numbers, or its only number.
    All,
    /// The name of the class.
    Label,
    /// The largest number.
    Confidence,
    /// The number at this place.
    Number(usize),
    /// Whether the number at this place is at least so large.
    Decision(usize, f64),
    /// The model's version.
    Model,
    /// The present time.
    Now,
}

impl Cell {
    /// What the column of the prediction itself gets.
    pub(super) fn of(format: PredictionFormat) -> Self {
        match format {
            PredictionFormat::Probabilities | PredictionFormat::Value => Self::All,
            PredictionFormat::Label => Self::Label,
        }
    }

    /// Appends what it is of a prediction; of a label, at which place the class is, from 1.
    pub(super) fn append(self, text: &mut Vec<u8>, of: Outputs<'_>, row: &[f64]) -> io::Result<()> {
        match self {
            Self::All if matches!(of.kind, PredictionKind::Probabilities | PredictionKind::Margins) => {
                serde_json::to_writer(text, row)?;
            }
            Self::All => serde_json::to_writer(text, &row[0])?,
            Self::Confidence => {
                serde_json::to_writer(text, &row.iter().copied().fold(f64::NEG_INFINITY, f64::max))?;
            }
            Self::Number(place) => serde_json::to_writer(text, &row[place])?,
            Self::Decision(place, least) => write!(text, "{}", u8::from(row[place] >= least))?,
            // A model without classes is refused before.
            Self::Label => {
                let digits = of.classes.len().to_string().len();
                write!(text, "{:0digits$}", of.label(row).map_or(0, |class| 1 + class))?;
            }
            Self::Model | Self::Now => {}
        }
        Ok(())
    }
}

/// The columns that are written, each with what it gets, the prediction first.
///
/// # Errors
/// The model does not give what a column is to get.
pub(crate) fn cells<'t>(table: &'t ItemsTable, of: Outputs<'_>) -> Result<Vec<(&'t ColumnName, Cell)>, String> {
    let mut cells = vec![(&table.prediction, Cell::of(table.format))];
    for beside in &table.beside {
        cells.push((&beside.column, cell(beside, of)?));
    }
    Ok(cells)
}

/// What a column gets beside the prediction, or why there is nothing that it could get.
pub(crate) fn cell(Beside { part, .. }: &Beside, of: Outputs<'_>) -> Result<Cell, String> {
    let variable = part.variable();
    let is_one = matches!(of.kind, PredictionKind::Value | PredictionKind::Score);
    let place = |variable: &str, name: &str| {
        let place = of.classes.iter().position(|class| class == name).filter(|_| !is_one);
        place.ok_or_else(|| {
            let known = if is_one { "none: it gives one number".to_owned() } else { of.classes.join(", ") };
            format!("{variable} names the class `{name}`; the model gives numbers of these classes: {known}")
        })
    };
    match part {
        Part::Label if of.classes.is_empty() => {
            Err(format!("{variable} is set, but the model predicts a number; accepted: VALUE_COLUMN"))
        }
        Part::Label => Ok(Cell::Label),
        Part::Confidence if of.kind != PredictionKind::Probabilities => {
            Err(format!("{variable} is set, but the model gives no probabilities; unset it"))
        }
        Part::Confidence => Ok(Cell::Confidence),
        Part::Value if !is_one => Err(format!(
            "{variable} is set, but the model predicts classes; accepted: CLASS_COLUMNS, LABEL_COLUMN or CONFIDENCE_COLUMN"
        )),
        Part::Value => Ok(Cell::Number(0)),
        Part::Class(class) => Ok(Cell::Number(place(variable, class)?)),
        Part::Decision(threshold) => match &threshold.class {
            Some(class) => Ok(Cell::Decision(place("THRESHOLD", class)?, threshold.least)),
            None if is_one => Ok(Cell::Decision(0, threshold.least)),
            None => Err(format!(
                "THRESHOLD is a number alone; the model has classes: say which, as in {}={}",
                of.classes.last().map_or("CLASS", String::as_str),
                threshold.least
            )),
        },
        Part::Model => Ok(Cell::Model),
        Part::PredictedAt => Ok(Cell::Now),
    }
}
