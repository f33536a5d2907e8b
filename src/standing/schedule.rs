//! How long the next tick may take to come, by the schedule's own history.

use std::cmp::Reverse;

use chrono::TimeDelta;

use crate::window::Time;

/// Ticks that say something of a schedule, at least: two gaps.
const TELLING_TICKS: usize = 3;

/// Gaps of which the longest may be an outage: in a longer history it does not count.
const MANY_GAPS: usize = 10;

/// How much later than due a tick may come: a schedule's own delay, and a cold start.
const GRACE: TimeDelta = TimeDelta::minutes(2);

/// How long after the last tick the next one should have come at the latest. `ticks` are the latest times of the schedule,
/// the latest first; `every` is what is known of it. `None`: nothing can be said.
pub(super) fn patience(ticks: &[Time], every: Option<TimeDelta>) -> Option<TimeDelta> {
    let gap = every.or_else(|| longest_gap(ticks))?;
    // A tenth more, for who shifts a schedule a little. One of thousands of years is none.
    (gap / 10).checked_add(&gap)?.checked_add(&GRACE)
}

/// The longest gap that a schedule is known for: a night, a weekend.
pub(super) fn longest_gap(ticks: &[Time]) -> Option<TimeDelta> {
    if ticks.len() < TELLING_TICKS {
        return None;
    }
    let mut gaps: Vec<TimeDelta> = ticks.windows(2).map(|pair| pair[0] - pair[1]).collect();
    gaps.sort_unstable_by_key(|gap| Reverse(*gap));
    gaps.get(usize::from(gaps.len() >= MANY_GAPS)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Time {
        format!("2024-03-{time}:00Z").parse().unwrap()
    }

    fn hourly(hours: std::ops::Range<u32>) -> Vec<Time> {
        hours.rev().map(|hour| at(&format!("05T{hour:02}:19"))).collect()
    }

    #[test]
    fn an_hourly_schedule_is_silent_some_minutes_after_its_hour() {
        let minutes = |ticks: &[Time], every| patience(ticks, every).map(|patience| patience.num_minutes());
        assert_eq!(minutes(&hourly(6..10), None), Some(68));
        assert_eq!(minutes(&hourly(8..10), None), None, "one gap may be any");
        assert_eq!(minutes(&hourly(8..10), Some(TimeDelta::hours(2))), Some(134));
        assert_eq!(minutes(&[], Some(TimeDelta::hours(2))), Some(134), "before the first");
        assert_eq!(minutes(&[], Some(TimeDelta::MAX)), None);
    }

    #[test]
    fn nights_belong_to_a_schedule_and_one_outage_does_not() {
        let mut days: Vec<Time> =
            (1..8).flat_map(|day| [at(&format!("{day:02}T08:00")), at(&format!("{day:02}T18:00"))]).collect();
        days.reverse();
        assert_eq!(patience(&days, None), Some(TimeDelta::minutes(14 * 60 + 84 + 2)));
        let mut outage = hourly(6..20);
        outage.push(at("03T06:19"));
        assert_eq!(patience(&outage, None), Some(TimeDelta::minutes(68)));
    }
}
