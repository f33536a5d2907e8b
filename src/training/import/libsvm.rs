//! libsvm's model file, in text.
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
//! then its values by feature number, from 1; those that are 0 are left out. A regression and a one-class
//! machine have one coefficient per vector, and no lines `label`, `probB` and `nr_sv`.

use std::collections::HashMap;
use std::str::FromStr;

use super::error::ImportError;
use super::foreign::Foreign;
use super::lists::Lists;
use super::ranges::LibsvmScaling;
use crate::model::{
    ArtifactError, Decider, Digest, Feature, ImportSource, Kernel, KernelMachine, MOST_FEATURES, Output, Pipeline,
    Predictor, Scaler, Sigmoid, TwoClasses,
};

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
    /// Reads a model file as libsvm's `svm-train` writes it. `scaling` is what the rows were
    /// scaled with before; without one they are taken as they are.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_libsvm(bytes: &[u8], names: LibsvmNames, scaling: Option<LibsvmScaling>) -> Result<Self, ImportError> {
        let text = str::from_utf8(bytes).map_err(|_| problem(1, "it is not UTF-8"))?;
        let file = File::read(text)?;
        let features = file.features(names.features)?;
        let scaler =
            scaling.map_or_else(|| Ok(Scaler::none(features.len())), |scaling| scaling.scaler(features.len()))?;
        let (classes, predictor) = file.predictor(names.classes, scaler)?;
        Ok(Foreign {
            source: ImportSource::Libsvm,
            file_sha256: Digest::of(bytes),
            features: features.into_iter().map(Feature::number).collect(),
            classes,
            predictor,
            proof: Vec::new(),
        })
    }
}

/// What kind of machine it is.
enum Type {
    Classes { count: usize },
    Value,
    Score,
}

struct File<'t> {
    header: Header<'t>,
    of: Type,
    vectors: Vec<Sparse>,
}

impl<'t> File<'t> {
    fn read(text: &'t str) -> Result<Self, ImportError> {
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        let header = Header::read(&mut lines)?;
        let of = header.machine()?;
        let coefficients = if let Type::Classes { count } = of { count.saturating_sub(1) } else { 1 };
        let vectors = lines
            .filter(|(_, line)| !line.is_empty())
            .map(|(line, text)| Sparse::read(line, text, coefficients))
            .collect::<Result<Vec<_>, _>>()?;
        let (found, expected) = (vectors.len(), header.one("total_sv")?);
        if found != expected {
            return Err(ImportError::NotWhole { found, expected });
        }
        // svm-train ends each line. Of a vector that was cut off, nothing else would tell.
        if !text.ends_with('\n') {
            return Err(problem(
                text.lines().count(),
                "the last line has no end: where the file was cut off, copy it anew; where it is whole, end the line",
            ));
        }
        Ok(Self { header, of, vectors })
    }

    fn features(&self, names: Option<Vec<String>>) -> Result<Vec<String>, ImportError> {
        let highest = self.vectors.iter().filter_map(|vector| vector.values.last()).map(|&(feature, _)| feature).max();
        let highest = highest.unwrap_or(0);
        // Before they are named, and the support vectors held with all their zeros.
        let found = names.as_ref().map_or(0, Vec::len).max(highest);
        if found > MOST_FEATURES {
            return Err(ArtifactError::TooMany { what: "features", found, most: MOST_FEATURES }.into());
        }
        let features = names.unwrap_or_else(|| (1..=highest).map(|number| format!("feature_{number}")).collect());
        if highest > features.len() {
            return Err(ImportError::Length { what: "features", found: features.len(), expected: highest });
        }
        Ok(features)
    }

    /// The names of the classes, and what it predicts with.
    fn predictor(self, names: Option<Vec<String>>, scaler: Scaler) -> Result<(Vec<String>, Predictor), ImportError> {
        let (classes, output) = match self.of {
            Type::Classes { .. } => {
                let classes = names.map_or_else(|| self.header.list("label"), Ok)?;
                let predictor = self.lists(classes.len(), scaler)?.predictor()?;
                return Ok((classes, predictor));
            }
            Type::Value => (Vec::new(), Output::Value),
            Type::Score => (["inlier", "outlier"].map(String::from).to_vec(), Output::Score),
        };
        if let Some(names) = names {
            return Err(ImportError::Length { what: "list of classes", found: names.len(), expected: 0 });
        }
        let width = scaler.mean.len();
        let machine = KernelMachine {
            scaler,
            kernel: self.header.kernel()?,
            support_vectors: self.vectors.iter().map(|vector| vector.dense(width)).collect(),
            coefficients: self.vectors.iter().map(|vector| vector.coefficients[0]).collect(),
            intercept: -self.header.one::<f64>("rho")?,
        };
        let pipeline = Pipeline { layers: Vec::new(), machine: Decider::Kernel(machine), output };
        Ok((classes, Predictor::Pipelines(vec![pipeline])))
    }

    fn lists(&self, classes: usize, scaler: Scaler) -> Result<Lists, ImportError> {
        let list = |key| self.header.list::<f64>(key);
        let is_calibrated = ["probA", "probB"].iter().all(|key| self.header.fields.contains_key(key));
        let sigmoids = || -> Result<Vec<Sigmoid>, ImportError> {
            Ok(list("probA")?.into_iter().zip(list("probB")?).map(|(a, b)| Sigmoid { a, b }).collect())
        };
        let count = self.vectors.first().map_or(0, |vector| vector.coefficients.len());
        let width = scaler.mean.len();
        Ok(Lists {
            classes,
            scaler,
            kernel: self.header.kernel()?,
            vectors: self.vectors.iter().map(|vector| vector.dense(width)).collect(),
            vectors_per_class: self.header.list("nr_sv")?,
            coefficients: (0..count)
                .map(|list| self.vectors.iter().map(|vector| vector.coefficients[list]).collect())
                .collect(),
            intercepts: list("rho")?.into_iter().map(|rho| -rho).collect(),
            sigmoids: is_calibrated.then(sigmoids).transpose()?,
            // As libsvm 3.37. The file does not say which version made it.
            two_classes: TwoClasses::Sigmoid,
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

    fn machine(&self) -> Result<Type, ImportError> {
        match self.text("svm_type")?.1 {
            "c_svc" | "nu_svc" => {
                let (found, expected) = (self.list::<String>("label")?.len(), self.one("nr_class")?);
                if found != expected {
                    return Err(ImportError::Length { what: "labels", found, expected });
                }
                Ok(Type::Classes { count: found })
            }
            "epsilon_svr" | "nu_svr" => Ok(Type::Value),
            "one_class" => Ok(Type::Score),
            other => Err(ImportError::Unsupported(format!("a libsvm model of type `{other}`"))),
        }
    }

    fn kernel(&self) -> Result<Kernel, ImportError> {
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
    fn read(line: usize, text: &str, count: usize) -> Result<Self, ImportError> {
        let mut fields = text.split_whitespace();
        let coefficients: Vec<f64> =
            fields.by_ref().take(count).map(|field| parse(line, field)).collect::<Result<_, _>>()?;
        if coefficients.len() < count {
            return Err(problem(line, format!("there are {} coefficients instead of {count}", coefficients.len())));
        }
        let mut values = Vec::new();
        for field in fields {
            let (number, value) =
                field.split_once(':').ok_or_else(|| problem(line, format!("`{field}` is not `number:value`")))?;
            let number: usize = parse(line, number)?;
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
