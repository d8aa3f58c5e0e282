//! What a job costs, what must be deposited for it, and what a node must lock.

use crate::math::{div_ceil, narrow, wide_mul};
use crate::{ArithmeticError, BPS, IO, NANO_USD_PER_USD_UNIT};

/// Collateral of one processor of a class with multiplier 1 or less, IO base units.
pub const COLLATERAL_PER_PROCESSOR: u64 = 200 * IO;
/// Collateral of one processor per basis point of its multiplier, IO base units.
const COLLATERAL_PER_BP: u64 = COLLATERAL_PER_PROCESSOR / BPS;
/// Nano-dollars times basis points in one base unit of USD.
const RATE_DIVISOR: u64 = NANO_USD_PER_USD_UNIT * BPS;

// The division above leaves nothing, so a collateral needs no rounding.
const _: () = assert!(COLLATERAL_PER_BP * BPS == COLLATERAL_PER_PROCESSOR);

/// A class's price, and what a job takes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuoteInput {
    /// Price of one processor for one hour, nano-dollars (1e-9 USD).
    pub price_nano_usd: u64,
    /// Processors of the job.
    pub processors: u32,
    /// The caller's discount, basis points of the price.
    pub discount_bp: u16,
}

/// What the whole job costs per hour, USD base units, the fee inside.
///
/// Rounds up once, at the end: against the caller, so that no price is ever rounded away to nothing.
/// Errors: `ShareAboveWhole` if the discount is above 10,000; `Overflow` if the result exceeds `u64`.
pub fn rate_per_hour(input: QuoteInput) -> Result<u64, ArithmeticError> {
    let payable_bp = BPS
        .checked_sub(u64::from(input.discount_bp))
        .ok_or(ArithmeticError::ShareAboveWhole)?;
    // At most 2^32 * 10,000 < 2^46, and with the price below 2^110: no product can wrap.
    let quantity = u64::from(input.processors).saturating_mul(payable_bp);
    let price = wide_mul(input.price_nano_usd, quantity);
    narrow(div_ceil(price, u128::from(RATE_DIVISOR)))
}

/// What `hours` at `rate_per_hour` cost, USD base units; exact. Errors: `Overflow` if the result exceeds `u64`.
pub fn deposit(rate_per_hour: u64, hours: u32) -> Result<u64, ArithmeticError> {
    rate_per_hour
        .checked_mul(u64::from(hours))
        .ok_or(ArithmeticError::Overflow)
}

/// What a node locks, IO base units: `200 IO * max(1, multiplier) * processors`.
///
/// `multiplier_bp`: the class's multiplier, basis points (10,000 is 1). Exact, since 200 IO divides by 10,000.
/// Errors: `Overflow` if the result exceeds `u64`.
pub fn collateral(multiplier_bp: u32, processors: u32) -> Result<u64, ArithmeticError> {
    COLLATERAL_PER_BP
        .checked_mul(u64::from(multiplier_bp).max(BPS))
        .and_then(|each| each.checked_mul(u64::from(processors)))
        .ok_or(ArithmeticError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published collaterals: eight H100, four RTX 4070.
    #[test]
    fn collateral_as_published() {
        assert_eq!(collateral(100_000, 8), Ok(16_000 * IO));
        assert_eq!(collateral(5_000, 4), Ok(800 * IO));
        assert_eq!(collateral(10_000, 4), Ok(800 * IO));
        assert_eq!(collateral(0, 0), Ok(0));
    }

    /// Eight processors at 2.19 dollars less 5%, and the least price that there is.
    #[test]
    fn rate_by_example() {
        let quote = |price_nano_usd, processors, discount_bp| {
            rate_per_hour(QuoteInput {
                price_nano_usd,
                processors,
                discount_bp,
            })
        };
        assert_eq!(quote(2_190_000_000, 8, 500), Ok(16_644_000));
        assert_eq!(quote(1, 1, 9_999), Ok(1));
        assert_eq!(quote(1, 1, 10_000), Ok(0));
        assert_eq!(deposit(16_644_000, 24), Ok(399_456_000));
    }
}
