//! What the columns of a pipeline are called, for people.

use super::artifact::{Category, Chain, Column, Feature, FeatureKind, Function, Layer, Op, Part};

/// The names of the columns that the last of `layers` makes of `features`.
pub(super) fn names(features: &[Feature], layers: &[Layer]) -> Vec<String> {
    let raw = features.iter().map(|feature| Named { name: feature.name.clone(), kind: Some(&feature.kind) }).collect();
    let last = layers.iter().fold(raw, |before: Vec<Named<'_>>, layer| {
        let mut sums = 0;
        let column = |column: &Column| match column {
            Column::Chain(Chain { from, ops }) => {
                let Named { name, kind } = &before[*from];
                ops.iter().fold(Named { name: name.clone(), kind: *kind }, Named::after)
            }
            Column::Sum(_) => {
                sums += 1;
                Named { name: format!("component {sums}"), kind: None }
            }
        };
        layer.iter().map(column).collect()
    });
    last.into_iter().map(|named| named.name).collect()
}

struct Named<'f> {
    name: String,
    /// Of a feature as it is.
    kind: Option<&'f FeatureKind>,
}

impl Named<'_> {
    /// What it is called after `op`.
    fn after(self, op: &Op) -> Self {
        let Self { name, kind } = self;
        let name = match op {
            // The same in other units, or only where it is odd.
            Op::Fill(_) | Op::LookUp(_) | Op::Scale { .. } | Op::Clip { .. } => name,
            Op::IsMissing => format!("{name} is missing"),
            Op::IsAmong(values) => match values.as_slice() {
                [value] => format!("{name} = {}", called(kind, *value)),
                values => {
                    let values: Vec<String> = values.iter().map(|value| called(kind, *value)).collect();
                    format!("{name} among {}", values.join(", "))
                }
            },
            Op::Apply(function) => format!("{}({name})", function_name(*function)),
            Op::Part(part) => format!("{} of {name}", part_name(*part)),
        };
        // A gap that is filled leaves the codes what they are.
        Self { name, kind: kind.filter(|_| matches!(op, Op::Fill(_))) }
    }
}

/// A value of a feature as it is.
fn called(kind: Option<&FeatureKind>, value: f64) -> String {
    let Some(FeatureKind::Category { categories, .. }) = kind else { return value.to_string() };
    // A conversion of a float saturates.
    categories.get(value as usize).map_or("unseen".to_owned(), Category::to_string)
}

fn function_name(function: Function) -> &'static str {
    match function {
        Function::Log => "log",
        Function::Log1p => "log1p",
        Function::Log2 => "log2",
        Function::Log10 => "log10",
        Function::Exp => "exp",
        Function::Expm1 => "expm1",
        Function::Sqrt => "sqrt",
        Function::Cbrt => "cbrt",
        Function::Square => "square",
        Function::Abs => "abs",
        Function::Sign => "sign",
        Function::Sin => "sin",
        Function::Cos => "cos",
    }
}

fn part_name(part: Part) -> &'static str {
    match part {
        Part::Year => "year",
        Part::Month => "month",
        Part::Day => "day",
        Part::Weekday => "weekday",
        Part::DayOfYear => "day of year",
        Part::Hour => "hour",
        Part::Minute => "minute",
        Part::Days => "days",
        Part::Seconds => "seconds",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::artifact::{Rule, Sum};

    #[test]
    fn a_column_is_called_after_the_feature_and_what_was_done_with_it() {
        let categories = vec![Category::Text("female".into()), Category::Number(2.0)];
        let kind = FeatureKind::Category { categories, unseen: Rule::Taken };
        let sex = Feature { name: "sex".into(), kind, missing: Rule::Taken };
        let at = Feature { name: "at".into(), kind: FeatureKind::Moment, missing: Rule::Refused };
        let chain = |from, ops: &[Op]| Column::Chain(Chain { from, ops: ops.to_vec() });
        let scale = Op::Scale { center: 0.0, scale: 2.0 };
        let first = vec![
            chain(0, &[Op::Fill(1.0), scale.clone()]),
            chain(0, &[Op::IsMissing]),
            chain(1, &[Op::IsAmong(vec![0.0])]),
            chain(1, &[Op::Fill(0.0), Op::IsAmong(vec![1.0, 2.0])]),
            chain(2, &[Op::Part(Part::Month), Op::IsAmong(vec![12.0])]),
            chain(0, &[Op::Apply(Function::Log1p)]),
            Column::Sum(Sum { terms: vec![(0, 1.0)], constant: 0.0 }),
        ];
        let found = names(&[Feature::number("age"), sex, at], &[first, (0..7).map(|from| chain(from, &[])).collect()]);
        let expected = [
            "age",
            "age is missing",
            "sex = female",
            "sex among 2, unseen",
            "month of at = 12",
            "log1p(age)",
            "component 1",
        ];
        assert_eq!(found, expected);
    }
}
