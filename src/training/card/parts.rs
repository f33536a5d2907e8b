//! What the cards of trained and of imported models have in common.

use std::fmt::{self, Write};

use super::words::{escape, figure};
use crate::model::{
    About, Artifact, Category, Cell, Content, Feature, FeatureDistribution, FeatureKind, Kernel, PredictionKind,
    Purpose, Rule,
};
use crate::training::evaluation::{ClassQuality, Evaluation};

/// The figures of a class with fewer rows than this are rough.
const FEW_ROWS: usize = 30;

/// So many categories are named.
const NAMED: usize = 10;

/// The title, and the first rows of the table below it.
pub(super) fn head(out: &mut String, artifact: &Artifact) -> fmt::Result {
    let content = &artifact.content;
    let label = escape(&content.label);
    writeln!(out, "# Model card: {label}\n")?;
    writeln!(out, "Made by rowscore {}, with the artifact; not to be edited by hand.\n", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "| | |\n|---|---|")?;
    writeln!(out, "| version | `{}` |", artifact.version.digest())?;
    let About { name, purpose } = &content.about;
    if let Some(name) = name {
        writeln!(out, "| name | {} |", escape(name))?;
    }
    if *purpose == Purpose::Sample {
        writeln!(
            out,
            "| purpose | a sample, which scores only the sample items of `rowscore init --rows`, unless told otherwise |"
        )?;
    }
    let classes = names(content.classes.iter().map(String::as_str));
    let predicts = match content.predictor.kind() {
        PredictionKind::Probabilities => format!("the probability of each class of `{label}`: {classes}"),
        PredictionKind::Margins => format!("a margin for each class of `{label}`, the largest is the class: {classes}"),
        PredictionKind::Value => format!("the number `{label}`"),
        PredictionKind::Score => format!("how usual a row is: above 0 {}", classes.replace(", ", ", else ")),
    };
    writeln!(out, "| predicts | {predicts} |")?;
    let features = names(content.features.iter().map(|feature| feature.name.as_str()));
    writeln!(out, "| from | {} features: {features} |", content.features.len())
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

/// How the values of each feature are spread.
pub(super) fn ranges(out: &mut String, content: &Content) -> fmt::Result {
    let features = || content.features.iter().zip(&content.distribution);
    let has = |wanted: fn(&FeatureKind) -> bool| features().any(|(feature, _)| wanted(&feature.kind));
    if has(|kind| *kind == FeatureKind::Number) {
        numbers(out, features().filter(|(feature, _)| feature.kind == FeatureKind::Number))?;
    }
    if has(|kind| matches!(kind, FeatureKind::Category { .. })) {
        writeln!(out, "\n| category | most frequent | gaps |\n|---|---|---|")?;
        for (feature, found) in features() {
            if let FeatureKind::Category { categories, .. } = &feature.kind {
                writeln!(out, "| {} | {} | {} |", escape(&feature.name), frequent(categories, found), gaps(found))?;
            }
        }
    }
    if has(|kind| *kind == FeatureKind::Moment) {
        writeln!(out, "\n| date or time | first | last | gaps |\n|---|---|---|---|")?;
        for (feature, found) in features().filter(|(feature, _)| feature.kind == FeatureKind::Moment) {
            let [first, last] = [found.min, found.max].map(|seconds| moment(feature, seconds));
            writeln!(out, "| {} | {first} | {last} | {} |", escape(&feature.name), gaps(found))?;
        }
    }
    Ok(())
}

fn numbers<'c>(
    out: &mut String,
    features: impl Iterator<Item = (&'c Feature, &'c FeatureDistribution)> + Clone,
) -> fmt::Result {
    let has_gaps = features.clone().any(|(_, found)| found.gaps > 0.0);
    let (head, line) = if has_gaps { (" gaps |", "---|") } else { ("", "") };
    writeln!(out, "| feature | least | mean | deviation | most |{head}\n|---|---|---|---|---|{line}")?;
    for (feature, found) in features {
        let figures = [found.min, found.mean, found.deviation, found.max].map(figure).join(" | ");
        let gaps = if has_gaps { format!(" {} |", gaps(found)) } else { String::new() };
        writeln!(out, "| {} | {figures} |{gaps}", escape(&feature.name))?;
    }
    Ok(())
}

/// Date and time as a row has them.
fn moment(feature: &Feature, seconds: f64) -> String {
    match feature.cell(seconds) {
        Some(Cell::Text(text)) => text,
        _ => String::new(),
    }
}

fn gaps(found: &FeatureDistribution) -> String {
    format!("{:.1} %", 100.0 * found.gaps)
}

/// The most frequent categories with their shares.
fn frequent(categories: &[Category], found: &FeatureDistribution) -> String {
    let name = |category: &Category| match category {
        Category::Number(number) => number.to_string(),
        Category::Text(text) => escape(text),
    };
    // Of many categories the distribution has deciles, and no shares.
    if found.shares.len() != categories.len() + 1 {
        return format!("{} categories", categories.len());
    }
    let mut named: Vec<(String, f64)> = categories.iter().map(name).zip(found.shares.iter().copied()).collect();
    named.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let mut listed: Vec<String> =
        named.iter().take(NAMED).map(|(name, share)| format!("{name} {:.1} %", 100.0 * share)).collect();
    if named.len() > NAMED {
        listed.push(format!("{} more", named.len() - NAMED));
    }
    listed.join(", ")
}

/// What a prediction of this kind cannot say.
pub(super) fn bounds(out: &mut String, kind: PredictionKind) -> fmt::Result {
    match kind {
        PredictionKind::Probabilities => {
            writeln!(out, "- It knows these classes only: a row of another kind gets the probabilities of these.")?;
            writeln!(
                out,
                "- A row far from the training rows is scored all the same, and its probabilities mean little."
            )?;
            writeln!(out, "- The probabilities suppose that classes are as frequent as in the training data.")
        }
        PredictionKind::Margins => {
            writeln!(out, "- It knows these classes only: a row of another kind gets the margins of these.")?;
            writeln!(out, "- A margin is no probability: it sorts rows, and says nothing about how often it is right.")
        }
        PredictionKind::Value => {
            writeln!(out, "- A row far from the training rows is scored all the same, and its number means little.")
        }
        PredictionKind::Score => {
            writeln!(out, "- Whether a row that is unlike the training rows is bad, it cannot know.")
        }
    }
}

/// What is done with values that are missing or unseen.
pub(super) fn rules(out: &mut String, features: &[Feature]) -> fmt::Result {
    if features.iter().all(Feature::is_plain) {
        return writeln!(
            out,
            "- Values must be finite numbers in the units of the training data; nothing is filled in."
        );
    }
    let of = |taken: Rule| features.iter().filter(move |feature| feature.missing == taken);
    let listed = |rule: Rule| names(of(rule).map(|feature| feature.name.as_str()));
    if of(Rule::Taken).next().is_some() {
        writeln!(out, "- A gap is taken in {}. In all others a row with one is set aside.", listed(Rule::Taken))?;
    } else {
        writeln!(out, "- A row with a gap is set aside.")?;
    }
    let unseen = |feature: &&Feature| matches!(feature.kind, FeatureKind::Category { unseen: Rule::Taken, .. });
    let takes_unseen = names(features.iter().filter(unseen).map(|feature| feature.name.as_str()));
    if !takes_unseen.is_empty() {
        writeln!(out, "- A category that it does not know is taken in {takes_unseen}, as the pipeline has it.")?;
    }
    writeln!(out, "- Numbers must be finite and in the units of the training data.")
}

pub(super) fn few_rows(out: &mut String, evaluation: &Evaluation) -> fmt::Result {
    let classes: &[ClassQuality] = evaluation.classes().map_or(&[], |details| &details.classes);
    for class in classes.iter().filter(|class| class.rows < FEW_ROWS) {
        writeln!(out, "- Class {} has {} rows: its figures are rough.", escape(&class.class), class.rows)?;
    }
    Ok(())
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(escape).collect::<Vec<_>>().join(", ")
}
