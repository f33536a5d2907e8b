//! What is done with a row before its machine: gaps filled, categories and moments taken apart. It is fitted to the
//! training rows, as the machine is.

use crate::model::{Category, Chain, Column, Feature, FeatureKind, Layer, Op, Part, Rule, part};

/// The parts that a moment may be taken apart into.
const PARTS: [Part; 4] = [Part::Year, Part::Month, Part::Weekday, Part::Hour];

/// The layers for rows of these features; none where every row is what a machine takes already. What
/// `rows` never have is not learnt: a category, a gap, a time of day.
pub(super) fn fit(features: &[Feature], rows: &[&[f64]]) -> Vec<Layer> {
    if features.iter().all(Feature::is_plain) {
        return Vec::new();
    }
    let mut layer = Layer::new();
    for (from, feature) in features.iter().enumerate() {
        let values: Vec<f64> = rows.iter().map(|row| row[from]).filter(|value| !value.is_nan()).collect();
        let chain = |ops: Vec<Op>| Column::Chain(Chain { from, ops });
        let fill = match feature.missing {
            Rule::Taken => vec![Op::Fill(median(&values))],
            Rule::Refused => Vec::new(),
        };
        match &feature.kind {
            FeatureKind::Number => layer.push(chain(fill)),
            FeatureKind::Category { categories, .. } => {
                layer.extend(one_hot(categories, &values).map(|op| chain(vec![op])))
            }
            FeatureKind::Moment => {
                layer.extend(parts(&values).map(|part| chain([&fill[..], &[Op::Part(part)]].concat())));
            }
        }
        if values.len() < rows.len() {
            layer.push(chain(vec![Op::IsMissing]));
        }
    }
    vec![layer]
}

/// Of each category that the rows have, whether it is this one.
fn one_hot(categories: &[Category], codes: &[f64]) -> impl Iterator<Item = Op> {
    let mut is_seen = vec![false; categories.len()];
    for &code in codes {
        if let Some(is_seen) = is_seen.get_mut(code as usize) {
            *is_seen = true;
        }
    }
    (0..categories.len()).filter(move |&code| is_seen[code]).map(|code| Op::IsAmong(vec![code as f64]))
}

/// The parts that tell the moments apart; the first where none does.
fn parts(moments: &[f64]) -> impl Iterator<Item = Part> {
    let varies = |name: &Part| {
        let mut values = moments.iter().map(|&moment| part(moment, *name));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let varying: Vec<Part> = PARTS.into_iter().filter(varies).collect();
    (if varying.is_empty() { vec![PARTS[0]] } else { varying }).into_iter()
}

/// As numpy has it: of two in the middle their mean. 0 where there is nothing.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        _ if sorted.is_empty() => 0.0,
        1 => sorted[middle],
        _ => sorted[middle - 1] + (sorted[middle] - sorted[middle - 1]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feature(kind: FeatureKind, missing: Rule) -> Feature {
        Feature { name: "x".into(), kind, missing }
    }

    fn columns(feature: Feature, values: &[f64]) -> Vec<Vec<Op>> {
        let rows: Vec<&[f64]> = values.chunks(1).collect();
        let layers = fit(&[feature], &rows);
        let ops = |column: &Column| match column {
            Column::Chain(chain) => chain.ops.clone(),
            Column::Sum(_) => unreachable!(),
        };
        layers.iter().flatten().map(ops).collect()
    }

    #[test]
    fn numbers_without_gaps_need_no_layer() {
        assert!(fit(&[Feature::number("x")], &[&[1.0]]).is_empty());
    }

    #[test]
    fn gaps_become_the_median_and_are_told_where_there_were_some() {
        let number = |missing| feature(FeatureKind::Number, missing);
        let gaps = [3.0, f64::NAN, 1.0, 2.0, 10.0];
        assert_eq!(columns(number(Rule::Taken), &gaps), [vec![Op::Fill(2.5)], vec![Op::IsMissing]]);
        assert_eq!(columns(number(Rule::Taken), &gaps[2..]), [[Op::Fill(2.0)]]);
        assert_eq!(columns(number(Rule::Taken), &[f64::NAN]), [vec![Op::Fill(0.0)], vec![Op::IsMissing]]);
    }

    #[test]
    fn a_category_has_a_column_for_each_one_that_is_seen() {
        let categories = ["a", "b", "c"].map(|text| Category::Text(text.into())).to_vec();
        let kind = FeatureKind::Category { categories, unseen: Rule::Taken };
        let among = |code: f64| vec![Op::IsAmong(vec![code])];
        assert_eq!(columns(feature(kind.clone(), Rule::Refused), &[2.0, 0.0, 2.0]), [among(0.0), among(2.0)]);
        assert_eq!(columns(feature(kind, Rule::Taken), &[1.0, f64::NAN]), [among(1.0), vec![Op::IsMissing]]);
    }

    #[test]
    fn a_moment_has_the_parts_that_vary() {
        let day = 86_400.0;
        let moment = || feature(FeatureKind::Moment, Rule::Refused);
        assert_eq!(columns(moment(), &[0.0, 7.0 * day]), [[Op::Part(Part::Year)]]);
        assert_eq!(columns(moment(), &[0.0, day + 3600.0]), [[Op::Part(Part::Weekday)], [Op::Part(Part::Hour)]]);
        let filled = columns(feature(FeatureKind::Moment, Rule::Taken), &[0.0, 40.0 * day, f64::NAN]);
        assert_eq!(filled[0], [Op::Fill(20.0 * day), Op::Part(Part::Month)]);
        assert_eq!(filled[2], [Op::IsMissing]);
    }
}
