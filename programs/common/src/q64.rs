//! Numbers with 64 fractional bits, in accounts.

use {anchor_lang::bytemuck, anchor_lang::prelude::*};

/// An unsigned number with 64 fractional bits, in two words: a `u128` would want an
/// alignment that accounts do not have. Its bytes are those of a little-endian `u128`.
#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable, IdlType)]
pub struct Q64 {
    pub fraction: u64,
    pub whole: u64,
}

impl Q64 {
    pub fn get(&self) -> u128 {
        u128::from(self.whole) << 64 | u128::from(self.fraction)
    }
}

impl From<u128> for Q64 {
    fn from(value: u128) -> Self {
        Self {
            fraction: value as u64,
            whole: (value >> 64) as u64,
        }
    }
}
