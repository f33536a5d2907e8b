//! How good a model is on the rows of a file.

use std::io::Read;

use rowscore::model::{Model, PredictionKind};
use rowscore::training::{self, BadField, DataError, Evaluation, LineError, Row, Rows, Truth};

/// Why there is no evaluation.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unjudged {
    /// The file is not as it must be.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A row cannot be scored.
    #[error(transparent)]
    Line(#[from] LineError),
    /// Nobody said where the truth is.
    #[error("give --label COLUMN, the column that holds the truth")]
    NoLabel,
}

/// Holds `model` against the column `label` of `rows`.
pub(crate) fn judge<R: Read>(model: &Model, rows: Rows<'_, R>, label: Option<&str>) -> Result<Evaluation, Unjudged> {
    let judge = |rows: &[Row], truth: Truth<'_>| training::evaluate_rows(model, rows, truth);
    Ok(match (model.outputs().kind, label) {
        (PredictionKind::Value, Some(label)) => {
            let data = rows.with_values(label)?;
            judge(&data.rows, Truth::Values(&data.labels))?
        }
        (PredictionKind::Score, None) => {
            let rows = rows.collect::<Result<Vec<Row>, _>>()?;
            if rows.is_empty() {
                return Err(DataError::Empty.into());
            }
            judge(&rows, Truth::Nothing)?
        }
        (PredictionKind::Score, Some(label)) => {
            let data = rows.with_labels(label, |text, _| side(text, model.classes()))?;
            judge(&data.rows, Truth::Classes(&data.labels))?
        }
        (PredictionKind::Probabilities | PredictionKind::Margins, Some(label)) => {
            let data = rows.labelled(label, model.classes())?;
            judge(&data.rows, Truth::Classes(&data.labels))?
        }
        (_, None) => return Err(Unjudged::NoLabel),
    })
}

/// Whether a row is within, in the model's words or scikit-learn's.
fn side(text: &str, classes: &[String]) -> Result<usize, BadField> {
    match (text, classes.iter().position(|class| class == text)) {
        (_, Some(class)) => Ok(class),
        ("1", None) => Ok(0),
        ("-1", None) => Ok(1),
        (class, None) => {
            let classes = format!("{} (or 1 and -1)", classes.join(", "));
            Err(BadField::UnknownClass { class: class.to_owned(), classes })
        }
    }
}
