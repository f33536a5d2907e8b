//! The files that commands about models read and write.

use std::error::Error;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use rowscore::model::{self, Artifact, Model};
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
    let model = Model::from_json(&bytes(path)?).map_err(of(path))?;
    // One model for the life of the process, as the one that is built in.
    Ok(Box::leak(Box::new(model)))
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
    let count = |count: usize| words::count(count as u64);
    let (features, classes) = (count(content.features.len()), count(content.classes.len()));
    let svm = content.predictor.svm();
    let vectors = svm.map_or_else(String::new, |svm| format!(", {} support vectors", count(svm.support_vectors.len())));
    let version = &artifact.version;
    format!("{}: version {version}, {features} features, {classes} classes{vectors}", path.display())
}

/// Writes a model card with its plots: to `path`, or else beside the artifact.
pub(crate) fn write_card(card: &Card, path: Option<&Path>, artifact: &Path) -> Result<(), FileError> {
    let path = path.map_or_else(|| artifact.with_file_name(Card::FILE), Path::to_owned);
    if !card.plots.is_empty() {
        let folder = path.with_file_name(Card::FOLDER);
        fs::create_dir_all(&folder).map_err(of(&folder))?;
        for (name, plot) in &card.plots {
            write(&folder.join(name), plot.as_bytes())?;
        }
    }
    write(&path, card.text.as_bytes())
}
