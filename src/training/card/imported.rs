//! The card of a model that was trained elsewhere: only what its file says, and what was measured.

use std::fmt::{self, Write};

use super::figures;
use super::parts::{bounds, few_rows, head, kernel, ranges, rules};
use super::words::{escape, figure};
use crate::model::{Artifact, Content, Decider, Import, ImportSource, Output, Pipeline, Predictor, Svm};
use crate::training::evaluation::Evaluation;

pub(super) fn write(
    out: &mut String,
    artifact: &Artifact,
    import: &Import,
    measured: Option<&Evaluation>,
) -> fmt::Result {
    let content = &artifact.content;
    head(out, artifact)?;
    let source = match import.source {
        ImportSource::Libsvm => "a libsvm model file",
        ImportSource::ScikitLearn => "an export from scikit-learn",
    };
    writeln!(out, "| imported from | {source}, SHA-256 `{}` |", import.file_sha256)?;
    match &import.reference {
        Some(rows) => writeln!(out, "| reference rows | {} rows, SHA-256 `{}` |", rows.rows, rows.data_sha256)?,
        None => writeln!(out, "| reference rows | none |")?,
    }
    writeln!(out, "| training data | not known: such a file does not name it |")?;
    parameters(out, content)?;
    quality(out, import, measured)?;
    if !content.distribution.is_empty() {
        writeln!(out, "\n## Distribution of the reference rows\n")?;
        ranges(out, content)?;
    }
    limits(out, content, measured)
}

fn parameters(out: &mut String, content: &Content) -> fmt::Result {
    writeln!(out, "\n## Parameters\n")?;
    match &content.predictor {
        Predictor::Svm(svm) => of_pairs(out, content, svm),
        Predictor::Pipelines(pipelines) => {
            if let [_, _, ..] = pipelines.as_slice() {
                writeln!(out, "The mean of {} pipelines, each with its own machine.\n", pipelines.len())?;
            }
            writeln!(out, "| | |\n|---|---|")?;
            pipelines.iter().try_for_each(|pipeline| of_pipeline(out, pipeline))
        }
    }
}

fn of_pipeline(out: &mut String, pipeline: &Pipeline) -> fmt::Result {
    let (machine, of) = match &pipeline.machine {
        Decider::Pairs(svm) => ("a support vector machine per class pair", Some((svm.kernel, &svm.support_vectors))),
        Decider::Kernel(machine) => ("a support vector machine", Some((machine.kernel, &machine.support_vectors))),
        Decider::Linear(_) => ("a linear machine", None),
    };
    let ending = match &pipeline.output {
        Output::Coupled => "a sigmoid for each pair, pairwise coupling",
        Output::Logistic => "the logistic function",
        Output::Softmax => "the softmax function",
        Output::OneVsRest => "the logistic function for each class",
        Output::Calibrated(_) => "calibrated probabilities",
        Output::Margins => "margins",
        Output::Value | Output::Score => "its decision value",
    };
    if let Some(columns) = pipeline.layers.last().map(Vec::len) {
        writeln!(out, "| columns made of the features | {columns} |")?;
    }
    writeln!(out, "| machine | {machine}; {ending} |")?;
    of.map_or(Ok(()), |(found, vectors)| {
        writeln!(out, "| kernel | {} |\n| support vectors | {} |", kernel(found), vectors.len())
    })
}

fn of_pairs(out: &mut String, content: &Content, svm: &Svm) -> fmt::Result {
    let scaled = svm.scaler.mean.iter().any(|mean| *mean != 0.0) || svm.scaler.scale.iter().any(|scale| *scale != 1.0);
    writeln!(
        out,
        "One support vector machine per class pair on {}, a sigmoid for each, pairwise coupling.\n",
        if scaled { "scaled features" } else { "the features as they are" }
    )?;
    writeln!(out, "| | |\n|---|---|")?;
    writeln!(out, "| kernel | {} |", kernel(svm.kernel))?;
    writeln!(out, "| support vectors | {} |", svm.support_vectors.len())?;
    for (class, vectors) in content.classes.iter().zip(vectors_of_classes(svm, content.classes.len())) {
        writeln!(out, "| of these, of class {} | {vectors} |", escape(class))?;
    }
    writeln!(out, "| C, folds, seed | not known: such a file does not name them |")?;
    if scaled {
        writeln!(out, "\n| feature | is taken away | is divided by |\n|---|---|---|")?;
        for ((name, mean), scale) in content.features.iter().zip(&svm.scaler.mean).zip(&svm.scaler.scale) {
            writeln!(out, "| {} | {} | {} |", escape(&name.name), figure(*mean), figure(*scale))?;
        }
    }
    Ok(())
}

/// How many support vectors each class has. A vector that occurs in two classes counts in both.
fn vectors_of_classes(svm: &Svm, classes: usize) -> Vec<usize> {
    let mut is_of = vec![vec![false; svm.support_vectors.len()]; classes];
    for pair in &svm.pairs {
        for &(vector, coefficient) in &pair.coefficients {
            let class = if coefficient > 0.0 { pair.positive } else { pair.negative };
            is_of[class][vector] = true;
        }
    }
    is_of.iter().map(|vectors| vectors.iter().filter(|is_of| **is_of).count()).collect()
}

fn quality(out: &mut String, import: &Import, measured: Option<&Evaluation>) -> fmt::Result {
    writeln!(out, "\n## Quality\n")?;
    match measured {
        Some(evaluation) => {
            writeln!(
                out,
                "Measured on the {} reference rows. Where the model was trained on them, it looks better than it is.\n",
                evaluation.rows
            )?;
            figures::write(out, evaluation)
        }
        None => {
            let has = if import.reference.is_some() { "rows without their classes" } else { "no rows" };
            writeln!(
                out,
                "Not measured: the import was given {has}. `rowscore import --data FILE --label COLUMN` measures it on \
                 rows whose classes are known, `rowscore evaluate` at any time."
            )
        }
    }
}

fn limits(out: &mut String, content: &Content, measured: Option<&Evaluation>) -> fmt::Result {
    writeln!(out, "\n## Limits\n")?;
    bounds(out, content.predictor.kind())?;
    rules(out, &content.features)?;
    if content.distribution.is_empty() {
        writeln!(out, "- It came without reference rows: there is nothing to measure drift against.")?;
    }
    measured.map_or(Ok(()), |evaluation| few_rows(out, evaluation))
}
