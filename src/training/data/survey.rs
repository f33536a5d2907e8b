//! The first look at a file: what its columns are, and which of them are features.

use super::columns::{Columns, Records};
use super::error::{BadField, Clash, DataError, Remedy};
use super::kind::{ColumnKind, MOST_CATEGORIES, Seen};
use super::left_out::Reason;
use super::number::{Decimal, number};
use super::reading::{Reading, Task, Which};
use crate::model::LeftOut;

/// Labels with more different numbers than this are values and not classes.
const MOST_NUMERIC_CLASSES: usize = 20;

/// What a file holds.
pub(super) struct Survey {
    pub(super) columns: Columns,
    pub(super) seen: Vec<Seen>,
    /// The column of the label.
    pub(super) label: Option<usize>,
    /// The columns of the features.
    pub(super) features: Vec<usize>,
    /// Those that are to be categories.
    categories: Vec<usize>,
    pub(super) left_out: Vec<LeftOut>,
}

impl Survey {
    pub(super) fn of(records: Records<&[u8]>, reading: &Reading) -> Result<Self, DataError> {
        let columns = records.columns.clone();
        let label = reading.label.as_deref().map(|name| columns.label(name)).transpose()?;
        let decimal = records.decimal();
        let mut seen = vec![Seen::nothing(); columns.count()];
        for record in records {
            let record = record?;
            for (column, seen) in seen.iter_mut().enumerate() {
                seen.add(record.line, record.field(column), decimal);
            }
        }
        if seen.first().is_none_or(|first| first.rows == 0) {
            return Err(DataError::Empty);
        }
        let mut survey =
            Self { columns, seen, label, features: Vec::new(), categories: Vec::new(), left_out: Vec::new() };
        survey.choose(reading)?;
        survey.features.iter().try_for_each(|&column| survey.check(column, &reading.columns))?;
        Ok(survey)
    }

    fn choose(&mut self, reading: &Reading) -> Result<(), DataError> {
        let find = |names: &[String], what| {
            let unknown = |missing| DataError::UnknownColumn { missing, what, columns: self.columns.listed() };
            self.columns.all(names).map_err(unknown)
        };
        let ignored = find(&reading.ignore, "ignore")?;
        let categories = find(&reading.categories, "take for a category")?;
        let named = match &reading.columns {
            Which::Named(names) => Some(find(names, "learn from")?),
            Which::Telling | Which::All => None,
        };
        self.refuse_clash(named.as_deref(), &ignored, &categories)?;
        if let Some(named) = named {
            self.features = named;
            self.categories = categories;
            return Ok(());
        }
        for column in (0..self.columns.count()).filter(|column| Some(*column) != self.label) {
            let reason = match &reading.columns {
                _ if ignored.contains(&column) => Some(Reason::Told),
                _ if categories.contains(&column) => None,
                Which::Telling if self.columns.name(column).is_empty() => Some(Reason::Nameless),
                Which::Telling => Reason::before_reading(&self.seen[column]),
                Which::All | Which::Named(_) => None,
            };
            match reason {
                Some(reason) => self.left_out.push(reason.of(self.columns.name(column))),
                None => self.features.push(column),
            }
        }
        self.categories = categories;
        Ok(())
    }

    /// Refuses options that say different things of one column.
    fn refuse_clash(&self, named: Option<&[usize]>, ignored: &[usize], categories: &[usize]) -> Result<(), DataError> {
        let features = named.unwrap_or_default();
        let is_label = |column: &&usize| Some(**column) == self.label;
        let is_ignored = |column: &&usize| ignored.contains(column);
        let twice = (0..features.len()).find(|&at| features[..at].contains(&features[at]));
        let clashes = [
            (twice.map(|at| &features[at]), Clash::Twice),
            (features.iter().find(is_label), Clash::LabelAsFeature),
            (categories.iter().find(is_label), Clash::LabelAsCategory),
            (features.iter().find(is_ignored), Clash::IgnoredFeature),
            (categories.iter().find(is_ignored), Clash::IgnoredCategory),
            (
                categories.iter().find(|column| named.is_some_and(|named| !named.contains(column))),
                Clash::CategoryBesideFeatures,
            ),
        ];
        match clashes.into_iter().find_map(|(column, clash)| Some((*column?, clash))) {
            None => Ok(()),
            Some((column, clash)) => Err(DataError::Clash { column: self.columns.name(column).to_owned(), clash }),
        }
    }

    /// Whether a column has numbers that are to be categories.
    pub(super) fn has_codes(&self, column: usize) -> bool {
        self.categories.contains(&column) && self.seen[column].kind() == ColumnKind::Number
    }

    /// What a column is.
    pub(super) fn kind(&self, column: usize) -> ColumnKind {
        match self.seen[column].kind() {
            ColumnKind::Empty => ColumnKind::Empty,
            _ if self.categories.contains(&column) => ColumnKind::Text,
            kind => kind,
        }
    }

    /// Refuses a feature that cannot be one.
    fn check(&self, column: usize, which: &Which) -> Result<(), DataError> {
        let remedy = match (which, self.categories.contains(&column)) {
            (Which::Named(_), true) => Remedy::AsNeither,
            (Which::Named(_), false) => Remedy::NotAsFeature,
            (Which::Telling | Which::All, true) => Remedy::NotAsCategory,
            (Which::Telling | Which::All, false) => Remedy::Ignore,
        };
        let (seen, name) = (&self.seen[column], self.columns.name(column).to_owned());
        if name.is_empty() {
            return Err(DataError::ColumnName { position: column + 1, name });
        }
        match (self.kind(column), &seen.first_other) {
            (ColumnKind::Empty, _) => Err(DataError::NoFeatures { why: format!("column `{name}` has no values") }),
            (ColumnKind::NearlyNumber, Some((line, text))) => {
                let what = BadField::NotANumberHere { text: text.clone(), remedy };
                Err(DataError::Field { line: *line, column: name, what })
            }
            (ColumnKind::Text, _) if seen.has_too_many_texts() => {
                Err(DataError::TooManyTexts { column: name, most: MOST_CATEGORIES, remedy })
            }
            _ => Ok(()),
        }
    }

    /// The task that the label suggests, and why.
    pub(super) fn task(&self, decimal: Decimal) -> (Task, &'static str) {
        let Some(label) = self.label.map(|label| &self.seen[label]) else {
            return (Task::OneClass, "there is no label");
        };
        let is_whole = |text: &String| number(text, decimal).is_some_and(|value| value.fract() == 0.0);
        let is_text = !matches!(label.kind(), ColumnKind::Number | ColumnKind::NearlyNumber);
        let is_few = label.texts.len() <= MOST_NUMERIC_CLASSES && 2 * label.texts.len() <= label.rows;
        if is_text {
            (Task::Classification, "the label is text")
        } else if is_few && label.texts.iter().all(is_whole) {
            (Task::Classification, "the label has few whole numbers")
        } else {
            (Task::Regression, "the label has many numbers")
        }
    }
}
