//! `PREDICTION_DECIMALS`: how much of a probability is kept.

use super::setting::{Accepts, Setting, Whole};

/// How many decimals of a probability are kept: `PREDICTION_DECIMALS`, from 1 to [`Decimals::MOST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimals(pub(super) u8);

impl Setting for Decimals {
    const ACCEPTS: Accepts = Accepts::Whole(1, Self::MOST as u32);

    fn read(text: &str) -> Option<Self> {
        Whole::<u8, 1, { Self::MOST as u32 }>::read(text).map(|decimals| Self(decimals.0))
    }
}

impl Decimals {
    /// As many as every 64-bit float keeps apart: with one more, a rounded number may be written in
    /// 17 digits again.
    pub const MOST: u8 = f64::DIGITS as u8;

    /// Rounds each probability as a person would its exact value, a half upwards, to the float that is
    /// nearest to the decimal number: the shortest text that reads back as it has these decimals, and no
    /// others. What was larger is not smaller then.
    pub fn round(self, probabilities: &mut [f64]) {
        let scale = 10_u64.pow(self.0.into()) as f64;
        for probability in probabilities {
            // Both are whole numbers below 2^53, of which the quotient is the nearest float.
            *probability = nearest_whole(*probability, scale) / scale;
        }
    }

    /// Whether `written` is `probabilities`, with every digit or with whatever number of decimals.
    pub fn may_have_written(written: &[f64], probabilities: &[f64]) -> bool {
        let rounded = |decimals| {
            let mut rounded = probabilities.to_vec();
            Self(decimals).round(&mut rounded);
            rounded
        };
        written == probabilities || (1..=Self::MOST).any(|decimals| written == rounded(decimals))
    }
}

/// The whole number that is nearest to the exact product, which is below 2^52.
#[expect(clippy::disallowed_methods, reason = "fused on purpose: the product's exact error, the same everywhere")]
fn nearest_whole(probability: f64, scale: f64) -> f64 {
    let product = probability * scale;
    let below = product.floor();
    let rest = product - below;
    // The product may have been rounded to a half; a fused operation tells from which side.
    let up = rest > 0.5 || (rest == 0.5 && probability.mul_add(scale, -product) >= 0.0);
    below + f64::from(u8::from(up))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round(decimals: u8, probability: f64) -> f64 {
        let mut one = [probability];
        Decimals(decimals).round(&mut one);
        one[0]
    }

    #[test]
    fn a_half_is_rounded_up_and_certainty_stays() {
        assert_eq!([0.125, 0.375, 0.0, 1.0, 0.9999, 1e-9].map(|x| round(2, x)), [0.13, 0.38, 0.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn what_was_written_with_any_number_of_decimals_is_known_again() {
        let full = [0.054_812_345_678_901_23, 0.430_212_345_678_901_2, 0.514_912_345_678_901_2];
        assert!(Decimals::may_have_written(&full, &full));
        assert!(Decimals::may_have_written(&[0.1, 0.4, 0.5], &full));
        assert!(Decimals::may_have_written(&[0.054_812_35, 0.430_212_35, 0.514_912_35], &full));
        assert!(!Decimals::may_have_written(&[0.054_812_35, 0.430_212_35, 0.514_912_36], &full));
        assert!(!Decimals::may_have_written(&[0.1, 0.4], &full));
    }

    proptest! {
        #[test]
        fn the_text_has_so_many_decimals_and_is_the_exact_number_rounded(
            probability in prop_oneof![0.0..=1.0, 0.0..1e-6, (0..=1000_u32).prop_map(|n| f64::from(n) / 1000.0),
                (0..=4096_u32).prop_map(|n| f64::from(n) / 4096.0)],
            decimals in 1..=Decimals::MOST,
        ) {
            let rounded = round(decimals, probability);
            // Display has all digits, and no exponent.
            let text = rounded.to_string();
            let written = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            prop_assert!(written <= decimals.into(), "{probability} became {text}");
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), rounded.to_bits());
            prop_assert_eq!(round(decimals, rounded).to_bits(), rounded.to_bits());
            // Formatting goes by the exact value, too, but takes a half to the even digit.
            let exact: f64 = format!("{probability:.0$}", usize::from(decimals)).parse().unwrap();
            let all = format!("{probability:.80}");
            let is_half = all[usize::from(decimals) + 2..].trim_end_matches('0') == "5";
            prop_assert!(rounded == exact || (is_half && rounded > exact), "{all}: {exact}, not {text}");
        }

        #[test]
        fn the_order_stays(one in 0.0..=1.0_f64, other in 0.0..=1.0_f64, decimals in 1..=Decimals::MOST) {
            prop_assert!(round(decimals, one.min(other)) <= round(decimals, one.max(other)));
        }
    }
}
