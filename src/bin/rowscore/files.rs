//! The files that commands about models read and write.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use rowscore::model::{self, Artifact, Decider, Model, Predictor};
use rowscore::training::Card;
use rowscore::words;

/// What is wrong with a file, after its name.
#[derive(Debug, thiserror::Error)]
#[error("{}", path.display())]
pub(crate) struct FileError {
    path: PathBuf,
    #[source]
    cause: Box<dyn Error + Send + Sync>,
}

/// Says of which file an error is.
pub(crate) fn of<E: Into<Box<dyn Error + Send + Sync>>>(path: &Path) -> impl Fn(E) -> FileError {
    |cause| FileError { path: path.to_owned(), cause: cause.into() }
}

/// The model of an artifact, or the one that is built in.
pub(crate) fn model(path: Option<&Path>) -> Result<&'static Model, Box<dyn Error>> {
    let Some(path) = path else { return Ok(model::embedded()?) };
    let model = Model::from_json(&artifact(path)?).map_err(of(path))?;
    // One model for the life of the process, as the one that is built in.
    Ok(Box::leak(Box::new(model)))
}

/// The bytes of an artifact. Whoever has none is told how to make one.
pub(crate) fn artifact(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => of(path)(format!(
            "there is no such file; `rowscore train --data FILE --label COLUMN --out {}` makes one, and so does `rowscore import`",
            path.display()
        )),
        _ => of(path)(error),
    })
}

/// The name of a model, as an argument.
pub(crate) fn model_name(text: &str) -> Result<String, String> {
    if model::is_name(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("accepted: 1 to {} characters that can be seen, without spaces around them", model::LONGEST_NAME))
    }
}

pub(crate) fn open(path: &Path) -> Result<BufReader<File>, FileError> {
    File::open(path).map(BufReader::new).map_err(of(path))
}

pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(of(path))
}

/// Makes the folder of a file, before the work begins whose result will be written to it.
pub(crate) fn make_folder_of(path: &Path) -> Result<(), FileError> {
    match path.parent() {
        Some(folder) if folder != Path::new("") => fs::create_dir_all(folder).map_err(of(folder)),
        _ => Ok(()),
    }
}

/// Writes to another file first and renames it, so that an interruption leaves the old file whole.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    fs::write(&part, bytes).and_then(|()| fs::rename(&part, path)).map_err(of(path))
}

/// Like `mine/model.json: version 0f3a, 4 features, 3 classes, 51 support vectors`.
pub(crate) fn described(path: &Path, artifact: &Artifact) -> String {
    let content = &artifact.content;
    let counted = |count: usize, what: &str| format!(", {} {what}", words::count(count as u64));
    let mut text = format!("{}: version {}", path.display(), artifact.version);
    text += &counted(content.features.len(), "features");
    if !content.classes.is_empty() {
        text += &counted(content.classes.len(), "classes");
    }
    text + &vectors(&content.predictor).map_or(String::new(), |vectors| counted(vectors, "support vectors"))
}

/// The support vectors of all pipelines; none where there are only linear machines.
fn vectors(predictor: &Predictor) -> Option<usize> {
    let of = |machine: &Decider| match machine {
        Decider::Pairs(svm) => Some(svm.support_vectors.len()),
        Decider::Kernel(machine) => Some(machine.support_vectors.len()),
        Decider::Linear(_) => None,
    };
    match predictor {
        Predictor::Svm(svm) => Some(svm.support_vectors.len()),
        Predictor::Pipelines(pipelines) => {
            pipelines.iter().filter_map(|pipeline| of(&pipeline.machine)).reduce(|a, b| a + b)
        }
    }
}

/// Writes a model card with its plots: to `path`, or else beside the artifact by its name, so that two artifacts in
/// one folder have two cards.
pub(crate) fn write_card(card: &Card, path: Option<&Path>, artifact: &Path) -> Result<(), FileError> {
    let path = path.map_or_else(|| artifact.with_extension("card.md"), Path::to_owned);
    let folder = match path.extension() {
        Some(_) => path.with_extension(""),
        None => path.with_extension("plots"),
    };
    if !card.plots.is_empty() {
        fs::create_dir_all(&folder).map_err(of(&folder))?;
        for (name, plot) in &card.plots {
            write(&folder.join(name), plot.as_bytes())?;
        }
    }
    // A space would end a link of Markdown.
    let name = folder.file_name().unwrap_or_default().to_string_lossy().replace(' ', "%20");
    write(&path, card.text(&name).as_bytes())
}
