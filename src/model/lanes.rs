//! Rows side by side, and the instruction set that they are computed with.
//!
//! Everything is computed for `N` rows at once, in loops over [`Lanes`] that the compiler turns into
//! vector instructions. How wide these are is known only at run time, so each loop is compiled once for
//! every instruction set. A lane never uses the numbers of another lane, and Rust never fuses a
//! multiplication and an addition into one rounding. So a row has the same bits with every instruction
//! set, in every lane, and beside any other rows.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// Rows of a batch: two registers of AVX-512, four of AVX2.
pub(crate) const LANES: usize = 16;

/// One number of each of `N` rows, aligned for vector instructions.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub(crate) struct Lanes<const N: usize>(pub(crate) [f64; N]);

impl<const N: usize> Lanes<N> {
    pub(crate) const ZERO: Self = Self([0.0; N]);

    /// Computes each lane's number with `number`. All are computed before any is stored, so the
    /// compiler knows that no lane changes what another one reads.
    #[inline(always)]
    pub(crate) fn of(number: impl Fn(usize) -> f64) -> Self {
        let mut lanes = Self::ZERO;
        for lane in 0..N {
            lanes[lane] = number(lane);
        }
        lanes
    }
}

impl<const N: usize> Deref for Lanes<N> {
    type Target = [f64; N];

    #[inline(always)]
    fn deref(&self) -> &[f64; N] {
        &self.0
    }
}

impl<const N: usize> DerefMut for Lanes<N> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [f64; N] {
        &mut self.0
    }
}

/// Work that is compiled once for every instruction set. Every function in it must be
/// `#[inline(always)]`: a function that is called instead keeps its own instruction set.
pub(crate) trait Vectorised {
    type Output;

    fn run(self) -> Self::Output;
}

/// An instruction set that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstructionSet(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// What every processor of the architecture has: SSE2 or NEON.
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl InstructionSet {
    /// All that this processor has, the widest last.
    pub fn available() -> impl Iterator<Item = Self> {
        let found = [
            (true, Kind::Baseline),
            #[cfg(target_arch = "x86_64")]
            (is_x86_feature_detected!("avx2"), Kind::Avx2),
            #[cfg(target_arch = "x86_64")]
            (is_x86_feature_detected!("avx512f"), Kind::Avx512),
        ];
        found.into_iter().filter(|(has, _)| *has).map(|(_, kind)| Self(kind))
    }

    /// The widest.
    #[must_use]
    pub fn widest() -> Self {
        Self::available().last().unwrap_or(Self(Kind::Baseline))
    }

    /// Runs `work` with this instruction set.
    #[inline]
    pub(crate) fn run<V: Vectorised>(self, work: V) -> V::Output {
        #[cfg_attr(
            target_arch = "x86_64",
            expect(unsafe_code, reason = "the processor was asked: see `available`, the only source of these values")
        )]
        match self.0 {
            Kind::Baseline => baseline(work),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { avx2(work) },
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { avx512(work) },
        }
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Baseline if cfg!(target_arch = "x86_64") => "SSE2",
            Kind::Baseline if cfg!(target_arch = "aarch64") => "NEON",
            Kind::Baseline => "baseline",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "AVX-512",
        })
    }
}

fn baseline<V: Vectorised>(work: V) -> V::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<V: Vectorised>(work: V) -> V::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512<V: Vectorised>(work: V) -> V::Output {
    work.run()
}
