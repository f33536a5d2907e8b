//! The card of a model that was trained here.

use std::fmt::{self, Write};

use super::parts::{FOLDER, escape, few_rows, figures, head, kernel, ranges};
use crate::model::{Artifact, ClassWeights, Gamma, Kernel, Outcome, Training};
use crate::training::evaluation::Evaluation;

pub(super) fn write(out: &mut String, artifact: &Artifact, training: &Training, held_out: &Evaluation) -> fmt::Result {
    head(out, artifact)?;
    writeln!(out, "| training data | {} rows, SHA-256 `{}` |", training.rows, training.data_sha256)?;
    parameters(out, artifact, training)?;
    quality(out, training, held_out)?;
    distribution(out, artifact)?;
    limits(out, artifact, held_out)
}

fn parameters(out: &mut String, artifact: &Artifact, training: &Training) -> fmt::Result {
    let Some(svm) = artifact.content.predictor.svm() else { return Ok(()) };
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
        Outcome::StepsExhausted => "**not optimal**",
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
        "| solver | {outcome} ({:e}): largest violation {:.1e} after at most {} steps |",
        options.tolerance, convergence.kkt_gap, convergence.steps
    )
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

fn distribution(out: &mut String, artifact: &Artifact) -> fmt::Result {
    writeln!(out, "\n## Training distribution\n")?;
    writeln!(out, "![Training rows by class]({}/class-sizes.svg)\n", FOLDER)?;
    ranges(out, &artifact.content)
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
        writeln!(
            out,
            "- Feature {} is constant in the training data: nothing was learnt from it.",
            escape(&name.name)
        )?;
    }
    Ok(())
}
