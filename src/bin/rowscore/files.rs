//! The files that commands about models read and write.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind};
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

/// What a command that makes a model writes: the artifact, its card, and the card's plots.
pub(crate) struct Outputs<'a> {
    artifact: &'a Path,
    card: PathBuf,
    /// The folder of the plots.
    plots: PathBuf,
}

impl<'a> Outputs<'a> {
    /// The card goes to `card`, or else beside the artifact by its name, so that two artifacts in one folder have two
    /// cards.
    pub(crate) fn new(artifact: &'a Path, card: Option<&Path>) -> Self {
        let card = card.map_or_else(|| artifact.with_extension("card.md"), Path::to_owned);
        let plots = match card.extension() {
            Some(_) => card.with_extension(""),
            None => card.with_extension("plots"),
        };
        Self { artifact, card, plots }
    }

    /// Refuses what cannot be written, or would replace a file that is read or another one that is written: before the
    /// work whose result would be lost.
    pub(crate) fn check(&self, inputs: &[&Path]) -> Result<(), FileError> {
        for (option, path, example) in
            [("--out", self.artifact, "model.json"), ("--card", self.card.as_path(), "model.card.md")]
        {
            check_file(option, path, example)?;
            let places = places(path);
            if let Some(input) = inputs.iter().find(|input| places.contains(&place(input))) {
                let input = input.display();
                return Err(of(path)(format!(
                    "{option} would replace {input}, which is read; name another file there"
                )));
            }
        }
        let (artifact, card) = (places(self.artifact), places(&self.card));
        if artifact.iter().any(|place| card.contains(place)) {
            return Err(of(&self.card)("the artifact and its card would be one file; name another one with --card"));
        }
        let is_file = self.plots.exists() && !self.plots.is_dir();
        if is_file || artifact.contains(&place(&self.plots)) {
            return Err(of(&self.plots)(
                "the plots of the model card need a folder of this name, but a file has it; name another card with --card",
            ));
        }
        Ok(())
    }

    /// Makes the folders, and tries whether files can be made there.
    pub(crate) fn prepare(&self) -> Result<(), FileError> {
        for path in [self.artifact, self.card.as_path()] {
            if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
                let refused = |error: io::Error| of(folder)(format!("this folder cannot be made: {error}"));
                fs::create_dir_all(folder).map_err(refused)?;
            }
            let part = part_of(path);
            let refused = |error: io::Error| of(path)(format!("no file can be written here: {error}"));
            File::create(&part).and_then(|_| fs::remove_file(&part)).map_err(refused)?;
        }
        Ok(())
    }

    pub(crate) fn write_artifact(&self, artifact: &Artifact) -> Result<(), FileError> {
        write(self.artifact, &artifact.to_json())
    }

    pub(crate) fn write_card(&self, card: &Card) -> Result<(), FileError> {
        if !card.plots.is_empty() {
            fs::create_dir_all(&self.plots).map_err(of(&self.plots))?;
            for (name, plot) in &card.plots {
                write(&self.plots.join(name), plot.as_bytes())?;
            }
        }
        // A space would end a link of Markdown.
        let name = self.plots.file_name().unwrap_or_default().to_string_lossy().replace(' ', "%20");
        write(&self.card, card.text(&name).as_bytes())
    }
}

/// Refuses a path at which there is no place for a file.
fn check_file(option: &str, path: &Path, example: &str) -> Result<(), FileError> {
    let is_folder = path.is_dir() || path.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
    if is_folder {
        let example = path.join(example);
        return Err(of(path)(format!("this is a folder; {option} takes a file, such as {}", example.display())));
    }
    if path.exists() && !path.is_file() {
        return Err(of(path)(format!(
            "this is a device or a pipe, and no file that {option} may replace; name a file"
        )));
    }
    Ok(())
}

/// Where a path leads to, however it is written, also where there is nothing yet.
fn place(path: &Path) -> PathBuf {
    let here = |folder: &Path| if folder == Path::new("") { PathBuf::from(".") } else { folder.to_owned() };
    fs::canonicalize(path).unwrap_or_else(|_| match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => place(&here(folder)).join(name),
        _ => path.to_owned(),
    })
}

/// What is replaced where a file is written: it is made beside its place first.
fn places(path: &Path) -> [PathBuf; 2] {
    [place(path), place(&part_of(path))]
}

/// Where a file is written before it takes its place.
fn part_of(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

/// Writes to another file first and renames it, so that an interruption leaves the old file whole.
fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let part = part_of(path);
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // What went wrong is told; whether its rest could be removed changes nothing.
        let _ = fs::remove_file(&part);
    }
    written.map_err(of(path))
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
