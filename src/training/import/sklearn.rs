//! What `scripts/export_sklearn.py` writes.

use serde::Deserialize;

use super::error::ImportError;
use super::foreign::Foreign;
use crate::model::{Digest, ImportSource, Kernel, Scaler, Sigmoid};

/// The format that the exporter writes.
const FORMAT: &str = "rowscore-sklearn-1";

/// All numbers in libsvm's sense: scikit-learn turns the signs of a model with two classes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    format: String,
    /// Of scikit-learn, for people.
    #[serde(rename = "version")]
    _version: String,
    features: Vec<String>,
    classes: Vec<String>,
    scaler: Scaler,
    kernel: Kernel,
    support_vectors: Vec<Vec<f64>>,
    n_support: Vec<usize>,
    dual_coef: Vec<Vec<f64>>,
    intercept: Vec<f64>,
    #[serde(rename = "probA")]
    prob_a: Option<Vec<f64>>,
    #[serde(rename = "probB")]
    prob_b: Option<Vec<f64>>,
}

impl Foreign {
    /// Reads what `scripts/export_sklearn.py` wrote.
    ///
    /// # Errors
    /// When it is something else, or the model gives no probabilities.
    pub fn from_sklearn(json: &[u8]) -> Result<Self, ImportError> {
        let export: Export = serde_json::from_slice(json)?;
        if export.format != FORMAT {
            return Err(ImportError::Unsupported(format!("an export of format `{}`", export.format)));
        }
        let (Some(a), Some(b)) = (export.prob_a, export.prob_b) else {
            return Err(ImportError::NoProbabilities);
        };
        Ok(Foreign {
            source: ImportSource::ScikitLearn,
            file_sha256: Digest::of(json),
            features: export.features,
            classes: export.classes,
            scaler: export.scaler,
            kernel: export.kernel,
            vectors: export.support_vectors,
            vectors_per_class: export.n_support,
            coefficients: export.dual_coef,
            intercepts: export.intercept,
            sigmoids: a.into_iter().zip(b).map(|(a, b)| Sigmoid { a, b }).collect(),
        })
    }
}
