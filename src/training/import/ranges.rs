//! How the rows of a libsvm model were scaled: libsvm's `svm-scale` keeps it in a range file.
//!
//! ```text
//! x
//! -1 1
//! 1 4.3 7.9
//! 2 2 4.4
//! ```
//!
//! After `x` stand the least and the most that a feature is scaled to, then the number, the least and the most of each
//! feature. `svm-scale` leaves out a feature that is not listed, or has one value only: it becomes 0.

use super::error::ImportError;
use crate::model::Scaler;

/// How the rows of a libsvm model were scaled.
#[derive(Clone, Debug, PartialEq)]
pub enum LibsvmScaling {
    /// As (value - mean) / scale.
    Scaler(Scaler),
    /// By `svm-scale`, with a range file.
    Ranges(Ranges),
}

/// What a range file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranges {
    to: [f64; 2],
    /// (Number of the feature, from 1; its least and its most).
    of: Vec<(usize, [f64; 2])>,
}

/// As good as infinite: what is divided by it is 0, or adds as much as 0 to a kernel.
const VANISHING: f64 = 1e300;

impl LibsvmScaling {
    /// Reads a JSON object with `mean` and `scale`, or a range file.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(bytes: &[u8]) -> Result<Self, ImportError> {
        let is_json = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        if is_json { Ok(Self::Scaler(serde_json::from_slice(bytes)?)) } else { Ranges::read(bytes).map(Self::Ranges) }
    }

    pub(super) fn scaler(self, features: usize) -> Result<Scaler, ImportError> {
        match self {
            Self::Scaler(scaler) => Ok(scaler),
            Self::Ranges(ranges) => ranges.scaler(features),
        }
    }
}

impl Ranges {
    fn read(bytes: &[u8]) -> Result<Self, ImportError> {
        let text = str::from_utf8(bytes).map_err(|_| problem(1, "it is neither JSON nor a range file of svm-scale"))?;
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        match lines.next() {
            Some((_, "x")) => {}
            Some((line, "y")) => {
                return Err(problem(
                    line,
                    "it scales what is predicted, too; train with rows that svm-scale wrote without -y",
                ));
            }
            _ => return Err(problem(1, "it is neither JSON nor a range file of svm-scale, which begins with `x`")),
        }
        let (line, text) =
            lines.next().ok_or_else(|| problem(2, "the file ends before the range that is scaled to"))?;
        let [low, high] = numbers(line, text)?;
        let feature = |(line, text)| {
            let [number, least, most] = numbers(line, text)?;
            if number < 1.0 || number.fract() != 0.0 || least > most {
                return Err(problem(line, "it is no number of a feature with its least and its most"));
            }
            // A number that is no usize stands for a feature that no model has.
            Ok((number as usize, [least, most]))
        };
        let of = lines.filter(|(_, line)| !line.is_empty()).map(feature).collect::<Result<_, _>>()?;
        Ok(Self { to: [low, high], of })
    }

    fn scaler(&self, features: usize) -> Result<Scaler, ImportError> {
        let mut scaler = Scaler { mean: vec![0.0; features], scale: vec![VANISHING; features] };
        let [low, high] = self.to;
        if low >= high {
            return Err(problem(2, format!("features are scaled to {low} and {high}, which is no range")));
        }
        for &(number, [least, most]) in
            self.of.iter().filter(|&&(number, [least, most])| number <= features && least < most)
        {
            let scale = (most - least) / (high - low);
            scaler.scale[number - 1] = scale;
            scaler.mean[number - 1] = least - low * scale;
        }
        Ok(scaler)
    }
}

fn numbers<const N: usize>(line: usize, text: &str) -> Result<[f64; N], ImportError> {
    let fields: Vec<f64> = text.split_whitespace().filter_map(|field| field.parse().ok()).collect();
    let is_right = text.split_whitespace().count() == N && fields.iter().all(|number| number.is_finite());
    match fields.try_into() {
        Ok(numbers) if is_right => Ok(numbers),
        _ => Err(problem(line, format!("`{text}` is not {N} numbers"))),
    }
}

fn problem(line: usize, problem: impl Into<String>) -> ImportError {
    ImportError::Ranges { line, problem: problem.into() }
}
