//! The model card: what a model is, what it was trained on and how good it is, for people.
//!
//! After M. Mitchell et al., "Model cards for model reporting", FAT* 2019. The same training makes
//! the same card, byte for byte.

mod figures;
mod imported;
mod parts;
mod plots;
mod svg;
mod trained;
mod words;

use super::evaluation::Evaluation;
use super::train::Trained;
use crate::model::{Artifact, Import, Training};

/// A model card in Markdown, and its plots.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// The Markdown file, with [`words::FOLDER`] for the folder of the plots.
    text: String,
    /// (File name, SVG).
    pub plots: Vec<(&'static str, String)>,
}

impl Card {
    /// The Markdown file, which shows the plots by their names in `folder`.
    #[must_use]
    pub fn text(&self, folder: &str) -> String {
        self.text.replace(words::FOLDER, folder)
    }

    /// The card of a model that was trained here.
    #[must_use]
    pub fn new(trained: &Trained, training: &Training) -> Self {
        let Trained { artifact, held_out } = trained;
        let mut plots = quality_plots(held_out);
        plots.extend(held_out.classes().map(|classes| ("class-sizes.svg", plots::class_sizes(classes))));
        let mut text = String::new();
        trained::write(&mut text, artifact, training, held_out).expect("a String takes every write");
        Self { text, plots }
    }

    /// The card of a model that was trained elsewhere: what its file says. `measured` is its quality
    /// on the reference rows, if their classes are known.
    #[must_use]
    pub fn imported(artifact: &Artifact, import: &Import, measured: Option<&Evaluation>) -> Self {
        let mut text = String::new();
        imported::write(&mut text, artifact, import, measured).expect("a String takes every write");
        Self { text, plots: measured.map(quality_plots).unwrap_or_default() }
    }
}

fn quality_plots(evaluation: &Evaluation) -> Vec<(&'static str, String)> {
    let Some(classes) = evaluation.classes() else { return Vec::new() };
    let mut plots = vec![("confusion.svg", plots::confusion(classes))];
    if !classes.reliability.is_empty() {
        plots.push(("reliability.svg", plots::reliability(classes)));
    }
    plots.push(("class-metrics.svg", plots::class_metrics(classes)));
    plots
}
