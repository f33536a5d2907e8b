//! A pipeline at work on a batch of rows side by side.
//!
//! The kernel values of a vector are computed once, and added to all decision values that use it.

use super::ending::Ended;
use super::error::{ScoreError, Unscored};
use super::lanes::{InstructionSet, LANES, Lanes, Vectorised};
use super::layers::Layers;
use super::machine::Machine;
use super::member::Member;
use super::scaler::Scaler;
use super::scorer::Predict;

/// So many vectors have their kernel values computed together: these fit into the cache.
const TILE: usize = 32;

/// Up to [`LANES`] rows in work.
#[derive(Clone, Debug)]
pub(super) struct Batch<'m> {
    member: &'m Member,
    instructions: InstructionSet,
    layers: Layers<'m>,
    /// One entry per column of the machine.
    scaled: Vec<Lanes<LANES>>,
    kernel_values: [Lanes<LANES>; TILE],
    decisions: Vec<Lanes<LANES>>,
    ended: Ended<'m>,
}

impl<'m> Batch<'m> {
    pub(super) fn new(member: &'m Member, instructions: InstructionSet) -> Self {
        Self {
            member,
            instructions,
            layers: Layers::new(&member.layers, member.features),
            scaled: vec![Lanes::ZERO; member.machine.columns()],
            kernel_values: [Lanes::ZERO; TILE],
            decisions: vec![Lanes::ZERO; member.machine.intercepts.len()],
            ended: Ended::new(&member.ending),
        }
    }

    /// Why a row of the batch has no decision values, if one or what it was made of is not finite.
    fn odd(&self, lane: usize, row: &[f64]) -> Option<ScoreError> {
        if let Some(column) = odd(&self.scaled, lane) {
            let feature = self.layers.origin(column, lane);
            let value = row[feature];
            return Some(if value.is_nan() {
                ScoreError::Gap { feature }
            } else {
                ScoreError::Value { feature, value }
            });
        }
        odd(&self.decisions, lane).map(|position| ScoreError::Decision { position })
    }

    /// Reports the rows that have a number that is not finite, and drops them.
    fn set_aside(&mut self, rows: &[f64], unscored: &mut Vec<Unscored>) {
        for (lane, row) in rows.chunks_exact(self.member.features).enumerate() {
            unscored.extend(self.odd(lane, row).map(|error| Unscored { row: lane, error }));
        }
        for lane in 0..LANES {
            // Coupling would believe that a NaN has converged.
            if odd(&self.decisions, lane).is_some() {
                self.decisions.iter_mut().for_each(|decision| decision[lane] = 0.0);
            }
        }
    }

    /// Reports the rows whose outputs are not finite.
    fn set_outputs_aside(&self, rows: &[f64], unscored: &mut Vec<Unscored>) {
        for lane in 0..rows.len() / self.member.features {
            if let Some(position) = odd(self.outputs(), lane) {
                unscored.push(Unscored { row: lane, error: ScoreError::Output { position } });
            }
        }
        unscored.sort_by_key(|unscored| unscored.row);
        unscored.dedup_by_key(|unscored| unscored.row);
    }
}

impl Predict for Batch<'_> {
    fn features(&self) -> usize {
        self.member.features
    }

    fn predict(&mut self, rows: &[f64], unscored: &mut Vec<Unscored>) {
        let mut found = Vec::new();
        let instructions = self.instructions;
        if !instructions.run(Decide { batch: self, rows }) {
            self.set_aside(rows, &mut found);
        }
        if !instructions.run(End { batch: self }) {
            self.set_outputs_aside(rows, &mut found);
        }
        unscored.append(&mut found);
    }

    fn outputs(&self) -> &[Lanes<LANES>] {
        self.ended.outputs()
    }

    fn decisions(&self) -> &[Lanes<LANES>] {
        &self.decisions
    }
}

/// The first of a row's numbers that is not finite.
fn odd(numbers: &[Lanes<LANES>], lane: usize) -> Option<usize> {
    numbers.iter().position(|number| !number[lane].is_finite())
}

/// From rows to decision values; answers whether all of them, and all scaled values, are finite.
struct Decide<'b, 'm> {
    batch: &'b mut Batch<'m>,
    rows: &'b [f64],
}

impl Vectorised for Decide<'_, '_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Batch { member, layers, scaled, kernel_values, decisions, .. } = self.batch;
        let machine = &member.machine;
        if member.layers.is_empty() {
            scale_rows(&machine.scaler, self.rows, scaled);
        } else {
            scale(&machine.scaler, layers.run(self.rows), scaled);
        }
        decide(machine, scaled, kernel_values, decisions);
        all_finite(scaled) && all_finite(decisions)
    }
}

#[inline(always)]
fn decide<const N: usize>(
    machine: &Machine,
    scaled: &[Lanes<N>],
    kernel_values: &mut [Lanes<N>; TILE],
    decisions: &mut [Lanes<N>],
) {
    for (decision, &intercept) in decisions.iter_mut().zip(&machine.intercepts) {
        *decision = Lanes([intercept; N]);
    }
    let mut start = 0;
    let tiles = machine.vectors.chunks(TILE * scaled.len()).zip(machine.ends.chunks(TILE));
    for (vectors, ends) in tiles {
        let kernel_values = &mut kernel_values[..ends.len()];
        machine.kernel.evaluate_all(scaled, vectors, kernel_values);
        for (value, &end) in kernel_values.iter().zip(ends) {
            for term in &machine.terms[start..end] {
                let decision = &mut decisions[term.decision];
                *decision = Lanes::of(|lane| decision[lane] + term.coefficient * value[lane]);
            }
            start = end;
        }
    }
}

/// Scales up to `N` rows and lays them out column by column. Lanes without a row repeat the last row; nobody
/// uses what they compute.
#[inline(always)]
fn scale_rows<const N: usize>(scaler: &Scaler, rows: &[f64], scaled: &mut [Lanes<N>]) {
    let last = rows.len() - scaled.len();
    let starts: [usize; N] = std::array::from_fn(|lane| last.min(lane * scaled.len()));
    let parameters = scaler.mean.iter().zip(&scaler.scale);
    for (feature, (scaled, (mean, scale))) in scaled.iter_mut().zip(parameters).enumerate() {
        let row: Lanes<N> = Lanes::of(|lane| rows[starts[lane] + feature]);
        *scaled = Lanes::of(|lane| (row[lane] - mean) / scale);
    }
}

/// The same of columns.
#[inline(always)]
fn scale<const N: usize>(scaler: &Scaler, columns: &[Lanes<N>], scaled: &mut [Lanes<N>]) {
    let parameters = scaler.mean.iter().zip(&scaler.scale);
    for ((scaled, column), (mean, scale)) in scaled.iter_mut().zip(columns).zip(parameters) {
        *scaled = Lanes::of(|lane| (column[lane] - mean) / scale);
    }
}

#[inline(always)]
fn all_finite<const N: usize>(numbers: &[Lanes<N>]) -> bool {
    // Zero times a number is zero, times anything else NaN.
    let mut zeros = Lanes::<N>::ZERO;
    for lanes in numbers {
        zeros = Lanes::of(|lane| zeros[lane] + 0.0 * lanes[lane]);
    }
    zeros.iter().all(|&zero| zero == 0.0)
}

/// From decision values, which must be finite, to outputs; answers whether all of them are.
struct End<'b, 'm> {
    batch: &'b mut Batch<'m>,
}

impl Vectorised for End<'_, '_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Batch { decisions, ended, .. } = self.batch;
        ended.run(decisions);
        all_finite(ended.outputs())
    }
}
