//! What `scripts/export_sklearn.py` writes.

use serde::Deserialize;

use super::error::ImportError;
use super::foreign::{Foreign, predictor};
use super::lists::Lists;
use super::proof::ProofRow;
use crate::model::{Digest, Feature, ImportSource, Kernel, Pipeline, Scaler, Sigmoid, TwoClasses};

/// What the exporter wrote before it took pipelines: a scaler and an SVC.
const FIRST: &str = "rowscore-sklearn-1";

/// What it writes: the artifact's own parts.
const SECOND: &str = "rowscore-sklearn-2";

#[derive(Deserialize)]
struct Header {
    format: String,
}

/// All numbers in libsvm's sense: scikit-learn turns the signs of a model with two classes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    #[serde(rename = "format")]
    _format: String,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Second {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "version")]
    _version: String,
    features: Vec<Feature>,
    classes: Vec<String>,
    pipelines: Vec<Pipeline>,
    reference: Vec<ProofRow>,
}

impl Foreign {
    /// Reads what `scripts/export_sklearn.py` wrote, now or in its first format.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_sklearn(json: &[u8]) -> Result<Self, ImportError> {
        // A pickle begins with 0x80, one that joblib compressed with other bytes; none is a text.
        if str::from_utf8(json).is_err() {
            return Err(ImportError::Binary);
        }
        match serde_json::from_slice::<Header>(json)?.format.as_str() {
            FIRST => first(json, serde_json::from_slice(json)?),
            SECOND => second(json, serde_json::from_slice(json)?),
            other => Err(ImportError::Unsupported(format!("an export of format `{other}`"))),
        }
    }
}

fn first(json: &[u8], export: First) -> Result<Foreign, ImportError> {
    let sigmoids = export.prob_a.zip(export.prob_b);
    let sigmoids = sigmoids.map(|(a, b)| a.into_iter().zip(b).map(|(a, b)| Sigmoid { a, b }).collect());
    let lists = Lists {
        classes: export.classes.len(),
        scaler: export.scaler,
        kernel: export.kernel,
        vectors: export.support_vectors,
        vectors_per_class: export.n_support,
        coefficients: export.dual_coef,
        intercepts: export.intercept,
        sigmoids,
        two_classes: TwoClasses::Coupled,
    };
    Ok(Foreign {
        source: ImportSource::ScikitLearn,
        file_sha256: Digest::of(json),
        features: export.features.into_iter().map(Feature::number).collect(),
        classes: export.classes,
        predictor: lists.predictor()?,
        proof: Vec::new(),
    })
}

fn second(json: &[u8], export: Second) -> Result<Foreign, ImportError> {
    if export.reference.is_empty() {
        return Err(ImportError::NoReference);
    }
    Ok(Foreign {
        source: ImportSource::ScikitLearn,
        file_sha256: Digest::of(json),
        predictor: predictor(&export.features, export.pipelines),
        features: export.features,
        classes: export.classes,
        proof: export.reference,
    })
}
