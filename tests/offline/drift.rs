//! Drift: what is not shifted raises no alarm, in runs of any size, and what is shifted does.

use rand_mt::Mt64;
use rowscore::drift::{Counter, Profile, Report};
use rowscore::model::{self, Model};

/// The rows that the embedded model was trained on.
fn iris() -> Vec<Vec<f64>> {
    let lines = include_str!("../../model/iris.csv").lines().skip(1);
    lines.map(|line| line.split(',').take(4).map(|value| value.parse().unwrap()).collect()).collect()
}

/// A run over `size` rows drawn at random, each feature moved by `shift` standard deviations.
fn run(model: &Model, rows: &[Vec<f64>], size: usize, shift: f64, random: &mut Mt64) -> Profile {
    let distribution = &model.artifact().content.distribution;
    let mut counter = Counter::new(model);
    let (mut scorer, mut probabilities) = (model.scorer(), vec![0.0; 3]);
    let mut counted = Vec::with_capacity(4 * size);
    for _ in 0..size {
        let row = &rows[(random.next_u64() % rows.len() as u64) as usize];
        let moved: Vec<f64> =
            row.iter().zip(distribution).map(|(value, feature)| value + shift * feature.deviation).collect();
        counted.extend_from_slice(&moved);
        // Scoring is the slow part, and thousands of rows tell the same.
        if size < 1000 {
            scorer.score(&moved, &mut probabilities).unwrap();
            counter.predictions(&probabilities);
        }
    }
    counter.rows(&counted);
    counter.finish()
}

const RUNS: usize = 100;

#[test]
fn of_a_hundred_runs_that_are_not_shifted_none_raises_the_alarm() {
    let (model, rows, mut random) = (model::embedded().unwrap(), iris(), Mt64::new(1));
    for size in [30, 300, 3000, 65_322] {
        let mut earlier: Vec<Report> = Vec::new();
        for number in 0..RUNS {
            let profile = run(model, &rows, size, 0.0, &mut random);
            let report = Report::of(profile, model, &earlier[earlier.len().saturating_sub(10)..]).unwrap();
            let ratios = report.ratios();
            assert!(ratios.features.unwrap() < 1.0, "run {number} of {size} rows: {report:?}");
            assert!(ratios.classes.is_none_or(|ratio| ratio < 1.0), "run {number} of {size} rows: {report:?}");
            earlier.push(report);
        }
    }
}

#[test]
fn of_a_hundred_runs_shifted_by_half_a_standard_deviation_each_raises_the_alarm() {
    let (model, rows, mut random) = (model::embedded().unwrap(), iris(), Mt64::new(2));
    for size in [300, 3000, 65_322] {
        for number in 0..RUNS {
            let report = Report::of(run(model, &rows, size, 0.5, &mut random), model, &[]).unwrap();
            assert!(report.ratios().features.unwrap() >= 1.0, "run {number} of {size} rows: {report:?}");
        }
    }
}

#[test]
fn classes_that_come_in_other_shares_raise_their_alarm() {
    let (model, rows, mut random) = (model::embedded().unwrap(), iris(), Mt64::new(3));
    let usual: Vec<Report> =
        (0..10).map(|_| Report::of(run(model, &rows, 300, 0.0, &mut random), model, &[]).unwrap()).collect();
    // Iris lists its classes one after the other: of the first a third as many as usual.
    let other = Report::of(run(model, &rows[35..], 300, 0.0, &mut random), model, &usual).unwrap();
    assert!(other.ratios().classes.unwrap() >= 1.0, "{other:?}");
}

#[test]
fn a_run_of_nothing_has_no_figures() {
    let model = model::embedded().unwrap();
    assert_eq!(Report::of(Profile::empty(model), model, &[]), None);
}

#[test]
fn without_earlier_runs_the_classes_are_compared_with_nothing() {
    let (model, rows) = (model::embedded().unwrap(), iris());
    let report = Report::of(run(model, &rows, 30, 0.0, &mut Mt64::new(4)), model, &[]).unwrap();
    assert_eq!((report.rows, report.class_drift.clone(), report.drift.len()), (30, None, 4));
}
