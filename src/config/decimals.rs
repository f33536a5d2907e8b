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

    /// Rounds each output as a person would its exact value, a half upwards, to the float that is
    /// nearest to the decimal number: the shortest text that reads back as it has these decimals, and no
    /// others. What was larger is not smaller then.
    pub fn round(self, outputs: &mut [f64]) {
        let scale = 10_u64.pow(self.0.into()) as f64;
        // Floats beyond are farther apart than decimal numbers: each is the nearest one of such a number.
        for output in outputs.iter_mut().filter(|output| (**output * scale).abs() < ALL_WHOLE) {
            // Both are whole numbers below 2^53, of which the quotient is the nearest float.
            *output = nearest_whole(*output, scale) / scale;
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

/// 2^53: from here on, not every whole number is a float.
const ALL_WHOLE: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;

/// The whole number that is nearest to the exact product, which is below [`ALL_WHOLE`].
#[expect(clippy::disallowed_methods, reason = "fused on purpose: the product's exact error, the same everywhere")]
fn nearest_whole(probability: f64, scale: f64) -> f64 {
    let product = probability * scale;
    let below = product.floor();
    let rest = product - below;
    // The product may have been rounded to a half; a fused operation tells from which side.
    let up = rest > 0.5 || (rest == 0.5 && probability.mul_add(scale, -product) >= 0.0);
    below + f64::from(u8::from(up))
}
