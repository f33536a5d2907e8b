//! The files that commands about models read and write.

use std::error::Error;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use rowscore::model::{self, Model};
use rowscore::training::Card;

/// The model of an artifact, or the one that is built in.
pub fn model(path: Option<&Path>) -> Result<&'static Model, Box<dyn Error>> {
    let Some(path) = path else { return Ok(model::embedded()?) };
    let model = fs::read(path).map_err(Box::<dyn Error>::from).and_then(|json| Ok(Model::from_json(&json)?));
    // One model for the life of the process, as the one that is built in.
    Ok(Box::leak(Box::new(model.map_err(|error| format!("{}: {error}", path.display()))?)))
}

pub fn open(path: &Path) -> Result<BufReader<File>, String> {
    File::open(path).map(BufReader::new).map_err(|error| format!("{}: {error}", path.display()))
}

/// Makes the folder of a file that is to be written, before the work whose result it is begins.
pub fn make_folder_of(path: &Path) -> Result<(), String> {
    match path.parent() {
        Some(folder) if folder != Path::new("") => {
            fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Writes beside the file first, so that an interruption leaves the old file whole.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a model card with its plots, to `path` or else beside the artifact.
pub fn write_card(card: &Card, path: Option<&Path>, artifact: &Path) -> Result<(), String> {
    let path = path.map_or_else(|| artifact.with_file_name(Card::FILE), Path::to_owned);
    if !card.plots.is_empty() {
        let folder = path.with_file_name(Card::FOLDER);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for (name, plot) in &card.plots {
            write(&folder.join(name), plot.as_bytes())?;
        }
    }
    write(&path, card.text.as_bytes())
}
