//! The short way for what nearly every row is: an array of plain numbers.
//!
//! It accepts no text that the long way would not, and gives the same floats: the nearest ones.

/// Digits that a float's mantissa surely has room for.
const EXACT_DIGITS: usize = 15;

/// The powers of ten up to [`EXACT_DIGITS`], all of which are floats.
const POWERS: [f64; EXACT_DIGITS + 1] = {
    let mut powers = [1.0; EXACT_DIGITS + 1];
    let mut exponent = 1;
    while exponent <= EXACT_DIGITS {
        powers[exponent] = 10.0 * powers[exponent - 1];
        exponent += 1;
    }
    powers
};

/// Whether `text` is a JSON array of exactly `count` finite numbers, which are then in `features`.
/// If not, `features` holds what was read until there.
pub(super) fn read(text: &[u8], count: usize, features: &mut Vec<f64>) -> bool {
    features.clear();
    row(&mut Cursor { rest: text }, count, features).is_some()
}

fn row(text: &mut Cursor<'_>, count: usize, features: &mut Vec<f64>) -> Option<()> {
    text.skip_space();
    text.take(b'[')?;
    for position in 0..count {
        if position > 0 {
            text.take(b',')?;
        }
        text.skip_space();
        features.push(text.number()?);
        text.skip_space();
    }
    text.take(b']')?;
    text.skip_space();
    text.rest.is_empty().then_some(())
}

struct Cursor<'t> {
    rest: &'t [u8],
}

impl Cursor<'_> {
    fn skip_space(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        (first == byte).then_some(())
    }

    /// A number as JSON's grammar has it.
    fn number(&mut self) -> Option<f64> {
        let text = self.rest;
        let negative = self.take_if(|byte| byte == b'-');
        let mut mantissa = 0;
        let leading_zero = self.rest.first() == Some(&b'0');
        let whole = self.digits(&mut mantissa);
        if whole == 0 || (leading_zero && whole > 1) {
            return None;
        }
        let mut decimals = 0;
        if self.take_if(|byte| byte == b'.') {
            decimals = self.digits(&mut mantissa);
            if decimals == 0 {
                return None;
            }
        }
        let exponent = self.take_if(|byte| matches!(byte, b'e' | b'E'));
        if exponent {
            self.take_if(|byte| matches!(byte, b'+' | b'-'));
            if self.digits(&mut 0) == 0 {
                return None;
            }
        }
        if !exponent && whole + decimals <= EXACT_DIGITS {
            // A quotient of two floats is rounded once: to the nearest.
            let magnitude = mantissa as f64 / POWERS[decimals];
            return Some(if negative { -magnitude } else { magnitude });
        }
        let text = &text[..text.len() - self.rest.len()];
        str::from_utf8(text).ok()?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn take_if(&mut self, accepts: impl Fn(u8) -> bool) -> bool {
        match self.rest {
            [first, rest @ ..] if accepts(*first) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Appends digits to `mantissa`, which is right as long as they are few; answers how many.
    fn digits(&mut self, mantissa: &mut u64) -> usize {
        let before = self.rest.len();
        while let [digit @ b'0'..=b'9', rest @ ..] = self.rest {
            *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.rest = rest;
        }
        before - self.rest.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Option<f64> {
        let mut features = Vec::new();
        read(format!("[{text}]").as_bytes(), 1, &mut features).then(|| features[0])
    }

    #[test]
    fn numbers_are_read_to_the_bit() {
        for text in [
            "0",
            "-0",
            "-0.0",
            "5.1",
            "-7",
            "0.1",
            "123456789.012345",
            "1234567890.012345",
            "999999999999999",
            "9007199254740993",
            "0.3",
            "2.2250738585072011e-308",
            "1e-400",
            "-1E+2",
            "1e22",
            "0.000000000000001",
            "0.30000000000000004",
            "179769313486231580793728971405301e276",
        ] {
            assert_eq!(one(text).map(f64::to_bits), text.parse().ok().map(f64::to_bits), "{text}");
            let json: f64 = serde_json::from_str(text).unwrap();
            assert_eq!(one(text).map(f64::to_bits), Some(json.to_bits()), "{text}");
        }
    }

    #[test]
    fn what_is_no_finite_json_number_is_left_to_the_long_way() {
        for text in [
            "", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1.e5", "0x1", "inf", "NaN", "1 2", "1,2", "1e999",
            "-1e999", "null", "\"1\"", "[1]", "1_000", "١",
        ] {
            assert_eq!(one(text), None, "{text}");
        }
    }

    #[test]
    fn nothing_may_stand_around_the_array_but_space() {
        let accepted = |text: &str| read(text.as_bytes(), 2, &mut Vec::new());
        assert!(accepted("[1,2]") && accepted(" \n[\t1 , 2 ]\r "));
        for text in ["", "[", "[]", "[1]", "[1,2", "[1,2,]", "[,1,2]", "[1,2,3]", "[1,2]]", "[1,2] 3", "x[1,2]", "1,2]"]
        {
            assert!(!accepted(text), "{text}");
        }
    }
}
