//! The figures of an evaluation as tables.

use std::fmt::{self, Write};

use super::words::{FOLDER, escape, figure};
use crate::training::evaluation::{ClassDetails, Details, Evaluation, Quantiles, ScoreDetails, ValueDetails, figures};

/// The tables of an evaluation, and its plots.
pub(super) fn write(out: &mut String, evaluation: &Evaluation) -> fmt::Result {
    let named = figures(&evaluation.quality);
    let join = |cells: Vec<String>| cells.join(" | ");
    writeln!(out, "| {} |", join(named.iter().map(|(name, _)| (*name).to_owned()).collect()))?;
    writeln!(out, "|{}", "---|".repeat(named.len()))?;
    writeln!(out, "| {} |\n", join(named.iter().map(|(_, figure)| format!("{figure:.4}")).collect()))?;
    match &evaluation.details {
        Details::Classes(details) => of_classes(out, details),
        Details::Values(details) => of_values(out, details),
        Details::Scores(details) => of_scores(out, details),
    }
}

fn of_classes(out: &mut String, details: &ClassDetails) -> fmt::Result {
    let baseline = &details.baseline;
    writeln!(
        out,
        "Whoever always says the most frequent class has an accuracy of {:.4}, and with the shares of the classes a \
         log-loss of {:.4}.\n",
        baseline.accuracy, baseline.log_loss
    )?;
    if let (Some(ranking), [_, positive]) = (&details.ranking, details.classes.as_slice()) {
        writeln!(
            out,
            "Sorted by {}: area under the ROC curve {:.4}, average precision {:.4} (by chance 0.5 and {:.4}).\n",
            escape(&positive.class),
            ranking.roc_auc,
            ranking.average_precision,
            positive.rows as f64 / details.classes.iter().map(|class| class.rows).sum::<usize>() as f64
        )?;
    }
    writeln!(out, "| class | rows | precision | recall | F1 |\n|---|---|---|---|---|")?;
    for class in &details.classes {
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
        if name != "reliability" || !details.reliability.is_empty() {
            writeln!(out, "![{what}]({FOLDER}/{name}.svg)")?;
        }
    }
    Ok(())
}

fn of_values(out: &mut String, details: &ValueDetails) -> fmt::Result {
    let baseline = &details.baseline;
    writeln!(
        out,
        "Whoever always says the mean, {}, is off by {} on average (root mean square {}).\n",
        figure(baseline.value),
        figure(baseline.mean_absolute_error),
        figure(baseline.root_mean_squared_error)
    )?;
    writeln!(out, "The true number minus the predicted one:\n")?;
    quantiles(out, &details.residuals)
}

fn of_scores(out: &mut String, details: &ScoreDetails) -> fmt::Result {
    if let (Some(accuracy), Some(ranking)) = (details.accuracy, &details.ranking) {
        writeln!(out, "Told apart rightly {accuracy:.4}, area under the ROC curve {:.4}.\n", ranking.roc_auc)?;
    }
    writeln!(out, "The scores:\n")?;
    quantiles(out, &details.scores)
}

fn quantiles(out: &mut String, quantiles: &Quantiles) -> fmt::Result {
    let Quantiles { least, p05, p25, median, p75, p95, most } = *quantiles;
    writeln!(out, "| least | 5 % | 25 % | median | 75 % | 95 % | most |\n|---|---|---|---|---|---|---|")?;
    writeln!(out, "| {} |", [least, p05, p25, median, p75, p95, most].map(figure).join(" | "))
}
