//! `rowscore import`: from a model that was trained elsewhere to an artifact.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rowscore::model::{Artifact, Digest, Model, Origin, Scaler};
use rowscore::training::{
    self, Card, DataError, Evaluation, Foreign, ImportError, LibsvmNames, ReferenceRows, Row, Rows,
};

use crate::files;

/// Make an artifact of a scikit-learn or libsvm model
///
/// A scikit-learn SVC(probability=True), alone or behind a StandardScaler, is exported with
/// scripts/export_sklearn.py first. The imported model scores as the original does.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  rowscore import --sklearn export.json --data new.csv --label kind --out mine/model.json\n  \
                        rowscore import --libsvm iris.model --scaler scaler.json --classes a,b,c --out mine/model.json"
)]
pub struct Args {
    #[command(flatten)]
    source: Source,
    /// JSON file {"mean": [...], "scale": [...]}, what a libsvm model's rows were scaled with
    #[arg(long, value_name = "FILE", conflicts_with = "sklearn")]
    scaler: Option<PathBuf>,
    /// Names of a libsvm model's features, by number
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', conflicts_with = "sklearn")]
    features: Option<Vec<String>>,
    /// Names of a libsvm model's classes, in the order of its line `label`
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', conflicts_with = "sklearn")]
    classes: Option<Vec<String>>,
    /// Name of what is predicted [default: class]. The column of the rows' classes in --data, if it
    /// has one of that name: the model's quality on them is then in the model card
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
    /// CSV file with rows like those that the model is for: their distribution is what drift is
    /// measured against, and some of them become golden rows
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// The artifact to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The model card to write, with a folder of plots beside it [default: MODEL_CARD.md beside the
    /// artifact]
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
}

/// What is predicted, where nobody says.
const LABEL: &str = "class";

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// What scripts/export_sklearn.py wrote
    #[arg(long, value_name = "FILE")]
    sklearn: Option<PathBuf>,
    /// A model file of `svm-train -b 1`
    #[arg(long, value_name = "FILE")]
    libsvm: Option<PathBuf>,
}

pub fn run(args: &Args) -> Result<ExitCode, Box<dyn Error>> {
    let foreign = read(args)?;
    let data = args.data.as_deref().map(|path| Ok::<_, String>((path, bytes(path)?))).transpose()?;
    let reference = data.as_ref().map(|(path, bytes)| reference(path, bytes, foreign.features())).transpose()?;
    let rows = reference.as_ref().map(|(rows, sha256)| ReferenceRows { rows, sha256: *sha256 });
    let artifact = training::import(foreign, args.label.as_deref().unwrap_or(LABEL), rows)?;
    let measured = match (&data, &args.label) {
        (Some((path, bytes)), Some(label)) => measure(path, bytes, label, &artifact)?,
        _ => None,
    };
    files::make_folder_of(&args.out)?;
    files::write(&args.out, &artifact.to_json())?;
    if let Origin::Imported(import) = &artifact.content.origin {
        let card = Card::imported(&artifact, import, measured.as_ref());
        files::write_card(&card, args.card.as_deref(), &args.out)?;
    }
    let content = &artifact.content;
    eprintln!(
        "{}: version {}, {} features, {} classes, {} support vectors",
        args.out.display(),
        artifact.version,
        content.features.len(),
        content.classes.len(),
        content.svm.support_vectors.len()
    );
    if reference.is_none() {
        eprintln!(
            "without --data the artifact has no distribution of the features, which drift would be measured against"
        );
    }
    match &measured {
        Some(quality) => eprintln!("accuracy {:.4} on {} rows", quality.metrics.accuracy, quality.rows),
        None => {
            eprintln!("the model card has no figures: they need --data with the classes in a column that --label names")
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(args: &Args) -> Result<Foreign, Box<dyn Error>> {
    let named = |path: &Path, error: ImportError| format!("{}: {error}", path.display());
    match (&args.source.sklearn, &args.source.libsvm) {
        (Some(path), _) => Ok(Foreign::from_sklearn(&bytes(path)?).map_err(|error| named(path, error))?),
        (None, Some(path)) => {
            let names = LibsvmNames { features: args.features.clone(), classes: args.classes.clone() };
            let scaler = args.scaler.as_deref().map(scaler).transpose()?;
            Ok(Foreign::from_libsvm(&bytes(path)?, names, scaler).map_err(|error| named(path, error))?)
        }
        (None, None) => Err("give --sklearn or --libsvm".into()),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn scaler(path: &Path) -> Result<Scaler, String> {
    serde_json::from_slice(&bytes(path)?).map_err(|error| format!("{}: {error}", path.display()))
}

fn reference(path: &Path, bytes: &[u8], features: &[String]) -> Result<(Vec<Row>, Digest), String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let rows: Vec<Row> =
        Rows::new(bytes, features).and_then(Iterator::collect::<Result<_, _>>).map_err(|error| named(&error))?;
    if rows.is_empty() { Err(named(&"there are no rows")) } else { Ok((rows, Digest::of(bytes))) }
}

/// The model's quality on rows whose classes are in the column `label`, if there is one.
fn measure(path: &Path, bytes: &[u8], label: &str, artifact: &Artifact) -> Result<Option<Evaluation>, Box<dyn Error>> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let content = &artifact.content;
    match Rows::new(bytes, &content.features).and_then(|rows| rows.labelled(label, &content.classes)) {
        Ok(data) => {
            let model = Model::new(artifact.clone())?;
            Ok(Some(training::evaluate(&model, &data).map_err(|error| named(&error))?))
        }
        Err(DataError::MissingLabel { .. }) => Ok(None),
        Err(error) => Err(named(&error).into()),
    }
}
