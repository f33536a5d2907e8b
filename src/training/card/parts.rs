//! What the cards of trained and of imported models have in common.

use std::fmt::{self, Write};

use crate::model::{Artifact, Content, Kernel};
use crate::training::evaluation::Evaluation;

/// The folder of the plots, beside the Markdown file.
pub(super) const FOLDER: &str = "model-card";

/// The figures of a class with fewer rows than this are rough.
const FEW_ROWS: usize = 30;

/// The title, and the first rows of the table below it.
pub(super) fn head(out: &mut String, artifact: &Artifact) -> fmt::Result {
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

pub(super) fn kernel(kernel: Kernel) -> String {
    match kernel {
        Kernel::Linear => "linear".to_owned(),
        Kernel::Rbf { gamma } => format!("RBF, gamma {gamma:.6}"),
        Kernel::Polynomial { degree, gamma, coef0 } => {
            format!("polynomial, degree {degree}, gamma {gamma:.6}, coef0 {coef0}")
        }
        Kernel::Sigmoid { gamma, coef0 } => format!("sigmoid, gamma {gamma:.6}, coef0 {coef0}"),
    }
}

/// The tables of an evaluation, and its plots.
pub(super) fn figures(out: &mut String, evaluation: &Evaluation) -> fmt::Result {
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
        writeln!(out, "![{what}]({}/{name}.svg)", FOLDER)?;
    }
    Ok(())
}

pub(super) fn ranges(out: &mut String, content: &Content) -> fmt::Result {
    writeln!(out, "| feature | least | mean | deviation | most |\n|---|---|---|---|---|")?;
    for (name, feature) in content.features.iter().zip(&content.distribution) {
        let numbers = [feature.min, feature.mean, feature.deviation, feature.max].map(figure);
        writeln!(out, "| {} | {} |", escape(&name.name), numbers.join(" | "))?;
    }
    Ok(())
}

/// Four decimals; very small and very large numbers in scientific notation.
pub(super) fn figure(number: f64) -> String {
    match number.abs() {
        0.0 => "0".into(),
        1e-3..1e7 => format!("{number:.4}"),
        _ => format!("{number:.4e}"),
    }
}

pub(super) fn few_rows(out: &mut String, evaluation: &Evaluation) -> fmt::Result {
    for class in evaluation.classes.iter().filter(|class| class.rows < FEW_ROWS) {
        writeln!(out, "- Class {} has {} rows: its figures are rough.", escape(&class.class), class.rows)?;
    }
    Ok(())
}

fn names(names: &[impl AsRef<str>]) -> String {
    names.iter().map(|name| escape(name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// A name as it may stand in a table.
pub(super) fn escape(name: &str) -> String {
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
