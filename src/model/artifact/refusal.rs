//! Why a model file is refused.

use super::about::LONGEST_NAME;
use super::content::FORMAT;
use super::pipeline::PredictionKind;
use super::svm::ClassIndex;
use crate::model::digest::ModelVersion;
use crate::model::kernel::Kernel;

/// Why a model file was refused.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// Not JSON, or a field is missing, unknown or of the wrong type.
    #[error("this is no model file, as `rowscore train` and `rowscore import` write them")]
    Json(#[from] serde_json::Error),
    /// Written by another version of rowscore.
    #[error("the model file has format {found}; this build reads formats 1 to {FORMAT}")]
    Format {
        /// The file's format number.
        found: u32,
    },
    /// The file was changed after it was written.
    #[error("the model file was changed: it says version {recorded}, its content has version {computed}")]
    Version {
        /// As the file says.
        recorded: ModelVersion,
        /// As its content is.
        computed: ModelVersion,
    },
    /// What it is called is empty, too long, or has spaces around it or a character that cannot be seen.
    #[error("the model file's name is {0:?}; accepted: 1 to {LONGEST_NAME} characters that can be seen")]
    Name(String),
    /// A list is longer or shorter than it must be.
    #[error("the model file's {what} has {found} entries instead of {expected}")]
    Length {
        /// Which list.
        what: String,
        /// Its length.
        found: usize,
        /// What its length must be.
        expected: usize,
    },
    /// A list is too short to be useful.
    #[error("the model file's {what} has {found} entries, at least {least} are needed")]
    TooFew {
        /// Which list.
        what: String,
        /// Its length.
        found: usize,
        /// The least that it may have.
        least: usize,
    },
    /// Two features or two classes have one name.
    #[error("the model file's {what} has a duplicate at position {position}")]
    Duplicate {
        /// Which list.
        what: String,
        /// Of the second occurrence, from 0.
        position: usize,
    },
    /// A number is infinite or NaN.
    #[error("the model file's {what} has a number that is not finite")]
    NotFinite {
        /// Where it stands.
        what: String,
    },
    /// A scale is 0 or negative.
    #[error("the model file's scale of feature {feature} is {scale}, not above 0")]
    Scale {
        /// Index of the feature.
        feature: usize,
        /// The scale.
        scale: f64,
    },
    /// A parameter of the kernel is out of range.
    #[error("the model file's kernel has a parameter out of range: {0:?}")]
    Kernel(Kernel),
    /// Not every class pair once, in libsvm's order.
    #[error(
        "the model file's pair {position} is of classes {found:?}; each class pair must stand once, in order, here {expected:?}"
    )]
    PairOrder {
        /// From 0.
        position: usize,
        /// The classes it has.
        found: (ClassIndex, ClassIndex),
        /// The classes it must have.
        expected: (ClassIndex, ClassIndex),
    },
    /// A coefficient belongs to no support vector, or two belong to one.
    #[error("the model file's pair {pair} has a coefficient for support vector {index}, out of range or out of order")]
    CoefficientIndex {
        /// Position of the pair, from 0.
        pair: usize,
        /// The index.
        index: usize,
    },
    /// A feature is none that the first format's machine takes as it is.
    #[error("the model file's feature `{feature}` may be no number, or missing: it needs `pipelines` instead of `svm`")]
    NeedsPipelines {
        /// Its name.
        feature: String,
    },
    /// The classes are not those that go with the prediction.
    #[error("the model file's classes are {found:?}, but a prediction is {kind:?}, which needs {expected}")]
    Classes {
        /// What a prediction is.
        kind: PredictionKind,
        /// What they are.
        found: Vec<String>,
        /// What they must be.
        expected: &'static str,
    },
    /// The answer of a golden row has the name of another kind of prediction.
    #[error("the model file's golden row {position} has `{found}` instead of `{expected}`")]
    GoldenAnswer {
        /// From 0.
        position: usize,
        /// The name that it has.
        found: &'static str,
        /// The name that it must have.
        expected: &'static str,
    },
    /// Two pipelines give different things.
    #[error("the model file's pipelines give {found:?} and {expected:?}; all must give the same")]
    Kinds {
        /// What one gives.
        found: PredictionKind,
        /// What the first gives.
        expected: PredictionKind,
    },
    /// An output does not go with the machine before it.
    #[error("the model file's output {output} takes {expected}, not {found}")]
    Output {
        /// Its name in the file.
        output: &'static str,
        /// What the machine gives.
        found: String,
        /// What it must give.
        expected: String,
    },
    /// A column is made of one that does not exist.
    #[error("the model file's column is made of column {found}, of which there are {width}, counted from 0")]
    Column {
        /// The one that it names.
        found: usize,
        /// How many there are.
        width: usize,
    },
    /// A number is not in its range.
    #[error("the model file's {what} is {found}, not {expected}")]
    Range {
        /// Which number.
        what: &'static str,
        /// What it is.
        found: f64,
        /// What it must be.
        expected: String,
    },
    /// More than any model needs, and more than memory should be spent on.
    #[error("the model file's {what} has {found} entries, at most {most} are taken")]
    TooMany {
        /// Which list.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The most that it may have.
        most: usize,
    },
    /// What is wrong is in a part of which there are several.
    #[error("{place}: {fault}")]
    At {
        /// Which part.
        place: String,
        /// What is wrong.
        fault: Box<ArtifactError>,
    },
}

impl ArtifactError {
    /// The same, with the place where it was found.
    pub(super) fn at(self, place: impl ToString) -> Self {
        Self::At { place: place.to_string(), fault: Box::new(self) }
    }
}
