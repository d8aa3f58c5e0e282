//! The inputs: boundaries, and a generator of pseudo-random ones.

use economics::schedule::EMISSION_CAP;
use economics::{BPS, IO};

/// Amounts on both sides of every boundary.
pub const SIZES: [u64; 8] = [0, 1, 9_999, 10_000, 10_001, IO, EMISSION_CAP, u64::MAX];
/// Basis points on both sides of every boundary.
pub const RATES: [u16; 6] = [0, 1, 300, 9_999, 10_000, 10_001];

/// A fixed linear congruential generator (Knuth's MMIX constants): the same inputs on every machine.
pub struct Lcg(pub u64);

impl Lcg {
    pub fn bits(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // The low bits of such a generator have short periods.
        self.0 ^ (self.0 >> 33)
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        (self.bits() >> 1) % end
    }

    /// A `u64` of any size: each number of bits is equally likely.
    pub fn sized(&mut self) -> u64 {
        let shift = self.below(64);
        self.bits() >> shift
    }

    /// A `u32` of any size.
    pub fn sized32(&mut self) -> u32 {
        let shift = self.below(32);
        (self.bits() >> 32) as u32 >> shift
    }

    /// Basis points, from 0 to a whole.
    pub fn bp(&mut self) -> u16 {
        self.below(BPS + 1) as u16
    }
}
