//! `NICE`: the share of its time that a lane leaves free.

use std::time::Duration;

use super::setting::{Accepts, Setting};

/// The share of its time that a lane leaves free, so that others find the database idle in between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nice(f64);

impl Setting for Nice {
    const ACCEPTS: Accepts = Accepts::Text("a share from 0 to 0.95, like 0.5");

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|share| (0.0..=0.95).contains(share)).map(Self)
    }
}

impl Nice {
    /// How long a lane rests after a page that took so long.
    pub fn rest_after(self, busy: Duration) -> Duration {
        busy.mul_f64(self.0 * self.stretch())
    }

    /// How many times as long the lane takes as its pages alone.
    pub fn stretch(self) -> f64 {
        1.0 / (1.0 - self.0)
    }

    /// Whether it rests at all.
    pub fn rests(self) -> bool {
        self.0 > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_rests_for_the_share_of_its_time_that_it_leaves_free() {
        let rest = |text| Nice::read(text).unwrap().rest_after(Duration::from_millis(100)).as_millis();
        assert_eq!((rest("0"), rest("0.5"), rest("0.75")), (0, 100, 300));
        assert!(!Nice::read("0").unwrap().rests());
    }

    #[test]
    fn a_share_is_a_number_that_leaves_some_time_for_the_work() {
        for text in ["1", "0.96", "-0.1", "NaN", "inf", "50%", ""] {
            assert_eq!(Nice::read(text), None, "{text}");
        }
    }
}
