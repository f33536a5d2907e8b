//! The layers of a pipeline, for rows side by side.

use super::artifact::{Chain, Column, Function, Layer, Op, Sum};
use super::lanes::{LANES, Lanes};
use super::moment;

/// The columns of a batch of rows, layer by layer.
#[derive(Clone, Debug)]
pub(super) struct Layers<'m> {
    layers: &'m [Layer],
    /// First the rows as they are, then what each layer makes; nothing where there are no layers.
    columns: Vec<Vec<Lanes<LANES>>>,
}

impl<'m> Layers<'m> {
    pub(super) fn new(layers: &'m [Layer], features: usize) -> Self {
        let widths = layers.first().map(|_| features).into_iter().chain(layers.iter().map(Vec::len));
        Self { layers, columns: widths.map(|width| vec![Lanes::ZERO; width]).collect() }
    }

    /// The columns that the last layer makes of `rows`. Lanes without a row repeat the last row.
    #[inline(always)]
    pub(super) fn run(&mut self, rows: &[f64]) -> &[Lanes<LANES>] {
        let mut columns = self.columns.iter_mut();
        let mut before: &[Lanes<LANES>] = columns.next().map_or(&[], |raw| {
            lay_out(rows, raw);
            raw
        });
        for (layer, made) in self.layers.iter().zip(columns) {
            for (column, made) in layer.iter().zip(made.iter_mut()) {
                match column {
                    Column::Chain(Chain { from, ops }) => {
                        *made = before[*from];
                        for op in ops {
                            *made = apply(op, made);
                        }
                    }
                    Column::Sum(sum) => *made = add(sum, before),
                }
            }
            before = made;
        }
        before
    }

    /// The feature that made a column of the last layer what it is in a row: of a sum the first term's that is
    /// not finite.
    pub(super) fn origin(&self, column: usize, lane: usize) -> usize {
        let layers = self.layers.iter().zip(&self.columns).rev();
        layers.fold(column, |column, (layer, before)| match &layer[column] {
            Column::Chain(chain) => chain.from,
            Column::Sum(Sum { terms, .. }) => {
                let is_odd = |&&(from, _): &&(usize, f64)| !before[from][lane].is_finite();
                terms.iter().find(is_odd).or(terms.first()).map_or(0, |term| term.0)
            }
        })
    }
}

/// What the layers make of raw rows, as a machine takes it; without layers the rows as they are.
pub(crate) fn columns(layers: &[Layer], rows: &[&[f64]]) -> Vec<Vec<f64>> {
    let (Some(last), Some(first)) = (layers.last(), rows.first()) else {
        return rows.iter().map(|row| row.to_vec()).collect();
    };
    let width = last.len();
    let mut made = Layers::new(layers, first.len());
    let mut columns = Vec::with_capacity(rows.len());
    for rows in rows.chunks(LANES) {
        let found = made.run(&rows.concat());
        columns.extend((0..rows.len()).map(|lane| (0..width).map(|column| found[column][lane]).collect::<Vec<_>>()));
    }
    columns
}

#[inline(always)]
fn lay_out<const N: usize>(rows: &[f64], columns: &mut [Lanes<N>]) {
    let last = rows.len() - columns.len();
    let starts: [usize; N] = std::array::from_fn(|lane| last.min(lane * columns.len()));
    for (feature, column) in columns.iter_mut().enumerate() {
        *column = Lanes::of(|lane| rows[starts[lane] + feature]);
    }
}

#[inline(always)]
fn add<const N: usize>(sum: &Sum, columns: &[Lanes<N>]) -> Lanes<N> {
    let mut total = Lanes([sum.constant; N]);
    for &(from, weight) in &sum.terms {
        let column = &columns[from];
        total = Lanes::of(|lane| total[lane] + weight * column[lane]);
    }
    total
}

/// Comparisons are written so that a NaN stays one, where it is to.
#[inline(always)]
fn apply<const N: usize>(op: &Op, x: &Lanes<N>) -> Lanes<N> {
    match op {
        Op::Fill(value) => Lanes::of(|lane| if x[lane].is_nan() { *value } else { x[lane] }),
        Op::IsMissing => Lanes::of(|lane| if x[lane].is_nan() { 1.0 } else { 0.0 }),
        Op::IsAmong(values) => {
            let mut found = Lanes::<N>::ZERO;
            for value in values {
                found = Lanes::of(|lane| if x[lane] == *value { 1.0 } else { found[lane] });
            }
            found
        }
        Op::LookUp(entries) => Lanes::of(|lane| look_up(entries, x[lane])),
        Op::Scale { center, scale } => Lanes::of(|lane| (x[lane] - center) / scale),
        Op::Clip { min, max } => Lanes::of(|lane| {
            let least = if x[lane] < *min { *min } else { x[lane] };
            if least > *max { *max } else { least }
        }),
        Op::Apply(function) => function_of(*function, x),
        Op::Part(part) => Lanes::of(|lane| moment::part(x[lane], *part)),
    }
}

/// The entry of a code; of what is no code of an entry, NaN.
fn look_up(entries: &[f64], code: f64) -> f64 {
    // A conversion of a float saturates, and NaN becomes 0.
    let position = code as usize;
    if position as f64 == code { entries.get(position).copied().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// By the crate `libm`, whose bits do not depend on the platform.
#[inline(always)]
fn function_of<const N: usize>(function: Function, x: &Lanes<N>) -> Lanes<N> {
    match function {
        Function::Log => Lanes::of(|lane| libm::log(x[lane])),
        Function::Log1p => Lanes::of(|lane| libm::log1p(x[lane])),
        Function::Log2 => Lanes::of(|lane| libm::log2(x[lane])),
        Function::Log10 => Lanes::of(|lane| libm::log10(x[lane])),
        Function::Exp => Lanes::of(|lane| libm::exp(x[lane])),
        Function::Expm1 => Lanes::of(|lane| libm::expm1(x[lane])),
        Function::Sqrt => Lanes::of(|lane| libm::sqrt(x[lane])),
        Function::Cbrt => Lanes::of(|lane| libm::cbrt(x[lane])),
        Function::Square => Lanes::of(|lane| x[lane] * x[lane]),
        Function::Abs => Lanes::of(|lane| x[lane].abs()),
        Function::Sign => Lanes::of(|lane| sign(x[lane])),
        Function::Sin => Lanes::of(|lane| libm::sin(x[lane])),
        Function::Cos => Lanes::of(|lane| libm::cos(x[lane])),
    }
}

/// As numpy has it: 0 for 0, NaN for NaN.
#[inline(always)]
fn sign(x: f64) -> f64 {
    let above = if x > 0.0 { 1.0 } else { x };
    if x < 0.0 { -1.0 } else { above }
}
