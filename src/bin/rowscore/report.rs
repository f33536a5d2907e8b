//! What predictions are, and what a backfill changes, in words.

use rowscore::run::Backfill;
use rowscore::store::key::Key;
use rowscore::words::{count, items};

/// A key as an argument of a command, in a shell.
pub(crate) fn argument(key: &Key) -> String {
    let text = key.to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.,:".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Like `setosa 0.9712, versicolor 0.0250, virginica 0.0038`: the most probable class first.
pub(crate) fn probabilities<'c>(of_classes: impl Iterator<Item = (&'c str, f64)>) -> String {
    let mut named: Vec<_> = of_classes.collect();
    named.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    named.iter().map(|(class, probability)| format!("{class} {probability:.4}")).collect::<Vec<_>>().join(", ")
}

/// Like `would change the class of 412 of 65,322 items (0.63%), a probability by 0.0123 on average`.
pub(crate) fn changes(backfill: &Backfill) -> String {
    let Backfill { dry_run, compared, incomparable, changed_class, mean_absolute_change } = *backfill;
    let verb = if dry_run { "would change" } else { "changes" };
    let mut text = format!("{verb} the class of {} of {}", count(changed_class), items(compared));
    if let Some(mean) = mean_absolute_change {
        let percent = 100.0 * changed_class as f64 / compared as f64;
        text += &format!(" ({percent:.2}%), a probability by {mean:.4} on average");
    }
    if incomparable > 0 {
        text += &format!("; {} old predictions cannot be compared", count(incomparable));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backfill_is_told_in_a_sentence() {
        let backfill = Backfill {
            dry_run: true,
            compared: 2000,
            incomparable: 3,
            changed_class: 50,
            mean_absolute_change: Some(0.0625),
        };
        assert_eq!(
            changes(&backfill),
            "would change the class of 50 of 2,000 items (2.50%), a probability by 0.0625 on average; \
             3 old predictions cannot be compared"
        );
        let nothing =
            Backfill { compared: 0, incomparable: 0, changed_class: 0, mean_absolute_change: None, ..backfill };
        assert_eq!(changes(&Backfill { dry_run: false, ..nothing }), "changes the class of 0 of 0 items");
    }
}
