//! Whatever stands in a file: it is refused with a sentence, or makes a model that scores that very file.

use proptest::prelude::*;
use rowscore::model::{Method, Model, TrainOptions};
use rowscore::training::{Dataset, Reading, Rows, Task, score_lines, train};

/// A field as people, spreadsheets and programs write them.
fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "-?[0-9]{1,3}(\\.[0-9]{1,2})?",
        4 => prop_oneof![Just("red"), Just("green"), Just("7"), Just("true"), Just("2026-11-28"), Just("12:30")]
            .prop_map(str::to_owned),
        2 => prop_oneof![Just(""), Just("NA"), Just("?"), Just("null"), Just("0000-00-00")].prop_map(str::to_owned),
        1 => prop_oneof![Just("1e308"), Just("-1e308"), Just("inf"), Just("1e-320"), Just("9999-12-31")]
            .prop_map(str::to_owned),
        1 => "[^\"\\r\\n]{0,5}",
    ]
}

/// A file of a few columns. Each is drawn from a few fields, so that there are columns of one kind.
fn file() -> impl Strategy<Value = String> {
    let column = prop::collection::vec(field(), 1..6);
    let columns = prop::collection::vec(column, 2..5);
    let picks = prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 5), 0..24);
    (columns, picks, prop_oneof![Just(","), Just(";"), Just("\t")]).prop_map(|(columns, picks, delimiter)| {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let header: Vec<String> = (0..columns.len()).map(|column| format!("c{column}")).collect();
        let row = |picks: &Vec<prop::sample::Index>| {
            let fields = columns.iter().zip(picks).map(|(fields, pick)| quoted(pick.get::<String>(fields)));
            fields.collect::<Vec<_>>().join(delimiter)
        };
        [header.join(delimiter)].into_iter().chain(picks.iter().map(row)).map(|line| line + "\n").collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_is_refused_or_makes_a_model_that_scores_it(csv in file(), with_label in any::<bool>()) {
        let Ok(data) = Dataset::read(csv.as_bytes(), &Reading::of(with_label.then_some("c0"))) else { return Ok(()) };
        let method = match data.task() {
            Task::Classification => Method::Logistic,
            Task::Regression => Method::Ridge { alpha: 1.0 },
            Task::OneClass => Method::OneClass { nu: 0.5 },
        };
        let Ok(artifact) = train(&data, &TrainOptions { method, ..TrainOptions::default() }, |_| ()) else {
            return Ok(());
        };
        let model = Model::new(artifact).unwrap();
        model.check_golden_rows().unwrap();
        let rows: Vec<_> = Rows::new(csv.as_bytes(), model.features()).unwrap().collect::<Result<_, _>>().unwrap();
        let bits = |row: &[f64]| row.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        prop_assert!(rows.iter().zip(data.rows()).all(|(read, known)| bits(&read.values) == bits(known)), "{csv}");
        let outputs = score_lines(&model, &mut model.scorer(), &rows).unwrap();
        prop_assert!(outputs.iter().all(|number| number.is_finite()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Dataset::read(bytes.as_slice(), &Reading::of(None));
    }
}
