//! Reading what is written, and where: see [`super::target`]; and what is read instead of a table: see [`super::source`].

use super::columns::FeatureColumn;
use super::names::{ColumnName, parts};
use super::setting::Setting;
use super::source::{Rows, Source, SourceKind};
use super::target::{Beside, ClassColumn, Keeps, Part, SCORE_COLUMNS, ScoreTable, Target};
use super::variables::{self, Variable};
use super::vars::Vars;

/// rowscore's own tables, of which none can be a score table.
pub const OWN_TABLES: [&str; 11] = [
    "batch_runs",
    "batch_lanes",
    "item_failures",
    "batch_jobs",
    "batch_models",
    "batch_model_parts",
    "batch_model_uses",
    "batch_samples",
    "batch_truths",
    "batch_quality",
    "batch_judged",
];

/// rowscore's own view, which cannot be one either.
pub const OWN_VIEW: &str = "batch_status";

/// Reads where predictions go; what is wrong with the variables is noted in `vars`.
pub(super) fn target(vars: &mut Vars<'_>) -> Target {
    let (keeps, name) = (vars.or_default(variables::SCORES), vars.get(variables::SCORE_TABLE));
    let Some(name) = name else {
        if keeps == Keeps::History && vars.given(variables::SCORE_TABLE).is_none() {
            vars.problem("SCORES is `history`, but SCORE_TABLE is not set; set both, or none of them".into());
        }
        return Target::Columns;
    };
    for (variable, given) in [
        (variables::RUN_COLUMN::ENTRY.name, vars.given(variables::RUN_COLUMN)),
        (variables::MODEL_COLUMN::ENTRY.name, vars.given(variables::MODEL_COLUMN)),
        (variables::PREDICTED_AT_COLUMN::ENTRY.name, vars.given(variables::PREDICTED_AT_COLUMN)),
    ] {
        if let Some(given) = given {
            vars.problem(format!(
                "{variable} is `{given}`, and SCORE_TABLE is set; unset one of them: every score table has {}",
                SCORE_COLUMNS.join(", ")
            ));
        }
    }
    if OWN_TABLES.iter().chain(&[OWN_VIEW]).any(|own| own.eq_ignore_ascii_case(name.as_str())) {
        vars.problem(format!(
            "SCORE_TABLE is `{}`, a table that rowscore keeps its runs in; accepted: another name",
            name.as_str()
        ));
    }
    Target::Scores(ScoreTable { name, keeps })
}

/// Reads which columns are written beside the prediction; what is wrong with them is noted in `vars`.
pub(super) fn beside(vars: &mut Vars<'_>) -> Vec<Beside> {
    let mut all = Vec::new();
    let mut add = |part, column: Option<ColumnName>| all.extend(column.map(|column| Beside { part, column }));
    add(Part::Label, vars.get(variables::LABEL_COLUMN));
    add(Part::Confidence, vars.get(variables::CONFIDENCE_COLUMN));
    add(Part::Value, vars.get(variables::VALUE_COLUMN));
    for FeatureColumn { feature, column } in classes(vars) {
        add(Part::Class(feature), Some(column));
    }
    let (decision, threshold) = (vars.get(variables::DECISION_COLUMN), vars.get(variables::THRESHOLD));
    let (has_decision, has_threshold) =
        (vars.given(variables::DECISION_COLUMN).is_some(), vars.given(variables::THRESHOLD).is_some());
    if has_decision != has_threshold {
        let (set, unset) =
            if has_decision { ("DECISION_COLUMN", "THRESHOLD") } else { ("THRESHOLD", "DECISION_COLUMN") };
        vars.problem(format!("{set} is set, but {unset} is not; set both, or none of them"));
    }
    if let Some(threshold) = threshold {
        add(Part::Decision(threshold), decision);
    }
    add(Part::Model, vars.get(variables::MODEL_COLUMN));
    add(Part::PredictedAt, vars.get(variables::PREDICTED_AT_COLUMN));
    all
}

/// `CLASS_COLUMNS`, each class once.
fn classes(vars: &mut Vars<'_>) -> Vec<FeatureColumn> {
    let Some(list) = vars.given(variables::CLASS_COLUMNS) else { return Vec::new() };
    let mut columns: Vec<FeatureColumn> = Vec::new();
    for entry in parts(&list, ',') {
        match ClassColumn::read(entry) {
            Some(ClassColumn(named)) if columns.iter().any(|other| other.feature == named.feature) => {
                vars.problem(format!("CLASS_COLUMNS names the class `{}` twice", named.feature));
            }
            Some(ClassColumn(named)) => columns.push(named),
            None => vars.problem(format!("CLASS_COLUMNS has `{entry}`; accepted: {}", ClassColumn::ACCEPTS)),
        }
    }
    columns
}

/// Reads where the rows come from; what is wrong with the variables is noted in `vars`.
pub(super) fn source(vars: &mut Vars<'_>, target: &Target) -> Source {
    let (kind, query) = (vars.or_default(variables::SOURCE_KIND), vars.get(variables::SOURCE_QUERY));
    let condition = vars.get(variables::SOURCE_WHERE);
    if query.is_some() && kind == SourceKind::View {
        vars.problem("SOURCE_KIND is `view`, and SOURCE_QUERY is set; accepted: one of them".into());
    }
    let rows = match (query, kind) {
        (Some(query), _) => Rows::Query(query),
        (None, SourceKind::View) => Rows::View,
        (None, SourceKind::Table) => Rows::Table,
    };
    let source = Source { rows, condition };
    if !source.is_table() && *target == Target::Columns && vars.given(variables::SCORE_TABLE).is_none() {
        vars.problem(
            "SCORE_TABLE is not set; SOURCE_KIND=view, SOURCE_WHERE and SOURCE_QUERY need it, because their rows are only read"
                .into(),
        );
    }
    source
}
