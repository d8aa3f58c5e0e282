//! A delegation pool whose stake slashing scales, without touching a delegator.
//!
//! A position is a number of shares; a pool has one index, the value of a share in 2^-63 base units. Delegating buys
//! shares at the index, slashing lowers the index, and nothing raises it. The index says what a share is worth;
//! rewards are of no concern here: they go by shares, through [`crate::accumulator`].
//!
//! Invariants:
//! - Shares bought for an amount are worth that amount, to the base unit, as long as the index stays.
//! - `sum(value_of(position)) <= stake`, whatever the order of delegating, undelegating and slashing: every position
//!   can be paid out. It holds because a position changes only through [`join_shares`] and [`split_shares`], which keep
//!   its value to the base unit. Never add shares of two purchases: the fractions that each was rounded up by can
//!   add up to a base unit that nobody paid in.

use crate::math::{div_ceil, narrow, wide_mul};
use crate::split::bps_ceil;
use crate::ArithmeticError;

/// Fraction bits of an index.
const INDEX_BITS: u32 = 63;
/// The index of a pool that was never slashed: a share is worth one base unit.
pub const ONE: u64 = 1 << INDEX_BITS;
/// Under this index a pool takes no more stake: all IO that can exist, bought as shares at it, fits in `u64`; much
/// further down it would not. Leaving a pool has no such limit.
pub const MIN_INDEX: u64 = ONE / 64;

/// A pool before it is slashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlashInput {
    /// The value of a share, 2^-63 base units; at most [`ONE`].
    pub index: u64,
    /// Tokens behind all shares, active and unbonding, IO base units.
    pub stake: u64,
    /// All shares, active and unbonding.
    pub shares: u64,
    /// The owner's collateral, active and unbonding, IO base units.
    pub collateral: u64,
    /// The part that is lost, basis points.
    pub fraction_bp: u16,
}

/// A pool after it was slashed; `stake + collateral + burned` is what it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slashed {
    /// The value of a share, 2^-63 base units.
    pub index: u64,
    /// Tokens behind all shares, IO base units; at least the value of all positions.
    pub stake: u64,
    /// The owner's collateral, IO base units.
    pub collateral: u64,
    /// To burn, IO base units: the residual.
    pub burned: u64,
}

/// The least shares that are worth `amount` (IO base units): `ceil(amount * 2^63 / index)`.
///
/// Rounds up, by less than a share, which is worth at most a base unit: [`value_of`] the result is `amount` exactly.
/// Errors: `Overflow` if the result exceeds `u64`, or `index` is 0 or above [`ONE`].
pub fn shares_for(amount: u64, index: u64) -> Result<u64, ArithmeticError> {
    // A pool that was never slashed divides nothing: a u128 division is dear on chain.
    if index == ONE {
        return Ok(amount);
    }
    if index == 0 || index > ONE {
        return Err(ArithmeticError::Overflow);
    }
    // Below 2^64 * 2^63, as `div_ceil` wants it.
    narrow(div_ceil(
        u128::from(amount) << INDEX_BITS,
        u128::from(index),
    ))
}

/// What `shares` are worth, IO base units: `floor(shares * index / 2^63)`.
///
/// Rounds down: a pool never owes what it does not hold. At most `shares`, as an index is at most [`ONE`].
pub fn value_of(shares: u64, index: u64) -> u64 {
    // The clamp only guards: at an index up to ONE the quotient is at most `shares`.
    narrow(wide_mul(shares, index) >> INDEX_BITS).unwrap_or(u64::MAX)
}

/// The shares of a position of `shares` that takes `amount` (IO base units) more.
///
/// Worth its value before and `amount`, exactly; as few as give that, so they can be more or fewer than `shares` and
/// [`shares_for`] the amount by one. Errors: `Overflow` as of [`shares_for`], or if the sum of values exceeds `u64`.
pub fn join_shares(shares: u64, index: u64, amount: u64) -> Result<u64, ArithmeticError> {
    let value = value_of(shares, index)
        .checked_add(amount)
        .ok_or(ArithmeticError::Overflow)?;
    shares_for(value, index)
}

/// The shares that leave and those that stay, when `amount` (IO base units) leaves a position of `shares`.
///
/// Worth `amount` and the rest of the value, exactly; each is rounded up as of [`shares_for`], so that together they
/// can be one share more than `shares`, or fewer. What leaves can join what left before by [`join_shares`].
/// Errors: `AmountAboveValue` if `amount` exceeds the value; `Overflow` if `index` is 0 or above [`ONE`].
pub fn split_shares(shares: u64, index: u64, amount: u64) -> Result<(u64, u64), ArithmeticError> {
    let staying = value_of(shares, index)
        .checked_sub(amount)
        .ok_or(ArithmeticError::AmountAboveValue)?;
    Ok((shares_for(amount, index)?, shares_for(staying, index)?))
}

/// Takes the same part from every position and from the collateral.
///
/// What is lost of the index and of the collateral rounds up: nobody keeps more than the rest. The stake falls to what all shares are
/// worth, and never rises; as shares were rounded up, it can lose up to one base unit a position less than its part.
/// Errors: `ShareAboveWhole` if `fraction_bp` is above 10,000; `Overflow` if `burned` exceeds `u64`.
pub fn slash(input: SlashInput) -> Result<Slashed, ArithmeticError> {
    let kept = |amount: u64| -> Result<u64, ArithmeticError> {
        Ok(amount.saturating_sub(bps_ceil(amount, input.fraction_bp)?))
    };
    let index = kept(input.index)?;
    // Floors of parts add up to at most the floor of the sum, and no position's value rises: both bounds of `stake`
    // are at or above the value of all positions.
    let stake = input.stake.min(value_of(input.shares, index));
    let collateral = kept(input.collateral)?;
    let burned = input
        .stake
        .saturating_sub(stake)
        .checked_add(input.collateral.saturating_sub(collateral))
        .ok_or(ArithmeticError::Overflow)?;
    Ok(Slashed {
        index,
        stake,
        collateral,
        burned,
    })
}

#[cfg(test)]
mod tests;
