//! What a function's time costs.

use super::setting::{Accepts, Setting};

/// What a function's time costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Dollars for one GB of memory and one second.
    pub per_gb_second: f64,
}

impl Price {
    /// Lambda's list price in us-east-1 on 2026-11-23, for the processor that this was built for.
    /// `scripts/benchmark/price.py` computes with the same.
    pub(super) const LISTED: Self =
        Self { per_gb_second: if cfg!(target_arch = "aarch64") { 0.0000133334 } else { 0.0000166667 } };

    /// Dollars for `milliseconds` of a function with `memory_mb`.
    #[must_use]
    pub fn dollars(self, milliseconds: u64, memory_mb: u32) -> f64 {
        self.per_gb_second * f64::from(memory_mb) / 1024.0 * milliseconds as f64 / 1e3
    }
}

impl Setting for Price {
    const ACCEPTS: Accepts = Accepts::Text("dollars, a number like 0.0000166667");

    fn read(text: &str) -> Option<Self> {
        let per_gb_second = text.parse().ok().filter(|dollars: &f64| dollars.is_finite() && *dollars >= 0.0);
        per_gb_second.map(|per_gb_second| Self { per_gb_second })
    }
}
