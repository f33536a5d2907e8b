//! The model card: what a model is, what it was trained on and how good it is, for people.
//!
//! After M. Mitchell et al., "Model cards for model reporting", FAT* 2019. The same training makes
//! the same card, byte for byte.

mod imported;
mod plots;
mod svg;

use std::fmt::{self, Write};

use super::artifact::{Artifact, Content, Import, Training};
use super::kernel::Kernel;
use super::train::{ClassWeights, Evaluation, Gamma, Outcome, Trained};

/// A model card in Markdown, and its plots.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// The Markdown file. It shows the plots by their names, in the folder [`Card::FOLDER`].
    pub text: String,
    /// (File name, SVG).
    pub plots: Vec<(&'static str, String)>,
}

/// Classes with fewer rows than this have rough figures.
const FEW_ROWS: usize = 30;

impl Card {
    /// The usual name of the Markdown file.
    pub const FILE: &str = "MODEL_CARD.md";
    /// The folder of the plots, beside the Markdown file.
    pub const FOLDER: &str = "model-card";

    /// The card of a model that was trained here.
    #[must_use]
    pub fn new(trained: &Trained, training: &Training) -> Self {
        let Trained { artifact, held_out } = trained;
        let mut plots = quality_plots(held_out);
        plots.push(("class-sizes.svg", plots::class_sizes(held_out)));
        let mut text = String::new();
        write(&mut text, artifact, training, held_out).expect("a String takes every write");
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
    vec![
        ("confusion.svg", plots::confusion(evaluation)),
        ("reliability.svg", plots::reliability(evaluation)),
        ("class-metrics.svg", plots::class_metrics(evaluation)),
    ]
}

fn write(out: &mut String, artifact: &Artifact, training: &Training, held_out: &Evaluation) -> fmt::Result {
    head(out, artifact)?;
    writeln!(out, "| training data | {} rows, SHA-256 `{}` |", training.rows, training.data_sha256)?;
    parameters(out, artifact, training)?;
    quality(out, training, held_out)?;
    distribution(out, artifact)?;
    limits(out, artifact, held_out)
}

/// The title, and the first rows of the table below it.
fn head(out: &mut String, artifact: &Artifact) -> fmt::Result {
    let content = &artifact.content;
    writeln!(out, "# Model card: {}\n", escape(&content.label))?;
    writeln!(out, "Made by rowscore {}, with the artifact; not to be edited by hand.\n", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "| | |\n|---|---|")?;
    writeln!(out, "| version | `{}` |", artifact.version.digest())?;
    writeln!(
        out,
        "| predicts | the probability of each class of `{}`: {} |",
        escape(&content.label),
        names(&content.classes)
    )?;
    writeln!(out, "| from | {} features: {} |", content.features.len(), names(&content.features))
}

fn parameters(out: &mut String, artifact: &Artifact, training: &Training) -> fmt::Result {
    let svm = &artifact.content.svm;
    let options = &training.options;
    let chosen = match options.kernel {
        Kernel::Rbf { gamma } | Kernel::Polynomial { gamma, .. } | Kernel::Sigmoid { gamma, .. } => match gamma {
            Gamma::Scale => ", gamma by `scale`",
            Gamma::Value(_) => "",
        },
        Kernel::Linear => "",
    };
    let kernel = kernel(svm.kernel);
    let weights = match options.class_weights {
        ClassWeights::Equal => "",
        ClassWeights::Balanced => ", times the class's balanced weight",
    };
    let convergence = &training.convergence;
    let outcome = match convergence.outcome {
        Outcome::Converged => "optimal within the tolerance",
        Outcome::EpochsExhausted => "**not optimal**",
    };
    writeln!(out, "\n## Parameters\n")?;
    writeln!(
        out,
        "One support vector machine per class pair on standardised features, sigmoids on {} folds, pairwise coupling.\n",
        training.folds
    )?;
    writeln!(out, "| | |\n|---|---|")?;
    writeln!(out, "| kernel | {kernel}{chosen} |")?;
    writeln!(out, "| C | {}{weights} |", options.c)?;
    writeln!(out, "| seed | {} |", options.seed)?;
    writeln!(out, "| support vectors | {} |", svm.support_vectors.len())?;
    writeln!(
        out,
        "| solver | {outcome} ({:e}): largest violation {:.1e} after at most {} epochs and {} steps |",
        options.tolerance, convergence.kkt_gap, convergence.epochs, convergence.finishing_steps
    )
}

fn kernel(kernel: Kernel) -> String {
    match kernel {
        Kernel::Linear => "linear".to_owned(),
        Kernel::Rbf { gamma } => format!("RBF, gamma {gamma:.6}"),
        Kernel::Polynomial { degree, gamma, coef0 } => {
            format!("polynomial, degree {degree}, gamma {gamma:.6}, coef0 {coef0}")
        }
        Kernel::Sigmoid { gamma, coef0 } => format!("sigmoid, gamma {gamma:.6}, coef0 {coef0}"),
    }
}

fn quality(out: &mut String, training: &Training, held_out: &Evaluation) -> fmt::Result {
    writeln!(out, "\n## Quality on held-out folds\n")?;
    writeln!(
        out,
        "Each row was predicted by a model that was trained without its fold, one of {} stratified ones.\n",
        training.folds
    )?;
    figures(out, held_out)
}

/// The tables of an evaluation, and its plots.
fn figures(out: &mut String, evaluation: &Evaluation) -> fmt::Result {
    let metrics = &evaluation.metrics;
    writeln!(out, "| accuracy | macro F1 | log-loss | Brier | calibration error |\n|---|---|---|---|---|")?;
    writeln!(
        out,
        "| {:.4} | {:.4} | {:.4} | {:.4} | {:.4} |\n",
        metrics.accuracy, metrics.macro_f1, metrics.log_loss, metrics.brier, metrics.calibration_error
    )?;
    writeln!(out, "| class | rows | precision | recall | F1 |\n|---|---|---|---|---|")?;
    for class in &evaluation.classes {
        writeln!(
            out,
            "| {} | {} | {:.4} | {:.4} | {:.4} |",
            escape(&class.class),
            class.rows,
            class.precision,
            class.recall,
            class.f1
        )?;
    }
    writeln!(out)?;
    for (name, what) in [
        ("confusion", "Confusion matrix"),
        ("reliability", "Reliability diagram"),
        ("class-metrics", "Precision, recall and F1 by class"),
    ] {
        writeln!(out, "![{what}]({}/{name}.svg)", Card::FOLDER)?;
    }
    Ok(())
}

fn distribution(out: &mut String, artifact: &Artifact) -> fmt::Result {
    writeln!(out, "\n## Training distribution\n")?;
    writeln!(out, "![Training rows by class]({}/class-sizes.svg)\n", Card::FOLDER)?;
    ranges(out, &artifact.content)
}

fn ranges(out: &mut String, content: &Content) -> fmt::Result {
    writeln!(out, "| feature | least | mean | deviation | most |\n|---|---|---|---|---|")?;
    for (name, feature) in content.features.iter().zip(&content.distribution) {
        let numbers = [feature.min, feature.mean, feature.deviation, feature.max].map(figure);
        writeln!(out, "| {} | {} |", escape(name), numbers.join(" | "))?;
    }
    Ok(())
}

/// Four decimals, or as many digits where these say nothing.
fn figure(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        1e-3..1e7 => format!("{number:.4}"),
        _ => format!("{number:.4e}"),
    }
}

fn limits(out: &mut String, artifact: &Artifact, held_out: &Evaluation) -> fmt::Result {
    writeln!(out, "\n## Limits\n")?;
    writeln!(out, "- It knows these classes only: a row of another kind gets the probabilities of these.")?;
    writeln!(out, "- A row far from the training rows is scored all the same, and its probabilities mean little.")?;
    writeln!(out, "- The probabilities suppose that classes are as frequent as in the training data.")?;
    writeln!(out, "- Values must be finite numbers in the units of the training data; nothing is filled in.")?;
    writeln!(
        out,
        "- Held-out rows are from the same file: what changed since it was made is not in the figures. Where options were chosen by such figures, these look a little better than they are."
    )?;
    few_rows(out, held_out)?;
    let constant = artifact.content.features.iter().zip(&artifact.content.distribution);
    for (name, _) in constant.filter(|(_, feature)| feature.min == feature.max) {
        writeln!(out, "- Feature {} is constant in the training data: nothing was learnt from it.", escape(name))?;
    }
    Ok(())
}

fn few_rows(out: &mut String, evaluation: &Evaluation) -> fmt::Result {
    for class in evaluation.classes.iter().filter(|class| class.rows < FEW_ROWS) {
        writeln!(out, "- Class {} has {} rows: its figures are rough.", escape(&class.class), class.rows)?;
    }
    Ok(())
}

fn names(names: &[String]) -> String {
    names.iter().map(|name| escape(name)).collect::<Vec<_>>().join(", ")
}

/// A name as it may stand in a table.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '|' | '<' | '*' | '`' | '[' | '\\' => escaped.extend(['\\', character]),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_a_table() {
        assert_eq!(escape("a|b\n<c>"), "a\\|b \\<c>");
    }

    #[test]
    fn figures_keep_their_digits() {
        assert_eq!([0.0, 5.84333, -1e-7, 123_456_789.0].map(figure), ["0", "5.8433", "-1.0000e-7", "1.2346e8"]);
    }
}
