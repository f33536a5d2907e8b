//! The table that is scored, and what its columns are called.

use super::columns::{FeatureColumn, PredictionFormat, RunColumn};
use super::decimals::Decimals;
use super::key::KeyColumns;
use super::names::{ColumnName, JobName, TableName, parts};
use super::setting::Setting;
use super::source::Source;
use super::target::{Beside, SCORE_COLUMNS, Target};
use super::variables::{self, Variable};
use super::vars::{ConfigError, Vars};
use super::written;
use super::zone::Zone;

/// The table that is scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemsTable {
    /// The job that scores it. Two jobs over one table have nothing in common but its rows.
    pub job: JobName,
    /// `ITEMS_TABLE`: its name.
    pub name: TableName,
    /// `SOURCE_KIND`, `SOURCE_WHERE` and `SOURCE_QUERY`: where the rows come from, if that is not the whole table.
    pub source: Source,
    /// `ID_COLUMN`: the key.
    pub key: KeyColumns,
    /// `VALUES_COLUMN` or `FEATURE_COLUMNS`: what is scored.
    pub values: ValuesIn,
    /// `PREDICTION_COLUMN`: where predictions go; NULL while an item is pending.
    pub prediction: ColumnName,
    /// `PREDICTION_FORMAT`: what a prediction is.
    pub format: PredictionFormat,
    /// `PREDICTION_DECIMALS`: how many decimals of a probability are kept. Unset: every digit.
    pub decimals: Option<Decimals>,
    /// `CREATED_COLUMN`: when an item arrived.
    pub created: ColumnName,
    /// `CREATED_ZONE`: where the clock stands whose time that column holds. Unset: it is UTC.
    pub created_zone: Option<Zone>,
    /// `RUN_COLUMN`: where the run that wrote a prediction is noted.
    pub run: RunColumn,
    /// `LABEL_COLUMN` and others: what is written beside the prediction.
    pub beside: Vec<Beside>,
    /// `TRUTH_COLUMN`: where the right answer arrives later, if it does.
    pub truth: Option<ColumnName>,
    /// `SCORE_TABLE`: where the columns are that are written.
    pub target: Target,
    /// Columns that keep their values when a prediction is written. No variable names them: the server says
    /// which would change.
    pub kept: Vec<ColumnName>,
    /// The index that has the items in order of their arrival, and of their key behind that, where the key is no number.
    /// No variable names it, either.
    pub arrivals: Option<ColumnName>,
    /// Columns that `*` leaves out, of those that are read. The server says which.
    pub hidden: Vec<ColumnName>,
    /// What the server says of it in short, by which it is known whether it was altered since. `None`: it was not asked.
    pub fingerprint: Option<String>,
}

/// Where an item's values stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValuesIn {
    /// `VALUES_COLUMN`: in one JSON column, as an array in feature order or as an object keyed by
    /// feature name.
    Json(ColumnName),
    /// `FEATURE_COLUMNS`: in a typed column for each feature, in any order.
    Columns(Vec<FeatureColumn>),
}

/// `FEATURE_COLUMNS` and the model's features are not the same names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "FEATURE_COLUMNS does not fit the model: the model's {} features are {}; FEATURE_COLUMNS names {}: {}",
    .model.len(), listed(.model), .named.len(), listed(.named)
)]
pub struct FeatureMismatch {
    /// The model's features.
    pub model: Vec<String>,
    /// The features that `FEATURE_COLUMNS` names.
    pub named: Vec<String>,
}

/// Names that are shown of a longer list: enough to see what is different, not a page of log.
const NAMES_SHOWN: usize = 50;

/// Names as a person reads them.
pub fn listed(names: &[impl AsRef<str>]) -> String {
    let shown =
        names.iter().take(NAMES_SHOWN).map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl Default for ItemsTable {
    /// The table that `rowscore init` makes.
    fn default() -> Self {
        Self::read(&mut Vars::new(&|_| None))
    }
}

impl ItemsTable {
    /// Reads the variables that `lookup` knows. In a process [`Config::read`](super::Config::read) does; alone it is for tests.
    ///
    /// # Errors
    /// Every variable at fault, each with what it accepts.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut vars = Vars::new(&lookup);
        let table = Self::read(&mut vars);
        if vars.problems.is_empty() { Ok(table) } else { Err(ConfigError(vars.problems)) }
    }

    /// Reads the variables that name table and columns; what is wrong with them is noted in `vars`.
    pub(super) fn read(vars: &mut Vars<'_>) -> Self {
        let target = written::target(vars);
        let run = match &target {
            Target::Columns => vars.get(variables::RUN_COLUMN),
            // It always has one.
            Target::Scores(_) => Some(RunColumn::Named(ColumnName::of_runs())),
        };
        let table = Self {
            job: JobName::default(),
            name: vars.or_default(variables::ITEMS_TABLE),
            source: written::source(vars, &target),
            key: vars.or_default(variables::ID_COLUMN),
            values: values(vars),
            prediction: vars.or_default(variables::PREDICTION_COLUMN),
            format: vars.or_default(variables::PREDICTION_FORMAT),
            decimals: vars.get(variables::PREDICTION_DECIMALS),
            created: vars.or_default(variables::CREATED_COLUMN),
            created_zone: vars.get(variables::CREATED_ZONE),
            run: run.unwrap_or_else(|| RunColumn::Own(ColumnName::of_runs())),
            beside: written::beside(vars),
            truth: vars.get(variables::TRUTH_COLUMN),
            target,
            kept: Vec::new(),
            arrivals: None,
            hidden: Vec::new(),
            fingerprint: None,
        };
        table.refuse_contradictions(vars);
        table
    }

    /// The table's name as it is.
    pub fn as_str(&self) -> &str {
        self.name.as_str()
    }

    /// The table's name between backticks.
    pub fn quoted(&self) -> String {
        self.name.quoted()
    }

    /// The table's name as an SQL string.
    pub fn literal(&self) -> String {
        self.name.literal()
    }

    /// The condition that a row of `alias`, one of rowscore's own tables, is about this table and its job.
    pub fn is_of(&self, alias: &str) -> String {
        format!("{alias}.`items_table` = {} AND {alias}.`job` = '{}'", self.literal(), self.job)
    }

    /// Whether the columns are those that `rowscore init` makes a table with.
    pub fn has_default_columns(&self) -> bool {
        let made = Self::default();
        let other = self.clone();
        let mut columns = Self {
            job: made.job.clone(),
            name: made.name.clone(),
            decimals: None,
            created_zone: None,
            truth: None,
            kept: Vec::new(),
            arrivals: None,
            hidden: Vec::new(),
            fingerprint: None,
            ..other
        };
        if self.target.scores().is_some() {
            // What is written stands elsewhere.
            let Self { prediction, format, beside, target, .. } = made.clone();
            columns = Self { prediction, format, beside, target, ..columns };
        }
        self.run.column() == made.run.column() && columns == Self { run: columns.run.clone(), ..made }
    }

    /// Whether the values stand in typed columns.
    pub fn has_feature_columns(&self) -> bool {
        matches!(self.values, ValuesIn::Columns(_))
    }

    /// The columns of `FEATURE_COLUMNS` in the order of a model's features; none for a JSON column.
    ///
    /// # Errors
    /// When they are not named as the features are.
    pub fn feature_columns(&self, features: &[impl AsRef<str>]) -> Result<Vec<&ColumnName>, FeatureMismatch> {
        let ValuesIn::Columns(columns) = &self.values else { return Ok(Vec::new()) };
        let find = |feature: &str| columns.iter().find(|named| named.feature == feature).map(|named| &named.column);
        let found: Option<Vec<&ColumnName>> = features.iter().map(|feature| find(feature.as_ref())).collect();
        found.filter(|found| found.len() == columns.len()).ok_or_else(|| FeatureMismatch {
            model: features.iter().map(|feature| feature.as_ref().to_owned()).collect(),
            named: columns.iter().map(|named| named.feature.clone()).collect(),
        })
    }

    /// Every column of the table that is scored with the variable that names it, those of the values last.
    pub fn columns(&self) -> Vec<(&'static str, &ColumnName)> {
        let written = match self.target {
            Target::Columns => self.written(),
            Target::Scores(_) => Vec::new(),
        };
        let (prediction, others) = written.split_at(written.len().min(1));
        let mut columns: Vec<_> = self.key.columns().map(|column| (variables::ID_COLUMN::ENTRY.name, column)).collect();
        columns.extend(prediction);
        columns.push((variables::CREATED_COLUMN::ENTRY.name, &self.created));
        columns.extend(others);
        columns.extend(self.truth.as_ref().map(|column| (variables::TRUTH_COLUMN::ENTRY.name, column)));
        match &self.values {
            ValuesIn::Json(column) => columns.push((variables::VALUES_COLUMN::ENTRY.name, column)),
            ValuesIn::Columns(named) => {
                columns.extend(named.iter().map(|one| (variables::FEATURE_COLUMNS::ENTRY.name, &one.column)))
            }
        }
        columns
    }

    /// Every column that is written with the variable that names it, the prediction first.
    pub fn written(&self) -> Vec<(&'static str, &ColumnName)> {
        let mut columns = vec![(variables::PREDICTION_COLUMN::ENTRY.name, &self.prediction)];
        columns.extend(self.run.column().map(|column| (variables::RUN_COLUMN::ENTRY.name, column)));
        columns.extend(self.beside.iter().map(|beside| (beside.part.variable(), &beside.column)));
        columns
    }

    /// The columns of the key by which a window is found, as SQL: the time of arrival, and then those of the key that are
    /// another column.
    pub fn window_key(&self) -> String {
        let rest = self.key.columns().filter(|column| !self.created.is(column.as_str()));
        std::iter::once(&self.created).chain(rest).map(ColumnName::quoted).collect::<Vec<_>>().join(", ")
    }

    /// A column that is named twice would be overwritten, or read as what it is not.
    fn refuse_contradictions(&self, vars: &mut Vars<'_>) {
        if let Some(value) =
            vars.given(variables::PREDICTION_DECIMALS).filter(|_| self.format == PredictionFormat::Label)
        {
            vars.problem(format!(
                "PREDICTION_DECIMALS is `{value}`; PREDICTION_FORMAT=label accepts none, because a label has no digits"
            ));
        }
        refuse_twins(vars, &self.columns());
        if self.truth.is_some() && self.run.column().is_none() {
            vars.problem("TRUTH_COLUMN is set, and RUN_COLUMN is `none`; accepted: a column that says which run wrote a prediction, \
                 because predictions are judged by run".into());
        }
        if let Target::Scores(scores) = &self.target {
            let own = SCORE_COLUMNS.map(ColumnName::of);
            let mut columns: Vec<_> =
                self.key.columns().map(|column| (variables::ID_COLUMN::ENTRY.name, column)).collect();
            columns.extend(own.iter().map(|column| (variables::SCORE_TABLE::ENTRY.name, column)));
            let written = self.written().into_iter();
            columns.extend(written.filter(|(variable, _)| *variable != variables::RUN_COLUMN::ENTRY.name));
            refuse_twins(vars, &columns);
            if scores.name == self.name {
                vars.problem(format!(
                    "SCORE_TABLE is `{}`, and ITEMS_TABLE is, too; accepted: a table of its own",
                    self.as_str()
                ));
            }
        }
        let ValuesIn::Columns(named) = &self.values else { return };
        for (at, FeatureColumn { feature, .. }) in named.iter().enumerate() {
            if named[..at].iter().any(|other| other.feature == *feature) {
                vars.problem(format!("FEATURE_COLUMNS names the feature `{feature}` twice"));
            }
        }
    }
}

/// Variables of which two may name one column: it is only read, as that of a partition's key when an item arrived.
const MAY_SHARE: [&str; 3] =
    [variables::ID_COLUMN::ENTRY.name, variables::CREATED_COLUMN::ENTRY.name, variables::FEATURE_COLUMNS::ENTRY.name];

/// Notes which of a table's columns are named twice.
fn refuse_twins(vars: &mut Vars<'_>, columns: &[(&str, &ColumnName)]) {
    let may_share = |one: &str, other: &str| one != other && [one, other].iter().all(|name| MAY_SHARE.contains(name));
    for (at, (variable, column)) in columns.iter().enumerate() {
        let is_twin = |(first, other): &&(&str, &ColumnName)| other.is(column.as_str()) && !may_share(first, variable);
        if let Some((first, _)) = columns[..at].iter().find(is_twin) {
            vars.problem(format!("{variable} names the column `{column}`, and {first} does, too"));
        }
    }
}

fn values(vars: &mut Vars<'_>) -> ValuesIn {
    let json = vars.or_default(variables::VALUES_COLUMN);
    let Some(list) = vars.given(variables::FEATURE_COLUMNS) else { return ValuesIn::Json(json) };
    if vars.given(variables::VALUES_COLUMN).is_some() {
        vars.problem("VALUES_COLUMN and FEATURE_COLUMNS are both set; accepted: one of them".into());
    }
    let mut columns = Vec::new();
    for entry in parts(&list, ',') {
        match FeatureColumn::read(entry) {
            Some(column) => columns.push(column),
            None => vars.problem(format!("FEATURE_COLUMNS has `{entry}`; accepted: {}", FeatureColumn::ACCEPTS)),
        }
    }
    ValuesIn::Columns(columns)
}
