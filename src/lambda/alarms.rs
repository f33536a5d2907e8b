//! Which figures mean that something is wrong. The alarm of the template goes off at any of them; the word for it is in
//! the line of the log, and docs/RUNNING.md says of each what it means.

/// A figure: its name, and what it is; `None`: nothing to say.
pub(super) type Figure = (&'static str, Option<f64>);

/// A figure, what of it is a trouble, and the word for that.
type Sign = (&'static str, fn(f64) -> bool, &'static str);

const SIGNS: [Sign; 15] = [
    ("HopsFailed", any, "hop_failed"),
    ("RunsFailed", any, "run_failed"),
    ("EventsRefused", any, "event_refused"),
    ("WakesFailed", any, "wake_failed"),
    ("CanarySucceeded", |succeeded| succeeded < 1.0, "canary_failed"),
    ("DeadLetters", any, "dead_letters"),
    ("DeadLettersUnseen", any, "dead_letters_unseen"),
    ("SpareSeconds", |spare| spare < 0.0, "late"),
    ("ForecastSpareSeconds", |spare| spare < 0.0, "will_be_late"),
    ("DriftRatio", |ratio| ratio >= 1.0, "drifted"),
    ("ClassDriftRatio", |ratio| ratio >= 1.0, "classes_drifted"),
    ("QualityMissed", any, "quality_missed"),
    ("TruthMissing", any, "truth_missing"),
    ("TellingsFailed", any, "not_told"),
    ("TellingsGivenUp", any, "never_told"),
];

fn any(count: f64) -> bool {
    count > 0.0
}

/// The words for what is wrong by these figures.
pub(super) fn troubles(figures: &[(&str, f64)]) -> Vec<&'static str> {
    let is_so = |&&(name, is_trouble, _): &&Sign| figures.iter().any(|&(of, value)| of == name && is_trouble(value));
    SIGNS.iter().filter(is_so).map(|&(_, _, word)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_as_it_should_be_is_no_trouble() {
        let well = [("HopsFailed", 0.0), ("CanarySucceeded", 1.0), ("SpareSeconds", 0.0), ("DriftRatio", 0.999)];
        assert_eq!(troubles(&well), Vec::<&str>::new());
        let bad = [("SpareSeconds", -1.0), ("DriftRatio", 1.0), ("RowsFailed", 7.0)];
        assert_eq!(troubles(&bad), ["late", "drifted"]);
    }

    #[test]
    fn the_document_has_a_line_for_each_word_and_no_other() {
        let document = include_str!("../../docs/RUNNING.md");
        let table = document.split("| trouble |").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
        let mut said: Vec<&str> =
            table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        let mut words = SIGNS.map(|(_, _, word)| word);
        said.sort_unstable();
        words.sort_unstable();
        assert_eq!(said, words);
    }
}
