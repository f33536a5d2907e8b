//! Which two rows a step moves, and what it does to all others: loops over all rows.

use super::blocks::Block;
use crate::model::{LANES, Lanes, Vectorised};

/// The smallest curvature along a step, as in libsvm. It matters for rows that the kernel cannot tell
/// apart.
const LEAST_CURVATURE: f64 = 1e-12;

/// The curvature of the dual problem when one alpha grows as much as another shrinks.
#[inline(always)]
pub(super) fn curvature(diagonal: f64, other: f64, kernel: f64) -> f64 {
    let curvature = diagonal + other - 2.0 * kernel;
    if curvature > LEAST_CURVATURE { curvature } else { LEAST_CURVATURE }
}

/// The largest number of each lane, and its block.
struct Largest {
    number: Block,
    block: Block,
}

impl Largest {
    #[inline(always)]
    fn above(number: f64) -> Self {
        Self { number: Lanes([number; LANES]), block: Lanes::ZERO }
    }

    #[inline(always)]
    fn offer(&mut self, numbers: &Block, block: f64) {
        self.block = Lanes::of(|lane| if numbers[lane] > self.number[lane] { block } else { self.block[lane] });
        self.number =
            Lanes::of(|lane| if numbers[lane] > self.number[lane] { numbers[lane] } else { self.number[lane] });
    }

    /// The largest number and its row. Of equal ones the first row, whatever the lanes are.
    #[inline(always)]
    fn of_all(&self) -> (f64, usize) {
        let row = |lane: usize| self.block[lane] as usize * LANES + lane;
        (1..LANES).fold((self.number[0], row(0)), |largest, lane| {
            let number = self.number[lane];
            let wins = number > largest.0 || (number == largest.0 && row(lane) < largest.1);
            if wins { (number, row(lane)) } else { largest }
        })
    }
}

/// How far the rows are from the optimum.
#[derive(Clone, Copy)]
pub(super) struct Violation {
    /// Of the rows whose alpha may grow, the one with the largest gradient.
    pub(super) up: usize,
    /// Its gradient.
    pub(super) highest: f64,
    /// Of the rows whose alpha may shrink, the smallest gradient.
    pub(super) lowest: f64,
}

impl Violation {
    /// At the optimum it is 0 or less.
    pub(super) fn gap(&self) -> f64 {
        self.highest - self.lowest
    }
}

/// Finds the [`Violation`].
pub(super) struct Look<'a> {
    pub(super) gradients: &'a [Block],
    /// What is added to the gradient of an alpha that is to grow; minus infinity where it may not.
    pub(super) grow: &'a [Block],
    /// What is added to the gradient of an alpha that is to shrink; infinity where it may not.
    pub(super) shrink: &'a [Block],
}

impl Vectorised for Look<'_> {
    type Output = Violation;

    #[inline(always)]
    fn run(self) -> Violation {
        let mut up = Largest::above(f64::NEG_INFINITY);
        let mut lowest = Lanes([f64::INFINITY; LANES]);
        let mut block = 0.0;
        for ((gradients, grow), shrink) in self.gradients.iter().zip(self.grow).zip(self.shrink) {
            up.offer(&Lanes::of(|lane| gradients[lane] + grow[lane]), block);
            lowest = Lanes::of(|lane| {
                let number = gradients[lane] + shrink[lane];
                if number < lowest[lane] { number } else { lowest[lane] }
            });
            block += 1.0;
        }
        let (highest, up) = up.of_all();
        Violation { up, highest, lowest: lowest.iter().fold(f64::INFINITY, |least, &number| least.min(number)) }
    }
}

/// Finds the row that gains most when its alpha shrinks by what the other's grows, to second order.
pub(super) struct Partner<'a> {
    pub(super) gradients: &'a [Block],
    pub(super) shrink: &'a [Block],
    pub(super) diagonal: &'a [Block],
    /// The kernel values of the row that grows.
    pub(super) kernel: &'a [Block],
    /// Its gradient, and its kernel value with itself.
    pub(super) highest: f64,
    pub(super) own: f64,
}

impl Vectorised for Partner<'_> {
    type Output = usize;

    #[inline(always)]
    fn run(self) -> usize {
        let mut best = Largest::above(0.0);
        let mut block = 0.0;
        let rows = self.gradients.iter().zip(self.shrink).zip(self.diagonal).zip(self.kernel);
        for (((gradients, shrink), diagonal), kernel) in rows {
            let gains = Lanes::of(|lane| {
                let slope = self.highest - (gradients[lane] + shrink[lane]);
                let gain = slope * slope / curvature(self.own, diagonal[lane], kernel[lane]);
                if slope > 0.0 { gain } else { 0.0 }
            });
            best.offer(&gains, block);
            block += 1.0;
        }
        best.of_all().1
    }
}

/// Changes the gradients as a step does.
pub(super) struct Descend<'a> {
    pub(super) gradients: &'a mut [Block],
    pub(super) step: f64,
    /// The kernel values of the row whose alpha grew.
    pub(super) up: &'a [Block],
    /// The kernel values of the row whose alpha shrank.
    pub(super) low: &'a [Block],
}

impl Vectorised for Descend<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let step = self.step;
        for ((gradients, up), low) in self.gradients.iter_mut().zip(self.up).zip(self.low) {
            *gradients = Lanes::of(|lane| gradients[lane] - step * (up[lane] - low[lane]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::InstructionSet;

    #[test]
    fn of_equal_numbers_the_first_row_counts_with_every_instruction_set() {
        let mut gradients = vec![Block::ZERO; 3];
        let (grow, shrink) = (vec![Block::ZERO; 3], vec![Block::ZERO; 3]);
        (gradients[1][5], gradients[2][1], gradients[2][9]) = (2.0, 2.0, -1.0);
        for instructions in InstructionSet::available() {
            let found = instructions.run(Look { gradients: &gradients, grow: &grow, shrink: &shrink });
            assert_eq!((found.up, found.highest, found.lowest), (LANES + 5, 2.0, -1.0));
        }
    }

    #[test]
    fn a_partner_may_shrink_and_gains_most_for_its_curvature() {
        let mut gradients = vec![Block::ZERO; 2];
        let (mut shrink, diagonal) = (vec![Block::ZERO; 2], vec![Lanes([1.0; LANES]); 2]);
        let mut kernel = vec![Block::ZERO; 2];
        // The steepest may not shrink; the next steepest has a large curvature.
        (gradients[0][0], shrink[0][0]) = (-9.0, f64::INFINITY);
        (gradients[0][1], gradients[1][2]) = (-2.0, -1.5);
        (kernel[0][1], kernel[1][2]) = (-1.0, 0.9);
        for instructions in InstructionSet::available() {
            let partner = Partner {
                gradients: &gradients,
                shrink: &shrink,
                diagonal: &diagonal,
                kernel: &kernel,
                highest: 1.0,
                own: 1.0,
            };
            assert_eq!(instructions.run(partner), LANES + 2);
        }
    }
}
