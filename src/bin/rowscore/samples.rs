//! Sample items, distributed like the model's training rows.

use chrono::{DateTime, TimeDelta};
use rand_mt::Mt64;
use rowscore::model::{self, FeatureDistribution, FeatureKind, Model};
use rowscore::window::Time;
use serde_json::json;

/// The time of the sample event, so that its window holds the sample items.
pub(crate) const SAMPLE_TICK: &str = "2026-11-22T15:19:00Z";

/// Decimals of a sample item's values, at most.
const MOST_DECIMALS: usize = 6;

/// What the model's features look like in sample items.
pub(crate) fn features(model: &Model) -> Result<Vec<Feature>, &'static str> {
    let distribution = &model.artifact().content.distribution;
    if distribution.is_empty() {
        return Err(
            "the model was imported without rows, so it is not known what its items look like; insert items of your own",
        );
    }
    Ok(distribution
        .iter()
        .zip(model.features())
        .map(|(distribution, feature)| Feature::new(distribution, feature))
        .collect())
}

/// Items as rows of JSON, created in order over the day before `until`.
pub(crate) fn samples(features: &[Feature], rows: u32, seed: u64, until: Time) -> Vec<(String, Time)> {
    let mut random = Mt64::new(seed);
    let day_s = TimeDelta::days(1).num_seconds();
    (0..rows)
        .map(|row| {
            let values = features.iter().map(|feature| feature.draw(&mut random)).collect::<Vec<_>>().join(", ");
            let before_s = 1 + (day_s - 1) * i64::from(rows - row) / i64::from(rows);
            (format!("[{values}]"), until - TimeDelta::seconds(before_s))
        })
        .collect()
}

/// A feature of sample items, drawn from the bins of the training rows, with as many decimals as they have.
pub(crate) struct Feature {
    kind: FeatureKind,
    /// Share of the rows without a value.
    gaps: f64,
    decimals: usize,
    bins: Vec<Bin>,
}

/// Values from `first` to `last`, in units of the last decimal, for random numbers below `share`.
struct Bin {
    share: f64,
    first: i64,
    last: i64,
}

impl Feature {
    fn new(distribution: &FeatureDistribution, feature: &model::Feature) -> Self {
        let FeatureDistribution { min, max, edges, shares, gaps, .. } = distribution;
        let known = || edges.iter().chain([min, max]);
        let is_exact = |decimals: &usize| known().all(|value| (value * scale(*decimals)).fract().abs() < 1e-6);
        let decimals = (0..MOST_DECIMALS).find(is_exact).unwrap_or(MOST_DECIMALS);
        let units = |value: f64| (value * scale(decimals) + 1e-6).floor() as i64;
        let firsts = std::iter::once(units(*min)).chain(edges.iter().map(|edge| units(*edge) + 1));
        let lasts = edges.iter().chain([max]).map(|edge| units(*edge));
        let ends = shares.iter().scan(0.0, |sum, share| {
            *sum += share;
            Some(*sum)
        });
        // A bin narrower than a unit has one value all the same.
        let bins =
            firsts.zip(lasts).zip(ends).map(|((first, last), share)| Bin { share, first, last: last.max(first) });
        Self { kind: feature.kind.clone(), gaps: *gaps, decimals, bins: bins.collect() }
    }

    /// A value as JSON.
    fn draw(&self, random: &mut Mt64) -> String {
        // What has no gaps draws as many numbers as ever, so that a seed gives the same items.
        if self.gaps > 0.0 && share(random) < self.gaps {
            return "null".into();
        }
        let number = self.draw_number(random);
        match &self.kind {
            FeatureKind::Number => number,
            FeatureKind::Category { categories, .. } => {
                let code = number.parse().unwrap_or(0_usize).min(categories.len().saturating_sub(1));
                categories.get(code).map_or_else(|| "null".into(), |category| json!(category).to_string())
            }
            FeatureKind::Moment => {
                let time = number.parse().ok().and_then(|seconds: f64| DateTime::from_timestamp(seconds as i64, 0));
                time.map_or_else(
                    || "null".into(),
                    |time| json!(time.format("%Y-%m-%dT%H:%M:%S").to_string()).to_string(),
                )
            }
        }
    }

    fn draw_number(&self, random: &mut Mt64) -> String {
        let place = share(random);
        let bin = self.bins.iter().find(|bin| place < bin.share).or(self.bins.last());
        let value =
            bin.map_or(0, |Bin { first, last, .. }| first + (random.next_u64() % (first.abs_diff(*last) + 1)) as i64);
        format!("{:.*}", self.decimals, value as f64 / scale(self.decimals))
    }
}

/// A number from 0 to below 1.
fn share(random: &mut Mt64) -> f64 {
    // The highest 53 bits, all that such a number holds.
    (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

fn scale(decimals: usize) -> f64 {
    (0..decimals).fold(1.0, |scale, _| scale * 10.0)
}

#[cfg(test)]
mod tests {
    use rowscore::drift::{Counter, Report};
    use rowscore::model::TrainOptions;
    use rowscore::training::{Dataset, train};
    use rowscore::values::Reader;

    use super::*;

    fn sample(rows: u32, seed: u64) -> Vec<(String, Time)> {
        samples(&features(model::embedded().unwrap()).unwrap(), rows, seed, SAMPLE_TICK.parse().unwrap())
    }

    #[test]
    fn sample_items_do_not_drift_from_the_training_rows() {
        let model = model::embedded().unwrap();
        for rows in [30, 300, 65_322] {
            let mut counter = Counter::new(model);
            for (values, _) in sample(rows, 1) {
                counter.rows(&serde_json::from_str::<Vec<f64>>(&values).unwrap());
            }
            let ratio = Report::of(counter.finish(), model, &[]).unwrap().ratios().features.unwrap();
            assert!(ratio < 0.5, "{rows} rows: {ratio}");
        }
    }

    #[test]
    fn sample_items_are_written_as_the_training_rows_are() {
        let (values, _) = &sample(1, 1)[0];
        let decimals = |number: &str| number.split_once('.').map(|(_, decimals)| decimals.len());
        assert!(values.trim_matches(['[', ']']).split(", ").all(|number| decimals(number) == Some(1)), "{values}");
    }

    #[test]
    fn samples_of_categories_moments_and_gaps_are_such_as_the_model_takes() {
        let rows = (0..60).map(|row| {
            let (plan, day) = (["free", "a \"pro\""][row % 2], 1 + row % 28);
            let age = if row % 5 == 0 { String::new() } else { (20 + row % 37).to_string() };
            format!("{age},\"{}\",2024-03-{day:02},{}", plan.replace('"', "\"\""), ["yes", "no"][row % 3 / 2])
        });
        let csv = std::iter::once("age,plan,since,left".to_owned()).chain(rows).collect::<Vec<_>>().join("\n");
        let data = Dataset::from_csv(csv.as_bytes(), "left").unwrap();
        let model = Model::new(train(&data, &TrainOptions::default(), |_| ()).unwrap()).unwrap();
        let items = samples(&features(&model).unwrap(), 300, 1, SAMPLE_TICK.parse().unwrap());
        let (reader, mut row) = (Reader::of(&model), Vec::new());
        let mut counter = Counter::new(&model);
        for (values, _) in &items {
            reader.read(values.as_bytes(), &mut row).unwrap_or_else(|reason| panic!("{values}: {reason:?}"));
            counter.rows(&row);
        }
        for part in ["null", r#""a \"pro\"""#, r#""2024-03-1"#] {
            assert!(items.iter().any(|(values, _)| values.contains(part)), "{part}: {:?}", &items[..5]);
        }
        assert!(Report::of(counter.finish(), &model, &[]).unwrap().ratios().features.unwrap() < 1.0);
    }

    #[test]
    fn the_same_seed_makes_the_same_items_and_another_makes_others() {
        assert_eq!(sample(100, 7), sample(100, 7));
        assert_ne!(sample(100, 7), sample(100, 8));
    }

    #[test]
    fn sample_items_are_created_in_order_on_the_day_before() {
        let until: Time = SAMPLE_TICK.parse().unwrap();
        let times: Vec<Time> = sample(1000, 7).into_iter().map(|(_, created)| created).collect();
        assert!(times.is_sorted());
        assert!(until - TimeDelta::days(1) <= times[0] && times[999] < until);
    }

    #[test]
    fn the_default_time_is_that_of_the_sample_event() {
        let event: serde_json::Value = serde_json::from_str(include_str!("../../../events/schedule.json")).unwrap();
        assert_eq!(event["time"], SAMPLE_TICK);
    }
}
