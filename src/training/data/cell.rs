//! From a field to a number of a raw row: the same in a training and for the model that comes of it.

use super::error::BadField;
use super::number::{Decimal, number, with_point};
use crate::model::{Category, Encoder, FeatureKind, Odd, is_gap, truth};

/// So many categories are named at most.
const NAMED: usize = 20;

/// The number of a field of the feature at `position`, which is of this kind.
pub(super) fn value(
    encoder: &Encoder,
    position: usize,
    kind: &FeatureKind,
    field: &str,
    decimal: Decimal,
) -> Result<f64, Odd> {
    match kind {
        // What is a category is no gap, whatever it is called.
        _ if is_gap(field) && !encoder.is_called(position, field) => encoder.gap(position),
        FeatureKind::Number => number(field, decimal).ok_or(Odd::NotANumber),
        FeatureKind::Moment => encoder.text(position, field),
        FeatureKind::Category { .. } if encoder.is_called(position, field) => encoder.text(position, field),
        FeatureKind::Category { .. } => match truth(field) {
            Some(value) => encoder.truth(position, value),
            None => encoder.text(position, &with_point(field, decimal)),
        },
    }
}

/// What is wrong with a field that has no number.
pub(super) fn bad(odd: Odd, kind: &FeatureKind, field: &str) -> BadField {
    let text = field.to_owned();
    match (odd, kind) {
        (Odd::Missing, _) => BadField::Gap(text),
        (Odd::NotANumber, _) => BadField::NotANumber(text),
        (Odd::Unseen, FeatureKind::Category { categories, .. }) => {
            BadField::UnknownCategory { text, known: listed(categories) }
        }
        (Odd::NotAMoment | Odd::Unseen, _) => BadField::NotAMoment(text),
    }
}

fn listed(categories: &[Category]) -> String {
    let names: Vec<String> = categories.iter().take(NAMED).map(Category::to_string).collect();
    let more = if categories.len() > NAMED { format!(" and {} more", categories.len() - NAMED) } else { String::new() };
    names.join(", ") + &more
}
