//! Rewards per unit, in Q64: a `u128` that counts 2^-64ths of a base unit.
//!
//! A distributor divides each amount by the total of units and carries the remainder into the next division, so nothing
//! is lost and nothing is paid twice. An earner with `units` accrues `units * (accumulator - snapshot)`, exactly: it
//! can accrue hourly or once a year and claim in between or not, and receives the same to the base unit.
//!
//! Invariant: what all earners accrue is at most what was distributed, as `per_unit * total <= (amount << 64) + carry`.

use crate::math::{narrow, wide_mul};
use crate::ArithmeticError;

/// One division of an amount over all units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DistributeInput {
    /// To be divided, base units of the reward's token.
    pub amount: u64,
    /// Not yet divided from before, in 2^-64 base units.
    pub carry_q64: u128,
    /// All units that share (points, coupons or pool shares); may be 0.
    pub total: u64,
}

/// What each unit gets and what stays; `per_unit_q64 * total + carry_q64 == (amount << 64) + input.carry_q64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// To add to the accumulator: the reward of one unit, in 2^-64 base units.
    pub per_unit_q64: u128,
    /// For the next division, in 2^-64 base units; below `total`, unless `total` is 0.
    pub carry_q64: u128,
}

/// Divides `amount` and the carry over `total` units. Without units (`total == 0`) everything is carried.
///
/// Rounds down: units never get more than there is; the remainder is carried.
/// Errors: `Overflow` if `(amount << 64) + carry_q64` exceeds `u128`, out of reach while the carry is below the cap.
pub fn distribute(input: DistributeInput) -> Result<Distribution, ArithmeticError> {
    let available = (u128::from(input.amount) << 64)
        .checked_add(input.carry_q64)
        .ok_or(ArithmeticError::Overflow)?;
    let total = u128::from(input.total);
    let per_unit_q64 = available.checked_div(total).unwrap_or(0);
    Ok(Distribution {
        per_unit_q64,
        // A quotient times its divisor is at most the dividend: neither operation can wrap. One product is cheaper
        // than a second division.
        carry_q64: available.wrapping_sub(per_unit_q64.wrapping_mul(total)),
    })
}

/// `accrued_q64 + units * delta_q64`, exact. `delta_q64` is the accumulator less the earner's snapshot of it.
///
/// Errors: `Overflow` if the result exceeds `u128`, out of reach while the distributed sum is below 2^64 base units.
pub fn accrue(accrued_q64: u128, units: u64, delta_q64: u128) -> Result<u128, ArithmeticError> {
    // By words: a checked product of `u128` costs several such products on chain.
    let low = narrow(delta_q64 & u128::from(u64::MAX))?;
    let high = units
        .checked_mul(narrow(delta_q64 >> 64)?)
        .ok_or(ArithmeticError::Overflow)?;
    (u128::from(high) << 64)
        .checked_add(wide_mul(units, low))
        .and_then(|gain| gain.checked_add(accrued_q64))
        .ok_or(ArithmeticError::Overflow)
}

/// `accrued_q64` as payable base units, rounded down (never pay what is not yet earned), and the fraction to keep,
/// in 2^-64 base units.
pub fn whole(accrued_q64: u128) -> (u64, u128) {
    // A u128 shifted right by 64 always fits, so the fallback is unreachable.
    let units = narrow(accrued_q64 >> 64).unwrap_or(u64::MAX);
    (units, accrued_q64 & u128::from(u64::MAX))
}

#[cfg(test)]
mod tests;
