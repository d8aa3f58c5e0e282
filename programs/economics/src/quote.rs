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
    use num_bigint::BigUint;
    use proptest::prelude::*;

    proptest! {
        /// The exact price rounded up, or a refusal when that does not fit.
        #[test]
        fn rate_is_the_exact_ceiling(
            price in any::<u64>(),
            shift in 0..64u32,
            processors in any::<u32>(),
            discount_bp in 0..=10_000u16,
        ) {
            let price_nano_usd = price >> shift;
            let exact = BigUint::from(price_nano_usd) * processors * (10_000 - discount_bp);
            let exact = (exact + 9_999_999u32) / 10_000_000u32;
            match rate_per_hour(QuoteInput { price_nano_usd, processors, discount_bp }) {
                Ok(rate) => prop_assert_eq!(exact, BigUint::from(rate)),
                Err(error) => {
                    prop_assert_eq!(error, ArithmeticError::Overflow);
                    prop_assert!(exact > BigUint::from(u64::MAX));
                }
            }
        }

        /// A discount above a whole is refused.
        #[test]
        fn discount_above_a_whole_is_refused(price_nano_usd in any::<u64>(), discount_bp in 10_001..=u16::MAX) {
            let quote = rate_per_hour(QuoteInput { price_nano_usd, processors: 1, discount_bp });
            prop_assert_eq!(quote, Err(ArithmeticError::ShareAboveWhole));
        }

        /// A deposit is the exact product, or refused.
        #[test]
        fn deposit_is_exact(rate in any::<u64>(), shift in 0..64u32, hours in any::<u32>()) {
            let exact = u128::from(rate >> shift) * u128::from(hours);
            prop_assert_eq!(deposit(rate >> shift, hours).ok(), u64::try_from(exact).ok());
        }

        /// A collateral is exact, and a multiplier below 1 counts as 1.
        #[test]
        fn collateral_is_exact(multiplier_bp in any::<u32>(), shift in 0..32u32, processors in any::<u32>()) {
            let multiplier_bp = multiplier_bp >> shift;
            let exact = BigUint::from(200 * IO) * multiplier_bp.max(10_000) * processors;
            prop_assert_eq!(&exact % 10_000u32, BigUint::ZERO);
            let exact = u64::try_from(exact / 10_000u32).ok();
            prop_assert_eq!(collateral(multiplier_bp, processors).ok(), exact);
        }
    }

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
