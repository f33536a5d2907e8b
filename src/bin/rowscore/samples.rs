//! Sample items, distributed like the model's training rows.

use chrono::TimeDelta;
use rand_mt::Mt64;
use rowscore::model::{FeatureDistribution, Model};
use rowscore::window::Time;

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
    Ok(distribution.iter().map(Feature::new).collect())
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
    fn new(distribution: &FeatureDistribution) -> Self {
        let FeatureDistribution { min, max, edges, shares, .. } = distribution;
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
        Self { decimals, bins: bins.collect() }
    }

    fn draw(&self, random: &mut Mt64) -> String {
        // The highest 53 bits, all that a number between 0 and 1 holds.
        let place = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let bin = self.bins.iter().find(|bin| place < bin.share).or(self.bins.last());
        let value =
            bin.map_or(0, |Bin { first, last, .. }| first + (random.next_u64() % (first.abs_diff(*last) + 1)) as i64);
        format!("{:.*}", self.decimals, value as f64 / scale(self.decimals))
    }
}

fn scale(decimals: usize) -> f64 {
    (0..decimals).fold(1.0, |scale, _| scale * 10.0)
}

#[cfg(test)]
mod tests {
    use rowscore::drift::{Counter, Report};
    use rowscore::model;

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
