//! Which model a command works with.

use std::error::Error;
use std::path::PathBuf;

use clap::ValueHint;
use rowscore::model::Model;

use crate::files;

#[derive(clap::Args)]
pub(crate) struct Chosen {
    /// The artifact [default: the model that is built in]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    model: Option<PathBuf>,
}

impl Chosen {
    /// The model, for the life of the process.
    pub(crate) fn model(&self) -> Result<&'static Model, Box<dyn Error>> {
        files::model(self.model.as_deref())
    }
}
