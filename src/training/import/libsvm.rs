//! libsvm's model file: C-SVC with probabilities, in text.
//!
//! ```text
//! svm_type c_svc
//! kernel_type rbf
//! gamma 0.25
//! nr_class 3
//! total_sv 51
//! rho -0.02 0.13 -0.06
//! label 1 2 3
//! probA -3.6 -3.8 -3.7
//! probB -0.2 0.04 0.15
//! nr_sv 7 24 20
//! SV
//! 0.09 0.15 1:-1.75 2:-0.36 3:-1.34 4:-1.32
//! ```
//!
//! A support vector's line holds its coefficients against the other classes, one less than classes,
//! then its values by feature number, from 1; those that are 0 are left out.

use std::collections::HashMap;
use std::str::FromStr;

use super::error::ImportError;
use super::foreign::Foreign;
use crate::model::{Digest, ImportSource, Kernel, Scaler, Sigmoid};

/// Highest number of a feature: support vectors are held with all their zeros.
const MAX_FEATURES: usize = 100_000;

/// The names that libsvm's file does not hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LibsvmNames {
    /// Of the features, in the order of their numbers. Without it: `feature_1`, `feature_2`, … up to
    /// the highest number that a support vector has.
    pub features: Option<Vec<String>>,
    /// Of the classes, in the order of the file's line `label`. Without it: the labels.
    pub classes: Option<Vec<String>>,
}

impl Foreign {
    /// Reads a model file as libsvm's `svm-train -b 1` writes it. `scaler` is what the rows were
    /// scaled with before; without one they are taken as they are.
    ///
    /// # Errors
    /// When it is something else, or the model gives no probabilities.
    pub fn from_libsvm(bytes: &[u8], names: LibsvmNames, scaler: Option<Scaler>) -> Result<Self, ImportError> {
        let text = str::from_utf8(bytes).map_err(|_| problem(1, "it is not UTF-8"))?;
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        let header = Header::read(&mut lines)?;
        let kernel = header.kernel()?;
        let labels: Vec<String> = header.list("label")?;
        let classes = labels.len();
        let said: usize = header.one("nr_class")?;
        if said != classes {
            return Err(ImportError::Length { what: "labels", found: classes, expected: said });
        }
        let list = |key| header.list::<f64>(key);
        if !header.fields.contains_key("probA") || !header.fields.contains_key("probB") {
            return Err(ImportError::NoProbabilities);
        }
        let vectors: Vec<Sparse> = lines
            .filter(|(_, line)| !line.is_empty())
            .map(|(line, text)| Sparse::read(line, text, classes))
            .collect::<Result<_, _>>()?;
        let highest = vectors.iter().filter_map(|vector| vector.values.last()).map(|&(feature, _)| feature).max();
        let features = names
            .features
            .unwrap_or_else(|| (1..=highest.unwrap_or(0)).map(|number| format!("feature_{number}")).collect());
        if highest.unwrap_or(0) > features.len() {
            return Err(ImportError::Length {
                what: "features",
                found: features.len(),
                expected: highest.unwrap_or(0),
            });
        }
        let scaler =
            scaler.unwrap_or_else(|| Scaler { mean: vec![0.0; features.len()], scale: vec![1.0; features.len()] });
        Ok(Foreign {
            source: ImportSource::Libsvm,
            file_sha256: Digest::of(bytes),
            classes: names.classes.unwrap_or(labels),
            scaler,
            kernel,
            vectors: vectors.iter().map(|vector| vector.dense(features.len())).collect(),
            vectors_per_class: header.list("nr_sv")?,
            coefficients: (0..classes.saturating_sub(1))
                .map(|list| vectors.iter().map(|vector| vector.coefficients[list]).collect())
                .collect(),
            intercepts: list("rho")?.into_iter().map(|rho| -rho).collect(),
            sigmoids: list("probA")?.into_iter().zip(list("probB")?).map(|(a, b)| Sigmoid { a, b }).collect(),
            features,
        })
    }
}

/// The lines before `SV`: a name and its values, each with its line number.
struct Header<'t> {
    fields: HashMap<&'t str, (usize, &'t str)>,
    end: usize,
}

impl<'t> Header<'t> {
    /// Takes the lines up to and including `SV`.
    fn read(lines: &mut impl Iterator<Item = (usize, &'t str)>) -> Result<Self, ImportError> {
        let mut fields = HashMap::new();
        for (line, text) in lines {
            if text == "SV" {
                return Ok(Self { fields, end: line });
            }
            let (name, values) = text.split_once(' ').unwrap_or((text, ""));
            fields.insert(name, (line, values));
        }
        Err(problem(fields.len() + 1, "the file ends before `SV`: this is no libsvm model"))
    }

    fn text(&self, name: &str) -> Result<(usize, &'t str), ImportError> {
        self.fields.get(name).copied().ok_or_else(|| problem(self.end, format!("there was no `{name}` before")))
    }

    fn list<T: FromStr>(&self, name: &str) -> Result<Vec<T>, ImportError> {
        let (line, values) = self.text(name)?;
        values.split_whitespace().map(|value| parse(line, value)).collect()
    }

    fn one<T: FromStr>(&self, name: &str) -> Result<T, ImportError> {
        let (line, value) = self.text(name)?;
        parse(line, value)
    }

    fn kernel(&self) -> Result<Kernel, ImportError> {
        match self.text("svm_type")?.1 {
            "c_svc" | "nu_svc" => {}
            other => return Err(ImportError::Unsupported(format!("a libsvm model of type `{other}`"))),
        }
        let gamma = || self.one("gamma");
        let coef0 = || self.one("coef0");
        Ok(match self.text("kernel_type")?.1 {
            "linear" => Kernel::Linear,
            "rbf" => Kernel::Rbf { gamma: gamma()? },
            "polynomial" => Kernel::Polynomial { degree: self.one("degree")?, gamma: gamma()?, coef0: coef0()? },
            "sigmoid" => Kernel::Sigmoid { gamma: gamma()?, coef0: coef0()? },
            other => return Err(ImportError::Unsupported(format!("a libsvm model with kernel `{other}`"))),
        })
    }
}

/// A support vector's line.
struct Sparse {
    coefficients: Vec<f64>,
    /// (Feature number from 1, value), the numbers ascending.
    values: Vec<(usize, f64)>,
}

impl Sparse {
    fn read(line: usize, text: &str, classes: usize) -> Result<Self, ImportError> {
        let mut fields = text.split_whitespace();
        let coefficients: Vec<f64> = fields
            .by_ref()
            .take(classes.saturating_sub(1))
            .map(|field| parse(line, field))
            .collect::<Result<_, _>>()?;
        if coefficients.len() + 1 < classes {
            return Err(problem(line, format!("there are {} coefficients for {classes} classes", coefficients.len())));
        }
        let mut values = Vec::new();
        for field in fields {
            let (number, value) =
                field.split_once(':').ok_or_else(|| problem(line, format!("`{field}` is not `number:value`")))?;
            let number: usize = parse(line, number)?;
            if number > MAX_FEATURES {
                return Err(problem(line, format!("feature {number} is more than {MAX_FEATURES}")));
            }
            if values.last().map_or(0, |&(before, _)| before) >= number {
                return Err(problem(line, format!("feature {number} is out of order")));
            }
            values.push((number, parse(line, value)?));
        }
        Ok(Self { coefficients, values })
    }

    fn dense(&self, features: usize) -> Vec<f64> {
        let mut vector = vec![0.0; features];
        for &(number, value) in &self.values {
            vector[number - 1] = value;
        }
        vector
    }
}

fn parse<T: FromStr>(line: usize, text: &str) -> Result<T, ImportError> {
    text.trim().parse().map_err(|_| problem(line, format!("`{text}` cannot be read")))
}

fn problem(line: usize, problem: impl Into<String>) -> ImportError {
    ImportError::Libsvm { line, problem: problem.into() }
}
