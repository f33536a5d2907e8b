//! `rowscore import`: from a model that was trained elsewhere to an artifact.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rowscore::model::{About, Artifact, Digest, Feature, Model, Origin, PredictionKind};
use rowscore::training::{
    self, Card, CsvFormat, DataError, Evaluation, Foreign, LibsvmNames, LibsvmScaling, Order, ReferenceRows, Row, Rows,
};
use rowscore::words;
use serde_json::json;

use crate::files::{self, FileError, Outputs};
use crate::judged::{Unjudged, judge};
use crate::out::Out;
use crate::written::Written;

/// Make an artifact of a scikit-learn or libsvm model
///
/// Export a scikit-learn model or pipeline with scripts/export_sklearn.py first. The export has rows with the
/// original's own answers: if the imported model gives others, nothing is written.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  rowscore import --sklearn export.json --data new.csv --label kind --out mine/model.json\n  \
                        rowscore import --libsvm iris.model --scaler iris.range --classes a,b,c --out mine/model.json"
)]
pub(crate) struct Args {
    #[command(flatten)]
    source: Source,
    /// How the rows of a libsvm model were scaled: the range file that svm-scale -s wrote, or JSON
    /// {"mean": [...], "scale": [...]}
    #[arg(long, value_name = "FILE", conflicts_with = "sklearn")]
    scaler: Option<PathBuf>,
    /// Names of a libsvm model's features, in the order of their numbers
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', conflicts_with = "sklearn")]
    features: Option<Vec<String>>,
    /// Names of a libsvm model's classes, in the order of its line `label`
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', conflicts_with = "sklearn")]
    classes: Option<Vec<String>>,
    /// Name of what is predicted [default: class, value or outlier, as the model is]. If --data has a column of this name with the
    /// classes, the model card shows the model's quality on these rows
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
    /// What the model is called, by which MODEL_NAME may pin it [default: by what it predicts]
    #[arg(long, value_name = "NAME", value_parser = files::model_name)]
    name: Option<String>,
    /// CSV file with rows like those that the model will score. Drift is measured against their
    /// distribution, and some of them become golden rows
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    #[command(flatten)]
    written: Written,
    /// The artifact to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The model card to write. Its plots go into a folder beside it [default: beside the
    /// artifact, named as it is: model.card.md for model.json]
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
}

/// The name of what is predicted, if nobody gives one.
fn label_of(kind: PredictionKind) -> &'static str {
    match kind {
        PredictionKind::Probabilities | PredictionKind::Margins => "class",
        PredictionKind::Value => "value",
        PredictionKind::Score => "outlier",
    }
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// What scripts/export_sklearn.py wrote
    #[arg(long, value_name = "FILE")]
    sklearn: Option<PathBuf>,
    /// A model file of svm-train: with -b 1 it gives probabilities, else margins
    #[arg(long, value_name = "FILE")]
    libsvm: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, out: &mut Out) -> Result<ExitCode, Box<dyn Error>> {
    let outputs = Outputs::new(&args.out, args.card.as_deref());
    outputs.check(&args.inputs())?;
    let foreign = read(args)?;
    let data = args.data.as_deref().map(|path| Data::read(path, args.written.format())).transpose()?;
    let rows = data.as_ref().map(|data| data.rows(foreign.features())).transpose()?;
    let reference = data.as_ref().zip(rows.as_ref());
    let reference = reference.map(|(data, rows)| ReferenceRows { rows, sha256: Digest::of(&data.bytes) });
    let label = args.label.as_deref().unwrap_or_else(|| label_of(foreign.predictor().kind()));
    let artifact = training::import(foreign, label, reference)?;
    let artifact = artifact.about(About { name: args.name.clone(), ..About::default() });
    let measured = match (&data, &args.label) {
        (Some(data), Some(label)) => data.measure(label, &artifact)?,
        _ => None,
    };
    let order = measured.as_ref().and_then(|measured| Order::clearly_better(&measured.classes()?.confusion));
    if let Some(order) = order {
        return Err(misnamed(&order, &artifact.content.classes, args).into());
    }
    outputs.prepare()?;
    outputs.write_artifact(&artifact)?;
    if let Origin::Imported(import) = &artifact.content.origin {
        let card = Card::imported(&artifact, import, measured.as_ref());
        outputs.write_card(&card)?;
    }
    let quality = measured.as_ref().map(|measured| (training::figures(&measured.quality)[0], measured.rows));
    let mut lines = vec![files::described(&args.out, &artifact)];
    if reference.is_none() {
        lines.push(
            "without --data the artifact has no distribution of the features, so drift cannot be measured".into(),
        );
    }
    lines.push(match quality {
        Some(((name, figure), rows)) => format!("{name} {figure:.4} on {} rows", words::count(rows as u64)),
        None => {
            "the model card has no figures: they need --data with the classes in a column that --label names".into()
        }
    });
    let mut told = json!({"file": args.out, "version": artifact.version, "accuracy": null});
    if let Some(((name, figure), _)) = quality {
        told[name] = json!(figure);
    }
    out.tell(&told, lines)?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    /// The files that are read.
    fn inputs(&self) -> Vec<&Path> {
        let Source { sklearn, libsvm } = &self.source;
        [sklearn, libsvm, &self.scaler, &self.data].into_iter().flatten().map(PathBuf::as_path).collect()
    }
}

fn read(args: &Args) -> Result<Foreign, Box<dyn Error>> {
    match (&args.source.sklearn, &args.source.libsvm) {
        (Some(path), _) => Ok(Foreign::from_sklearn(&files::bytes(path)?).map_err(files::of(path))?),
        (None, Some(path)) => {
            let names = LibsvmNames { features: args.features.clone(), classes: args.classes.clone() };
            let scaling = args.scaler.as_deref().map(scaling).transpose()?;
            Ok(Foreign::from_libsvm(&files::bytes(path)?, names, scaling).map_err(files::of(path))?)
        }
        (None, None) => Err("give --sklearn or --libsvm".into()),
    }
}

fn scaling(path: &Path) -> Result<LibsvmScaling, FileError> {
    LibsvmScaling::read(&files::bytes(path)?).map_err(files::of(path))
}

/// The classes have each other's names: what to do.
fn misnamed(order: &Order, classes: &[String], args: &Args) -> String {
    let Order { names, accuracy, better } = order;
    let names = names.iter().map(|&class| classes[class].as_str()).collect::<Vec<_>>().join(",");
    let label = args.label.as_deref().unwrap_or_default();
    let remedy = match args.source.libsvm {
        Some(_) => format!("Give --classes {names}"),
        None => format!("Look whether the column {label} names the classes as the model does"),
    };
    format!(
        "on these rows the accuracy is {accuracy:.2} with the classes {}, and would be {better:.2} with them in the order \
         {names}. Nothing was written. {remedy}, or leave --label out if the names are right",
        classes.join(",")
    )
}

/// The rows of `--data`.
struct Data<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
    format: CsvFormat,
}

impl<'a> Data<'a> {
    fn read(path: &'a Path, format: CsvFormat) -> Result<Self, FileError> {
        Ok(Self { path, bytes: files::bytes(path)?, format })
    }

    fn rows(&self, features: &[Feature]) -> Result<Vec<Row>, FileError> {
        let rows = Rows::written(self.bytes.as_slice(), features, self.format);
        let rows = rows.and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let rows = rows.map_err(files::of(self.path))?;
        if rows.is_empty() { Err(files::of(self.path)(DataError::Empty)) } else { Ok(rows) }
    }

    /// The model's quality on the rows, if the truth is in the column `label`.
    fn measure(&self, label: &str, artifact: &Artifact) -> Result<Option<Evaluation>, Box<dyn Error>> {
        let model = Model::new(artifact.clone())?;
        let rows = Rows::written(self.bytes.as_slice(), model.features(), self.format).map_err(Unjudged::from);
        match rows.and_then(|rows| judge(&model, rows, Some(label))) {
            Err(Unjudged::Data(DataError::MissingLabel { .. })) => Ok(None),
            measured => Ok(Some(measured.map_err(files::of(self.path))?)),
        }
    }
}
