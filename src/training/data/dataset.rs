//! Rows to train on.

use std::io::Read;

use super::cell;
use super::columns::{Record, Records};
use super::error::{BadField, DataError};
use super::kind::{ColumnKind, Seen};
use super::left_out::Reason;
use super::number::{Decimal, number, with_point};
use super::reading::{Gaps, Reading, Task, Which};
use super::survey::Survey;
use super::target::Target;
use crate::model::{Category, ClassIndex, Digest, Encoder, Feature, FeatureKind, LeftOut, Odd, Rule, is_gap};

/// What one class is called, if nobody says.
const ONE_CLASS: &str = "outlier";

/// Rows with what is to be learnt of each.
#[derive(Clone, Debug)]
pub struct Dataset {
    pub(in crate::training) label: String,
    pub(in crate::training) features: Vec<Feature>,
    pub(in crate::training) target: Target,
    /// A number for each feature, as in an artifact's raw row: of a gap NaN.
    pub(in crate::training) rows: Vec<Vec<f64>>,
    pub(in crate::training) sha256: Digest,
    pub(in crate::training) left_out: Vec<LeftOut>,
    remarks: Vec<String>,
}

impl Dataset {
    /// Reads CSV: the header names the features and, as `label`, the column of the class. Every other column is a
    /// feature. Space around a field is ignored. A short way of [`Dataset::read`], for tests and examples.
    ///
    /// # Errors
    /// As [`Dataset::read`].
    pub fn from_csv(reader: impl Read, label: &str) -> Result<Self, DataError> {
        let reading = Reading { task: Some(Task::Classification), columns: Which::All, ..Reading::of(Some(label)) };
        Self::read(reader, &reading)
    }

    /// Reads CSV as `reading` says.
    ///
    /// # Errors
    /// On the first thing that is not as it must be, with its line and column.
    pub fn read(mut reader: impl Read, reading: &Reading) -> Result<Self, DataError> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        let records = || Records::new(bytes.as_slice(), reading.format);
        let first = records()?;
        let (decimal, mut remarks) = (first.decimal(), first.remarks());
        let survey = Survey::of(first, reading)?;
        let (guessed, why) = survey.task(decimal);
        let task = reading.task.unwrap_or(guessed);
        if reading.task.is_none() {
            remarks.push(format!("{}, because {why} (--task says otherwise)", task.name()));
        }
        if let (Task::Classification, Some(label)) = (task, survey.label) {
            remarks.extend(gaps_as_classes(&survey.seen[label]));
        }
        let features: Vec<Feature> =
            survey.features.iter().map(|&column| feature(&survey, column, decimal, reading)).collect();
        let encoder = Encoder::new(&features);
        let mut rows = Vec::with_capacity(survey.seen[0].rows);
        let (mut classes, mut values) = (Vec::new(), Vec::new());
        for record in records()? {
            let record = record?;
            let cells = Cells { survey: &survey, features: &features, encoder: &encoder, record: &record, decimal };
            rows.push((0..features.len()).map(|feature| cells.value(feature)).collect::<Result<_, _>>()?);
            match (task, survey.label) {
                (Task::Classification, Some(label)) => classes.push(cells.class(label)?),
                (Task::Regression, Some(label)) => values.push(cells.number(label)?),
                (Task::OneClass, _) => {}
                (_, None) => return Err(DataError::NoLabel { task: task.name() }),
            }
        }
        let data = Self {
            label: reading.label.clone().unwrap_or_else(|| ONE_CLASS.to_owned()),
            target: match task {
                Task::Classification => Target::of_classes(&classes)?,
                Task::Regression => Target::Values(values),
                Task::OneClass => Target::Nothing,
            },
            features,
            rows,
            sha256: Digest::of(&bytes),
            left_out: survey.left_out,
            remarks,
        };
        data.without_ids(&reading.columns)
    }

    /// Without the columns whose numbers teach nothing.
    fn without_ids(mut self, which: &Which) -> Result<Self, DataError> {
        if *which == Which::Telling {
            let reasons = self.features.iter().enumerate().map(|(at, feature)| match feature.kind {
                FeatureKind::Number => Reason::of_numbers(&feature.name, self.rows.iter().map(|row| row[at])),
                FeatureKind::Category { .. } | FeatureKind::Moment => None,
            });
            let reasons: Vec<Option<Reason>> = reasons.collect();
            let mut kept = reasons.iter().map(Option::is_none).cycle();
            self.left_out.extend(
                self.features.iter().zip(&reasons).filter_map(|(feature, reason)| Some((*reason)?.of(&feature.name))),
            );
            self.features.retain(|_| kept.next() == Some(true));
            self.rows.iter_mut().for_each(|row| row.retain(|_| kept.next() == Some(true)));
        }
        if self.features.is_empty() {
            let why = match self.left_out.as_slice() {
                [] => "the label is the only column".to_owned(),
                left_out => format!("{}; --features takes a column all the same", listed(left_out)),
            };
            return Err(DataError::NoFeatures { why });
        }
        Ok(self)
    }

    /// What was found out about the file, for people: how it is written, what is learnt, what is left out.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = self.remarks.clone();
        if !self.left_out.is_empty() {
            remarks.push(format!("left out: {}", listed(&self.left_out)));
        }
        remarks
    }

    /// The features, in the order of a row's values.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// What is learnt.
    #[must_use]
    pub fn task(&self) -> Task {
        self.target.task()
    }

    /// Names of the classes, sorted; none where there are no classes to tell apart.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        match &self.target {
            Target::Classes { names, .. } => names,
            Target::Values(_) | Target::Nothing => &[],
        }
    }

    /// How far the numbers that are to be learnt are spread, if it is numbers.
    #[must_use]
    pub fn label_deviation(&self) -> Option<f64> {
        let Target::Values(values) = &self.target else { return None };
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        Some((squares / values.len() as f64).sqrt())
    }

    /// The rows: one number per feature.
    #[must_use]
    pub fn rows(&self) -> &[Vec<f64>] {
        &self.rows
    }

    /// The class of each row, where there are classes.
    #[must_use]
    pub fn labels(&self) -> &[ClassIndex] {
        match &self.target {
            Target::Classes { labels, .. } => labels,
            Target::Values(_) | Target::Nothing => &[],
        }
    }

    /// How many rows each class has.
    pub(in crate::training) fn rows_per_class(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes().len()];
        self.labels().iter().for_each(|&label| counts[label] += 1);
        counts
    }
}

fn listed(left_out: &[LeftOut]) -> String {
    left_out.iter().map(|LeftOut { column, reason }| format!("`{column}`: {reason}")).collect::<Vec<_>>().join("; ")
}

/// A word for who may have meant gaps where there are classes.
fn gaps_as_classes(label: &Seen) -> Option<String> {
    let counted =
        |(word, rows): (&String, &usize)| format!("`{word}` ({rows} {})", if *rows == 1 { "row" } else { "rows" });
    let words: Vec<String> = label.gap_words.iter().map(counted).collect();
    let classes = if words.len() == 1 { "a class" } else { "classes" };
    (!words.is_empty()).then(|| {
        format!(
            "the label has {}, which is taken for {classes}; leave these rows out if they are gaps",
            words.join(", ")
        )
    })
}

/// The numbers that are to be categories, each once however often it is written differently.
fn codes(texts: impl Iterator<Item = String>, decimal: Decimal) -> Vec<Category> {
    texts.fold(Vec::new(), |mut known, text| {
        let kind = FeatureKind::Category { categories: known.clone(), unseen: Rule::Refused };
        let encoder = Encoder::new(&[Feature { name: String::new(), kind: kind.clone(), missing: Rule::Refused }]);
        if cell::value(&encoder, 0, &kind, &text, decimal).is_err() {
            known.push(Category::Text(with_point(&text, decimal).into_owned()));
        }
        known
    })
}

/// The feature that a column is.
fn feature(survey: &Survey, column: usize, decimal: Decimal, reading: &Reading) -> Feature {
    let seen = &survey.seen[column];
    let texts = seen.texts.iter().cloned();
    Feature {
        name: survey.columns.name(column).to_owned(),
        kind: match survey.kind(column) {
            ColumnKind::Text if survey.has_codes(column) => {
                FeatureKind::Category { categories: codes(texts, decimal), unseen: reading.unseen }
            }
            ColumnKind::Text => {
                FeatureKind::Category { categories: texts.map(Category::Text).collect(), unseen: reading.unseen }
            }
            ColumnKind::Moment => FeatureKind::Moment,
            ColumnKind::Number | ColumnKind::NearlyNumber | ColumnKind::Empty => FeatureKind::Number,
        },
        missing: match reading.missing {
            Gaps::Fill => Rule::Taken,
            Gaps::Seen if seen.gaps() > 0 => Rule::Taken,
            Gaps::Seen | Gaps::Refuse => Rule::Refused,
        },
    }
}

/// The fields of a row.
struct Cells<'r> {
    survey: &'r Survey,
    features: &'r [Feature],
    encoder: &'r Encoder,
    record: &'r Record,
    decimal: Decimal,
}

impl Cells<'_> {
    fn bad(&self, column: usize, what: impl FnOnce(String) -> BadField) -> DataError {
        let (line, text) = (self.record.line, self.record.field(column).to_owned());
        DataError::Field { line, column: self.survey.columns.name(column).to_owned(), what: what(text) }
    }

    fn value(&self, feature: usize) -> Result<f64, DataError> {
        let (column, kind) = (self.survey.features[feature], &self.features[feature].kind);
        let field = self.record.field(column);
        cell::value(self.encoder, feature, kind, field, self.decimal).map_err(|odd| {
            self.bad(column, |text| match odd {
                // Features that have gaps take them, unless they are to be refused.
                Odd::Missing => BadField::RefusedGap(text),
                odd => cell::bad(odd, kind, &text),
            })
        })
    }

    /// The label, if it is none that says that there is no value.
    fn label(&self, column: usize) -> Result<&str, DataError> {
        match self.record.field(column) {
            "" => Err(self.bad(column, |_| BadField::EmptyLabel)),
            // Among texts it may be the name of a class.
            gap if is_gap(gap) && self.survey.seen[column].kind() == ColumnKind::Number => {
                Err(self.bad(column, BadField::GapAsLabel))
            }
            label => Ok(label),
        }
    }

    /// The class, as the label says.
    fn class(&self, column: usize) -> Result<String, DataError> {
        self.label(column).map(str::to_owned)
    }

    /// The number that is to be learnt.
    fn number(&self, column: usize) -> Result<f64, DataError> {
        number(self.label(column)?, self.decimal).ok_or_else(|| self.bad(column, BadField::NotAValue))
    }
}
