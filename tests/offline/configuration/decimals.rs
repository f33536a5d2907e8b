//! Rounding probabilities to `PREDICTION_DECIMALS`.

use proptest::prelude::*;
use rowscore::config::{Decimals, Setting};

fn round(decimals: u8, probability: f64) -> f64 {
    let mut one = [probability];
    Decimals::read(&decimals.to_string()).unwrap().round(&mut one);
    one[0]
}

#[test]
fn a_half_is_rounded_up_and_certainty_stays() {
    assert_eq!([0.125, 0.375, 0.0, 1.0, 0.9999, 1e-9].map(|x| round(2, x)), [0.13, 0.38, 0.0, 1.0, 1.0, 0.0]);
}

#[test]
fn a_number_that_has_no_more_decimals_is_left_as_it_is() {
    for number in [1e307, -f64::MAX, 4_503_599_627_370_497.5, 9_007_199_254_740_993.0, 123_456_789.123_456_79] {
        for decimals in [8, Decimals::MOST] {
            assert_eq!(round(decimals, number).to_bits(), number.to_bits(), "{number} {decimals}");
        }
    }
    assert_eq!(round(2, -1_234_567.891), -1_234_567.89);
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
