//! The card of a model that was trained here.

use std::fmt::{self, Write};

use super::figures;
use super::parts::{bounds, few_rows, head, kernel, ranges, rules};
use super::words::{FOLDER, escape};
use crate::model::{
    Artifact, ClassWeights, Decider, Feature, Gamma, Kernel, LeftOut, Method, Outcome, Predictor, TrainOptions,
    Training,
};
use crate::training::evaluation::Evaluation;

pub(super) fn write(out: &mut String, artifact: &Artifact, training: &Training, held_out: &Evaluation) -> fmt::Result {
    head(out, artifact)?;
    writeln!(out, "| training data | {} rows, SHA-256 `{}` |", training.rows, training.data_sha256)?;
    parameters(out, artifact, training)?;
    quality(out, training, held_out)?;
    distribution(out, artifact, held_out)?;
    limits(out, artifact, held_out)
}

fn parameters(out: &mut String, artifact: &Artifact, training: &Training) -> fmt::Result {
    let options = &training.options;
    writeln!(out, "\n## Parameters\n")?;
    writeln!(out, "{}\n", what(options.method, training.folds))?;
    if !artifact.content.features.iter().all(Feature::is_plain) {
        writeln!(
            out,
            "Before that, gaps in numbers become the median, categories a column each that is 0 or 1, and dates their year, \
             month, weekday and hour where these vary. Where there were gaps, a column says so.\n"
        )?;
    }
    writeln!(out, "| | |\n|---|---|")?;
    options_of(out, artifact, options)?;
    let convergence = &training.convergence;
    let outcome = match convergence.outcome {
        Outcome::Converged => "optimal within the tolerance",
        Outcome::StepsExhausted => "**not optimal**",
    };
    if !matches!(options.method, Method::Linear | Method::Ridge { .. }) {
        writeln!(
            out,
            "| solver | {outcome} ({:e}): largest violation {:.1e} after at most {} steps |",
            options.tolerance, convergence.kkt_gap, convergence.steps
        )?;
    }
    for LeftOut { column, reason } in &training.left_out {
        writeln!(out, "| left out: {} | {reason} |", escape(column))?;
    }
    Ok(())
}

/// What was trained, in words.
fn what(method: Method, folds: usize) -> String {
    match method {
        Method::Svc => format!(
            "One support vector machine per class pair on standardised features, sigmoids on {folds} folds, pairwise coupling."
        ),
        Method::Logistic => "Logistic regression on standardised features.".to_owned(),
        Method::LinearSvc => "One linear support vector machine per class on standardised features.".to_owned(),
        Method::Svr { .. } => "Epsilon-regression by support vectors on standardised features.".to_owned(),
        Method::Linear => "Least squares on standardised features.".to_owned(),
        Method::Ridge { .. } => "Ridge regression on standardised features.".to_owned(),
        Method::OneClass { .. } => "A one-class support vector machine on standardised features.".to_owned(),
    }
}

fn options_of(out: &mut String, artifact: &Artifact, options: &TrainOptions) -> fmt::Result {
    let machine = match &artifact.content.predictor {
        Predictor::Svm(svm) => Some((svm.kernel, svm.support_vectors.len())),
        Predictor::Pipelines(pipelines) => pipelines.first().and_then(|pipeline| match &pipeline.machine {
            Decider::Pairs(svm) => Some((svm.kernel, svm.support_vectors.len())),
            Decider::Kernel(machine) => Some((machine.kernel, machine.support_vectors.len())),
            Decider::Linear(_) => None,
        }),
    };
    if let Some((found, _)) = machine {
        let chosen = match options.kernel {
            Kernel::Rbf { gamma } | Kernel::Polynomial { gamma, .. } | Kernel::Sigmoid { gamma, .. } => match gamma {
                Gamma::Scale => ", gamma by `scale`",
                Gamma::Value(_) => "",
            },
            Kernel::Linear => "",
        };
        writeln!(out, "| kernel | {}{chosen} |", kernel(found))?;
    }
    let weights = match options.class_weights {
        ClassWeights::Equal => "",
        ClassWeights::Balanced => ", times the class's balanced weight",
    };
    match options.method {
        Method::Svc | Method::Logistic | Method::LinearSvc => writeln!(out, "| C | {}{weights} |", options.c)?,
        Method::Svr { epsilon } => writeln!(out, "| C | {} |\n| epsilon | {epsilon} |", options.c)?,
        Method::Ridge { alpha } => writeln!(out, "| alpha | {alpha} |")?,
        Method::OneClass { nu } => writeln!(out, "| nu | {nu} |")?,
        Method::Linear => {}
    }
    writeln!(out, "| seed | {} |", options.seed)?;
    machine.map_or(Ok(()), |(_, vectors)| writeln!(out, "| support vectors | {vectors} |"))
}

fn quality(out: &mut String, training: &Training, held_out: &Evaluation) -> fmt::Result {
    writeln!(out, "\n## Quality on held-out folds\n")?;
    writeln!(
        out,
        "Each row was predicted by a model that was trained without its fold, one of {} {}ones.\n",
        training.folds,
        if held_out.classes().is_some() { "stratified " } else { "" }
    )?;
    figures::write(out, held_out)
}

fn distribution(out: &mut String, artifact: &Artifact, held_out: &Evaluation) -> fmt::Result {
    writeln!(out, "\n## Training distribution\n")?;
    if held_out.classes().is_some() {
        writeln!(out, "![Training rows by class]({FOLDER}/class-sizes.svg)\n")?;
    }
    ranges(out, &artifact.content)
}

fn limits(out: &mut String, artifact: &Artifact, held_out: &Evaluation) -> fmt::Result {
    writeln!(out, "\n## Limits\n")?;
    bounds(out, artifact.content.predictor.kind())?;
    rules(out, &artifact.content.features)?;
    writeln!(
        out,
        "- Held-out rows are from the same file: what changed since it was made is not in the figures. \
         Where options were chosen by such figures, these look a little better than they are."
    )?;
    few_rows(out, held_out)?;
    let constant = artifact.content.features.iter().zip(&artifact.content.distribution);
    for (name, _) in constant.filter(|(_, feature)| feature.min == feature.max && feature.gaps == 0.0) {
        writeln!(
            out,
            "- Feature {} is constant in the training data: nothing was learnt from it.",
            escape(&name.name)
        )?;
    }
    Ok(())
}
