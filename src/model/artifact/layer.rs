//! What a pipeline does with a row before its machine: columns that are made of the columns before them.

use serde::{Deserialize, Serialize};

/// A list of columns, each made of those of the layer before; those of the first are made of a raw row.
pub type Layer = Vec<Column>;

/// How a column is made. A gap is NaN, and stays one unless an [`Op`] says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Column {
    /// Of one column before.
    Chain(Chain),
    /// Of several.
    Sum(Sum),
}

/// A column made of one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// Which, from 0.
    pub from: usize,
    /// What is done with it, one after the other.
    pub ops: Vec<Op>,
}

/// A weighted sum of columns: `constant + Σ weight · column`, in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// (Column, weight).
    pub terms: Vec<(usize, f64)>,
    /// What is added.
    pub constant: f64,
}

/// What is done with a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// A gap becomes this.
    Fill(f64),
    /// 1 for a gap, else 0.
    IsMissing,
    /// 1 if it is one of these, else 0, also for a gap.
    IsAmong(Vec<f64>),
    /// Number `k` becomes the entry at `k`.
    LookUp(Vec<f64>),
    /// `(x - center) / scale`.
    Scale {
        /// In the column's unit.
        center: f64,
        /// Not 0.
        scale: f64,
    },
    /// Not below `min`, not above `max`.
    Clip {
        /// The least.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// A function of it.
    Apply(Function),
    /// A part of a moment.
    Part(Part),
}

/// A function of one number, as numpy has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each has the name that it has everywhere")]
pub enum Function {
    Log,
    Log1p,
    Log2,
    Log10,
    Exp,
    Expm1,
    Sqrt,
    Cbrt,
    Square,
    Abs,
    Sign,
    Sin,
    Cos,
}

/// A part of a moment, in the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// 2024.
    Year,
    /// 1 to 12.
    Month,
    /// Of the month, from 1.
    Day,
    /// From Monday, 0, to Sunday, 6.
    Weekday,
    /// From 1.
    DayOfYear,
    /// 0 to 23.
    Hour,
    /// 0 to 59.
    Minute,
    /// Since 1970 began, whole ones.
    Days,
    /// Since 1970 began, with fractions.
    Seconds,
}
